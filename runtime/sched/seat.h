/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seat of worker 0. It has a thread of its own like the others' (the stand-in), but a thread from outside that
 * hands a root in takes the seat if nobody holds it, so that a parallel region costs no hand-over between threads: main
 * is worker 0 while it waits for its root. In an idle runtime the seat is vacant and the stand-in sleeps beside it.
 *
 *   held       0 vacant, 1 held. Changed by CAS 0 -> 1 (enter) and store 0 (leave). It guards everything of worker 0
 *              that belongs to "the thread in the seat", and `hungry` below.
 *   hungry     is the vacant seat counted in idle.word's hungry? Yes when the stand-in left it because there was
 *              nothing to do while roots were running elsewhere; no when an outside thread left it after its root.
 *   standin    the word on which the stand-in sleeps while it does not hold the seat.
 *
 * The seat can be woken while it is vacant (its bit in idle.sleepers is set): the waker sets the token of worker 0,
 * then reads held: vacant: it wakes the stand-in; held: the holder is parked in the seat and waits for the token.
 *
 *   leaving                                              waking (has claimed the bit)
 *   1  set the bit                                       1  token = 1 (seq_cst)
 *   2  held = 0 (seq_cst)                                2  read held (seq_cst)
 *   3  read token (seq_cst): set: wake the stand-in      3  vacant: wake the stand-in; held: wake the holder
 *   By cases: if the waker reads held = 1 at 2 although the holder is on its way out, its token store came before
 *   the leaver's 3, which sees it. Else it reads 0 and wakes the stand-in itself. The stand-in may be woken twice, and
 *   it may find the seat taken by another outside thread: then that thread has found its bit gone at entering, has
 *   consumed the token and counts as a searcher that has found work.
 *
 * A vacant seat that is not counted as hungry gets no tasks from running owners. So a leaving thread notifies when a
 * root is still active: the woken worker declares itself hungry, and the last searcher that finds work wakes the next
 * (sched/idle.h).
 *
 * | edge        | from                              | to                                  | carries                       |
 * |-------------|-----------------------------------|-------------------------------------|-------------------------------|
 * | seat.hand   | leave: held = 0, seq_cst          | enter: CAS held, acquire            | worker 0's private data       |
 * | seat.token  | wake: token, held                 | leave: held, token                  | one of them sees the other    |
 * | seat.leave  | root begins: active + 1, seq_cst  | leave: active, after a fence        | one of them cares for the work |
 */
#ifndef SK_SCHED_SEAT_H
#define SK_SCHED_SEAT_H

#include "base/align.h"
#include "sys/park.h"

#include <stdbool.h>

struct sk_pool;
struct sk_worker;
struct sk_root;

typedef struct sk_seat {
	/* everybody: CAS and store */
	_Alignas(SK_FALSE_SHARING) SK_ATOMIC(uint32_t) held;
	sk_park_word standin; /* 1: look whether there is something to do */
	/* the holder, and at the leave the last holder */
	bool hungry;
} sk_seat;

/* Takes the seat if it is vacant. Call from: an outside thread. Blocks: at most until a waker has finished. */
bool sk_seat_enter(struct sk_pool *pool);

/* Begins the root at once and works until it is done. Call from: the outside thread in the seat. */
void sk_seat_run(struct sk_pool *pool, struct sk_root *root);

/* Leaves it. Call from: the outside thread in the seat. */
void sk_seat_leave(struct sk_pool *pool);

/* The thread function of the stand-in. */
void sk_seat_standin(void *pool);

/* Gives worker 0 its token. Part of the wake callback of idle. Call from: any thread. */
void sk_seat_wake(struct sk_pool *pool);

/* The root whose thread sits in the seat ended on another worker. Call from: a worker. */
void sk_seat_root_done(struct sk_pool *pool);

/* Does this worker's thread sleep outside of its seat? Then parking is leaving. Call from: the worker. */
bool sk_seat_shared(const struct sk_worker *worker);

#endif
