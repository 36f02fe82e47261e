/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skua_sort for elements of any size and a comparison behind a pointer: the algorithms of skua/sort.h, compiled for the
 * usual sizes and once for all others. Large elements are sorted as pointers, and each is moved once at the end.
 */
#include "base/align.h"

#include <skua/loop.h>
#include <skua/sort.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* From this size on pointers are sorted. */
#define LARGE 48u

typedef int (*plain_compare)(const void *, const void *);
typedef int (*compare_with)(const void *, const void *, void *);

/* How to compare, and the size, where it is no constant. */
typedef struct order {
	compare_with compare;
	void *arg;
	size_t size;
} order;

static inline int before(const void *a, const void *b, void *arg)
{
	const order *o = arg;
	return o->compare(a, b, o->arg) < 0;
}

static inline int pointee_before(const void *a, const void *b, void *arg)
{
	const order *o = arg;
	const void *left, *right;
	memcpy(&left, a, sizeof(left));
	memcpy(&right, b, sizeof(right));
	return o->compare(left, right, o->arg) < 0;
}

#define SORTER(name, bytes, less)                                                                                      \
	static void name##_leaf(void *data, void *spare, size_t count, int to_spare, void *arg)                        \
	{                                                                                                              \
		sk_sort_leaf(data, spare, count, to_spare, (bytes), less, arg);                                        \
	}                                                                                                              \
	static void name##_merge(const void *left, size_t lefts, const void *right, size_t rights, void *out,          \
				 void *arg)                                                                            \
	{                                                                                                              \
		sk_sort_merge(left, lefts, right, rights, out, (bytes), less, arg);                                    \
	}                                                                                                              \
	static int name##_ordered(const void *data, size_t count, void *arg)                                           \
	{                                                                                                              \
		return sk_sort_ordered(data, count, (bytes), less, arg);                                               \
	}

SORTER(four, 4, before)
SORTER(eight, 8, before)
SORTER(sixteen, 16, before)
SORTER(other, ((const order *)arg)->size, before)
SORTER(pointer, sizeof(void *), pointee_before)

static sk_sort_type type_of(size_t size)
{
	switch (size) {
	case 4:
		return (sk_sort_type){ size, before, four_leaf, four_merge, four_ordered };
	case 8:
		return (sk_sort_type){ size, before, eight_leaf, eight_merge, eight_ordered };
	case 16:
		return (sk_sort_type){ size, before, sixteen_leaf, sixteen_merge, sixteen_ordered };
	default:
		return (sk_sort_type){ size, before, other_leaf, other_merge, other_ordered };
	}
}

/* Moves the elements to where the pointers say, along the cycles of the permutation. */
static void permute(char *base, size_t count, size_t size, const char **from, char *spare)
{
	for (size_t start = 0; start < count; start++) {
		char *hole = base + start * size;
		if (!from[start] || from[start] == hole)
			continue;
		memcpy(spare, hole, size);
		size_t at = start;
		for (;;) {
			size_t source = (size_t)(from[at] - base) / size;
			from[at] = NULL;
			if (source == start)
				break;
			memcpy(base + at * size, base + source * size, size);
			at = source;
		}
		memcpy(base + at * size, spare, size);
	}
}

/* false: there is no memory for it. */
static bool sort_pointers(char *base, size_t count, order *o)
{
	static const sk_sort_type type = { sizeof(void *), pointee_before, pointer_leaf, pointer_merge,
		                           pointer_ordered };
	const char **pointers = count <= SIZE_MAX / sizeof(*pointers) ? malloc(count * sizeof(*pointers)) : NULL;
	char *spare = malloc(o->size);
	bool can = pointers && spare;
	if (can) {
		for (size_t i = 0; i < count; i++)
			pointers[i] = base + i * o->size;
		sk_sort_run(pointers, count, &type, o);
		permute(base, count, o->size, pointers, spare);
	}
	free(pointers);
	free(spare);
	return can;
}

void skua_sort_with(void *base, size_t count, size_t size, int (*compare)(const void *, const void *, void *),
		    void *arg)
{
	order o = { compare, arg, size };
	if (count < 2 || size == 0 || (size >= LARGE && sort_pointers(base, count, &o)))
		return;
	sk_sort_type type = type_of(size);
	sk_sort_run(base, count, &type, &o);
}

static int compare_plain(const void *a, const void *b, void *arg)
{
	plain_compare *compare = arg;
	return (*compare)(a, b);
}

void skua_sort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	skua_sort_with(base, count, size, compare_plain, &compare);
}
