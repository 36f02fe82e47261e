/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The elements that are in a channel: first in, first out, copied as bytes. They lie in blocks: a bounded channel has
 * one, which is its own successor, so it is a ring; an unbounded one has a row of them, and keeps one emptied block for
 * the next need.
 *
 *   | first: .. head ====== | -> | ============ | -> | last: ==== tail .. |
 *
 * Owner: the channel; under its lock, but for creation and destruction.
 */
#ifndef SK_AWAIT_ELEMENTS_H
#define SK_AWAIT_ELEMENTS_H

#include "base/align.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct sk_element_block {
	struct sk_element_block *next;
	_Alignas(16) unsigned char at[];
} sk_element_block;

typedef struct sk_elements {
	size_t bytes;     /* of one element */
	size_t capacity;  /* at most so many in all */
	size_t count;
	size_t head, tail; /* the next to take in the first block, the next free place in the last one; in bytes */
	size_t block_bytes;
	sk_element_block *first, *last, *spare;
} sk_elements;

/* false: no memory. capacity may be 0: nothing ever lies here; or SIZE_MAX. */
bool sk_elements_init(sk_elements *elements, size_t capacity, size_t bytes);
void sk_elements_destroy(sk_elements *elements);

/* The next block, for the tail, and for the head. */
bool sk_elements_advance_tail(sk_elements *elements);
void sk_elements_advance_head(sk_elements *elements);

static inline void sk_element_copy(void *to, const void *from, size_t bytes)
{
	if (bytes == sizeof(uint64_t))
		memcpy(to, from, sizeof(uint64_t)); /* pointers and numbers, without a call */
	else if (bytes > 0)
		memcpy(to, from, bytes);
}

/* There is room. false: no memory for it after all. */
static inline bool sk_elements_push(sk_elements *elements, const void *value)
{
	if (elements->tail == elements->block_bytes && !sk_elements_advance_tail(elements))
		return false;
	sk_element_copy(elements->last->at + elements->tail, value, elements->bytes);
	elements->tail += elements->bytes;
	elements->count++;
	return true;
}

/* There is one. */
static inline void sk_elements_pop(sk_elements *elements, void *value)
{
	if (elements->head == elements->block_bytes)
		sk_elements_advance_head(elements);
	sk_element_copy(value, elements->first->at + elements->head, elements->bytes);
	elements->head += elements->bytes;
	elements->count--;
}

#endif
