/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pace: how long a unit of a loop takes, and what is made of it. A loop is cut by time: a piece should last long enough
 * that a spawn, two looks at the clock and a call do not count beside it, and not so long that sharing it is in vain.
 *
 * Two kinds of knowledge:
 *   - within a loop, each runner (a fiber and its run of pieces) knows how many units its next piece may have: half as
 *     many when the last one took too long, more when it was short. Pieces come from halving, so a finer measure would
 *     gain nothing; and this one needs no division.
 *   - between loops, each thread remembers for some bodies what they took when it called them last, so that a loop of a
 *     microsecond that comes a million times is not cut, measured and offered a million times.
 *
 * A memory can be wrong: the same body may come with other data. So it is trusted only after it has been right some
 * times in a row, it decides about short loops only, those that are not shared are still cut so that seven eighths of
 * them can be when the first eighth takes too long, and each mistake doubles the trust that is asked for. Which way to
 * share a short loop is best, and whether at all, is tried and compared now and then (loop/choice.h).
 *
 * Owner: a runner is its fiber's; thieves read `units` once, when they make their own. The memory is the thread's.
 * Call from: anywhere. Blocks: nothing.
 */
#ifndef SK_LOOP_PACE_H
#define SK_LOOP_PACE_H

#include "base/atomic.h"
#include "loop/choice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sk_fiber;

/* Ticks per unit in fixed point; 0: not known. */
typedef uint64_t sk_pace;
#define SK_PACE_BITS 16

/* What takes so many times as long as the memory says was not what it remembers. */
#define SK_PACE_MISTAKE 8u

/* Who runs pieces: one for each fiber that takes part in a loop, on its stack. */
typedef struct sk_runner {
	/* set once, before pieces are spawned with it */
	struct sk_fiber *fiber;
	uint64_t target; /* ticks that a piece should last at most, and half of it at least */
	/* owner writes, thieves read */
	SK_ATOMIC(size_t) units; /* of the next piece at most */
	/* owner only */
	size_t done;    /* units that were measured, */
	uint64_t ticks; /* and what they took */
	void *partial;  /* of a reduction */
} sk_runner;

/* What a thread remembers of a body. */
typedef struct sk_pace_memory {
	sk_pace pace;
	bool trusted; /* right often enough in a row */
	bool proven;  /* and many times more */
} sk_pace_memory;

/* The calling thread's memory of a body; pace 0 if there is none. Not inlined: it reads thread-locals. */
sk_pace_memory sk_pace_recall(const void *body);

/* Notes what the body took per unit this time. */
void sk_pace_note(const void *body, sk_pace pace);

/* In which way the next loop over the body is to be run (loop/choice.h); allowed: a bit for each. */
enum sk_way sk_pace_way(const void *body, unsigned allowed);

/* Notes what a unit of the whole loop took, from begin to end, in that way. */
void sk_pace_note_way(const void *body, enum sk_way way, sk_pace took);

/* Notes that the memory was far off. */
void sk_pace_blame(const void *body);

/*
 * A loop of so many ticks could be shared, but who would share it sleeps. true: better not, until the loops since the
 * last sharing amount to what a wake-up costs many times over.
 */
bool sk_pace_put_off(uint64_t ticks, uint64_t enough);

/* ticks for units. */
static inline sk_pace sk_pace_of(uint64_t ticks, size_t units)
{
	if (ticks >> (62 - SK_PACE_BITS))
		ticks = UINT64_C(1) << (62 - SK_PACE_BITS);
	return (ticks << SK_PACE_BITS) / units + 1;
}

/* How long so many units take. */
static inline uint64_t sk_pace_ticks(sk_pace pace, size_t units)
{
	unsigned __int128 ticks = (unsigned __int128)pace * units >> SK_PACE_BITS;
	return ticks > UINT64_MAX / 2 ? UINT64_MAX / 2 : (uint64_t)ticks;
}

/* How many units fill so many ticks; at least 1. */
static inline size_t sk_pace_units(sk_pace pace, uint64_t ticks)
{
	uint64_t units = (ticks << SK_PACE_BITS) / (pace ? pace : 1);
	return units ? (size_t)units : 1;
}

/* Begins with a first piece of so many units. */
void sk_runner_init(sk_runner *runner, struct sk_fiber *fiber, uint64_t target, size_t units);

/* A thief's runner: as the other one, but the first piece is smaller. */
void sk_runner_copy(sk_runner *runner, const sk_runner *other, struct sk_fiber *fiber);

/* The runner of a part on that fiber: the given one if it is there, else own, which begins as the given one. */
sk_runner *sk_runner_of(struct sk_fiber *fiber, sk_runner *given, sk_runner *own);

/* How many units the next piece may have. */
static inline size_t sk_runner_units(const sk_runner *runner)
{
	return sk_load_relaxed(&runner->units); /* relaxed: own */
}

/* A piece has taken so long. */
void sk_runner_note(sk_runner *runner, size_t units, uint64_t ticks);

/* What a unit took on the average; 0: nothing was measured. */
static inline sk_pace sk_runner_pace(const sk_runner *runner)
{
	return runner->done ? sk_pace_of(runner->ticks, runner->done) : 0;
}

/* The time between two looks at the clock; 0 if the clocks of two cores differ. */
static inline uint64_t sk_pace_between(uint64_t from, uint64_t to)
{
	return (int64_t)(to - from) > 0 ? to - from : 0;
}

#endif
