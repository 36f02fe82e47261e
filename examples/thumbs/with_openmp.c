/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loops of thumbs_openmp. An OpenMP loop inside another one is serial unless OMP_MAX_ACTIVE_LEVELS=2 is set, and
 * then each outer thread gets a whole team; so by default the rows are shared only where there is a single picture.
 */
#include "parallel.h"

#include <omp.h>

enum { ROWS = 8 }; /* a piece of the inner loop */

const char parallel_name[] = "thumbs_openmp";

bool parallel_start(unsigned workers)
{
	if (workers > 0)
		omp_set_num_threads((int)workers);
	return true;
}

void parallel_pictures(size_t count, parallel_body body, void *arg)
{
#pragma omp parallel for schedule(dynamic) if (count > 1)
	for (size_t i = 0; i < count; i++)
		body(i, i + 1, arg);
}

void parallel_rows(size_t count, parallel_body body, void *arg)
{
#pragma omp parallel for schedule(static)
	for (size_t i = 0; i < count; i += ROWS)
		body(i, i + ROWS < count ? i + ROWS : count, arg);
}

void parallel_stop(void)
{
}
