/* SPDX-License-Identifier: Apache-2.0 */
/* wake under OpenMP: to submit from a plain thread is to open a parallel region. */
#include "problem.h"

KERNEL("openmp");

static void nothing(void)
{
#pragma omp task
	wake_task();
#pragma omp taskwait
}

static void spawner(void)
{
#pragma omp task
	wake_began();
	wake_stay();
#pragma omp taskwait
}

uint64_t kernel_run(const kernel_params *params)
{
	for (unsigned i = 0; params->workers > 1 && i < wake_count(); i++) {
		wake_idle(params);
#pragma omp parallel
#pragma omp single
		spawner();
		wake_done();
	}
	for (unsigned i = 0; i < wake_count(); i++) {
		wake_idle(params);
#pragma omp parallel
#pragma omp single
		nothing();
		wake_waited();
	}
	return 0;
}
