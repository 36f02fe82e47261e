/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of thumbs_serial: one call each. */
#include "parallel.h"

const char parallel_name[] = "thumbs_serial";

bool parallel_start(unsigned workers)
{
	(void)workers;
	return true;
}

void parallel_pictures(size_t count, parallel_body body, void *arg)
{
	if (count > 0)
		body(0, count, arg);
}

void parallel_rows(size_t count, parallel_body body, void *arg)
{
	if (count > 0)
		body(0, count, arg);
}

void parallel_stop(void)
{
}
