/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor; see monitor.h. */
#include "sched/monitor.h"

#include "sched/pool.h"
#include "sched/task_stack.h"
#include "sys/clock.h"

void sk_monitor_wake(sk_monitor *monitor)
{
	if (sk_load_relaxed(&monitor->word)) /* relaxed: it is awake, and looks after it has cleared the word */
		return;
	sk_store_release(&monitor->word, 1); /* edge monitor.wake -> : what waits was put there before */
	sk_park_wake(&monitor->word, 1);
}

void sk_monitor_notify(sk_pool *pool)
{
	if (!sk_idle_notify(&pool->idle, 0) && sk_idle_searching(&pool->idle) == 0)
		sk_monitor_wake(&pool->monitor);
}

/* Slots of a suspended fiber are no reason to tick: they are for who has nothing to do. */
static bool anything_waits(sk_pool *pool)
{
	if (!sk_inbox_seen_empty(&pool->inbox))
		return true;
	for (unsigned i = 0; i < pool->worker_count; i++)
		if (sk_ready_deque_seen_other((sk_ready_thief){ &pool->workers[i].ready }, SK_ENTRY_SLOTS))
			return true;
	return false;
}

static void tick(sk_pool *pool)
{
	for (unsigned i = 0; i < pool->worker_count; i++) {
		sk_worker *worker = &pool->workers[i];
		sk_fiber *fiber = sk_load_acquire(&worker->running); /* edge -> worker.running : the header */
		if (!fiber)
			continue;
		sk_store_relaxed(&worker->tick, 1); /* relaxed: a request without data */
		sk_task_stack_arm((sk_task_thief){ fiber });
	}
}

static void watch(void *argument)
{
	sk_pool *pool = argument;
	sk_monitor *monitor = &pool->monitor;
	while (!sk_load_acquire(&pool->stop)) { /* edge -> pool.stop : why it ends */
		/* edge -> monitor.wake : what waits; the exchange comes before the look */
		if (!sk_exchange_acquire(&monitor->word, 0)) {
			sk_park_wait(&monitor->word, 0, SK_PARK_FOREVER);
			continue;
		}
		while (!sk_load_acquire(&pool->stop)) { /* edge -> pool.stop : why it ends */
			uint64_t next = sk_clock_ns() + SK_MONITOR_PERIOD_NS;
			sk_fence_seq_cst(); /* edge -> monitor.wake : the word is cleared before the look */
			if (!anything_waits(pool))
				break;
			/* the word may be set meanwhile: sleep out the period all the same */
			uint32_t word = sk_load_relaxed(&monitor->word);
			sk_park_wait(&monitor->word, word, next);
			if (anything_waits(pool))
				tick(pool);
		}
	}
}

int sk_monitor_start(sk_pool *pool)
{
	return sk_thread_create(&pool->monitor.thread, "skua-monitor", watch, pool);
}

void sk_monitor_stop(sk_pool *pool)
{
	sk_store_release(&pool->monitor.word, 1); /* edge monitor.wake -> : the stop */
	sk_park_wake(&pool->monitor.word, 1);
	sk_thread_join(&pool->monitor.thread);
}
