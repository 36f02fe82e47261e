/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skua_reduce and skua_reduce_ordered (skua/loop.h).
 *
 * The first is a range with a partial result for each runner (loop/range.h). The second cuts the range into pieces by
 * its length alone, and combines them along a fixed tree:
 *
 *                 piece 0 .. 4                 a node combines its halves, left into right order; a leaf begins with
 *               /             \                the identity. The right half is spawned and has a partial result of its
 *          0 .. 2             3 .. 4           own, the left half uses that of the node. Nothing in the tree depends on
 *         /     \             /    \           who runs what, so neither does any bit of the result.
 *      0 .. 1    2           3      4
 *
 * Call from: anywhere. Blocks: the thread (outside), the fiber (inside).
 */
#include "base/align.h"
#include "base/check.h"
#include "loop/range.h"

#include <skua/loop.h>
#include <skua/task.h>
#include <stdlib.h>
#include <string.h>

/* Partial results up to this size lie on the stack. */
#define PARTIAL_INLINE 256u

/* Pieces of an ordered reduction: this many and the square root of the range. */
#define PIECES_LEAST 64u

typedef struct reduction {
	sk_range range; /* first: the leaf gets its address */
	skua_reduce_body body;
} reduction;

static void add_piece(const sk_range *range, void *partial, size_t begin, size_t end)
{
	const reduction *r = (const reduction *)(const void *)range;
	r->body(sk_range_index(range, begin), sk_range_index(range, end), partial, range->arg);
}

/* A copy of the identity, for the thieves: the caller's is what the total grows from. */
static void *copy_identity(const void *identity, size_t size, void *place)
{
	void *copy = size <= PARTIAL_INLINE ? place : malloc(size);
	if (copy)
		memcpy(copy, identity, size);
	return copy;
}

void skua_reduce(size_t begin, size_t end, void *result, size_t size, skua_reduce_body body, skua_combine combine,
		 void *arg)
{
	if (end <= begin)
		return;
	_Alignas(SK_CACHE_LINE) char place[PARTIAL_INLINE];
	void *identity = copy_identity(result, size, place);
	if (!identity) { /* then the caller does it alone */
		body(begin, end, result, arg);
		return;
	}
	reduction r = {
		.range = {
			.leaf = add_piece,
			.units = end - begin,
			.body = (const void *)body,
			.arg = arg,
			.first = begin,
			.last = end,
			.grain = 1,
			.bytes = size,
			.identity = identity,
			.combine = combine,
		},
		.body = body,
	};
	sk_range_run(&r.range, result);
	if (identity != place)
		free(identity);
}

/* --- ordered --- */

typedef struct ordered {
	size_t begin, count, pieces;
	const void *identity;
	size_t size;
	skua_reduce_body body;
	skua_combine combine;
	void *arg;
} ordered;

static size_t square_root(size_t n)
{
	size_t root = 0;
	for (size_t bit = (size_t)1 << (4 * sizeof(size_t) - 1); bit; bit >>= 1)
		if ((root | bit) <= n / (root | bit))
			root |= bit;
	return root;
}

/* Where a piece begins: they differ by one iteration at most. */
static size_t piece_begin(const ordered *o, size_t piece)
{
	return o->begin + o->count / o->pieces * piece + sk_min(o->count % o->pieces, piece);
}

/* Pieces [from, to) into *into, which holds the identity. */
SKUA_TASK(void, node, const ordered *, o, size_t, from, size_t, to, void *, into)
{
	if (to - from == 1) {
		o->body(piece_begin(o, from), piece_begin(o, to), into, o->arg);
		return;
	}
	size_t middle = from + (to - from + 1) / 2;
	_Alignas(SK_CACHE_LINE) char place[PARTIAL_INLINE];
	void *right = copy_identity(o->identity, o->size, place);
	if (!right)
		sk_panic("skua_reduce_ordered: no memory for a partial result of %zu bytes", o->size);
	SKUA_SPAWN(node, o, middle, to, right);
	SKUA_CALL(node, o, from, middle, into);
	SKUA_SYNC(node);
	o->combine(into, right, o->arg);
	if (right != place)
		free(right);
}

void skua_reduce_ordered(size_t begin, size_t end, void *result, size_t size, skua_reduce_body body,
			 skua_combine combine, void *arg)
{
	if (end <= begin)
		return;
	_Alignas(SK_CACHE_LINE) char place[PARTIAL_INLINE];
	void *identity = copy_identity(result, size, place);
	if (!identity)
		sk_panic("skua_reduce_ordered: no memory for a partial result of %zu bytes", size);
	ordered o = {
		.begin = begin,
		.count = end - begin,
		.pieces = sk_min(end - begin, PIECES_LEAST + square_root(end - begin)),
		.identity = identity,
		.size = size,
		.body = body,
		.combine = combine,
		.arg = arg,
	};
	SKUA_RUN(node, &o, 0, o.pieces, result);
	if (identity != place)
		free(identity);
}
