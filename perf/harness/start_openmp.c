/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts OpenMP's threads with an empty parallel region. Their number and binding come from the environment that the
 * driver sets (OMP_NUM_THREADS, OMP_PROC_BIND=true, OMP_PLACES=cores).
 */
#include "kernel.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

void kernel_start(const kernel_params *params)
{
	unsigned threads = 0;
#pragma omp parallel reduction(+ : threads)
	threads += 1;
	if (threads != params->workers) {
		fprintf(stderr, "%s: OpenMP has %u threads, not %u\n", kernel_name, threads, params->workers);
		exit(1);
	}
}
