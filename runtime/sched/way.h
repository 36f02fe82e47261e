/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the way of a root from an outside thread to the seat touches (base/hot.h). A thread that leaves the seat notes
 * where that is; when it comes in again, perhaps after a sleep that has emptied its caches, it asks for all of it at
 * once. The notes are addresses and are never followed, so it does no harm when pool and fiber are gone.
 *
 * Who may call: any thread; the notes are its own.
 */
#ifndef SK_SCHED_WAY_H
#define SK_SCHED_WAY_H

struct sk_pool;
struct sk_fiber;

/* Notes what the calling thread will touch when it takes the seat again, this fiber above all. Call from: the thread in
 * the seat. */
void sk_way_note(struct sk_pool *pool, struct sk_fiber *fiber);

/* Asks for what was noted, and for the code. */
void sk_way_warm_up(void);

#endif
