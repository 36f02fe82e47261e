/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small random number generator, one per worker: which victim to try next, and the hostile build's dice.
 *
 * PCG32: a 64-bit linear congruential state whose output is a shifted and rotated half of it. Eight bytes, a multiply
 * and a rotate per number, and neighbouring seeds give unrelated rows, because the seed is mixed first. Not for
 * secrets.
 *
 * Owner: the thread that has the struct. Nothing here is shared.
 * Source: M. O'Neill, PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for Random Number
 * Generation, 2014 (XSH RR 64/32); D. Lemire, Fast Random Integer Generation in an Interval, 2019 (sk_rng_below).
 */
#ifndef SK_BASE_RNG_H
#define SK_BASE_RNG_H

#include <stdint.h>

typedef struct sk_rng {
	uint64_t state;
} sk_rng;

/* A bijection that spreads each bit of x over all of the result (the finisher of SplitMix64). */
static inline uint64_t sk_rng_mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* Starts the row that belongs to seed; every seed is good, 0 included. */
static inline void sk_rng_seed(sk_rng *rng, uint64_t seed)
{
	rng->state = sk_rng_mix(seed);
}

/* The next 32 random bits. */
static inline uint32_t sk_rng_next(sk_rng *rng)
{
	uint64_t old = rng->state;

	rng->state = old * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	uint32_t folded = (uint32_t)(((old >> 18) ^ old) >> 27);
	unsigned turn = (unsigned)(old >> 59);
	return (folded >> turn) | (folded << (-turn & 31));
}

/*
 * A number below n, or 0 for n = 0. No division; the numbers differ in likelihood by at most n / 2^32, which the
 * choice of a victim does not feel, so there is no second draw.
 */
static inline uint32_t sk_rng_below(sk_rng *rng, uint32_t n)
{
	return (uint32_t)(((uint64_t)sk_rng_next(rng) * n) >> 32);
}

#endif
