/* SPDX-License-Identifier: Apache-2.0 */
/* fft under skua: loops inside of tasks. */
#include "problem.h"

#include <skua/skua.h>

KERNEL("skua");

SKUA_TASK(void, transform, fft_block, block)
{
	if (block.bits <= FFT_LEAF_BITS) {
		fft_leaf(block);
		return;
	}
	skua_for(0, (size_t)1 << (block.bits - 2), fft_pass, &block);
	for (unsigned quarter = 0; quarter < 3; quarter++)
		SKUA_SPAWN(transform, fft_quarter(block, quarter));
	SKUA_CALL(transform, fft_quarter(block, 3));
	for (unsigned quarter = 0; quarter < 3; quarter++)
		SKUA_SYNC(transform);
}

uint64_t kernel_run(const kernel_params *params)
{
	(void)params;
	SKUA_RUN(transform, fft_whole());
	skua_for(0, fft_reorder_items(), fft_reorder, NULL);
	return 0;
}
