/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hostile build's dice. See hostile.h.
 *
 * The row of a thread is a thread-local. A fiber may go on on another thread, and compilers keep the address of a
 * thread-local over calls; so it is looked up in functions that are not inlined, and that nobody switches in.
 */
#include "base/hostile.h"

#if SK_HOSTILE

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "base/atomic.h"
#include "base/check.h"
#include "base/rng.h"

static pthread_once_t seed_once = PTHREAD_ONCE_INIT;
static uint64_t seed; /* set once */
static SK_ATOMIC(uint64_t) threads;

static _Thread_local sk_rng dice;
static _Thread_local bool has_dice;

static void find_seed(void)
{
	const char *wanted = getenv("SKUA_HOSTILE_SEED");
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	seed = wanted && *wanted ? strtoull(wanted, NULL, 0) : (uint64_t)now.tv_nsec;
	sk_verbose("hostile build, SKUA_HOSTILE_SEED=%" PRIu64, seed);
}

static uint32_t __attribute__((noinline)) roll(uint32_t sides)
{
	if (!has_dice) {
		pthread_once(&seed_once, find_seed);
		/* Relaxed: a number of its own for each thread, nothing goes with it. */
		sk_rng_seed(&dice, seed + (sk_add_relaxed(&threads, 1) << 32));
		has_dice = true;
	}
	return sk_rng_below(&dice, sides);
}

bool sk_hostile_chance(unsigned one_in)
{
	return one_in != 0 && roll(one_in) == 0;
}

void sk_hostile_point(void)
{
	uint32_t fate = roll(64);
	int saved = errno;

	if (fate < 4)
		for (uint32_t spins = roll(2000); spins != 0; spins--)
			sk_spin_hint();
	else if (fate < 6)
		sched_yield();
	else if (fate < 7)
		nanosleep(&(struct timespec){ .tv_nsec = (long)roll(50000) }, NULL);
	errno = saved;
}

#endif
