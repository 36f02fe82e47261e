/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for the first of several: skua_select of select.h.
 *
 *   1  from a random case on, each is tried: done at once, if it can be. No ticket is out meanwhile, so this commits to
 *      one case only, under that one's lock.
 *   2  none: sk_wait; enlist goes through the cases and queues the same ticket at each, with the cause EVENT + 1 +
 *      index. A case that could be done by now is not done here: the wait is ended (BEFORE), and 1 comes again.
 *   3  the first event wins the ticket and does its case: only who has won transfers anything. Late ones find the
 *      ticket stale.
 *   4  woken: the node of each case is taken out again; the cause says which one happened.
 *
 *   E1  at most one lock is held at a time, so selects on the same objects in any order do not block each other.
 *   E2  no case is done while the select's own ticket is out, but by who wins that: else it might be won for another
 *       case at the same time. Two selects that find each other both look again; the random first case, and that a
 *       select which is in 1 is in no queue, part them.
 *   E3  exactly one case happens: by 1, or by the only CAS that ends the ticket (sched/waiter.h, U1).
 *   E4  the object of the case that happened is not touched after the wake-up, but for a future's record, which stays:
 *       it may be freed by then (waitable.h, B2). The others are, by 4, since the select still waits there until it
 *       returns.
 *
 * A future fires with EVENT alone, whatever the index: then one of the futures is done, and which is looked for.
 *
 * Who may call: sk_select_provide, a layer above, before its first case is made.
 * Source: the choice of Concurrent ML, Reppy (PLDI 1991), and its protocol without a global lock, Reppy, Russo and
 * Xiao, "Parallel Concurrent ML" (ICFP 2009).
 */
#ifndef SK_AWAIT_SELECT_H
#define SK_AWAIT_SELECT_H

#include "await/queue.h"

#include <skua/select.h>

/* What a kind of case can do. */
typedef struct sk_case_kind {
	/* 1: does it, if it can be done at once, with skua_case.result; false: it cannot. */
	bool (*attempt)(skua_case *one);
	/* 2: false: it can be done by now, and is not registered. Who fires uses the ticket and the cause. */
	bool (*enlist)(skua_case *one, sk_ticket ticket, uint32_t cause);
	/* 4, if enlist returned true. happened: it is the case that is returned, and its result is to be set. */
	void (*delist)(skua_case *one, sk_ticket ticket, bool happened);
} sk_case_kind;

/* Registers a kind of the layers above: SKUA_CASE_FD. */
void sk_select_provide(enum skua_case_kind kind, const sk_case_kind *functions);

#endif
