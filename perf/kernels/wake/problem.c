/* SPDX-License-Identifier: Apache-2.0 */
/* Clock and counters of the wake measurement; problem.h says what is measured. */
#include "problem.h"

#include <stdatomic.h>
#include <time.h>

const char kernel_name[] = "wake";

enum {
	COUNT = 25,
	GIVE_UP_NS = 20 * 1000 * 1000
};

static uint64_t submitted_ns;
static uint64_t began_ns; /* written before, read after the flag */
static atomic_int began;  /* the flag */
static atomic_uint tasks; /* of either kind, this run */

unsigned wake_count(void)
{
	return COUNT;
}

void wake_idle(const kernel_params *params)
{
	struct timespec time = { params->size / 1000000, params->size % 1000000 * 1000 };
	nanosleep(&time, NULL);
	atomic_store_explicit(&began, 0, memory_order_relaxed); /* what starts the task orders it */
	submitted_ns = kernel_now_ns();
}

void wake_task(void)
{
	atomic_fetch_add_explicit(&tasks, 1, memory_order_relaxed); /* a counter, read after the join */
}

void wake_waited(void)
{
	kernel_sample("wait_us", (double)(kernel_now_ns() - submitted_ns) / 1e3);
}

void wake_began(void)
{
	wake_task();
	began_ns = kernel_now_ns();
	atomic_store_explicit(&began, 1, memory_order_release);
}

void wake_stay(void)
{
	while (!atomic_load_explicit(&began, memory_order_acquire))
		if (kernel_now_ns() - submitted_ns > GIVE_UP_NS)
			return;
}

void wake_done(void)
{
	kernel_sample("other_us", (double)(began_ns - submitted_ns) / 1e3);
}

void kernel_setup(const kernel_params *params)
{
	(void)params;
	atomic_store_explicit(&tasks, 0, memory_order_relaxed); /* nothing runs now */
}

uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	unsigned expected = params->workers > 1 ? 2 * COUNT : COUNT;
	unsigned ran = atomic_load_explicit(&tasks, memory_order_relaxed); /* after the joins */
	(void)result;
	if (ran != expected)
		kernel_fail("%u tasks ran, not %u", ran, expected);
	return COUNT;
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return 0;
}
