/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seat of worker 0. It has a thread of its own like the others' (the stand-in), but a thread from outside that
 * hands a root in takes the seat if nobody holds it, so that a parallel region costs no hand-over between threads:
 * main is worker 0 while it waits for its root. In an idle runtime the seat is vacant and the stand-in sleeps beside
 * it.
 *
 * An outside thread in the seat begins and steals nothing but its own root and what descends from it: in a task of
 * somebody else it could be kept for ever. What it cannot avoid is what stands on worker 0's own ready deque: fibers
 * and starts that its own tasks have made ready there, or that one before it left when it handed over. It may be in
 * such a fiber when its root ends on another worker. That fiber's poll is armed then (sk_seat_root_done), so it gives
 * way at its next spawn; if it waits, direct switches to others that are ready there (DIRECT_MAX in work.c) come to
 * their end, and the loop leaves. task.h tells the caller.
 *
 * It never sleeps in the seat. When it finds nothing of its own to do for a while, or when something else waits and all
 * workers are busy (the monitor's tick, looked at in slow spawns and between two pieces of work), it leaves the seat,
 * sleeps outside until its root is done, and the stand-in takes over.
 *
 *   held       0 vacant, 1 held. Changed by CAS 0 -> 1 (enter) and store 0 (leave). It guards everything of worker 0
 *              that belongs to "the thread in the seat", and `hungry` below.
 *   hungry     is the vacant seat counted in idle.word's hungry? Yes when the stand-in left it because there was
 *              nothing to do; no when an outside thread left it.
 *   standin    the word on which the stand-in sleeps while it does not hold the seat.
 *   wanted     an outside thread could not have the seat lately. A stand-in in it that runs out of work then leaves at
 *              once, and does not search for a while first: else a thread that calls one loop after the other finds it
 *              there each time, hands its root over, sleeps, and is woken, for as long as it goes on. If there is
 *              something to do after all, it searches as ever: a private slot has to be unanswered for a while before
 *              it is forced.
 *
 * The vacant seat can be woken (its bit in idle.sleepers is set): the waker sets the token of worker 0 and calls the
 * stand-in, which alone consumes that token (and may wait for it in the seat, when it finds its bit claimed). An
 * outside thread that takes the seat and finds the bit claimed leaves at once: the stand-in is on its way, and
 * searches.
 *
 *   leaving                                              waking (has claimed the bit)
 *   1  set the bit                                       1  token = 1 (seq_cst)
 *   2  held = 0 (seq_cst)                                2  call the stand-in
 *   3  read token (seq_cst): set: call the stand-in      3  the stand-in, woken: fence; CAS held 0 -> 1; if it is
 *                                                           held: sleeps again
 *   By cases: if the stand-in finds the seat held, its read came before the leaver's 2, and the waker's 1 came before
 *   that: the leaver sees the token at 3 and calls again. Else the stand-in has the seat.
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
	/* outside threads set it when they cannot have the seat, the stand-in clears it when it leaves */
	SK_ATOMIC(uint32_t) wanted;
	/* the stand-in writes, who leaves reads: the time at which it wakes by itself, 0 while it is awake */
	SK_ATOMIC(uint64_t) until_ns;
} sk_seat;

/* Takes the seat if it is vacant. Call from: an outside thread. Blocks: nothing. */
bool sk_seat_enter(struct sk_pool *pool);

/* Begins the root and works until it is done, or the stand-in is to take over. Call from: the thread in the seat. */
void sk_seat_run(struct sk_pool *pool, struct sk_root *root);

/* Is the worker's seat held by the stand-in, and wanted? (a hint) */
bool sk_seat_is_wanted(const struct sk_worker *worker);

/* Leaves it. Call from: the outside thread in the seat. */
void sk_seat_leave(struct sk_pool *pool);

/* In the child of a fork nobody is left to hand the seat over to; the monitor may just have asked for it. */
void sk_seat_keep(struct sk_pool *pool);

/* The thread function of the stand-in. */
void sk_seat_standin(void *pool);

/* Calls the stand-in: it looks whether there is something to do. Call from: any thread that keeps the pool alive. */
void sk_seat_call(struct sk_pool *pool);

/* Gives worker 0 its token. Part of the wake callback of idle. Call from: any thread. */
void sk_seat_wake(struct sk_pool *pool);

/* A root whose thread may still sit in the seat ended on another worker. Call from: a worker. */
void sk_seat_root_done(struct sk_pool *pool);

#endif
