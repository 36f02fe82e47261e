/* SPDX-License-Identifier: Apache-2.0 */
/* fft under OpenMP: taskloops inside of tasks, and a plain loop at the end. */
#include "problem.h"

KERNEL("openmp");

static void transform(fft_block block)
{
	if (block.bits <= FFT_LEAF_BITS) {
		fft_leaf(block);
		return;
	}
	size_t items = (size_t)1 << (block.bits - 2);
#pragma omp taskloop grainsize(4)
	for (size_t at = 0; at < items; at += FFT_BLOCK)
		fft_pass(at, items - at < FFT_BLOCK ? items : at + FFT_BLOCK, &block);
	for (unsigned quarter = 0; quarter < 3; quarter++) {
#pragma omp task firstprivate(block, quarter)
		transform(fft_quarter(block, quarter));
	}
	transform(fft_quarter(block, 3));
#pragma omp taskwait
}

uint64_t kernel_run(const kernel_params *params)
{
	size_t items = fft_reorder_items();
	(void)params;
#pragma omp parallel
	{
#pragma omp single
		transform(fft_whole());
#pragma omp for schedule(static)
		for (size_t at = 0; at < items; at += FFT_BLOCK)
			fft_reorder(at, items - at < FFT_BLOCK ? items : at + FFT_BLOCK, NULL);
	}
	return 0;
}
