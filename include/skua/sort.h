/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sorting with the comparison compiled in: the sort of loop.h, several times as fast for numbers and small structures.
 *
 *     #include <skua/sort.h>
 *
 *     struct point { double x, y; };
 *     SKUA_SORT(sort_by_x, struct point, a, b, a->x < b->x)
 *
 *     sort_by_x(points, count);
 *
 * SKUA_SORT(name, T, a, b, less)
 *     Defines static void name(T *base, size_t count), which sorts ascending and stably by `less`, an expression that
 *     is true if *a comes before *b, where a and b are const T *. T must be something that can be copied as bytes, as
 *     everything in C; in C++ use skua::sort of skua.hpp.
 *     Call from: anywhere. Blocks: the thread (outside), the fiber (inside).
 *     Memory: count elements more; where there is none, a slower sort in place with none, on one worker.
 *
 * Not for data whose comparison takes long: skua_sort is as fast there.
 *
 * How it works: leaves of a thousand elements, then merges, both halves of a range at once and each merge cut by rank
 * into pieces for all workers. Leaves and merges take no branch that depends on the data, and merge from both ends at
 * once, so that the processor has two chains of comparisons to work on. If the two ends do not meet, the comparison has
 * contradicted itself, and the merge is done again from one end: so no element is ever lost.
 *
 * Sources: merging from both ends is the parity merge of quadsort (van den Hoven) and of glidesort (Peters); the cut by
 * rank is Odeh et al., "Merge path - parallel merging made simple" (IPDPSW 2012).
 */
#ifndef SKUA_SORT_H
#define SKUA_SORT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Is *a before *b? */
typedef int (*sk_sort_less)(const void *a, const void *b, void *arg);

/* The parts of a sort that know the type, as functions over many elements. */
typedef struct sk_sort_type {
	size_t size;
	sk_sort_less less;
	/* sorts data; the result is in spare if to_spare */
	void (*leaf)(void *data, void *spare, size_t count, int to_spare, void *arg);
	void (*merge)(const void *left, size_t lefts, const void *right, size_t rights, void *out, void *arg);
	/* is data in order already? */
	int (*ordered)(const void *data, size_t count, void *arg);
} sk_sort_type;

/* Elements that are sorted by one leaf at most. */
#define SK_SORT_LEAF 1024u

void sk_sort_run(void *base, size_t count, const sk_sort_type *type, void *arg);

#ifdef __cplusplus
}
#endif

#define SK_SORT_INLINE static inline __attribute__((always_inline, unused))

/*
 * The algorithms, over elements of size bytes. Always inlined: where size and less are constants, copies become moves
 * and comparisons instructions.
 */
#define SK_SORT_AT(base, index) ((base) + (index) * size)

/* less as a number that the compiler knows nothing of, so that it makes no branch of it. */
SK_SORT_INLINE size_t sk_sort_ask(const char *a, const char *b, sk_sort_less less, void *arg)
{
	size_t answer = less(a, b, arg) != 0;
	__asm__("" : "+r"(answer));
	return answer;
}

/*
 * One of two elements: a small one as its bytes, others by where they are. Chosen by a mask, since compilers make a
 * branch of ?: where they like, and a branch that nobody can foresee costs more than all the rest.
 */
typedef union sk_sort_choice {
	uint32_t four;
	uint64_t eight;
	const char *from;
} sk_sort_choice;

SK_SORT_INLINE sk_sort_choice sk_sort_choose(size_t second, const char *first_one, const char *second_one, size_t size)
{
	sk_sort_choice choice, other;
	if (size == sizeof(choice.four)) {
		__builtin_memcpy(&choice.four, first_one, sizeof(choice.four));
		__builtin_memcpy(&other.four, second_one, sizeof(other.four));
		choice.four ^= (choice.four ^ other.four) & (uint32_t)(0 - second);
	} else if (size == sizeof(choice.eight)) {
		__builtin_memcpy(&choice.eight, first_one, sizeof(choice.eight));
		__builtin_memcpy(&other.eight, second_one, sizeof(other.eight));
		choice.eight ^= (choice.eight ^ other.eight) & (uint64_t)(0 - second);
	} else {
		uintptr_t one = (uintptr_t)first_one, either = one ^ (uintptr_t)second_one;
		choice.from = (const char *)(one ^ (either & (uintptr_t)(0 - second))); /* NOLINT: one of the two */
	}
	return choice;
}

SK_SORT_INLINE void sk_sort_put(char *out, sk_sort_choice choice, size_t size)
{
	if (size == sizeof(choice.four))
		__builtin_memcpy(out, &choice.four, sizeof(choice.four));
	else if (size == sizeof(choice.eight))
		__builtin_memcpy(out, &choice.eight, sizeof(choice.eight));
	else
		__builtin_memcpy(out, choice.from, size);
}

/* From one end, with a look at both ends of the sources: takes each element once, whatever less says. */
SK_SORT_INLINE void sk_sort_merge_guarded(const char *left, const char *left_end, const char *right,
					  const char *right_end, char *out, size_t size, sk_sort_less less, void *arg)
{
	while (left != left_end && right != right_end) {
		size_t second = sk_sort_ask(right, left, less, arg);
		sk_sort_put(out, sk_sort_choose(second, left, right, size), size);
		right += second * size;
		left += (1 - second) * size;
		out += size;
	}
	__builtin_memcpy(out, left, (size_t)(left_end - left));
	__builtin_memcpy(out + (left_end - left), right, (size_t)(right_end - right));
}

/*
 * Merges from both ends at once, as many elements from each as the shorter source has: no source can end before.
 * What is left in the middle is merged from the front.
 */
SK_SORT_INLINE void sk_sort_merge_both(const char *left, size_t lefts, const char *right, size_t rights, char *out,
				       size_t size, sk_sort_less less, void *arg)
{
	const char *left_end = SK_SORT_AT(left, lefts), *right_end = SK_SORT_AT(right, rights);
	size_t bytes = (lefts < rights ? lefts : rights) * size;
	size_t from_right = 0, from_left = 0; /* bytes taken: right run from its front, left run from its end */
	char *out_last = SK_SORT_AT(out, lefts + rights) - size;
	for (size_t done = 0; done < bytes; done += size) {
		const char *l = left + (done - from_right), *r = right + from_right;
		const char *l_last = left_end - size - from_left, *r_last = right_end - size - (done - from_left);
		size_t second = sk_sort_ask(r, l, less, arg);
		size_t first = sk_sort_ask(r_last, l_last, less, arg);
		sk_sort_choice front = sk_sort_choose(second, l, r, size);
		sk_sort_choice back = sk_sort_choose(first, r_last, l_last, size);
		sk_sort_put(out + done, front, size);
		sk_sort_put(out_last - done, back, size);
		from_right += second * size;
		from_left += first * size;
	}
	/* An honest comparison leaves what is between the ends; a liar may have taken an element from both. */
	const char *l = left + (bytes - from_right), *r = right + from_right;
	const char *l_end = left_end - from_left, *r_end = right_end - (bytes - from_left);
	if (l > l_end || r > r_end)
		sk_sort_merge_guarded(left, left_end, right, right_end, out, size, less, arg);
	else
		sk_sort_merge_guarded(l, l_end, r, r_end, out + bytes, size, less, arg);
}

/* Merges two sorted runs that are not empty into out, which overlaps neither. */
SK_SORT_INLINE void sk_sort_merge(const char *left, size_t lefts, const char *right, size_t rights, char *out,
				  size_t size, sk_sort_less less, void *arg)
{
	if (!lefts || !rights || !less(right, SK_SORT_AT(left, lefts - 1), arg)) { /* in order already */
		__builtin_memcpy(out, left, lefts * size);
		__builtin_memcpy(SK_SORT_AT(out, lefts), right, rights * size);
		return;
	}
	sk_sort_merge_both(left, lefts, right, rights, out, size, less, arg);
}

/* Exchanges two neighbours if they are out of order. */
SK_SORT_INLINE void sk_sort_pair(char *at, size_t size, sk_sort_less less, void *arg, char *spare)
{
	char *next = at + size;
	size_t second = sk_sort_ask(next, at, less, arg);
	if (size == sizeof(uint32_t) || size == sizeof(uint64_t)) {
		sk_sort_choice low = sk_sort_choose(second, at, next, size);
		sk_sort_choice high = sk_sort_choose(second, next, at, size);
		sk_sort_put(at, low, size);
		sk_sort_put(next, high, size);
	} else {
		__builtin_memcpy(spare, at, 2 * size);
		__builtin_memcpy(at, second ? spare + size : spare, size);
		__builtin_memcpy(next, second ? spare : spare + size, size);
	}
}

/* Sorts by exchanges of neighbours, which keeps equal ones in order: blocks of four without branches. spare: two. */
SK_SORT_INLINE void sk_sort_fours(char *data, size_t count, size_t size, sk_sort_less less, void *arg, char *spare)
{
	size_t i = 0;
	for (; i + 4 <= count; i += 4) {
		char *at = SK_SORT_AT(data, i);
		sk_sort_pair(at, size, less, arg, spare);
		sk_sort_pair(at + 2 * size, size, less, arg, spare);
		sk_sort_pair(at + size, size, less, arg, spare);
		sk_sort_pair(at, size, less, arg, spare);
		sk_sort_pair(at + 2 * size, size, less, arg, spare);
		sk_sort_pair(at + size, size, less, arg, spare);
	}
	for (size_t rounds = count - i; rounds > 1; rounds--)
		for (size_t j = i; j + 1 < count; j++)
			sk_sort_pair(SK_SORT_AT(data, j), size, less, arg, spare);
}

/* Is data in order already? Ends soon behind the first place where it is not; looks at small elements by the dozen. */
SK_SORT_INLINE int sk_sort_ordered(const char *data, size_t count, size_t size, sk_sort_less less, void *arg)
{
	size_t i = 1, step = size <= sizeof(uint64_t) ? 16 : 1;
	for (; i + step <= count; i += step) {
		int disorder = 0;
		for (size_t j = i; j < i + step; j++)
			disorder |= less(SK_SORT_AT(data, j), SK_SORT_AT(data, j - 1), arg);
		if (disorder)
			return 0;
	}
	for (; i < count; i++)
		if (less(SK_SORT_AT(data, i), SK_SORT_AT(data, i - 1), arg))
			return 0;
	return 1;
}

/* One pass: runs of width from one buffer become runs of twice the width in the other. */
SK_SORT_INLINE void sk_sort_pass(const char *from, char *to, size_t count, size_t width, size_t size,
				 sk_sort_less less, void *arg)
{
	size_t i = 0;
	for (; i + 2 * width <= count; i += 2 * width)
		sk_sort_merge_both(SK_SORT_AT(from, i), width, SK_SORT_AT(from, i + width), width, SK_SORT_AT(to, i),
				   size, less, arg);
	if (i + width < count)
		sk_sort_merge_both(SK_SORT_AT(from, i), width, SK_SORT_AT(from, i + width), count - i - width,
				   SK_SORT_AT(to, i), size, less, arg);
	else
		__builtin_memcpy(SK_SORT_AT(to, i), SK_SORT_AT(from, i), (count - i) * size);
}

/* Sorts up to SK_SORT_LEAF elements or so; spare: as many, and at least two. */
SK_SORT_INLINE void sk_sort_leaf(char *data, char *spare, size_t count, int to_spare, size_t size, sk_sort_less less,
				 void *arg)
{
	int in_spare = 0;
	if (count > 1 && !sk_sort_ordered(data, count, size, less, arg)) {
		sk_sort_fours(data, count, size, less, arg, spare);
		for (size_t width = 4; width < count; width *= 2, in_spare = !in_spare) {
			if (in_spare)
				sk_sort_pass(spare, data, count, width, size, less, arg);
			else
				sk_sort_pass(data, spare, count, width, size, less, arg);
		}
	}
	if (in_spare && !to_spare)
		__builtin_memcpy(data, spare, count * size);
	else if (!in_spare && to_spare)
		__builtin_memcpy(spare, data, count * size);
}

#undef SK_SORT_AT

#define SKUA_SORT(name, T, a, b, less_expression)                                                                      \
	static inline int name##_sk_less(const void *sk_a, const void *sk_b, void *sk_arg)                             \
	{                                                                                                              \
		const __typeof__(T) *a = (const __typeof__(T) *)sk_a;                                                  \
		const __typeof__(T) *b = (const __typeof__(T) *)sk_b;                                                  \
		(void)sk_arg;                                                                                          \
		return (less_expression);                                                                              \
	}                                                                                                              \
	static void name##_sk_leaf(void *sk_data, void *sk_spare, size_t sk_count, int sk_to_spare, void *sk_arg)      \
	{                                                                                                              \
		sk_sort_leaf((char *)sk_data, (char *)sk_spare, sk_count, sk_to_spare, sizeof(T), name##_sk_less,      \
			     sk_arg);                                                                                  \
	}                                                                                                              \
	static void name##_sk_merge(const void *sk_left, size_t sk_lefts, const void *sk_right, size_t sk_rights,      \
				    void *sk_out, void *sk_arg)                                                        \
	{                                                                                                              \
		sk_sort_merge((const char *)sk_left, sk_lefts, (const char *)sk_right, sk_rights, (char *)sk_out,      \
			      sizeof(T), name##_sk_less, sk_arg);                                                      \
	}                                                                                                              \
	static int name##_sk_ordered(const void *sk_data, size_t sk_count, void *sk_arg)                               \
	{                                                                                                              \
		return sk_sort_ordered((const char *)sk_data, sk_count, sizeof(T), name##_sk_less, sk_arg);            \
	}                                                                                                              \
	static __attribute__((unused)) void name(__typeof__(T) *sk_base, size_t sk_count)                              \
	{                                                                                                              \
		static const sk_sort_type sk_type = { sizeof(T), name##_sk_less, name##_sk_leaf, name##_sk_merge,      \
						      name##_sk_ordered };                                             \
		sk_sort_run(sk_base, sk_count, &sk_type, (void *)0);                                                   \
	}

#endif
