/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hostile build's dice: it provokes what is rare (lost races, failed steals, threads that stop between two
 * instructions), so that the tests meet it every day. Compiled in by SK_HOSTILE=1; otherwise both calls are inline
 * and empty.
 *
 * The seed is taken from SKUA_HOSTILE_SEED, else from the clock, and is printed under SKUA_VERBOSE. Each thread draws
 * from a row of its own, numbered in the order in which threads first asked, so that a seed repeats the decisions of
 * a thread, though of course not the timing between threads.
 *
 * Call from: anywhere but signal handlers. A fiber may go on on another thread between two calls.
 */
#ifndef SK_BASE_HOSTILE_H
#define SK_BASE_HOSTILE_H

#include <stdbool.h>

#ifndef SK_HOSTILE
#define SK_HOSTILE 0
#endif

#if SK_HOSTILE
/* True once in one_in calls on the average; never for 0. */
bool sk_hostile_chance(unsigned one_in);

/* Mostly nothing; sometimes a spin, a yield of the processor, or a sleep of some microseconds. Keeps errno. */
void sk_hostile_point(void);
#else
static inline bool sk_hostile_chance(unsigned one_in)
{
	(void)one_in;
	return false;
}

static inline void sk_hostile_point(void)
{
}
#endif

#endif
