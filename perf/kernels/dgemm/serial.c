/* SPDX-License-Identifier: Apache-2.0 */
/* dgemm, plain C, with the same panels and tiles. */
#include "problem.h"

KERNEL("serial");

uint64_t kernel_run(const kernel_params *params)
{
	(void)params;
	dgemm_pack(0, dgemm_panels(), NULL);
	dgemm_multiply(0, dgemm_tiles(), 0, dgemm_tiles(), NULL);
	return 0;
}
