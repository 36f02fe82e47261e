/* SPDX-License-Identifier: Apache-2.0 */
/* Standstill; see standstill.h. */
#include "sched/standstill.h"

#include "base/check.h"
#include "sched/pool.h"
#include "sched/start.h"

#define TOLD_MAX 32u

static bool all_asleep(sk_pool *pool)
{
	if (sk_idle_searching(&pool->idle) > 0)
		return false;
	for (unsigned i = 0; i < pool->worker_count; i++) {
		/* relaxed: a second look follows */
		uint64_t bits = sk_load_relaxed(&pool->idle.sleepers[i / 64]);
		if (!(bits >> i % 64 & 1))
			return false;
	}
	return true;
}

/* Will something of ours wake somebody? */
static bool is_something_due(sk_pool *pool)
{
	if (!sk_inbox_seen_empty(&pool->inbox) || sk_poller_expects(pool))
		return true;
	for (unsigned i = 0; i < pool->worker_count; i++) {
		sk_worker *worker = &pool->workers[i];
		if (!sk_ready_deque_seen_empty((sk_ready_thief){ &worker->ready }) ||
		    sk_timers_next(&worker->timers) != SK_TIMERS_NEVER)
			return true;
	}
	return false;
}

/* Calls for each fiber that waits for something, until it says false. */
static bool each_waiting(sk_fiber_store *store, bool (*call)(sk_fiber *fiber, uint32_t wait, void *arg), void *arg)
{
	size_t count = sk_fiber_count(store);
	for (size_t i = 0; i < count; i++) {
		sk_fiber *fiber = sk_fiber_at(store, i);
		uint32_t wait = sk_load_relaxed(&fiber->wait); /* relaxed: a snapshot for people */
		if (wait != SK_WAIT_NONE && wait != SK_WAIT_IDLE && !call(fiber, wait, arg))
			return false;
	}
	return true;
}

static bool is_inside(sk_fiber *fiber, uint32_t wait, void *arg)
{
	(void)fiber;
	(void)arg;
	return wait != SK_WAIT_OFFLOAD && wait != SK_WAIT_FILE && wait != SK_WAIT_PROCESS;
}

static bool tell(sk_fiber *fiber, uint32_t wait, void *arg)
{
	unsigned *told = arg;
	sk_print(2, "  %sfiber %u %s", fiber->is_small ? "small " : "", fiber->index, sk_fiber_wait_text(wait));
	return ++*told < TOLD_MAX;
}

static bool is_standstill(sk_pool *pool)
{
	return all_asleep(pool) && !is_something_due(pool) && each_waiting(pool->small_fibers, is_inside, NULL) &&
	       each_waiting(pool->fibers, is_inside, NULL);
}

static uint64_t ended(sk_pool *pool)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < pool->worker_count; i++)
		sum += sk_load_relaxed(&pool->workers[i].starts_ended); /* relaxed: a snapshot */
	return sum;
}

static void report(sk_pool *pool, uint64_t living)
{
	unsigned told = 0;
	sk_print(2, "standstill: %llu task%s and %u root%s wait, and nothing but another thread can wake them:",
		 (unsigned long long)living, living == 1 ? "" : "s",
		 sk_load_relaxed(&pool->active), /* relaxed: for people */
		 sk_load_relaxed(&pool->active) == 1 ? "" : "s");
	if (each_waiting(pool->small_fibers, tell, &told))
		each_waiting(pool->fibers, tell, &told);
}

uint64_t sk_standstill_look(sk_pool *pool, uint64_t now_ns)
{
	sk_standstill *state = &pool->standstill;
	if (!state->is_wanted)
		return UINT64_MAX;
	if (now_ns < state->next_look_ns)
		return state->next_look_ns;
	state->next_look_ns = now_ns + SK_STANDSTILL_PERIOD_NS;
	uint64_t living = sk_start_count(pool);
	bool lives = living > 0 || sk_load_relaxed(&pool->active) > 0; /* relaxed: a snapshot */
	bool is_seen = lives && is_standstill(pool);
	uint64_t ended_now = ended(pool);
	if (is_seen && state->was_seen && !state->is_told && ended_now == state->ended_then) {
		report(pool, living);
		state->is_told = true;
	}
	if (!is_seen)
		state->is_told = false;
	state->was_seen = is_seen;
	state->ended_then = ended_now;
	return state->next_look_ns;
}
