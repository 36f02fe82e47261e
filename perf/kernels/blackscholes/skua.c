/* SPDX-License-Identifier: Apache-2.0 */
/* blackscholes under skua. */
#include "problem.h"

#include <skua/skua.h>

KERNEL("skua");

uint64_t kernel_run(const kernel_params *params)
{
	skua_for(0, (size_t)params->size, blackscholes_leaf, NULL);
	return 0;
}
