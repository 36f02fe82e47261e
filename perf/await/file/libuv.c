/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a file by libuv's uv_fs_read: DEPTH requests are on their way, the next one starts when one is done. libuv's
 * own threads do the reading; how many says UV_THREADPOOL_SIZE (4 if it is not set), and the loop is one thread more.
 */
#include "read.h"

#include <stdlib.h>
#include <uv.h>

typedef struct slot {
	uv_fs_t request; /* first: libuv gives its address back */
	int64_t offset;
	void *buffer;
} slot;

static const read_plan *current;
static uint32_t next; /* block to be asked for; loop only */

static void go_on(slot *s);

static void done(uv_fs_t *request)
{
	slot *s = (slot *)request;
	read_check(current, s->buffer, request->result, s->offset);
	uv_fs_req_cleanup(request);
	go_on(s);
}

static void go_on(slot *s)
{
	if (next >= current->blocks)
		return;
	s->offset = read_offset(current, next++);
	uv_buf_t buffer = uv_buf_init(s->buffer, (unsigned)current->block_bytes);
	int error = uv_fs_read(uv_default_loop(), &s->request, current->fd, &buffer, 1, s->offset, done);
	if (error < 0)
		read_fail("uv_fs_read", -error);
}

void read_start(const read_plan *plan)
{
	(void)plan;
}

void read_pass(const read_plan *plan)
{
	slot *slots = calloc(plan->depth, sizeof *slots);
	if (!slots)
		read_fail("memory", 0);
	current = plan;
	next = 0;
	for (unsigned i = 0; i < plan->depth; i++) {
		slots[i].buffer = read_buffer(plan);
		go_on(&slots[i]);
	}
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	for (unsigned i = 0; i < plan->depth; i++)
		free(slots[i].buffer);
	free(slots);
}
