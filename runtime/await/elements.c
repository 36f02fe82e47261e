/* SPDX-License-Identifier: Apache-2.0 */
/* The elements of a channel; see elements.h. */
#include "await/elements.h"

#include <stdlib.h>

/* A block of an unbounded channel has about so many bytes. */
#define BLOCK_BYTES ((size_t)4000)

static sk_element_block *new_block(const sk_elements *elements)
{
	if (elements->block_bytes > SIZE_MAX - sizeof(sk_element_block))
		return NULL;
	return malloc(sizeof(sk_element_block) + elements->block_bytes);
}

bool sk_elements_init(sk_elements *elements, size_t capacity, size_t bytes)
{
	*elements = (sk_elements){ .bytes = bytes, .capacity = capacity };
	if (capacity == 0)
		return true;
	bool is_bounded = capacity != SIZE_MAX;
	size_t in_block = is_bounded ? capacity : sk_max(BLOCK_BYTES / sk_max(bytes, 1), 16);
	if (bytes != 0 && in_block > SIZE_MAX / bytes)
		return false;
	elements->block_bytes = in_block * bytes;
	elements->first = elements->last = new_block(elements);
	if (!elements->first)
		return false;
	elements->first->next = is_bounded ? elements->first : NULL;
	return true;
}

void sk_elements_destroy(sk_elements *elements)
{
	free(elements->spare);
	for (sk_element_block *block = elements->first, *next; block; block = next) {
		next = block == elements->last ? NULL : block->next;
		free(block);
	}
}

bool sk_elements_advance_tail(sk_elements *elements)
{
	if (elements->bytes == 0)
		return true; /* the block has no room and needs none */
	sk_element_block *next = elements->last->next;
	if (!next) {
		next = elements->spare ? elements->spare : new_block(elements);
		if (!next)
			return false;
		elements->spare = NULL;
		next->next = NULL;
		elements->last->next = next;
	}
	elements->last = next;
	elements->tail = 0;
	return true;
}

void sk_elements_advance_head(sk_elements *elements)
{
	if (elements->bytes == 0)
		return;
	sk_element_block *emptied = elements->first;
	elements->first = emptied->next;
	elements->head = 0;
	if (elements->first == emptied)
		return; /* a ring */
	if (elements->spare)
		free(emptied);
	else
		elements->spare = emptied;
}
