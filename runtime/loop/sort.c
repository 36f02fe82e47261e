/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sort behind skua_sort and SKUA_SORT: who sorts and merges what, while skua/sort.h has the leaves and merges.
 *
 *   sort(data -> here)                 both halves are sorted into the other buffer, and the merge brings them back;
 *     sort(left -> there)  | called    a merge is cut in the middle of its output: before the cut are the elements of
 *     sort(right -> there) | spawned   the left run up to some i and of the right run up to rank - i, and i is found by
 *     merge(there -> here)             a binary search; the two parts of a merge are a spawn and a call again.
 *
 * Without memory for the second buffer: insertion into blocks, then merges in place by rotations.
 *
 * Call from: anywhere. Blocks: the thread (outside), the fiber (inside).
 * Source: merging in place is Kim and Kutzner, "Stable minimum storage merging by symmetric comparisons" (ESA 2004).
 */
#include "base/align.h"
#include "base/atomic.h"

#include <skua/loop.h>
#include <skua/sort.h>
#include <skua/task.h>
#include <stdlib.h>
#include <string.h>

/* Elements of the output of one merge at most. */
#define MERGE_LEAF 4096u

/* A second buffer up to this size lies on the stack. */
#define SPARE_INLINE 8192u

/* Blocks of a sort in place. */
#define BLOCK 16u

/* One sort: what all its tasks share. Set once. */
typedef struct sorting {
	const sk_sort_type *type;
	void *arg;
} sorting;

typedef struct run {
	const char *at;
	size_t count;
} run;

static inline char *at(const sorting *s, const char *base, size_t index)
{
	return (char *)(uintptr_t)base + index * s->type->size; /* NOLINT: the buffers are ours, runs are only read */
}

static inline bool less(const sorting *s, const char *a, const char *b)
{
	return s->type->less(a, b, s->arg) != 0;
}

/*
 * How many of the first `rank` elements of the merge come from the left run: the least i such that the left element i
 * does not come before the right element rank - i - 1; of equal ones the left come first.
 */
static size_t cut(const sorting *s, run left, run right, size_t rank)
{
	size_t low = rank > right.count ? rank - right.count : 0, high = sk_min(rank, left.count);
	while (low < high) {
		size_t i = low + (high - low) / 2;
		if (less(s, at(s, right.at, rank - i - 1), at(s, left.at, i)))
			high = i;
		else
			low = i + 1;
	}
	return low;
}

SKUA_TASK(void, merge, const sorting *, s, run, left, run, right, char *, out)
{
	unsigned spawned = 0;
	while (left.count + right.count > MERGE_LEAF) {
		size_t rank = (left.count + right.count) / 2;
		size_t i = cut(s, left, right, rank);
		run left_rest = { at(s, left.at, i), left.count - i };
		run right_rest = { at(s, right.at, rank - i), right.count - (rank - i) };
		SKUA_SPAWN(merge, s, left_rest, right_rest, at(s, out, rank));
		spawned++;
		left.count = i;
		right.count = rank - i;
	}
	s->type->merge(left.at, left.count, right.at, right.count, out, s->arg);
	while (spawned-- > 0)
		SKUA_SYNC(merge);
}

SKUA_TASK(void, sort, const sorting *, s, char *, data, char *, spare, size_t, count, int, to_spare)
{
	if (count <= SK_SORT_LEAF) {
		s->type->leaf(data, spare, count, to_spare, s->arg);
		return;
	}
	size_t half = count / 2;
	SKUA_SPAWN(sort, s, at(s, data, half), at(s, spare, half), count - half, !to_spare);
	SKUA_CALL(sort, s, data, spare, half, !to_spare);
	SKUA_SYNC(sort);
	const char *from = to_spare ? data : spare;
	run left = { from, half }, right = { at(s, from, half), count - half };
	SKUA_CALL(merge, s, left, right, to_spare ? spare : data);
}

/* --- in place --- */

static void swap_elements(const sorting *s, char *a, char *b)
{
	char buffer[256];
	for (size_t size = s->type->size; size > 0;) {
		size_t part = sk_min(size, sizeof(buffer));
		memcpy(buffer, a, part);
		memcpy(a, b, part);
		memcpy(b, buffer, part);
		a += part;
		b += part;
		size -= part;
	}
}

static void reverse(const sorting *s, char *base, size_t from, size_t to)
{
	for (; from + 1 < to; from++, to--)
		swap_elements(s, at(s, base, from), at(s, base, to - 1));
}

static void rotate(const sorting *s, char *base, size_t from, size_t middle, size_t to)
{
	reverse(s, base, from, middle);
	reverse(s, base, middle, to);
	reverse(s, base, from, to);
}

/* Merges [from, middle) and [middle, to) in place. */
static void merge_in_place(const sorting *s, char *base, size_t from, size_t middle, size_t to)
{
	if (from >= middle || middle >= to || !less(s, at(s, base, middle), at(s, base, middle - 1)))
		return;
	if (to - from == 2) {
		swap_elements(s, at(s, base, from), at(s, base, middle));
		return;
	}
	size_t half = from + (to - from) / 2, sum = half + middle;
	size_t low = middle > half ? sum - to : from, high = middle > half ? half : middle;
	for (size_t last = sum - 1; low < high;) {
		size_t i = low + (high - low) / 2;
		if (less(s, at(s, base, last - i), at(s, base, i)))
			high = i;
		else
			low = i + 1;
	}
	size_t end = sum - low;
	if (low < middle && middle < end)
		rotate(s, base, low, middle, end);
	merge_in_place(s, base, from, low, half);
	merge_in_place(s, base, half, end, to);
}

static void sort_in_place(const sorting *s, char *base, size_t count)
{
	for (size_t block = 0; block < count; block += BLOCK)
		for (size_t i = block + 1; i < sk_min(block + BLOCK, count); i++)
			for (size_t j = i; j > block && less(s, at(s, base, j), at(s, base, j - 1)); j--)
				swap_elements(s, at(s, base, j), at(s, base, j - 1));
	for (size_t width = BLOCK; width < count; width *= 2)
		for (size_t from = 0; from + width < count; from += 2 * width)
			merge_in_place(s, base, from, from + width, sk_min(from + 2 * width, count));
}

/* --- in order already? --- */

typedef struct look {
	const sorting *s;
	const char *base;
	SK_ATOMIC(uint32_t) disorder;
} look;

static void look_at(size_t begin, size_t end, void *arg)
{
	look *l = arg;
	if (sk_load_relaxed(&l->disorder)) /* relaxed: only to end sooner */
		return;
	if (!l->s->type->ordered(at(l->s, l->base, begin - 1), end - begin + 1, l->s->arg))
		sk_store_relaxed(&l->disorder, 1); /* relaxed: read after the loop, or to end sooner */
}

static bool ordered(const sorting *s, const char *base, size_t count)
{
	look l = { .s = s, .base = base };
	if (!s->type->ordered(base, SK_SORT_LEAF, s->arg))
		return false;
	skua_for(SK_SORT_LEAF, count, look_at, &l);
	return !sk_load_relaxed(&l.disorder); /* relaxed: the loop is over */
}

static void sort_small(const sorting *s, char *base, size_t count)
{
	_Alignas(SK_CACHE_LINE) char place[SPARE_INLINE];
	size_t bytes = count * s->type->size;
	char *spare = bytes <= sizeof(place) ? place : malloc(bytes);
	if (!spare) {
		sort_in_place(s, base, count);
		return;
	}
	s->type->leaf(base, spare, count, 0, s->arg);
	if (spare != place)
		free(spare);
}

void sk_sort_run(void *base, size_t count, const sk_sort_type *type, void *arg)
{
	sorting s = { type, arg };
	if (count < 2 || type->size == 0)
		return;
	if (count <= SK_SORT_LEAF) {
		sort_small(&s, base, count);
		return;
	}
	if (ordered(&s, base, count))
		return;
	char *spare = count <= SIZE_MAX / type->size ? malloc(count * type->size) : NULL;
	if (!spare) {
		sort_in_place(&s, base, count);
		return;
	}
	SKUA_RUN(sort, &s, base, spare, count, 0);
	free(spare);
}
