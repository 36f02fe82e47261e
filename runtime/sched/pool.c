/* SPDX-License-Identifier: Apache-2.0 */
/* The pool; see pool.h. */
#include "sched/pool.h"

#include "base/check.h"
#include "base/hot.h"
#include "sched/settings.h"
#include "sched/start.h"
#include "sched/task_stack.h"
#include "sched/way.h"
#include "sys/clock.h"
#include "sys/fault.h"
#include "sys/membarrier.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUNNING (UINT32_C(1) << 31)
#define STOPPING (UINT32_C(1) << 30)
#define CLOSING (UINT32_C(1) << 29)
#define USERS (CLOSING - 1)

#define FORCE_AFTER_NS 30000u
#define FORCE_GAP_NS 20000u
#define SEARCH_NS 200000u
#define TINY_NS 500u
#define LEAF_NS 16000u        /* with one worker nobody waits for a share: */
#define LEAF_ALONE_NS 200000u
/* A leaf is looked for by all the others at once: the more there are, the longer it takes to get one. */
#define LEAST_LEAF_NS_PER_WORKER 250u
#define LEAST_LEAF_MAX_NS 4000u
#define LETTER_SPIN_NS 4000u
#define ALONE_NS 1000u
#define WAKE_WORTH_NS 100000u
#define DRAIN_LOOK_NS 10000000u

sk_pool_entrance sk_entrance;
/*
 * Held while a pool is built or taken apart, and by a fork: so that no child begins with the locks of others (hwloc's,
 * the fault handler's) in the middle of something. Not held while a stop waits for tasks: one of them may fork. Taken
 * after `lock`, or alone.
 */
static pthread_mutex_t building = PTHREAD_MUTEX_INITIALIZER;
/* under lock */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sk_topology_affinity main_affinity; /* of the starting thread, while it is bound */
static pthread_t main_thread;
static char problem[SK_TOPOLOGY_PROBLEM_BYTES];
static SK_ATOMIC(int) start_error; /* of the last start that failed */

/* --- entering and leaving --- */

SK_HOT sk_pool *sk_pool_try_enter(void)
{
	uint32_t word = sk_load_relaxed(&sk_entrance.gate); /* relaxed: the CAS decides */
	while (word & RUNNING)
		if (sk_cas_acquire(&sk_entrance.gate, &word, word + 1)) /* edge -> pool.gate : the filled pool */
			return sk_entrance.pool;
	return NULL;
}

sk_pool *sk_pool_try_enter_to_wake(void)
{
	uint32_t word = sk_load_relaxed(&sk_entrance.gate); /* relaxed: the CAS decides */
	while (word & (RUNNING | STOPPING))
		if (sk_cas_acquire(&sk_entrance.gate, &word, word + 1)) /* edge -> pool.gate : the filled pool */
			return sk_entrance.pool;
	return NULL;
}

/* Does the calling thread work for a task of the pool, which so cannot stop before it is done? */
static SK_THREAD_LOCAL bool serves;

void sk_pool_serve(bool begins)
{
	serves = begins;
}

SK_HOT sk_pool *sk_pool_enter(void)
{
	for (;;) {
		sk_pool *pool = SK_UNLIKELY(serves) ? sk_pool_try_enter_to_wake() : sk_pool_try_enter();
		if (pool)
			return pool;
		int error = sk_pool_start(NULL);
		if (error < 0 && error != -EALREADY)
			return NULL;
	}
}

SK_HOT void sk_pool_leave(sk_pool *pool)
{
	if (SK_UNLIKELY(pool->forked))
		return; /* entered before a fork, left in the child: the gate is another pool's */
	uint32_t old = sk_sub_acq_rel(&sk_entrance.gate, 1); /* edge pool.users -> : it has done with the pool */
	if ((old & (STOPPING | CLOSING)) && (old & USERS) == 1)
		sk_park_wake(&sk_entrance.gate, 1);
}

int sk_pool_error(void)
{
	return sk_load_relaxed(&start_error); /* relaxed: a number */
}

const char *sk_pool_problem(void)
{
	return problem;
}

/* --- what the layers above have to do --- */

#define HOOKS_MAX 8u
static struct {
	pthread_mutex_t lock;
	SK_ATOMIC(uint32_t) count;
	sk_pool_hooks entry[HOOKS_MAX];
} hooks = { .lock = PTHREAD_MUTEX_INITIALIZER };

void sk_pool_hook(const sk_pool_hooks *added)
{
	pthread_mutex_lock(&hooks.lock);
	uint32_t count = sk_load_relaxed(&hooks.count); /* relaxed: under the lock */
	SK_INVARIANT(count < HOOKS_MAX, "there are not more hooks than modules");
	hooks.entry[count] = *added;
	sk_store_release(&hooks.count, count + 1); /* edge pool.hooks -> : the entry */
	pthread_mutex_unlock(&hooks.lock);
}

static void run_stop_hooks(sk_pool *pool)
{
	uint32_t count = sk_load_acquire(&hooks.count); /* edge -> pool.hooks : the entries */
	for (uint32_t i = 0; i < count; i++)
		if (hooks.entry[i].end_threads)
			hooks.entry[i].end_threads(pool);
	for (uint32_t i = 0; i < count; i++)
		if (hooks.entry[i].stop)
			hooks.entry[i].stop(pool);
}

static void run_fork_hooks(void)
{
	uint32_t count = sk_load_acquire(&hooks.count); /* edge -> pool.hooks : the entries */
	pthread_mutex_init(&hooks.lock, NULL);
	for (uint32_t i = 0; i < count; i++)
		if (hooks.entry[i].after_fork)
			hooks.entry[i].after_fork();
}

/* --- what happens to it from outside --- */

static void before_fork(void)
{
	pthread_mutex_lock(&building);
}

static void after_fork_in_parent(void)
{
	pthread_mutex_unlock(&building);
}

/* In the child only the calling thread is left: the pool is abandoned, and a new one can be started. */
static void after_fork_in_child(void)
{
	if (sk_entrance.pool) {
		sk_entrance.pool->forked = true;
		sk_seat_keep(sk_entrance.pool);
	}
	sk_entrance.pool = NULL;
	sk_park_after_fork();
	pthread_mutex_init(&lock, NULL);
	pthread_mutex_init(&building, NULL);
	sk_store_relaxed(&sk_entrance.gate, 0); /* relaxed: one thread */
	main_affinity = (sk_topology_affinity){ 0 };
	run_fork_hooks();
}

static void describe_fault(void *address, char *out, size_t size)
{
	sk_pool *pool = sk_entrance.pool; /* read in a signal handler: of this thread's own pool if it is a worker's */
	if (!pool)
		return;
	sk_fiber_describe_fault(pool->fibers, address, out, size);
	sk_fiber_describe_fault(pool->small_fibers, address, out, size);
}

/* For a panic: what every worker and fiber does. Reads without order; it is for people. */
__attribute__((no_sanitize("thread"))) static void dump(int fd)
{
	sk_pool *pool = sk_entrance.pool;
	if (!pool)
		return;
	for (unsigned i = 0; i < pool->worker_count; i++) {
		sk_worker *worker = &pool->workers[i];
		sk_fiber *fiber = sk_load_relaxed(&worker->running); /* relaxed: a snapshot */
		sk_print(fd, "  worker %u: %s, fiber %d", i, worker->searching ? "searches" : "busy or asleep",
			 fiber ? (int)fiber->index : -1);
		sk_trace_dump(&worker->trace, fd, 8);
	}
	size_t count = sk_fiber_count(pool->fibers);
	for (size_t i = 0; i < count && i < 64; i++) {
		sk_fiber *fiber = sk_fiber_at(pool->fibers, i);
		sk_task_stack_view view = sk_task_stack_look((sk_task_thief){ fiber });
		uint32_t wait = sk_load_relaxed(&fiber->wait); /* relaxed: a snapshot */
		sk_print(fd, "  fiber %zu: %s, top %u, split %u, tag %u%s", i, sk_fiber_wait_text(wait), view.top,
		         view.split, view.tag, view.force ? ", forced" : "");
	}
	count = sk_fiber_count(pool->small_fibers);
	for (size_t i = 0; i < count && i < 64; i++) {
		uint32_t wait = sk_load_relaxed(&sk_fiber_at(pool->small_fibers, i)->wait); /* relaxed: a snapshot */
		if (wait != SK_WAIT_IDLE)
			sk_print(fd, "  small fiber %zu: %s", i, sk_fiber_wait_text(wait));
	}
}

/* --- starting --- */

static void wake_worker(void *argument, unsigned index)
{
	sk_pool *pool = argument;
	if (index == 0) {
		sk_seat_wake(pool);
		return;
	}
	sk_worker *worker = &pool->workers[index];
	/* edge idle.claim -> : it counts as a searcher. edge poller.hold -> : before the look at the holder */
	sk_store_seq_cst(&worker->token, 1);
	sk_poller_wake(pool, &worker->token);
}

/* Somebody may have put something into the inbox and relied on a searcher that there was not. */
static void missed(void *argument)
{
	sk_pool *pool = argument;
	if (!sk_inbox_seen_empty(&pool->inbox))
		sk_monitor_wake(&pool->monitor);
}

static uint64_t ticks_of(uint64_t ns)
{
	const uint64_t sample = 1u << 20;
	return ns * sample / sk_max(sk_clock_ticks_to_ns(sample), 1);
}

static void set_times(sk_pool *pool)
{
	pool->force_after_ticks = ticks_of(FORCE_AFTER_NS);
	pool->force_gap_ticks = ticks_of(FORCE_GAP_NS);
	pool->search_ticks = ticks_of(SEARCH_NS);
	pool->tiny_ticks = ticks_of(TINY_NS);
	pool->leaf_ticks = ticks_of(pool->worker_count > 1 ? LEAF_NS : LEAF_ALONE_NS);
	pool->least_leaf_ticks = ticks_of(sk_min(LEAST_LEAF_NS_PER_WORKER * pool->worker_count, LEAST_LEAF_MAX_NS));
	pool->letter_spin_ticks = pool->oversubscribed ? 0 : ticks_of(LETTER_SPIN_NS);
	pool->alone_ticks = ticks_of(ALONE_NS);
	pool->wake_worth_ticks = ticks_of(WAKE_WORTH_NS);
}

/* Gives back everything of a pool that has no threads (any more). */
static void destroy(sk_pool *pool)
{
	for (unsigned i = 0; pool->workers && i < pool->worker_count; i++)
		sk_worker_destroy(&pool->workers[i]);
	free(pool->workers);
	if (pool->fibers)
		sk_fiber_store_destroy(pool->fibers);
	if (pool->small_fibers)
		sk_fiber_store_destroy(pool->small_fibers);
	sk_topology_free(pool->topology);
	free(pool);
}

static int create_workers(sk_pool *pool, const sk_settings *settings)
{
	pool->fibers = sk_fiber_store_create(&settings->fiber, sk_worker_loop);
	pool->small_fibers = sk_fiber_store_create(&settings->small_fiber, sk_worker_loop);
	size_t bytes = pool->worker_count * sizeof(sk_worker);
	pool->workers = aligned_alloc(_Alignof(sk_worker), bytes);
	if (pool->workers)
		memset(pool->workers, 0, bytes);
	if (!pool->fibers || !pool->small_fibers || !pool->workers)
		return -ENOMEM;
	for (unsigned i = 0; i < pool->worker_count; i++) {
		int error = sk_worker_init(&pool->workers[i], pool, i);
		if (error < 0)
			return error;
	}
	return 0;
}

static int create(const sk_settings *settings, sk_pool **out)
{
	sk_pool *pool = aligned_alloc(_Alignof(sk_pool), sk_round_up(sizeof *pool, _Alignof(sk_pool)));
	if (!pool)
		return -ENOMEM;
	memset(pool, 0, sizeof *pool);
	*out = pool;
	int error = sk_topology_load(&settings->topology, &pool->topology, problem, sizeof problem);
	if (error < 0)
		return error;
	pool->worker_count = sk_topology_workers(pool->topology);
	pool->oversubscribed = settings->topology.synthetic || sk_topology_is_oversubscribed(pool->topology);
	pool->membarrier = !settings->no_membarrier && sk_membarrier_start();
	pool->standstill.is_wanted = SK_CHECK_LEVEL > 0 || sk_is_verbose();
	set_times(pool);
	sk_idle_init(&pool->idle, pool->worker_count, wake_worker, pool);
	pool->idle.missed = missed;
	pool->idle.has_barrier = pool->membarrier;
	error = create_workers(pool, settings);
	if (error == -ENOMEM)
		snprintf(problem, sizeof problem, "no memory for %u workers and their fibers", pool->worker_count);
	return error;
}

/* Ends the threads 0 to count - 1. */
static void join_workers(sk_pool *pool, unsigned count)
{
	sk_store_release(&pool->stop, 1); /* edge pool.stop -> : all roots are done */
	for (unsigned i = 1; i < count; i++)
		sk_idle_wake(&pool->idle, i);
	sk_seat_call(pool);
	for (unsigned i = 0; i < count; i++)
		sk_thread_join(&pool->workers[i].thread);
}

static int start_threads(sk_pool *pool)
{
	sk_idle_offer(&pool->idle, 0);
	for (unsigned i = 0; i < pool->worker_count; i++) {
		sk_worker *worker = &pool->workers[i];
		char name[16];
		snprintf(name, sizeof name, "skua-%u", i);
		int error = i == 0 ? sk_thread_create(&worker->thread, name, sk_seat_standin, pool)
				   : sk_thread_create(&worker->thread, name, sk_worker_thread, worker);
		if (error < 0) {
			snprintf(problem, sizeof problem, "thread %u of %u cannot be created: %s", i,
			         pool->worker_count, strerror(-error));
			join_workers(pool, i);
			return error;
		}
	}
	int error = sk_monitor_start(pool);
	if (error < 0) {
		snprintf(problem, sizeof problem, "the monitor thread cannot be created: %s", strerror(-error));
		join_workers(pool, pool->worker_count);
	}
	return error;
}

static void bind_main(sk_pool *pool)
{
	if (sk_topology_affinity_save(pool->topology, &main_affinity) < 0)
		return;
	main_thread = pthread_self();
	if (sk_topology_bind_thread(pool->topology, 0) < 0)
		sk_verbose("the starting thread cannot be bound; it runs where the system puts it");
}

static int start_locked(const skua_config *config)
{
	if (sk_load_relaxed(&sk_entrance.gate) & RUNNING) /* relaxed: under the lock */
		return -EALREADY;
	problem[0] = '\0';
	sk_clock_start();
	sk_settings settings;
	int error = sk_settings_read(config, &settings, problem, sizeof problem);
	if (error < 0)
		return error;
	sk_pool *pool = NULL;
	error = create(&settings, &pool);
	if (error == 0) {
		sk_fault_start(describe_fault);
		sk_panic_hook_set(dump);
		sk_entrance.pool = pool;
		error = start_threads(pool);
		if (error < 0) {
			sk_entrance.pool = NULL;
			sk_fault_stop();
		}
	}
	if (error < 0) {
		if (!problem[0])
			snprintf(problem, sizeof problem, "%s", strerror(-error));
		if (pool)
			destroy(pool);
		return error;
	}
	if (settings.bind_main)
		bind_main(pool);
	pool->offload_limit = settings.offload_limit;
	pool->io = settings.io;
	sk_verbose("%u workers, %s, binding %s, membarrier %s", pool->worker_count, sk_topology_source(pool->topology),
		   sk_topology_binding(pool->topology), pool->membarrier ? "used" : "not used");
	sk_store_release(&sk_entrance.gate, RUNNING); /* edge pool.gate -> : the filled pool */
	return 0;
}

static void register_fork_handler(void)
{
	pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

int sk_pool_start(const skua_config *config)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, register_fork_handler);
	pthread_mutex_lock(&lock);
	pthread_mutex_lock(&building);
	int error = start_locked(config);
	pthread_mutex_unlock(&building);
	if (error < 0 && error != -EALREADY)
		sk_store_relaxed(&start_error, error); /* relaxed: a number */
	if (error < 0 && error != -EALREADY)
		sk_verbose("not started: %s", problem[0] ? problem : strerror(-error));
	pthread_mutex_unlock(&lock);
	return error;
}

/* --- stopping --- */

/*
 * Tasks of await.h may run on for long. Who ends one wakes us; that look at the word has no fence, so we also look by
 * ourselves.
 */
static void drain_starts(sk_pool *pool)
{
	sk_store_relaxed(&pool->draining, 1); /* relaxed: see above */
	while (sk_start_count(pool) > 0)
		sk_park_wait(&pool->draining, 1, sk_clock_ns() + DRAIN_LOOK_NS);
}

static void turn_gate(uint32_t flag)
{
	uint32_t word = sk_load_relaxed(&sk_entrance.gate); /* relaxed: the CAS decides */
	while (!sk_cas_relaxed(&sk_entrance.gate, &word, (word & USERS) | flag)) /* relaxed: nothing is published */
		;
}

static void await_users(void)
{
	uint32_t word;
	/* edge -> pool.users : their last accesses */
	while ((word = sk_load_acquire(&sk_entrance.gate)) & USERS)
		sk_park_wait(&sk_entrance.gate, word, SK_PARK_FOREVER);
}

static bool is_working(sk_pool *pool)
{
	/* edge -> pool.done : no task of a root runs */
	return sk_load_acquire(&pool->active) != 0 || sk_start_count(pool) > 0;
}

/*
 * Closes the gate in two steps. First nobody comes in but to wake a task that waits, and for a task: those must end.
 * Then nobody at all, and when the last one has left nobody looks at the pool.
 */
static void drain(sk_pool *pool)
{
	turn_gate(STOPPING);
	do {
		await_users();
		while (sk_load_acquire(&pool->active)) /* edge -> pool.done : no task of a root runs */
			sk_thread_yield();
		drain_starts(pool);
	} while (is_working(pool));
	turn_gate(CLOSING);
	await_users();
}

static void stop_locked(void)
{
	if (!(sk_load_relaxed(&sk_entrance.gate) & RUNNING)) /* relaxed: under the lock */
		return;
	sk_pool *pool = sk_entrance.pool;
	drain(pool);
	pthread_mutex_lock(&building);
	join_workers(pool, pool->worker_count);
	sk_monitor_stop(pool);
	run_stop_hooks(pool);
	sk_fault_stop();
	if (main_affinity.mask && pthread_equal(main_thread, pthread_self()))
		sk_topology_affinity_restore(pool->topology, &main_affinity);
	sk_topology_affinity_forget(&main_affinity); /* another thread's mask cannot be restored from here */
	sk_entrance.pool = NULL;
	destroy(pool);
	sk_store_release(&sk_entrance.gate, 0); /* edge pool.gate -> : closed */
	pthread_mutex_unlock(&building);
}

void sk_pool_stop(void)
{
	pthread_mutex_lock(&lock);
	stop_locked();
	pthread_mutex_unlock(&lock);
}
