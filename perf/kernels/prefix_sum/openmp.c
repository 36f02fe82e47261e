/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prefix_sum under OpenMP: one part more than there are threads. The first part is scanned while all others but the
 * last are summed, then the others are scanned.
 */
#include "problem.h"

#include "../../harness/openmp.h"

KERNEL("openmp");

enum {
	THREADS_MAX = 1024 /* the driver starts no more */
};

/* What the thread of this number has summed, in a cache line of its own. */
static struct {
	_Alignas(64) int64_t sum;
} part[THREADS_MAX];

uint64_t kernel_run(const kernel_params *params)
{
#pragma omp parallel
	{
		unsigned thread = (unsigned)omp_get_thread_num();
		unsigned parts = (unsigned)omp_get_num_threads() + 1;
		openmp_range first = openmp_part(0, (size_t)params->size, thread, parts);
		openmp_range second = openmp_part(0, (size_t)params->size, thread + 1, parts);
		int64_t sum = 0;
		if (thread == 0)
			prefix_sum_scan(first.begin, first.end, &sum, NULL);
		else
			prefix_sum_add(first.begin, first.end, &sum, NULL);
		part[thread].sum = sum;
#pragma omp barrier
		sum = 0;
		for (unsigned i = 0; i <= thread; i++)
			sum += part[i].sum;
		prefix_sum_scan(second.begin, second.end, &sum, NULL);
	}
	return 0;
}
