/* SPDX-License-Identifier: Apache-2.0 */
/* nbody, plain C. */
#include "problem.h"

KERNEL("serial");

uint64_t kernel_run(const kernel_params *params)
{
	for (unsigned step = 0; step < NBODY_STEPS; step++) {
		nbody_step sets = nbody_at(step);
		nbody_leaf(0, (size_t)params->size, &sets);
	}
	return 0;
}
