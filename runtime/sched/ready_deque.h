/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ready deque: each worker's Chase-Lev deque of entries that are ready to go on. An entry is a tagged word: a fiber
 * to resume, a root to begin, or a suspended fiber whose un-stolen slots may be taken (sched/suspend.h).
 *
 *        top                bottom
 *        | oldest ... newest |          indices only grow and wrap; the array is circular and doubles when full
 *
 * The owner pushes and pops at the bottom; thieves, and the owner when it wants first-in-first-out, take at the top.
 *
 *   R1  an entry is taken exactly once.
 *   R2  bottom - top is between -1 (inside a pop) and the capacity.
 *   R3  a grown array is published after it is filled; old arrays live until the deque is destroyed, so that a late
 *       thief reads old but equal entries there, and its CAS on top decides.
 *
 * | edge           | from                                          | to                                    | carries                |
 * |----------------|-----------------------------------------------|---------------------------------------|------------------------|
 * | ready.publish  | push: bottom, release                         | steal: bottom, acquire                | the entry              |
 * | ready.grow     | grow: array, release (relaxed is a known bug) | steal: array, acquire                 | copied entries, mask   |
 * | ready.last     | pop: fence after lowering bottom              | steal: fence between top and bottom   | one rival sees the other |
 * | ready.take     | steal, pop: CAS top, seq_cst                  | push, steal, pop: top, acquire        | the place is free      |
 *
 * Who may call: functions on sk_ready_deque, its owner only; on sk_ready_thief, any thread. Nothing blocks; push may
 * allocate.
 *
 * Source: Chase and Lev, "Dynamic circular work-stealing deque" (SPAA 2005); orderings of Lê, Pop, Cohen and Zappa
 * Nardelli, "Correct and efficient work-stealing for weak memory models" (PPoPP 2013), with the array published by
 * release as their erratum has it.
 */
#ifndef SK_SCHED_READY_DEQUE_H
#define SK_SCHED_READY_DEQUE_H

#include "base/align.h"
#include "base/atomic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A tagged pointer; 0 is no entry. Pointers are aligned to 8 at least. */
typedef uintptr_t sk_entry;
enum sk_entry_kind { SK_ENTRY_FIBER = 0, SK_ENTRY_ROOT = 1, SK_ENTRY_SLOTS = 2 };
#define SK_ENTRY_KIND_MASK ((uintptr_t)7)

static inline sk_entry sk_entry_make(enum sk_entry_kind kind, void *pointer)
{
	return (uintptr_t)pointer | (uintptr_t)kind;
}

static inline enum sk_entry_kind sk_entry_kind_of(sk_entry entry)
{
	return (enum sk_entry_kind)(entry & SK_ENTRY_KIND_MASK);
}

static inline void *sk_entry_pointer(sk_entry entry)
{
	return (void *)(entry & ~SK_ENTRY_KIND_MASK); /* NOLINT: the tag is taken off */
}

typedef struct sk_ready_array sk_ready_array;

typedef struct sk_ready_deque {
	/* the owner writes, thieves read */
	_Alignas(SK_CACHE_LINE) SK_ATOMIC(uint64_t) bottom;
	SK_ATOMIC(sk_ready_array *) array;
	/* owner and thieves CAS */
	_Alignas(SK_CACHE_LINE) SK_ATOMIC(uint64_t) top;
} sk_ready_deque;

/* The thief's view: from it only the thief's functions can be reached. */
typedef struct sk_ready_thief {
	sk_ready_deque *deque;
} sk_ready_thief;

/* 0 or -ENOMEM. */
int sk_ready_deque_init(sk_ready_deque *deque);

/* Nobody may use it any more. */
void sk_ready_deque_destroy(sk_ready_deque *deque);

/* Adds an entry at the bottom. false: no memory to grow, and the entry is not added. */
bool sk_ready_deque_push(sk_ready_deque *deque, sk_entry entry);

/* Takes the newest entry; 0 when there is none. */
sk_entry sk_ready_deque_pop(sk_ready_deque *deque);

/* Takes the oldest entry; 0 when there is none. *lost is set when a rival took it first: it is worth another try. */
sk_entry sk_ready_deque_steal(sk_ready_thief thief, bool *lost);

/* Looks empty? (a snapshot) */
bool sk_ready_deque_seen_empty(sk_ready_thief thief);

/* Is there an entry of another kind? (a snapshot, of the oldest entries) */
bool sk_ready_deque_seen_other(sk_ready_thief thief, enum sk_entry_kind kind);

#endif
