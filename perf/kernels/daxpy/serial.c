/* SPDX-License-Identifier: Apache-2.0 */
/* daxpy, plain C. */
#include "problem.h"

KERNEL("serial");

uint64_t kernel_run(const kernel_params *params)
{
	for (unsigned time = 0; time < DAXPY_TIMES; time++)
		daxpy_leaf(0, (size_t)params->size, NULL);
	return 0;
}
