/* SPDX-License-Identifier: Apache-2.0 */
/* nqueens under OpenMP. A task leaves its result in its own place of the parent's array. */
#include "problem.h"

KERNEL("openmp");

static long queens(board b, int row, int n)
{
	if (row == n)
		return 1;
	long part[16];
	int spawned = 0;
	for (int column = 0; column < n; column++) {
		if (board_safe(&b, row, column)) {
			board next = board_place(b, row, column);
			long *result = &part[spawned++];
#pragma omp task firstprivate(next, row, n, result)
			*result = queens(next, row + 1, n);
		}
	}
#pragma omp taskwait
	long count = 0;
	while (spawned--)
		count += part[spawned];
	return count;
}

uint64_t kernel_run(const kernel_params *params)
{
	long result = 0;
#pragma omp parallel
#pragma omp single
	result = queens(board_empty, 0, (int)params->size);
	return (uint64_t)result;
}
