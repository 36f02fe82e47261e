/* SPDX-License-Identifier: Apache-2.0 */
/* lu, plain C, with the same panels. */
#include "problem.h"

KERNEL("serial");

uint64_t kernel_run(const kernel_params *params)
{
	int panels = lu_panels();
	(void)params;
	for (int k = 0; k < panels; k++) {
		lu_factor(k);
		for (int j = k + 1; j < panels; j++)
			lu_update(k, j);
	}
	lu_finish(0, (size_t)panels, NULL);
	return 0;
}
