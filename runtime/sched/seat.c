/* SPDX-License-Identifier: Apache-2.0 */
/* The seat of worker 0; protocol: seat.h. */
#include "sched/seat.h"

#include "base/check.h"
#include "base/hot.h"
#include "base/hostile.h"
#include "sched/pool.h"
#include "sched/root.h"
#include "sched/task_stack.h"
#include "sched/way.h"
#include "sys/fault.h"

#include <errno.h>

SK_HOT static bool take(sk_seat *seat)
{
	uint32_t vacant = 0;
	/* edge -> seat.hand : worker 0 as its last holder left it */
	return sk_load_relaxed(&seat->held) == 0 && sk_cas_acquire(&seat->held, &vacant, 1); /* relaxed: a quick no */
}

void sk_seat_call(sk_pool *pool)
{
	/* edge seat.call -> : a word only; what to do is read elsewhere.
	 * edge poller.hold -> : before the holder is read */
	sk_store_seq_cst(&pool->seat.standin, 1);
	sk_poller_wake(pool, &pool->seat.standin);
}

/* The seat's bit was claimed: the waker's token is here or about to come. */
static void consume_token(sk_worker *worker)
{
	while (!sk_exchange_acquire(&worker->token, 0)) /* edge -> idle.claim : we count as a searcher */
		sk_park_wait(&worker->token, 0, SK_PARK_FOREVER);
}

/* 1 to 3 of leaving. */
SK_HOT static void vacate(sk_pool *pool, sk_worker *worker)
{
	/* seq_cst; edge seat.hand -> : worker 0's private data. edge seat.token -> : before the look at the token */
	sk_store_seq_cst(&pool->seat.held, 0);
	sk_hostile_point();
	if (sk_load_seq_cst(&worker->token)) /* edge -> seat.token : the stand-in may have found the seat held */
		sk_seat_call(pool);
}

static bool give_up(sk_seat *seat)
{
	/* relaxed: a request without data. Mostly it is there already, and the line is not written */
	if (!sk_load_relaxed(&seat->wanted))
		sk_store_relaxed(&seat->wanted, 1);
	return false;
}

SK_HOT bool sk_seat_enter(sk_pool *pool)
{
	sk_seat *seat = &pool->seat;
	if (!take(seat))
		return give_up(seat);
	sk_hostile_point();
	if (!sk_idle_retract(&pool->idle, 0)) {
		vacate(pool, &pool->workers[0]); /* claimed: the stand-in is on its way */
		return give_up(seat);
	}
	if (seat->hungry)
		sk_idle_hungry_add(&pool->idle, -1);
	seat->hungry = false;
	return true;
}

SK_HOT void sk_seat_run(sk_pool *pool, sk_root *root)
{
	sk_worker *worker = &pool->workers[0];
	SK_TRACE_EVENT(&worker->trace, SEAT_ENTER, 0, 0);
	sk_fault_thread_start();
	worker->hand_over = false;
	worker->next_root = root;
	worker->seat_root = root;
	sk_worker_sit(worker);
	worker->seat_root = NULL;
}

bool sk_seat_is_wanted(const sk_worker *worker)
{
	return worker->index == 0 && !worker->seat_root &&
	       sk_load_relaxed(&worker->pool->seat.wanted); /* relaxed: a request without data */
}

SK_HOT void sk_seat_leave(sk_pool *pool)
{
	sk_worker *worker = &pool->workers[0];
	SK_INVARIANT(!worker->searching, "W2: who leaves the seat has settled its search");
	SK_TRACE_EVENT(&worker->trace, SEAT_LEAVE, 0, 0);
	bool left_ready = !sk_ready_deque_seen_empty((sk_ready_thief){ &worker->ready });
	if (worker->cache)
		sk_way_note(pool, worker->cache);
	sk_idle_offer(&pool->idle, 0);
	vacate(pool, worker);
	sk_fence_seq_cst(); /* edge -> seat.leave : the seat was vacant before the look at what is left */
	/* edge -> seat.timers : a timer that was set in the seat, and the time at which the stand-in wakes */
	if (sk_timers_next(&worker->timers) < sk_load_relaxed(&pool->seat.until_ns)) /* relaxed: the fence */
		sk_seat_call(pool);
	/* Also what others have ready: its owner saw no bit then, and woke the monitor. If that is not to be seen yet,
	 * or the monitor has just cleared the word to look, it is left to the monitor: of two looks in a row that find
	 * something waiting, a period apart, the second one tells a sleeper (look_at_queues). So what waits is late by
	 * two of its periods at most, as a rule 2 ms. relaxed: the fence */
	if (left_ready || sk_load_relaxed(&pool->active) || sk_load_relaxed(&pool->monitor.word))
		sk_monitor_notify(pool);
}

void sk_seat_keep(sk_pool *pool)
{
	sk_store_relaxed(&pool->workers[0].tick, 0); /* relaxed: one thread */
	pool->workers[0].hand_over = false;
}

void sk_seat_wake(sk_pool *pool)
{
	/* edge idle.claim -> : it counts as a searcher. edge seat.token -> : before the stand-in looks at the seat */
	sk_store_seq_cst(&pool->workers[0].token, 1);
	sk_hostile_point();
	/* The stand-in sleeps beside the seat, or in it, having found its bit claimed before the token came; and that
	 * perhaps in the reactor. edge poller.hold -> : the token was stored before the holder is read */
	sk_poller_wake(pool, &pool->workers[0].token);
	sk_seat_call(pool);
}

void sk_seat_root_done(sk_pool *pool)
{
	/* The root's end before the look at poll; the other half is the fence between the settling of poll and the look
	 * at the root (sched/join.c). edge -> idle.word : either poll is seen and cleared, or the end is seen */
	sk_fence_seq_cst();
	if (!sk_load_relaxed(&pool->seat.held)) /* relaxed: the fence */
		return;
	sk_fiber *fiber = sk_load_acquire(&pool->workers[0].running); /* edge -> worker.running : the header */
	if (fiber)
		sk_task_stack_arm((sk_task_thief){ fiber }); /* whatever runs there gives way at its next spawn */
}

/* The stand-in in the seat: a worker as any other, until there is nothing to do, or the stop. */
static void sit(sk_pool *pool, sk_worker *worker)
{
	sk_idle *idle = &pool->idle;
	if (!sk_idle_park_cancel(idle,
	                         0)) /* true: called by nobody that claimed the bit; it looks around all the same */
		consume_token(worker);
	if (!pool->seat.hungry)
		sk_idle_hungry_add(idle, 1);
	pool->seat.hungry = false;
	worker->searching = true;
	sk_worker_sit(worker);
	sk_store_relaxed(&pool->seat.wanted, 0); /* relaxed: as it was set */
	/* parked beside the seat: the bit is set, and hungry still counts it; or stopped */
	pool->seat.hungry = true;
	vacate(pool, worker);
}

/* Sleeps until it is called, or the seat's next timer is due or events have come; true: the latter. */
static bool rest_beside(sk_pool *pool, sk_worker *worker)
{
	sk_seat *seat = &pool->seat;
	uint64_t until = sk_timers_next(&worker->timers);
	sk_store_seq_cst(&seat->until_ns, until); /* edge seat.timers -> : before the second look at the timers */
	sk_fence_seq_cst();                       /* edge seat.timers -> : as above */
	if (sk_timers_next(&worker->timers) != until)
		return true;
	int result = sk_poller_park(pool, &seat->standin, until);
	sk_store_relaxed(&seat->until_ns, 0); /* relaxed: it is awake, and looks at everything anew */
	return result == -ETIMEDOUT || result == -EINPROGRESS;
}

void sk_seat_standin(void *argument)
{
	sk_pool *pool = argument;
	sk_worker *worker = &pool->workers[0];
	sk_worker_settle_thread(worker);
	while (!sk_load_acquire(&pool->stop)) { /* edge -> pool.stop : why it ends */
		/* edge -> seat.call : somebody may have claimed the seat's bit */
		if (!sk_exchange_acquire(&pool->seat.standin, 0) && !rest_beside(pool, worker))
			continue;
		sk_fence_seq_cst(); /* edge -> seat.token : the token was stored before this look at the seat */
		if (take(&pool->seat))
			sit(pool, worker);
	}
}
