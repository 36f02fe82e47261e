/* SPDX-License-Identifier: Apache-2.0 */
/* Time: the clock goes forward, and ticks become the nanoseconds that the clock saw. */
#include "sys/clock.h"

#include <criterion/criterion.h>
#include <time.h>

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

Test(clock, the_clock_never_goes_back)
{
	uint64_t before = sk_clock_ns();

	for (int i = 0; i < 100000; i++) {
		uint64_t now = sk_clock_ns();

		cr_assert_geq(now, before);
		before = now;
	}
}

Test(clock, ticks_become_the_nanoseconds_that_passed)
{
	sk_clock_start();
	uint64_t ticks = sk_clock_ticks();
	uint64_t ns = sk_clock_ns();
	pause_ms(30);
	ticks = sk_clock_ticks() - ticks;
	ns = sk_clock_ns() - ns;
	uint64_t converted = sk_clock_ticks_to_ns(ticks);
	cr_assert_gt(converted, ns - ns / 20, "%llu of %llu", (unsigned long long)converted, (unsigned long long)ns);
	cr_assert_lt(converted, ns + ns / 20, "%llu of %llu", (unsigned long long)converted, (unsigned long long)ns);
}

Test(clock, a_conversion_without_a_start_is_right_as_well)
{
	uint64_t ticks = sk_clock_ticks();
	uint64_t ns = sk_clock_ns();
	uint64_t first = sk_clock_ticks_to_ns(1000000);
	pause_ms(30);
	ticks = sk_clock_ticks() - ticks;
	ns = sk_clock_ns() - ns;
	uint64_t converted = sk_clock_ticks_to_ns(ticks);
	cr_assert_gt(first, 0);
	cr_assert_gt(converted, ns - ns / 20);
	cr_assert_lt(converted, ns + ns / 20);
}

Test(clock, a_conversion_right_after_the_start_does_not_sleep)
{
	sk_clock_start();
	uint64_t ns = sk_clock_ns();
	cr_assert_eq(sk_clock_ticks_to_ns(0), 0);
	/* A tenth of a millisecond, and what a loaded machine adds. */
	cr_assert_lt(sk_clock_ns() - ns, 200000000);
}

Test(clock, a_later_start_keeps_the_rate)
{
	sk_clock_start();
	pause_ms(1100);
	uint64_t before = sk_clock_ticks_to_ns(1u << 30);
	sk_clock_start();
	cr_assert_eq(sk_clock_ticks_to_ns(1u << 30), before);
}
