/* SPDX-License-Identifier: Apache-2.0 */
/* daxpy under skua. */
#include "problem.h"

#include <skua/skua.h>

KERNEL("skua");

uint64_t kernel_run(const kernel_params *params)
{
	for (unsigned time = 0; time < DAXPY_TIMES; time++)
		skua_for(0, (size_t)params->size, daxpy_leaf, NULL);
	return 0;
}
