/* SPDX-License-Identifier: Apache-2.0 */
/* dgemm by OpenBLAS with threads of its own: how fast the machine can be. */
#include "problem.h"

#include <cblas.h>

KERNEL("openblas");

uint64_t kernel_run(const kernel_params *params)
{
	dgemm_matrices m = dgemm_whole();
	(void)params;
	cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m.side, m.side, m.side, 1, m.a, m.stride, m.b, m.stride,
	            0, m.c, m.stride);
	return 0;
}
