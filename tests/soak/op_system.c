/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes and signals. */
#include "soak.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- children: one that gives back what it gets, one with a status, one that is killed --- */

static void talk_to_cat(soak_op *op)
{
	static const char *const argv[] = { "cat", NULL };
	char bytes[2048], back[sizeof bytes + 1];
	size_t count = soak_draw(op, sizeof bytes);
	skua_process child;
	skua_process_options options = { .argv = argv, .input = SKUA_STDIO_PIPE, .output = SKUA_STDIO_PIPE };
	int error = skua_process_start(&child, &options);
	SOAK_REQUIRE(error == 0, "process_start: %s", skua_strerror(error));
	for (size_t i = 0; i < count; i++)
		bytes[i] = (char)soak_step(&op->row);
	SOAK_REQUIRE(skua_write_all(child.input, bytes, count) == (ptrdiff_t)count, "cat reads");
	skua_close(child.input);
	ptrdiff_t got = skua_read_all(child.output, back, sizeof back);
	SOAK_REQUIRE(got == (ptrdiff_t)count && memcmp(bytes, back, count) == 0, "cat gave %td of %zu", got, count);
	skua_close(child.output);
	int status = skua_process_wait(&child);
	SOAK_REQUIRE(status == 0, "cat ended with %d", status);
}

static void ask_for_status(soak_op *op)
{
	char script[32];
	const char *const argv[] = { "sh", "-c", script, NULL };
	int wanted = (int)soak_draw(op, 256);
	skua_process child;
	skua_process_options options = { .argv = argv, .output = SKUA_STDIO_NULL };
	snprintf(script, sizeof script, "exit %d", wanted);
	int status = skua_process_start(&child, &options);
	SOAK_REQUIRE(status == 0, "process_start: %s", skua_strerror(status));
	do
		status =
		        soak_chance(op, 2) ? skua_process_wait_until(&child, soak_soon(op)) : skua_process_wait(&child);
	while (status == -ETIMEDOUT);
	SOAK_REQUIRE(status == wanted, "the status is %d, not %d", status, wanted);
}

static void kill_one(soak_op *op)
{
	static const char *const argv[] = { "sleep", "1000", NULL };
	skua_process child;
	skua_process_options options = { .argv = argv, .input = SKUA_STDIO_NULL };
	int status = skua_process_start(&child, &options);
	SOAK_REQUIRE(status == 0, "process_start: %s", skua_strerror(status));
	status = skua_process_wait_until(&child, soak_soon(op));
	SOAK_REQUIRE(status == -ETIMEDOUT, "it still sleeps: %d", status);
	SOAK_REQUIRE(skua_process_kill(&child, SIGKILL) == 0, "process_kill");
	status = skua_process_wait(&child);
	SOAK_REQUIRE(status == 256 + SIGKILL, "the status is %d", status);
}

static void starts_none(void)
{
	static const char *const argv[] = { "/nonexistent/program", NULL };
	skua_process child;
	skua_process_options options = { .argv = argv };
	int error = skua_process_start(&child, &options);
	SOAK_REQUIRE(error == -ENOENT, "process_start: %s", skua_strerror(error));
}

void soak_op_process(soak_op *op)
{
	switch (soak_draw(op, 4)) {
	case 0:
		talk_to_cat(op);
		break;
	case 1:
		ask_for_status(op);
		break;
	case 2:
		kill_one(op);
		break;
	default:
		if (!SOAK_EMULATED)
			starts_none();
	}
}

/* --- signals: real-time ones queue, so that as many come as are sent, whoever gets them --- */

static void sends_or_waits(soak_op *own, void *arg, unsigned index)
{
	const int *number = arg;
	soak_moment(own);
	if (index % 2) {
		int got = skua_signal_wait(number, 1);
		SOAK_REQUIRE(got == *number, "signal_wait gave %d, not %d", got, *number);
	} else {
		SOAK_REQUIRE(kill(getpid(), *number) == 0, "kill: %s", skua_strerror(errno));
	}
}

/* The main thread of the child has blocked them (driver.c). */
void soak_op_signal(soak_op *op)
{
	int number = SIGRTMIN + 4 + (int)op->strand->index;
	soak_team(op, SOAK_ANY, 2 * (1 + (unsigned)soak_draw(op, 3)), sends_or_waits, &number);
}
