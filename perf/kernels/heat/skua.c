/* SPDX-License-Identifier: Apache-2.0 */
/* heat under skua: a static schedule, since each step reads what the one before wrote. */
#include "problem.h"

#include <skua/skua.h>

KERNEL("skua");

uint64_t kernel_run(const kernel_params *params)
{
	const skua_loop how = { .schedule = SKUA_STATIC };
	(void)params;
	for (unsigned step = 0; step < HEAT_STEPS; step++) {
		heat_step grids = heat_at(step);
		skua_for_with(&how, 1, heat_rows_end(), heat_leaf, &grids);
	}
	return 0;
}
