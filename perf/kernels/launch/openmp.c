/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch under OpenMP: one equal part for each thread, which is what schedule(static) does, so that all variants are
 * the same. A task cannot share a loop of this kind with the other threads: "task" starts it from the main thread too.
 */
#include "problem.h"

KERNEL("openmp");

uint64_t kernel_run(const kernel_params *params)
{
	size_t count = (size_t)params->size;
	size_t parts = params->workers;
	for (long i = 0; i < launch_loops(); i++) {
#pragma omp parallel for schedule(static)
		for (size_t part = 0; part < parts; part++)
			launch_daxpy(count * part / parts, count * (part + 1) / parts);
	}
	return 0;
}
