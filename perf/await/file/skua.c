/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a file by io.h: a task for each block that is read at the same time, each reads every DEPTH-th block. */
#include "read.h"

#include <skua/skua.h>

#include <stdlib.h>

static const read_plan *current;

static int reads(void *arg)
{
	void *buffer = read_buffer(current);
	for (uint32_t i = (uint32_t)(uintptr_t)arg; i < current->blocks; i += current->depth) {
		int64_t offset = read_offset(current, i);
		read_check(current, buffer, skua_pread(current->fd, buffer, current->block_bytes, offset), offset);
	}
	free(buffer);
	return 0;
}

static void *reads_all(void *arg)
{
	skua_group group = SKUA_GROUP_INIT;
	for (uintptr_t i = 0; i < current->depth; i++) {
		int error = skua_group_run(&group, reads, (void *)i);
		if (error < 0)
			read_fail("skua_group_run", -error);
	}
	int error = skua_group_wait(&group);
	if (error < 0)
		read_fail("skua_group_wait", -error);
	return arg;
}

void read_start(const read_plan *plan)
{
	skua_config config = { .workers = plan->workers };
	int error = skua_start(&config);
	if (error < 0)
		read_fail("skua_start", -error);
}

void read_pass(const read_plan *plan)
{
	current = plan;
	skua_await(skua_async(reads_all, NULL));
}
