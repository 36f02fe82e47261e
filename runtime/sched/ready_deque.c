/* SPDX-License-Identifier: Apache-2.0 */
/* The ready deque; protocol, invariants and edges: ready_deque.h. */
#include "sched/ready_deque.h"

#include "sys/membarrier.h"

#include <errno.h>
#include <stdlib.h>

/* The hostile build grows at once and wraps around at once; so does the model checker's. */
#ifdef SK_READY_FIRST_CAPACITY
#define FIRST_CAPACITY SK_READY_FIRST_CAPACITY
#define FIRST_INDEX (UINT64_MAX - 1)
#elif SK_HOSTILE
#define FIRST_CAPACITY 4u
#define FIRST_INDEX (UINT64_MAX - 5)
#else
#define FIRST_CAPACITY 64u
#define FIRST_INDEX 0u
#endif

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
	sk_store_relaxed(&deque->top, FIRST_INDEX); /* relaxed, all of them: not yet shared */
	sk_store_relaxed(&deque->soon, 0);
	sk_store_relaxed(&deque->kept, 0);
	sk_store_relaxed(&deque->taking, 0);
	sk_store_relaxed(&deque->claims, 0);
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

sk_ready_array *sk_ready_deque_grow(sk_ready_deque *deque, uint64_t top, uint64_t bottom)
{
	sk_ready_array *old = sk_load_relaxed(&deque->array); /* own */
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

unsigned sk_ready_deque_take_some(sk_ready_thief thief, sk_entry *entries, unsigned max, bool *lost)
{
	sk_ready_deque *deque = thief.deque;
	*lost = false;
	uint64_t top = sk_load_acquire(&deque->top);       /* edge -> ready.take : nobody reads what is below */
	uint64_t bottom = sk_load_acquire(&deque->bottom); /* edge -> ready.publish : the entries below bottom */
	if ((int64_t)(bottom - top) <= 0)
		return 0;
	/* One who has read an old top and a new bottom counts too many, and loses at the CAS. */
	uint64_t half = (bottom - top + 1) / 2;
	unsigned count = half < max ? (unsigned)half : max;
	sk_ready_array *array = sk_load_acquire(&deque->array); /* edge -> ready.grow : entries and mask */
	for (unsigned i = 0; i < count; i++) /* relaxed: ordered by bottom or array */
		entries[i] = sk_load_relaxed(&array->entry[(top + i) & array->mask]);
	sk_hostile_point();
	/* edge ready.take -> : the places are free. No acquire: as for one. */
	if (!sk_cas_release(&deque->top, &top, top + count)) {
		*lost = true;
		return 0;
	}
	return count;
}

bool sk_ready_deque_push_aside(sk_ready_deque *deque, sk_entry entry)
{
	/* edge ready.soon -> : the entry. edge -> ready.soon : the one before, if nobody has taken it meanwhile */
	sk_entry before = sk_exchange_acq_rel(&deque->soon, entry);
	if (!before || sk_ready_deque_push(deque, before))
		return true;
	sk_hostile_point();
	/* As it was; unless somebody has taken the new one already. edge ready.soon -> : the one before, again */
	return sk_exchange_acq_rel(&deque->soon, before) != entry;
}

void sk_ready_deque_keep_soon(sk_ready_deque *deque, bool kept)
{
	if (!kept) {
		sk_store_release(&deque->kept, 0); /* edge ready.kept -> : soon = 0 */
		return;
	}
	sk_store_relaxed(&deque->kept, 1); /* relaxed: the fence */
	sk_fence_seq_cst(); /* edge ready.claim -> : a claim that has not seen it is seen by the takes that follow */
}

sk_entry sk_ready_deque_steal_soon(sk_ready_thief thief)
{
	sk_ready_deque *deque = thief.deque;
	sk_entry entry = 0;
	bool is_taking = false;
	if (!sk_ready_deque_soon_seen(thief))
		return 0; /* looking is not to move the line */
	sk_add_seq_cst(&deque->claims, 1); /* C1. edge -> ready.claim : before kept and taking are read */
	sk_hostile_point();
	if (sk_load_seq_cst(&deque->kept)) { /* C2. edge -> ready.claim, -> ready.kept : soon = 0 */
		sk_membarrier();                                  /* C3 */
		is_taking = sk_load_acquire(&deque->taking) != 0; /* C4. edge -> ready.kept : soon = 0 */
	}
	sk_hostile_point();
	if (!is_taking)
		entry = sk_exchange_acquire(&deque->soon, 0); /* C5. edge -> ready.soon : the entry */
	sk_sub_acq_rel(&deque->claims, 1); /* C6. edge ready.claimed -> : soon = 0 */
	return entry;
}

/* So many are looked at: a hint need not be exact, and no deque is long for long. */
#define LOOK_MAX 64u

bool sk_ready_deque_seen_other(sk_ready_thief thief, enum sk_entry_kind kind)
{
	if (sk_load_relaxed(&thief.deque->soon)) /* relaxed: a hint. Slots never stand there. */
		return true;
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
