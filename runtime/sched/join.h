/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two ends of a stolen task, and the slow paths of the fast path that lead there.
 *
 *   state of its slot:   0 (runs) --finisher--> DONE --owner--> 0
 *                        0 --owner's commit--> fiber (waits) --finisher--> DONE --owner--> 0
 *
 *   finisher (the thief)                      owner (sync of a stolen task)
 *   1  the result is in the slot              1  state == DONE: go on
 *   2  old = exchange(state, DONE)            2  else switch away; the next context: CAS(state, 0 -> fiber)
 *   3  old is a fiber: switch to it           3  the CAS fails (DONE): the fiber goes on at once
 *
 * By cases on the order of the finisher's exchange and the owner's CAS: the exchange is first: the CAS fails and the
 * owner goes on; the CAS is first: the exchange returns the fiber, and the finisher runs it itself. There is no third
 * case, and whoever comes last runs the owner: no join is buried under another task, no stack grows by stealing, nobody
 * spins for long. A fiber that waits at a stolen join has no un-stolen tasks, for thieves take the oldest first; one
 * that waits for a letter (sched/mail.h) may have some, and shares them (sched/suspend.h).
 *
 * | edge        | from                             | to                                 | carries                      |
 * |-------------|----------------------------------|------------------------------------|------------------------------|
 * | join.done   | finisher: exchange, release      | owner: state, acquire              | the result and all it did    |
 * | join.wait   | owner's commit: CAS, release     | finisher: exchange, acquire        | the suspended fiber          |
 *
 * Who may call: workers on their own fiber. Rejected: spinning (leapfrogging loses cores in deep trees and deadlocks
 * with locks), stealing inside the join (buries it): HACKING.md.
 */
#ifndef SK_SCHED_JOIN_H
#define SK_SCHED_JOIN_H

#include "sched/task_stack.h"
#include "sched/worker.h"

struct sk_letter;

/* Runs a stolen task on the calling idle fiber; a waiting owner goes on then, on this worker. */
void sk_join_run_stolen(sk_fiber *fiber, const sk_stolen *stolen);

/* The slow sync: true: the task is the caller's to run; false: its result is in the slot. Blocks: the fiber. */
bool sk_join_sync(sk_fiber *fiber, sk_slot *slot);

/*
 * Waits for the end of a task that was sent (sched/mail.h) and not taken back: its result is in the letter then. The
 * same two ends, with a slot in the sender's frame. patient: it looks for some microseconds before it suspends, since
 * what it waits for is as long as what it has just done itself.
 * Blocks: the fiber.
 */
void sk_join_letter(sk_fiber *fiber, struct sk_letter *letter, bool patient);

/*
 * Forgets what was asked of the fiber before, by those who have found work meanwhile: unless anybody is hungry now, the
 * next spawn takes the fast path. Call from: the fiber.
 */
void sk_join_settle(sk_fiber *fiber);

/* What a slow spawn does besides: gives way if somebody waits for that. Call from: the fiber. */
void sk_join_give_way(sk_fiber *fiber);

/* The slow spawn: hunger, the end of the readable slots, a tick, or a seat to be left. */
void sk_join_spawn(sk_fiber *fiber, sk_slot *slot);

#endif
