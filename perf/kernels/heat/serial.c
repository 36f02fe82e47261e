/* SPDX-License-Identifier: Apache-2.0 */
/* heat, plain C. */
#include "problem.h"

KERNEL("serial");

uint64_t kernel_run(const kernel_params *params)
{
	(void)params;
	for (unsigned step = 0; step < HEAT_STEPS; step++) {
		heat_step grids = heat_at(step);
		heat_leaf(1, heat_rows_end(), &grids);
	}
	return 0;
}
