/* SPDX-License-Identifier: Apache-2.0 */
/* nbody under skua. */
#include "problem.h"

#include <skua/skua.h>

KERNEL("skua");

uint64_t kernel_run(const kernel_params *params)
{
	for (unsigned step = 0; step < NBODY_STEPS; step++) {
		nbody_step sets = nbody_at(step);
		skua_for(0, (size_t)params->size, nbody_leaf, &sets);
	}
	return 0;
}
