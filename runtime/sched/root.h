/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roots: tasks that are not spawned by a task but handed in by a thread, which waits for the end.
 *
 *   handed in --> (inbox --> ready deque) --> begun on an idle fiber of any worker --> done
 *        \--> begun at once by the thread itself, if the seat of worker 0 is vacant
 *
 * A root lives on the stack of the thread that waits, so nothing of it is touched after done is set.
 *
 * | edge       | from                   | to                             | carries                   |
 * |------------|------------------------|--------------------------------|---------------------------|
 * | root.done  | finish: done, release  | the waiting thread: done, acquire | the result in the slot |
 */
#ifndef SK_SCHED_ROOT_H
#define SK_SCHED_ROOT_H

#include "sched/inbox.h"
#include "sys/park.h"

#include <skua/task.h>

struct sk_pool;
struct sk_worker;
struct sk_fiber;

typedef struct sk_root {
	/* set by the thread that hands it in */
	sk_slot *slot;
	bool in_seat; /* that thread sat down in the seat of worker 0 to begin it */
	sk_inbox_node node;
	void **values; /* of keys, as sk_scope has them; the root's fiber */
	/* the finisher writes; the waiting thread reads, and says before that it is going to sleep */
	sk_park_word done;
} sk_root;

/* Ends the values of a root whose task is over. Set by await's keys before there are any. */
typedef void sk_values_end(void ***values);
typedef SK_ATOMIC(sk_values_end *) sk_values_end_place;
extern sk_values_end_place sk_root_values_end;

/* Runs the task of a slot and returns when it is done. Call from: an outside thread that keeps the pool alive. */
void sk_root_run(struct sk_pool *pool, sk_slot *slot);

/* The end of a root whose thread waits in the seat? Call from: anywhere while the root lives. */
bool sk_root_done(sk_root *root);

/* Runs the root's task on the calling idle fiber. Call from: the worker's loop. */
void sk_root_begin(sk_root *root, struct sk_fiber *fiber);

#endif
