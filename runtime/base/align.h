/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layout: cache lines, rounding, and the way back from a member to its struct.
 *
 * SK_CACHE_LINE is the unit that cores trade. SK_FALSE_SHARING is the distance that keeps two writers apart for
 * certain: x86 fetches lines in adjacent pairs, so data that different threads write stands two lines apart. Both
 * are fixed numbers, not asked of the machine, because structs are laid out with them.
 *
 * Call from: anywhere. Nothing here touches shared data.
 */
#ifndef SK_BASE_ALIGN_H
#define SK_BASE_ALIGN_H

#include <stddef.h>
#include <stdint.h>

#define SK_CACHE_LINE 64
#define SK_FALSE_SHARING 128

/* On a member or a variable: it starts a cache line. */
#define SK_ALIGN_LINE __attribute__((aligned(SK_CACHE_LINE)))
/* On a member or a variable: no other thread's data is near its start. */
#define SK_ALIGN_FALSE_SHARING __attribute__((aligned(SK_FALSE_SHARING)))

/* The struct of the given type whose member ptr points at; the comparison makes a wrong pointer type a warning. */
#define sk_container_of(ptr, type, member)                                                                             \
	((void)sizeof((ptr) == &((type *)0)->member), (type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline size_t sk_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static inline size_t sk_max(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* The least multiple of unit that is not below value. Undefined if: unit is no power of two, or the sum overflows. */
static inline size_t sk_round_up(size_t value, size_t unit)
{
	return (value + (unit - 1)) & ~(unit - 1);
}

#endif
