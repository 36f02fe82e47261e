/* SPDX-License-Identifier: Apache-2.0 */
/* mandelbrot under OpenMP. OMP_SCHEDULE chooses another schedule. */
#include "problem.h"

#include "../../harness/schedule.h"

KERNEL("openmp");

uint64_t kernel_run(const kernel_params *params)
{
	schedule_best(omp_sched_dynamic, 1);
#pragma omp parallel for schedule(runtime)
	for (size_t i = 0; i < (size_t)params->size; i++)
		mandelbrot_leaf(i, i + 1, NULL);
	return 0;
}
