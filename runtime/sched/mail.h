/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mail: a task that is meant for a certain worker. Stealing finds anybody who has work, but it takes a worker some
 * microseconds to find the one who just began a loop, and it comes in any order; a letter goes straight to a worker
 * who looks for work, the same one each time, whose caches still hold that part of the data.
 *
 *   the box of a worker
 *
 *        SHUT ---owner looks for work---> OPEN ---sender---> letter ---owner, thief or sender---> SHUT
 *          ^                                |
 *          +---owner found work, or sleeps--+
 *
 * A letter is a slot like those of the task stack, and runs as a stolen task; but it stands in its sender's frame, and
 * the sender takes back what nobody has taken when it has done its own part. OPEN names the root that the thread in
 * the seat is bound to (sched/seat.h), or none: it may take letters of that root only.
 *
 *   B1  only the owner opens: a letter is put into the box of a worker that looks for work, and of nobody else.
 *   B2  each change is one compare-and-swap from a word that was seen, and only the owner makes a change from SHUT; so
 *       a letter is taken once. Who read a letter's address takes it only if it is in the box, whatever it was in
 *       between.
 *   B3  a letter in a box is within reach: its owner takes it before it parks, everybody else who searches comes by
 *       (but not a thread that is bound to a root), and looks once more before parking; and an owner that goes to
 *       work with a letter in its box tells somebody (sched/idle.h).
 *   B4  a letter's frame stays until it was taken back, or until the task has run.
 *
 * By cases on B3, for a letter that nobody takes and a worker that sleeps: the letter was put while the box was open,
 * so before its owner shut it. If the owner shut it to park, it saw the letter, and did not. If it did so to work, it
 * saw the letter, then notified: either somebody searched, who looks into all boxes before it parks, or a sleeper was
 * woken. Who parks later looks into all boxes after its bit was set (idle.h, P4), and the letter was there before.
 *
 * | edge      | from                            | to                             | carries                     |
 * |-----------|---------------------------------|--------------------------------|-----------------------------|
 * | mail.sent | send: CAS, release              | take: CAS, acquire             | the letter                  |
 * | mail.left | shut: CAS, seq_cst, then notify | park: bit, fence, look         | one of them sees the letter |
 *
 * Sources: mailboxes beside the deques, Acar, Blelloch and Blumofe, "The data locality of work stealing" (SPAA 2000);
 * there the task stands in the deque too, and whoever comes first has it. Blocks: nothing.
 */
#ifndef SK_SCHED_MAIL_H
#define SK_SCHED_MAIL_H

#include "sched/worker.h"

/* A task on its way. On the sender's stack. */
typedef struct sk_letter {
	/* the sender fills all of it before it sends; slot.bytes hold arguments, then the result */
	sk_slot slot;
	bool is_one_of_many; /* there may be a row of them: who has run it waits a moment for the next */
	struct sk_root *root;
	struct sk_scope *scope;
	sk_worker *to;
} sk_letter;

/* --- sender --- */

/*
 * Puts the letter into the box of a worker that looks for work. The task is slot.run, its arguments slot.bytes. false:
 * the box is not open, and nothing was done. Call from: the fiber's worker, on the fiber, which is a big one.
 */
bool sk_mail_send(sk_fiber *fiber, sk_letter *letter, sk_worker *to);

/* true: nobody has taken it, and nobody will. false: it runs, or has run; see sk_join_letter. Call from: the sender. */
bool sk_mail_take_back(sk_letter *letter);

/* --- owner --- */

/* The worker looks for work. */
void sk_mail_open(sk_worker *worker);

/* It has found some, or goes to sleep. false: a letter is left in its box, and others are to be told; once for each. */
bool sk_mail_shut(sk_worker *worker);

/* Is there a letter in the own box that it may take? */
bool sk_mail_waits(const sk_worker *worker);

/* The letter in the own box. */
bool sk_mail_take(sk_worker *worker, sk_work *work);

/* --- everybody --- */

/* Is there a letter in the worker's box? (a snapshot) */
bool sk_mail_seen(const sk_worker *worker);

/* Does the worker look for work, even if it has not declared that yet (sched/idle.h)? (a snapshot) */
bool sk_mail_is_open(const sk_worker *worker);

/* Takes the letter in the box of another, if there is one. Call from: a worker that is not bound to a root. */
bool sk_mail_take_from(sk_worker *victim, sk_work *work);

#endif
