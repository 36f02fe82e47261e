/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts skua. The number of workers and the binding come from the environment that the driver sets
 * (SKUA_WORKERS, SKUA_BIND_MAIN=1), as a user would do it.
 */
#include "kernel.h"

#include <skua/skua.h>

#include <stdio.h>
#include <stdlib.h>

void kernel_start(const kernel_params *params)
{
	int error = skua_start(NULL);
	if (error < 0) {
		fprintf(stderr, "%s: skua does not start: %s (%s)\n", kernel_name, skua_strerror(error),
		        skua_start_problem());
		exit(1);
	}
	if (skua_workers() != params->workers) {
		fprintf(stderr, "%s: skua has %u workers, not %u\n", kernel_name, skua_workers(), params->workers);
		exit(1);
	}
}
