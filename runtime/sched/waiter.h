/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for one of several things: an event, a deadline, a cancellation. Everything in await/ and io/ that waits does
 * it here, from a fiber as from a plain thread.
 *
 * Each wait has a number, its ticket: {seq:32, index:30, kind:2}, the waiter and which of its waits. Who wants to end
 * the wait fires the ticket, and the first of them wins:
 *
 *     wake, a word of the waiter:   {seq, cause}     cause 0: armed; else why the wait with that number ended
 *     begin: {seq + 1, 0}           fire: CAS {seq, 0} -> {seq, cause}
 *
 * A ticket is a number and no pointer, and waiters are never unmapped while somebody may fire, so a late one that is
 * still on its way is harmless: it finds another seq. Nobody need find and call back those who lost.
 *
 *   waiting fiber                                    who fires
 *   1  switch away; the next context goes on:        1  the event is made (a state, a queue's node, a flag)
 *   2  wake = {seq, 0}                               2  the ticket is found there, or in a timer, or in a scope
 *   3  the timer is set                              3  CAS wake; lost: nothing
 *   4  scope.waiting = ticket                        4  won: the fiber becomes ready
 *   5  enlist(ticket): registers it where the event
 *      will be made, or finds that it was made
 *   6  fence; scope.cancelled? fire oneself
 *   7  committed = seq
 *   8  (resumed) until committed == seq: spin        a source of 3 to 5 may have fired before 6 and 7 were done
 *
 * No wake-up is lost: enlist decides under the event's own lock or compare-and-swap whether it came before the event
 * or after it. Cancelling: the canceller sets cancelled, then reads waiting (both seq_cst); the waiter the other way
 * round, with a fence in between, so one of them sees the other. If there is an enlist, its lock or compare-and-swap is
 * that fence on processors where locked instructions are one (sk_fence_after_rmw).
 *
 *   U1  a wait ends once: wake leaves {seq, 0} by one CAS.
 *   U2  what enlist uses lies on the waiter's stack, and the timer in its fiber; it does not return before 7 (by 8),
 *       nor with its timer set.
 *   U3  a fiber that waits may have un-stolen tasks: they are shared first (sched/suspend.h).
 *
 * | edge            | from                            | to                                 | carries                       |
 * |-----------------|---------------------------------|------------------------------------|-------------------------------|
 * | waiter.wake     | begin: wake, release            | fire: CAS wake, acquire            | the waiter is switched away   |
 * | waiter.fired    | fire: CAS wake, release         | the waiter: wake, acquire          | the event                     |
 * | waiter.commit   | commit: committed, release      | the waiter: committed, acquire     | its stack is not used by others |
 * | waiter.cancel   | cancel: cancelled, seq_cst      | wait: waiting, fence, cancelled    | one of them sees the other    |
 *
 * Who may call: sk_wait and what is named so, the waiter itself, fiber or thread; sk_waiter_fire anybody.
 */
#ifndef SK_SCHED_WAITER_H
#define SK_SCHED_WAITER_H

#include "base/hostile.h"
#include "fiber/fiber.h"
#include "sched/timers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sk_pool;
struct sk_worker;

/* Kind 0 is no ticket, so that a word can hold a ticket or a state that is a multiple of 4. */
enum sk_ticket_kind { SK_TICKET_NONE, SK_TICKET_SMALL, SK_TICKET_FIBER, SK_TICKET_THREAD };
#define SK_TICKET_KIND_MASK UINT64_C(3)

static inline bool sk_is_ticket(uint64_t word)
{
	return (word & SK_TICKET_KIND_MASK) != 0;
}

/* Why a wait ended. Causes from SK_CAUSE_EVENT on are the events', with whatever they add (the index in a select). */
enum sk_cause {
	SK_CAUSE_ARMED,   /* it has not */
	SK_CAUSE_BEFORE,  /* the event had happened before the wait began */
	SK_CAUSE_TIMEOUT,
	SK_CAUSE_CANCEL,
	SK_CAUSE_EVENT,
};

/*
 * What a strand of execution waits and is cancelled as: a task of await.h, with the fork-join tasks below it.
 * Type-stable.
 */
typedef struct sk_scope {
	/* everybody sets it; it stays */
	SK_ATOMIC(uint32_t) cancelled;
	/* the strand, and what it has spawned */
	SK_ATOMIC(uint32_t) shields; /* while it is not 0, the strand does not count as cancelled */
	/* the strand only */
	void **values; /* of its keys (await/key.c); NULL before the first is set */
	/* the strand writes, cancellers read: the ticket of its wait */
	SK_ATOMIC(uint64_t) waiting;
} sk_scope;

/*
 * A wait. enlist(arg, ticket) says false if there is nothing to wait for any more; it must not touch arg afterwards.
 * Before it says true it makes an atomic read-modify-write, as taking a lock is (see 6 above). It never waits itself:
 * it runs on a fiber that may just be leaving a wait of its own, whose timer is still set. NULL: no event.
 */
typedef struct sk_wait_for {
	bool (*enlist)(void *arg, sk_ticket ticket);
	void *arg;
	uint64_t deadline_ns; /* SK_TIMERS_NEVER for none */
	enum sk_wait why;
	bool cancellable;
} sk_wait_for;

/*
 * Waits; see above. Returns the cause. Blocks: the fiber, or outside of workers the thread. If there is no memory for a
 * fiber to go on with meanwhile, the worker waits as a thread does.
 */
uint32_t sk_wait(const sk_wait_for *what);

/* Ends a wait, if nobody has: the waiter goes on. Call from: any thread; one that is no worker keeps the pool alive
 * or names none (pool NULL), and then fires threads only. */
bool sk_waiter_fire(struct sk_pool *pool, sk_ticket ticket, uint32_t cause);

/* The same. soon: it should be the next one on this worker; one of many goes in its turn. */
bool sk_waiter_fire_one(struct sk_pool *pool, sk_ticket ticket, uint32_t cause, bool soon);

/*
 * The same for a worker that can go on with the fiber itself: it is not made ready, it belongs to the caller. NULL: the
 * wait had ended, or it was a thread's, which was woken.
 */
sk_fiber *sk_waiter_claim(struct sk_pool *pool, sk_ticket ticket, uint32_t cause);

/*
 * A claim in two steps, for who has something to do between them: win ends the wait, if nobody has, and the waiter does
 * not go on before tell, which is to follow with what win returned (NULL: the wait had ended). soon: it should be the
 * next one on this worker.
 */
void *sk_waiter_win(struct sk_pool *pool, sk_ticket ticket, uint32_t cause);
void sk_waiter_tell(struct sk_pool *pool, sk_ticket ticket, void *waiter, bool soon);

/* Between the two, of one that goes on later: asks for what the switch to it and its uppermost frames touch. */
void sk_waiter_warm(sk_ticket ticket, void *waiter);

/* Many are about to be fired: asks for what that touches, so that it does not come one after the other. */
void sk_waiter_expect(struct sk_pool *pool, const sk_ticket *tickets, unsigned count);

/* Of a wake word, which is {seq, cause}. */
#define SK_WAKE_CAUSE_MASK UINT64_C(0xffffffff)

/* Ends the wait of that ticket with a cause, if nobody has. word: the wake word of its waiter, fiber or thread. */
static inline bool sk_wake_end(void *word, sk_ticket ticket, uint32_t cause)
{
	SK_ATOMIC(uint64_t) *wake = word;
	uint64_t seq = ticket & ~SK_WAKE_CAUSE_MASK, armed = seq;
	sk_hostile_point();
	/* U1. edge waiter.fired -> : the event. edge -> waiter.wake : the waiter is switched away */
	return sk_cas_acq_rel(wake, &armed, seq | cause);
}

/* The same for a ticket of a fiber that the caller has at hand, from a queue in which it still waits. */
static inline bool sk_waiter_win_fiber(sk_fiber *fiber, sk_ticket ticket, uint32_t cause)
{
	return sk_wake_end(&fiber->wake, ticket, cause);
}

static inline bool sk_ticket_is_thread(sk_ticket ticket)
{
	return (ticket & SK_TICKET_KIND_MASK) == SK_TICKET_THREAD;
}

/* The pool that the calling thread may name to sk_waiter_fire; entered says whether to leave it after. */
struct sk_pool *sk_waiter_pool(bool *entered);

/* Sets cancelled, and ends the strand's wait, if that is cancellable. Call from: any thread, while the scope lives. */
void sk_scope_cancel(sk_scope *scope);

/*
 * The same for many, in two steps: win under the lock that keeps the scopes, tell without it. A strand that was won
 * does not go on, and so does not end, before it is told; the fibers that were won are the caller's until then, and
 * link themselves. Call from: who may name the pool (see sk_waiter_fire) for both.
 */
typedef struct sk_won {
	sk_fiber *first, *last;
} sk_won;

void sk_scope_win(struct sk_pool *pool, sk_scope *scope, sk_won *won);
void sk_won_tell(struct sk_pool *pool, sk_won *won);

/* The strand that the caller runs on; NULL outside of await's tasks. */
sk_scope *sk_scope_self(void);

static inline bool sk_scope_is_cancelled(sk_scope *scope)
{
	/* relaxed, both: a request without data; whoever shields himself sees his own */
	return scope && sk_load_relaxed(&scope->cancelled) != 0 && sk_load_relaxed(&scope->shields) == 0;
}

/* The caller's fiber, NULL on a thread that is no worker. */
sk_fiber *sk_fiber_self(void);

/* Is called by plain threads when they begin to block in sk_wait, or for a root that they have handed in, and when that
 * is over: await's offload pool counts its own. Set before the first of those threads is made. */
typedef void sk_wait_hook(bool begins);
typedef SK_ATOMIC(sk_wait_hook *) sk_wait_hook_place;
extern sk_wait_hook_place sk_wait_thread_hook;

#endif
