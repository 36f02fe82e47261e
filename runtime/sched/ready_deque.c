/* SPDX-License-Identifier: Apache-2.0 */
/* The ready deque; protocol, invariants and edges: ready_deque.h. */
#include "sched/ready_deque.h"

#include "base/check.h"
#include "base/hot.h"
#include "base/hostile.h"

#include <errno.h>
#include <stdlib.h>

/* The hostile build grows at once and wraps around at once. */
#if SK_HOSTILE
#define FIRST_CAPACITY 4u
#define FIRST_INDEX (UINT64_MAX - 5)
#else
#define FIRST_CAPACITY 64u
#define FIRST_INDEX 0u
#endif

struct sk_ready_array {
	/* set once */
	uint64_t mask;
	sk_ready_array *older; /* the array it replaced, freed with the deque (R3) */
	/* the owner writes, thieves read */
	SK_ATOMIC(sk_entry) entry[];
};

static sk_ready_array *create(uint64_t capacity, sk_ready_array *older)
{
	sk_ready_array *array = malloc(sizeof *array + (size_t)capacity * sizeof array->entry[0]);
	if (array) {
		array->mask = capacity - 1;
		array->older = older;
	}
	return array;
}

int sk_ready_deque_init(sk_ready_deque *deque)
{
	sk_ready_array *array = create(FIRST_CAPACITY, NULL);
	if (!array)
		return -ENOMEM;
	sk_store_relaxed(&deque->top, FIRST_INDEX); /* relaxed, all three: not yet shared */
	sk_store_relaxed(&deque->bottom, FIRST_INDEX);
	sk_store_relaxed(&deque->array, array);
	return 0;
}

void sk_ready_deque_destroy(sk_ready_deque *deque)
{
	sk_ready_array *array = sk_load_relaxed(&deque->array); /* relaxed: nobody else is left */
	while (array) {
		sk_ready_array *older = array->older;
		free(array);
		array = older;
	}
	sk_store_relaxed(&deque->array, NULL);
}

/* Twice the array, filled from top to bottom; NULL when there is no memory. */
static sk_ready_array *grow(sk_ready_deque *deque, sk_ready_array *old, uint64_t top, uint64_t bottom)
{
	sk_ready_array *array = create((old->mask + 1) * 2, old);
	if (!array)
		return NULL;
	for (uint64_t i = top; i != bottom; i++) {
		sk_entry entry = sk_load_relaxed(&old->entry[i & old->mask]); /* own */
		sk_store_relaxed(&array->entry[i & array->mask], entry);      /* relaxed: published below */
	}
	sk_hostile_point();
	sk_store_release(&deque->array, array); /* edge ready.grow -> : the copied entries and the mask */
	return array;
}

bool sk_ready_deque_push(sk_ready_deque *deque, sk_entry entry)
{
	uint64_t bottom = sk_load_relaxed(&deque->bottom);      /* own */
	uint64_t top = sk_load_acquire(&deque->top);            /* edge -> ready.take : the place is free */
	sk_ready_array *array = sk_load_relaxed(&deque->array); /* own */
	if (bottom - top > array->mask) {
		array = grow(deque, array, top, bottom);
		if (!array)
			return false;
	}
	sk_store_relaxed(&array->entry[bottom & array->mask], entry); /* relaxed: published by bottom */
	sk_store_release(&deque->bottom, bottom + 1);                 /* edge ready.publish -> : the entry */
	return true;
}

sk_entry sk_ready_deque_pop(sk_ready_deque *deque)
{
	uint64_t bottom = sk_load_relaxed(&deque->bottom) - 1;  /* own */
	sk_ready_array *array = sk_load_relaxed(&deque->array); /* own */
	sk_store_relaxed(&deque->bottom, bottom);               /* relaxed: the fence orders it */
	sk_fence_seq_cst(); /* edge ready.last -> : bottom is lowered. edge -> ready.last : or top is seen raised */
	uint64_t top = sk_load_relaxed(&deque->top); /* relaxed: the fence orders it */
	sk_hostile_point();
	int64_t left = (int64_t)(bottom - top);
	if (left < 0) {
		sk_store_relaxed(&deque->bottom, bottom + 1); /* empty: as it was */
		return 0;
	}
	sk_entry entry = sk_load_relaxed(&array->entry[bottom & array->mask]); /* own */
	if (left > 0)
		return entry;
	/* The last one: whoever moves top has it. seq_cst as in steal; edge ready.take -> : the place is free */
	if (!sk_cas_seq_cst(&deque->top, &top, top + 1))
		entry = 0;
	sk_store_relaxed(&deque->bottom, bottom + 1); /* empty again */
	return entry;
}

sk_entry sk_ready_deque_steal(sk_ready_thief thief, bool *lost)
{
	sk_ready_deque *deque = thief.deque;
	*lost = false;
	uint64_t top = sk_load_acquire(&deque->top); /* edge -> ready.take : nobody reads what is below */
	sk_fence_seq_cst(); /* edge -> ready.last : bottom is seen lowered. edge ready.last -> : or top was raised */
	uint64_t bottom = sk_load_acquire(&deque->bottom); /* edge -> ready.publish : the entries below bottom */
	if ((int64_t)(bottom - top) <= 0)
		return 0;
	sk_ready_array *array = sk_load_acquire(&deque->array); /* edge -> ready.grow : entries and mask */
	sk_entry entry = sk_load_relaxed(&array->entry[top & array->mask]); /* relaxed: ordered by bottom or array */
	sk_hostile_point();
	/* seq_cst: it stands in one order with the fences of pop. edge ready.take -> : the place is free */
	if (!sk_cas_seq_cst(&deque->top, &top, top + 1)) {
		*lost = true;
		return 0;
	}
	return entry;
}

SK_HOT bool sk_ready_deque_seen_empty(sk_ready_thief thief)
{
	uint64_t top = sk_load_relaxed(&thief.deque->top); /* relaxed: a hint; who must be sure has a fence before it */
	return (int64_t)(sk_load_relaxed(&thief.deque->bottom) - top) <= 0;
}

/* So many are looked at: a hint need not be exact, and no deque is long for long. */
#define LOOK_MAX 64u

bool sk_ready_deque_seen_other(sk_ready_thief thief, enum sk_entry_kind kind)
{
	uint64_t top = sk_load_acquire(&thief.deque->top);            /* edge -> ready.take : nobody reads below */
	uint64_t bottom = sk_load_acquire(&thief.deque->bottom);      /* edge -> ready.publish : the entries */
	sk_ready_array *array = sk_load_acquire(&thief.deque->array); /* edge -> ready.grow : entries and mask */
	for (unsigned i = 0; i < LOOK_MAX && (int64_t)(bottom - top) > 0; i++, top++) {
		/* relaxed: a hint; an entry that was taken meanwhile is still a word of this array */
		sk_entry entry = sk_load_relaxed(&array->entry[top & array->mask]);
		if (sk_entry_kind_of(entry) != kind)
			return true;
	}
	return false;
}
