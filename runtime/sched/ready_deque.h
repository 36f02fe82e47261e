/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ready deque: what is ready to go on at a worker. An entry is a tagged word: a fiber to resume, a root or a start
 * (sched/start.h) to begin, or a suspended fiber whose un-stolen slots may be taken (sched/suspend.h).
 *
 *        top                bottom          soon
 *        | oldest ... newest |              | newest of all |
 *
 * A queue and one place beside it. The owner adds at the bottom, everybody takes at the top: first in, first out, so
 * that nobody starves. What the owner's fiber has just woken goes to `soon` instead, and the owner takes it next, a few
 * times in a row: its data is in the cache. What was there moves to the bottom. Indices only grow and wrap; the array
 * is circular and doubles when it is full.
 *
 *   R1  an entry is taken exactly once.
 *   R2  bottom - top is between 0 and the capacity.
 *   R3  a grown array is published after it is filled; old arrays live until the deque is destroyed, so that a late
 *       taker reads old but equal entries there, and its CAS on top decides.
 *   R4  only the owner makes soon other than 0.
 *   R5  from C5 to C6 of any claim, see below, the owner takes soon by an exchange only.
 *
 * An owner that always comes round itself to what it has woken keeps soon for itself: it takes it without an atomic
 * read-modify-write, which would cost a third of such a round. Then the others have the expensive side:
 *
 *   owner, while kept                          another
 *   K1  taking = 1                             C1  claims + 1 (seq_cst)
 *   K2  compiler fence                         C2  kept? (seq_cst) no: C5
 *   K3  claims 0: read soon, soon = 0          C3  membarrier
 *   K4  taking = 0                             C4  taking? yes: it gives up, C6
 *   K5  claims was not 0: exchange             C5  exchange
 *                                              C6  claims - 1 (release; acq_rel is the name there is)
 *
 * R5 holds, by cases on where the membarrier puts its fence into the owner's code. Before K1: K3 sees the claim. Behind
 * K3: C4 sees taking, or K4 and with it that soon is 0, and the next K3 sees the claim. Between K1 and K3: C4 sees
 * taking. Where C2 saw that soon is not kept: it is kept only behind a full fence, behind which every K3 sees the
 * claim; and what was taken before it was given up is seen with that. The last claim to end is acquired by K3, so that
 * what it has taken is gone.
 *
 * | edge           | from                                          | to                                    | carries                |
 * |----------------|-----------------------------------------------|---------------------------------------|------------------------|
 * | ready.publish  | push: bottom, release                         | take: bottom, acquire                 | the entry              |
 * | ready.grow     | grow: array, release (relaxed is a known bug) | take: array, acquire                  | copied entries, mask   |
 * | ready.take     | take: CAS top, release                        | push, take: top, acquire              | the place is free      |
 * | ready.soon     | push_soon: soon, release or exchange          | steal_soon: exchange, acquire         | the entry              |
 * | ready.claim    | steal_soon: claims; membarrier, or kept       | take_soon: taking; keep: kept; claims | one sees the other     |
 * | ready.kept     | take_soon: taking = 0; kept = 0, release      | steal_soon: taking, kept, acquire     | soon = 0               |
 * | ready.claimed  | steal_soon: claims - 1, release               | take_soon: claims, acquire            | soon = 0               |
 *
 * Who may call: functions on sk_ready_deque, its owner only; on sk_ready_thief, any thread. Nothing blocks; push may
 * allocate.
 *
 * Source: the circular array that grows is that of Chase and Lev, "Dynamic circular work-stealing deque" (SPAA 2005),
 * published by release as in the erratum to Lê, Pop, Cohen and Zappa Nardelli (PPoPP 2013). Their owner also pops at
 * the bottom, which costs a full fence there and in every theft; a queue with a place beside it needs neither, as in
 * the Go scheduler's run queues.
 */
#ifndef SK_SCHED_READY_DEQUE_H
#define SK_SCHED_READY_DEQUE_H

#include "base/align.h"
#include "base/atomic.h"
#include "base/hostile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A tagged pointer; 0 is no entry. Pointers are aligned to 8 at least. */
typedef uintptr_t sk_entry;
enum sk_entry_kind { SK_ENTRY_FIBER = 0, SK_ENTRY_ROOT = 1, SK_ENTRY_SLOTS = 2, SK_ENTRY_START = 3 };
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

typedef struct sk_ready_array {
	/* set once */
	uint64_t mask;
	struct sk_ready_array *older; /* the array it replaced, freed with the deque (R3) */
	/* the owner writes, others read */
	SK_ATOMIC(sk_entry) entry[];
} sk_ready_array;

typedef struct sk_ready_deque {
	/* the owner writes, others read */
	_Alignas(SK_CACHE_LINE) SK_ATOMIC(uint64_t) bottom;
	SK_ATOMIC(sk_ready_array *) array;
	SK_ATOMIC(uint32_t) kept;   /* the owner takes soon without an exchange */
	SK_ATOMIC(uint32_t) taking; /* it is about to */
	/* the owner and, rarely, others */
	SK_ATOMIC(sk_entry) soon;
	/* everybody CASes */
	_Alignas(SK_CACHE_LINE) SK_ATOMIC(uint64_t) top;
	/* others add, rarely */
	SK_ATOMIC(uint32_t) claims; /* so many are about to take soon */
} sk_ready_deque;

/* The view of others: from it only what they may do can be reached. */
typedef struct sk_ready_thief {
	sk_ready_deque *deque;
} sk_ready_thief;

/* 0 or -ENOMEM. */
int sk_ready_deque_init(sk_ready_deque *deque);

/* Nobody may use it any more. */
void sk_ready_deque_destroy(sk_ready_deque *deque);

/* Twice the array, filled from top to bottom, and published; NULL when there is no memory. */
sk_ready_array *sk_ready_deque_grow(sk_ready_deque *deque, uint64_t top, uint64_t bottom);

/* Adds an entry at the bottom. false: no memory to grow, and the entry is not added. */
static inline bool sk_ready_deque_push(sk_ready_deque *deque, sk_entry entry)
{
	uint64_t bottom = sk_load_relaxed(&deque->bottom);      /* own */
	uint64_t top = sk_load_acquire(&deque->top);            /* edge -> ready.take : the place is free */
	sk_ready_array *array = sk_load_relaxed(&deque->array); /* own */
	if (__builtin_expect(bottom - top > array->mask, 0)) {
		array = sk_ready_deque_grow(deque, top, bottom);
		if (!array)
			return false;
	}
	sk_store_relaxed(&array->entry[bottom & array->mask], entry); /* relaxed: published by bottom */
	sk_store_release(&deque->bottom, bottom + 1);                 /* edge ready.publish -> : the entry */
	return true;
}

/* The same where something is the next one already: it is moved aside, to the bottom. */
bool sk_ready_deque_push_aside(sk_ready_deque *deque, sk_entry entry);

/* Adds an entry that is to be the next one here. false: no memory to move aside what was, and it is not added. */
static inline bool sk_ready_deque_push_soon(sk_ready_deque *deque, sk_entry entry)
{
	if (__builtin_expect(sk_load_relaxed(&deque->soon) != 0, 0)) /* relaxed: only we make it other than 0 (R4) */
		return sk_ready_deque_push_aside(deque, entry);
	sk_store_release(&deque->soon, entry); /* edge ready.soon -> : the entry */
	return true;
}

/* Looks the queue empty, without what is to be the next one? (a snapshot) */
static inline bool sk_ready_deque_queue_seen_empty(sk_ready_thief thief)
{
	uint64_t top = sk_load_relaxed(&thief.deque->top); /* relaxed: a hint; who must be sure has a fence before it */
	return (int64_t)(sk_load_relaxed(&thief.deque->bottom) - top) <= 0;
}

/* What is to be the next one, to be compared; 0 for nothing. (a snapshot) */
static inline sk_entry sk_ready_deque_soon_seen(sk_ready_thief thief)
{
	return sk_load_relaxed(&thief.deque->soon); /* relaxed: only compared */
}

/* Looks all of it empty? (a snapshot) */
static inline bool sk_ready_deque_seen_empty(sk_ready_thief thief)
{
	/* First soon: what the owner moves from there to the queue is seen in one of the two. */
	return !sk_ready_deque_soon_seen(thief) && sk_ready_deque_queue_seen_empty(thief);
}

/* Takes the oldest entry of the queue; 0 when there is none. *lost is set when a rival took it first: try again. */
static inline sk_entry sk_ready_deque_take(sk_ready_thief thief, bool *lost)
{
	sk_ready_deque *deque = thief.deque;
	*lost = false;
	uint64_t top = sk_load_acquire(&deque->top);       /* edge -> ready.take : nobody reads what is below */
	uint64_t bottom = sk_load_acquire(&deque->bottom); /* edge -> ready.publish : the entries below bottom */
	if ((int64_t)(bottom - top) <= 0)
		return 0;
	sk_ready_array *array = sk_load_acquire(&deque->array); /* edge -> ready.grow : entries and mask */
	sk_entry entry = sk_load_relaxed(&array->entry[top & array->mask]); /* relaxed: ordered by bottom or array */
	sk_hostile_point();
	/* edge ready.take -> : the place is free. No acquire: the entry was read before, by the edges above. */
	if (!sk_cas_release(&deque->top, &top, top + 1)) {
		*lost = true;
		return 0;
	}
	return entry;
}

/*
 * Takes the oldest entries, up to half of the queue, and not more than max, in one go: a queue that several empty one
 * by one is a line that moves from core to core for each of them. Returns how many; *lost as above.
 */
unsigned sk_ready_deque_take_some(sk_ready_thief thief, sk_entry *entries, unsigned max, bool *lost);

/* How many entries can be added without growing. Call from: the owner. */
static inline uint64_t sk_ready_deque_room(sk_ready_deque *deque)
{
	uint64_t bottom = sk_load_relaxed(&deque->bottom); /* own */
	uint64_t top = sk_load_acquire(&deque->top);       /* edge -> ready.take : the places are free */
	return sk_load_relaxed(&deque->array)->mask + 1 - (bottom - top); /* own */
}

/* Takes what is to be the next one; 0 when there is none. Call from: the owner. */
static inline sk_entry sk_ready_deque_take_soon(sk_ready_deque *deque)
{
	sk_entry entry = 0;
	if (!sk_load_relaxed(&deque->soon)) /* relaxed: only the owner makes it other than 0 (R4) */
		return 0;
	if (sk_load_relaxed(&deque->kept)) { /* relaxed: own */
		sk_store_relaxed(&deque->taking, 1); /* K1. relaxed: the membarrier is its fence */
		sk_compiler_fence();
		sk_hostile_point();
		/* K3. edge -> ready.claimed : what was taken meanwhile. edge ready.claim -> : by the membarrier */
		if (!sk_load_acquire(&deque->claims)) {
			entry = sk_load_relaxed(&deque->soon); /* own: nobody else takes it now */
			sk_hostile_point();
			sk_store_relaxed(&deque->soon, 0); /* relaxed: published by taking */
		}
		sk_store_release(&deque->taking, 0); /* K4. edge ready.kept -> : soon = 0 */
	}
	if (entry)
		return entry;
	/* K5. edge -> ready.soon : the owner's own (R4); that it is an exchange is what counts */
	return sk_exchange_acquire(&deque->soon, 0);
}

/* Whether the owner takes soon without an exchange from now on; others pay with a membarrier, which must work. */
void sk_ready_deque_keep_soon(sk_ready_deque *deque, bool kept);

/* Would it take a membarrier to take what is to be the next one there? (a snapshot) */
static inline bool sk_ready_deque_soon_is_kept(sk_ready_thief thief)
{
	return sk_load_relaxed(&thief.deque->kept) != 0; /* relaxed: a hint */
}

/* The same for others. 0 also when the owner was about to take it. */
sk_entry sk_ready_deque_steal_soon(sk_ready_thief thief);

/* Is there an entry of another kind? (a snapshot, of the oldest entries) */
bool sk_ready_deque_seen_other(sk_ready_thief thief, enum sk_entry_kind kind);

#endif
