/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shortest task that pays: GRANULARITY_MS milliseconds of work (from the environment; 32 if it is not there) are
 * cut into tasks of about size nanoseconds, spawned as a binary tree whose leaves are the tasks. Efficiency is the
 * serial time over workers times time; where it falls to one half is the METG(50 %) of Slaughter et al., "Task Bench: a
 * parameterized benchmark for evaluating parallel runtime performance" (SC 2020).
 *
 * A task is a fixed number of steps of four dependent multiply-adds side by side, so that the multiplier is busy all
 * the time and the processor cannot overlap one short task with the next; a step takes four cycles on most
 * processors. It reads no clock: a worker that is not running does no work. How long a task really takes is what the
 * serial program, one loop over all of them, measures in the same rounds: `each task` of its row. Very short tasks are
 * so many that their number is limited, and with it the amount of work.
 */
#include "problem.h"

#include <stdlib.h>

const char kernel_name[] = "granularity";

enum {
	TOTAL_MS = 32,
	TASKS_MIN = 16,
	TASKS_PER_MS = 4096,   /* most tasks for each millisecond of the total */
	TOTAL_MS_MAX = 1 << 20 /* fits an unsigned long in nanoseconds, and is a quarter of an hour */
};

static long tasks;
static long steps; /* of one task */

static long total_ms(void)
{
	const char *text = getenv("GRANULARITY_MS");
	if (!text)
		return TOTAL_MS;
	long total = strtol(text, NULL, 10);
	if (total < 1 || total > TOTAL_MS_MAX)
		kernel_fail("GRANULARITY_MS=%s is not a number from 1 to %d", text, TOTAL_MS_MAX);
	return total;
}

void kernel_setup(const kernel_params *params)
{
	if (tasks)
		return;
	long total = total_ms();
	if (params->size < 1 || params->size > 1000000000)
		kernel_fail("size %ld is not from 1 to 1000000000", params->size);
	tasks = (long)((uint64_t)total * 1000000 / (uint64_t)params->size);
	tasks = tasks > total * TASKS_PER_MS ? total * TASKS_PER_MS : tasks;
	tasks = tasks < TASKS_MIN ? TASKS_MIN : tasks;
	steps = (params->size * 3 + 3) / 4; /* four cycles at three of them in a nanosecond */
}

long granularity_tasks(void)
{
	return tasks;
}

__attribute__((noinline)) uint64_t granularity_work(long number)
{
	const uint64_t factor = 6364136223846793005u;
	uint64_t a = (uint64_t)number;
	uint64_t b = a + 1;
	uint64_t c = a + 2;
	uint64_t d = a + 3;
	for (long i = 0; i < steps; i++) {
		a = a * factor + b;
		b = b * factor + c;
		c = c * factor + d;
		d = d * factor + 1;
		__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d)); /* no two steps become one */
	}
	return a ^ b ^ c ^ d;
}

uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	(void)params;
	return result;
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return (uint64_t)tasks;
}
