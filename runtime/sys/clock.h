/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time: nanoseconds for deadlines, ticks of the processor's counter for what has to be cheap.
 *
 * Ticks are for statistics and for patience ("some tens of microseconds have passed"), not for order: the counters of
 * two cores may differ a little, so a difference of ticks taken on two threads may be negative; compare as int64_t.
 * The rate is not asked of the machine, it is measured between sk_clock_start and the conversion, and becomes better
 * with time.
 *
 * Call from: anywhere, signal handlers included. Blocks: nothing.
 */
#ifndef SK_SYS_CLOCK_H
#define SK_SYS_CLOCK_H

#include <stdint.h>

#if defined(__x86_64__) || defined(__i386__)
#include <x86intrin.h>
#endif

/* CLOCK_MONOTONIC, the clock of all deadlines. */
uint64_t sk_clock_ns(void);

/* Notes the start of the measurement of the rate; later calls do nothing. */
void sk_clock_start(void);

/*
 * How many nanoseconds that many ticks (a difference, not a point in time) last. Within the first tenth of a
 * millisecond after sk_clock_start, or without it, the call spins until there is something to measure; never sleeps.
 */
uint64_t sk_clock_ticks_to_ns(uint64_t ticks);

/* The processor's counter: some 10 ns, no order against other instructions. */
static inline uint64_t sk_clock_ticks(void)
{
#if defined(__x86_64__) || defined(__i386__)
	return __rdtsc();
#elif defined(__aarch64__)
	uint64_t ticks;
	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
#else
	return sk_clock_ns();
#endif
}

#endif
