/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time. See clock.h.
 *
 * The rate of the ticks is nanoseconds per tick as a fixed-point number with 32 fractional bits, measured between a
 * pair (ticks, nanoseconds) noted at the start and one taken now. The two clocks of a pair are read some 30 ns apart,
 * so after a tenth of a millisecond the rate is good to some 0.1 %. When a second has passed it is good for ever, and
 * is kept.
 *
 * | edge        | from                       | to                            | carries                       |
 * |-------------|----------------------------|-------------------------------|-------------------------------|
 * | clock.start | start: start_ns, release   | conversion: start_ns, acquire | start_ticks                   |
 */
#include "sys/clock.h"

#include <time.h>

#include "base/atomic.h"

#define SHORTEST_NS UINT64_C(100000)
#define LONGEST_NS UINT64_C(1000000000)

static SK_ATOMIC(uint64_t) start_ticks;
static SK_ATOMIC(uint64_t) start_ns; /* 0: not started */
static SK_ATOMIC(uint64_t) final_rate; /* 0: not known yet */

uint64_t sk_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

void sk_clock_start(void)
{
	uint64_t none = 0;
	uint64_t now_ticks = sk_clock_ticks();

	/* Relaxed: published by start_ns, which only the one that sets the ticks sets. */
	if (sk_cas_relaxed(&start_ticks, &none, now_ticks)) {
		/* edge clock.start -> : start_ticks */
		sk_store_release(&start_ns, sk_clock_ns());
	}
}

static uint64_t measure_rate(void)
{
	uint64_t from_ns;
	uint64_t ns;
	uint64_t ticks;

	sk_clock_start();
	/* edge -> clock.start : start_ticks. Zero only while another thread is inside sk_clock_start. */
	while ((from_ns = sk_load_acquire(&start_ns)) == 0)
		sk_spin_hint();
	do {
		ticks = sk_clock_ticks() - sk_load_relaxed(&start_ticks); /* relaxed: never changes after clock.start */
		ns = sk_clock_ns() - from_ns;
	} while (ns < SHORTEST_NS);

	uint64_t rate = ticks ? (uint64_t)(((unsigned __int128)ns << 32) / ticks) : UINT64_C(1) << 32;
	/* Relaxed: the number stands alone, and any thread's is as good as another's. */
	if (ns >= LONGEST_NS)
		sk_store_relaxed(&final_rate, rate);
	return rate;
}

uint64_t sk_clock_ticks_to_ns(uint64_t ticks)
{
	uint64_t rate = sk_load_relaxed(&final_rate); /* relaxed: stands alone */

	if (rate == 0)
		rate = measure_rate();
	return (uint64_t)(((unsigned __int128)ticks * rate) >> 32);
}
