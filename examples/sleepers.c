/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sleepers: the first program of await. A task prints, sleeps for a while, prints again; meanwhile another one counts,
 * on the same worker if there is only one. And three tasks that sleep 1, 2 and 3 times as long take as long as the
 * longest, not as long as all of them together.
 *
 * The optional argument is the unit in milliseconds: 100 usually, 1000 for whole seconds.
 */
#include "example.h"

#include <skua/skua.h>
#include <stdatomic.h>

static uint64_t unit_ns;

static void *hello(void *counted)
{
	puts("hello ...");
	skua_sleep_ns(unit_ns);
	printf("... world, while another task counted to %ld\n", atomic_load((atomic_long *)counted));
	return counted;
}

/* Counts until it is cancelled, and gives way each time, so that the other one can go on. */
static void *count(void *counted)
{
	while (!skua_cancelled()) {
		atomic_fetch_add((atomic_long *)counted, 1);
		skua_yield();
	}
	return counted;
}

static void *sleep_units(void *units)
{
	skua_sleep_ns((uint64_t)*(int *)units * unit_ns);
	return units;
}

/* Three results that are waited for together. Returns the time that it took. */
static uint64_t gather(int *sum)
{
	int units[3] = { 1, 2, 3 };
	skua_future *asleep[3];
	uint64_t begin = skua_now_ns();
	for (int i = 0; i < 3; i++)
		asleep[i] = skua_async(sleep_units, &units[i]);
	*sum = 0;
	for (int i = 0; i < 3; i++)
		*sum += *(int *)skua_await(asleep[i]);
	return skua_now_ns() - begin;
}

int main(int argc, char **argv)
{
	unit_ns = (uint64_t)example_size(argc, argv, 100, 1, 100000) * 1000000;

	atomic_long counted = 0;
	skua_future *counter = skua_async(count, &counted);
	skua_await(skua_async(hello, &counted));
	skua_cancel(counter);
	skua_await(counter);

	int sum;
	uint64_t took_ns = gather(&sum);
	printf("1 + 2 + 3 = %d units of sleep in %.2f units of time\n", sum, (double)took_ns / (double)unit_ns);
	if (counted == 0 || sum != 6 || took_ns < 3 * unit_ns) {
		fprintf(stderr, "sleepers: wrong\n");
		return 1;
	}
	return 0;
}
