/* SPDX-License-Identifier: Apache-2.0 */
/* launch, plain C. */
#include "problem.h"

KERNEL("serial");

uint64_t kernel_run(const kernel_params *params)
{
	for (long i = 0; i < launch_loops(); i++)
		launch_daxpy(0, (size_t)params->size);
	return 0;
}
