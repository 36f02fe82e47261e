/* SPDX-License-Identifier: Apache-2.0 */
/* fft, plain C, with the same leaves. */
#include "problem.h"

KERNEL("serial");

static void transform(fft_block block)
{
	if (block.bits <= FFT_LEAF_BITS) {
		fft_leaf(block);
		return;
	}
	fft_pass(0, (size_t)1 << (block.bits - 2), &block);
	for (unsigned quarter = 0; quarter < 4; quarter++)
		transform(fft_quarter(block, quarter));
}

uint64_t kernel_run(const kernel_params *params)
{
	(void)params;
	transform(fft_whole());
	fft_reorder(0, fft_reorder_items(), NULL);
	return 0;
}
