/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loops of thumbs, by skua. Loops nest without a second thought: a worker that has no picture left takes rows of
 * the picture that another one is at.
 */
#include "parallel.h"

#include <skua/skua.h>
#include <stdio.h>

const char parallel_name[] = "thumbs";

bool parallel_start(unsigned workers)
{
	skua_config config = { .workers = workers };
	int error = skua_start(&config);
	if (error < 0)
		fprintf(stderr, "%s: %s: %s\n", parallel_name, skua_strerror(error), skua_start_problem());
	return error == 0;
}

/* A picture is a piece: how long one takes says nothing of the next. */
void parallel_pictures(size_t count, parallel_body body, void *arg)
{
	skua_loop one_by_one = { .schedule = SKUA_FIXED, .grain = 1 };
	skua_for_with(&one_by_one, 0, count, body, arg);
}

void parallel_rows(size_t count, parallel_body body, void *arg)
{
	skua_for(0, count, body, arg);
}

void parallel_stop(void)
{
	skua_stop();
}
