/* SPDX-License-Identifier: Apache-2.0 */
/* OpenBLAS starts its threads when it is loaded: OPENBLAS_NUM_THREADS of them, which the driver sets. */
#include "kernel.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>

void kernel_start(const kernel_params *params)
{
	openblas_set_num_threads((int)params->workers);
	if (openblas_get_num_threads() != (int)params->workers) {
		fprintf(stderr, "%s: OpenBLAS has %d threads, not %u\n", kernel_name, openblas_get_num_threads(),
		        params->workers);
		exit(1);
	}
}
