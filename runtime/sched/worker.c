/* SPDX-License-Identifier: Apache-2.0 */
/* A worker; see worker.h. */
#include "sched/worker.h"

#include "base/check.h"
#include "base/hot.h"
#include "sched/join.h"
#include "sched/pool.h"
#include "sched/root.h"
#include "sched/start.h"
#include "sched/search.h"
#include "sched/suspend.h"
#include "sys/clock.h"
#include "sys/fault.h"
#include "sys/thread.h"

#include <errno.h>
#include <string.h>

#define CACHE_MAX 16u
#define SMALL_CACHE_MAX 64u
#define SMALL_BATCH 32u
/* How long an idle fiber of the store keeps its stack at most, twice this. */
#define TRIM_NS UINT64_C(1000000000)

SK_THREAD_LOCAL sk_worker *sk_worker_of_thread;

__attribute__((noinline)) SK_HOT sk_worker *sk_worker_self(void)
{
	__asm__ volatile(""); /* keeps callers from taking two calls for one */
	return sk_worker_of_thread;
}

__attribute__((noinline)) SK_HOT void sk_worker_self_set(sk_worker *worker)
{
	sk_worker_of_thread = worker;
}

int sk_worker_init(sk_worker *worker, sk_pool *pool, unsigned index)
{
	*worker = (sk_worker){ .pool = pool, .index = index };
	worker->node = sk_topology_memory_node(pool->topology, index);
	sk_rng_seed(&worker->rng, index + 1);
	sk_timers_init(&worker->timers, sk_clock_ns());
	int error = sk_victims_init(&worker->victims, pool->topology, index);
	if (error == 0)
		error = sk_ready_deque_init(&worker->ready);
	if (error < 0)
		return error;
	/* One fiber of each class to begin with, so that a lack of memory shows at the start. */
	sk_fiber *fiber = sk_worker_fiber_take(worker), *small = sk_worker_small_take(worker);
	if (!fiber || !small)
		return -ENOMEM;
	sk_worker_fiber_give(worker, fiber);
	sk_worker_fiber_give(worker, small);
	return 0;
}

void sk_worker_destroy(sk_worker *worker)
{
	SK_INVARIANT(worker->current == NULL, "W1: a destroyed worker's thread is at home");
	sk_ready_deque_destroy(&worker->ready);
	sk_victims_destroy(&worker->victims);
}

SK_HOT sk_fiber *sk_worker_fiber_take(sk_worker *worker)
{
	sk_fiber *fiber = worker->cache;
	if (fiber) {
		worker->cache = fiber->next;
		worker->cached--;
		return fiber;
	}
	size_t before = sk_fiber_count(worker->pool->fibers);
	fiber = sk_fiber_acquire(worker->pool->fibers, worker->node);
	if (fiber && fiber->index >= before)
		sk_stats_add(worker, fibers, 1);
	return fiber;
}

sk_fiber *sk_worker_small_take(sk_worker *worker)
{
	sk_fiber_store *store = worker->pool->small_fibers;
	if (!worker->small_cache) {
		unsigned made;
		worker->small_cache =
		        sk_fiber_acquire_some(store, worker->node, SMALL_BATCH, &worker->small_cached, &made);
		sk_stats_add(worker, fibers, made);
	}
	sk_fiber *fiber = worker->small_cache;
	if (!fiber)
		return NULL;
	worker->small_cache = fiber->next;
	worker->small_cached--;
	sk_fiber_furnish(store, fiber);
	return fiber;
}

/* Half of a full cache goes to the store at once. */
static void small_give(sk_worker *worker, sk_fiber *fiber)
{
	if (worker->small_cached >= SMALL_CACHE_MAX) {
		sk_fiber *list = worker->small_cache, *last = list;
		for (unsigned i = 1; i < SMALL_BATCH; i++)
			last = last->next;
		worker->small_cache = last->next;
		worker->small_cached -= SMALL_BATCH;
		last->next = NULL;
		sk_fiber_recycle_all(worker->pool->small_fibers, list);
		sk_monitor_expect(worker->pool, sk_clock_ns() + TRIM_NS);
	}
	fiber->next = worker->small_cache;
	worker->small_cache = fiber;
	worker->small_cached++;
}

SK_HOT void sk_worker_fiber_give(sk_worker *worker, sk_fiber *fiber)
{
	if (fiber->is_small) {
		small_give(worker, fiber);
		return;
	}
	if (worker->cached >= CACHE_MAX) {
		sk_fiber_recycle(worker->pool->fibers, fiber);
		return;
	}
	fiber->next = worker->cache;
	worker->cache = fiber;
	worker->cached++;
}

void sk_worker_ready(sk_worker *worker, sk_entry entry, bool soon)
{
	sk_ready_deque *ready = &worker->ready;
	bool is_ready = soon ? sk_worker_push_soon(worker, entry) : sk_ready_deque_push(ready, entry);
	if (SK_UNLIKELY(!is_ready)) {
		/* No memory to grow: a fiber goes through the inbox, which needs none. */
		SK_INVARIANT(sk_entry_kind_of(entry) == SK_ENTRY_FIBER, "only fibers are made ready one by one");
		sk_resume_outside(worker->pool, sk_entry_pointer(entry));
		return;
	}
	/* relaxed: a guess. What was moved aside into the queue is told. */
	if (soon && sk_load_relaxed(&worker->soon_trust) >= SK_SOON_TRUSTED &&
	    sk_ready_deque_queue_seen_empty((sk_ready_thief){ ready })) {
		if (worker->pool->membarrier)
			sk_compiler_fence();
		else
			sk_fence_seq_cst(); /* edge -> monitor.wake : soon was stored before the word is read */
		sk_monitor_wake(&worker->pool->monitor);
		return;
	}
	sk_pool_tell(worker);
}

static inline bool is_for_small(const sk_work *work)
{
	return work->kind == SK_WORK_START;
}

sk_fiber *sk_worker_fiber_for(sk_worker *worker, const sk_work *work)
{
	worker->handed = *work; /* also without a fiber: then the next one that looks around here does it */
	return is_for_small(work) ? sk_worker_small_take(worker) : sk_worker_fiber_take(worker);
}

/* The other class of fiber does it. */
static SK_ASIDE void hand_over(sk_worker *worker, sk_fiber *fiber, const sk_work *work)
{
	sk_fiber *other;
	for (unsigned tries = 0; !(other = sk_worker_fiber_for(worker, work)); tries++) {
		if (tries == 0)
			sk_verbose("no memory for another fiber; worker %u waits until there is", worker->index);
		sk_thread_yield(); /* others end, and give theirs back */
	}
	sk_switch_recycling(worker, fiber, other);
}

/* Does one piece of work on the calling idle fiber. */
static void serve(sk_worker *worker, sk_fiber *fiber, sk_work *work)
{
	if (fiber->is_small != is_for_small(work) && work->kind != SK_WORK_FIBER && work->kind != SK_WORK_LEAVE) {
		hand_over(worker, fiber, work);
		return;
	}
	switch (work->kind) {
	case SK_WORK_NONE:
		break;
	case SK_WORK_START:
		sk_start_begin(work->start, fiber);
		break;
	case SK_WORK_HOP:
		sk_hop_begin(work->hop, fiber);
		break;
	case SK_WORK_STOLEN:
		sk_join_run_stolen(fiber, &work->stolen);
		break;
	case SK_WORK_ROOT:
		sk_root_begin(work->root, fiber);
		break;
	case SK_WORK_FIBER:
		sk_switch_resuming(worker, fiber, work->fiber);
		break;
	case SK_WORK_LEAVE:
		sk_switch_home(worker, fiber);
		break;
	}
}

SK_HOT void sk_worker_loop(void *argument)
{
	sk_fiber *fiber = argument;
	sk_switch_arrived(fiber->worker);
	for (;;) {
		sk_work work;
		sk_worker *worker = fiber->worker; /* each time: the fiber may have moved */
		if (worker->handed.kind != SK_WORK_NONE) {
			work = worker->handed;
			worker->handed.kind = SK_WORK_NONE;
		} else {
			sk_search_work(worker, &work);
		}
		serve(worker, fiber, &work);
	}
}

SK_HOT void sk_worker_sit(sk_worker *worker)
{
	sk_fiber *fiber = sk_worker_fiber_take(worker);
	if (!fiber)
		sk_panic("no memory for the first fiber of worker %u; SKUA_STACK and SKUA_TASK_SLOTS make fibers "
		         "smaller",
		         worker->index);
	worker->since_ticks = sk_clock_ticks();
	sk_worker_self_set(worker);
	worker->thread_errno = &errno;
	sk_context_thread(&worker->home);
	sk_switch_from_home(worker, fiber);
	sk_context_destroy(&worker->home);
	sk_worker_self_set(NULL);
	uint64_t ticks = sk_clock_ticks() - worker->since_ticks;
	sk_stats_add(worker, busy_ns, ticks);
}

void sk_worker_settle_thread(sk_worker *worker)
{
	int error = sk_topology_bind_thread(worker->pool->topology, worker->index);
	if (error < 0)
		sk_verbose("worker %u cannot be bound (%s); it runs where the system puts it", worker->index,
		           strerror(-error));
	sk_fault_thread_start();
	sk_thread_cancel_never();
}

void sk_worker_thread(void *argument)
{
	sk_worker *worker = argument;
	sk_worker_settle_thread(worker);
	sk_worker_sit(worker);
}
