/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STREAM: size doubles in each array, bound by memory. It shows whether a runtime gets the bandwidth that the machine
 * has; arithmetic is nothing here. The main thread touches the arrays first, for every runtime alike.
 *
 * Source: McCalpin, "Memory bandwidth and machine balance in current high performance computers" (1995).
 */
#include "problem.h"

#include <string.h>

const char kernel_name[] = "stream";

static const double factor = 3;

static double *target;
static double *left;
static double *right;
static size_t count;

/*
 * Else copy becomes a call of memcpy, which stores past the caches when a piece is long: the machine code would depend
 * on how the runtime cuts the range.
 */
#if defined(__clang__)
#define NO_MEMCPY __attribute__((no_builtin("memcpy")))
#else
#define NO_MEMCPY __attribute__((optimize("no-tree-loop-distribute-patterns")))
#endif

NO_MEMCPY static void copy(size_t begin, size_t end, void *arg)
{
	double *restrict to = target;
	const double *restrict from = left;
	(void)arg;
	for (size_t i = begin; i < end; i++)
		to[i] = from[i];
}

static void scale(size_t begin, size_t end, void *arg)
{
	double *restrict to = target;
	const double *restrict from = left;
	(void)arg;
	for (size_t i = begin; i < end; i++)
		to[i] = factor * from[i];
}

static void add(size_t begin, size_t end, void *arg)
{
	double *restrict to = target;
	const double *restrict from = left;
	const double *restrict other = right;
	(void)arg;
	for (size_t i = begin; i < end; i++)
		to[i] = from[i] + other[i];
}

static void triad(size_t begin, size_t end, void *arg)
{
	double *restrict to = target;
	const double *restrict from = left;
	const double *restrict other = right;
	(void)arg;
	for (size_t i = begin; i < end; i++)
		to[i] = from[i] + factor * other[i];
}

stream_leaf stream_loop(const kernel_params *params)
{
	static const struct {
		const char *variant;
		stream_leaf leaf;
	} loops[] = { { "copy", copy }, { "scale", scale }, { "add", add }, { "triad", triad } };
	for (size_t i = 0; i < sizeof(loops) / sizeof(loops[0]); i++)
		if (strcmp(params->variant, loops[i].variant) == 0)
			return loops[i].leaf;
	kernel_fail("variant %s is not copy, scale, add or triad", params->variant);
}

void kernel_setup(const kernel_params *params)
{
	if (!target) {
		count = (size_t)params->size;
		target = kernel_memory(count, sizeof(*target));
		left = kernel_memory(count, sizeof(*left));
		right = kernel_memory(count, sizeof(*right));
		for (size_t i = 0; i < count; i++) {
			left[i] = (double)i;
			right[i] = 1 / (double)(i + 1);
		}
	}
	memset(target, 0xff, count * sizeof(*target)); /* no result of the run before */
}

uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return kernel_hash(target, count * sizeof(*target));
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return 0;
}
