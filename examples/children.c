/* SPDX-License-Identifier: Apache-2.0 */
/*
 * children: ten child processes, at most three at a time, each with a deadline.
 *
 * A task for each child starts it, reads what it says and sees it off. A semaphore lets three of them go on at once: a
 * loop that starts, counts and polls is not needed, since tasks that wait for their turn cost next to nothing. One
 * child would sleep for a minute. Its time is up earlier, so its task stops reading and kills it.
 */
#include "example.h"
#include "gauge.h"

#include <signal.h>
#include <skua/skua.h>
#include <string.h>

enum { CHILDREN = 10, AT_ONCE = 3, SLEEPER = 6, KILLED = 256 + SIGKILL };

struct child {
	int number, status;
	char said[64];
};

static skua_sem turns = SKUA_SEM_INIT;
static struct gauge running;

static int run(struct child *child)
{
	char number[8];
	snprintf(number, sizeof(number), "%d", child->number);
	const char *command =
	        child->number == SLEEPER ? "echo child $0; exec sleep 60" : "echo child $0; sleep 0.05; exit $0";
	const char *argv[] = { "sh", "-c", command, number, NULL };
	skua_process_options options = { .argv = argv, .output = SKUA_STDIO_PIPE };
	skua_process process;
	int error = skua_process_start(&process, &options);
	if (error < 0)
		return error;
	uint64_t deadline = skua_now_ns() + UINT64_C(1000000) * (child->number == SLEEPER ? 300 : 60000);
	if (skua_read_all_until(process.output, child->said, sizeof(child->said) - 1, deadline) == -ETIMEDOUT)
		skua_process_kill(&process, SIGKILL);
	child->status = skua_process_wait(&process);
	return skua_close(process.output);
}

static int run_in_turn(void *child)
{
	int error = skua_sem_wait(&turns);
	if (error < 0)
		return error;
	gauge_enter(&running);
	error = run(child);
	gauge_leave(&running);
	skua_sem_post(&turns, 1);
	return error;
}

int main(void)
{
	struct child child[CHILDREN] = { { .number = 0 } };
	skua_group children = SKUA_GROUP_INIT;
	skua_sem_init(&turns, AT_ONCE);
	for (int i = 0; i < CHILDREN; i++) {
		child[i].number = i;
		skua_group_run(&children, run_in_turn, &child[i]);
	}
	int error = skua_group_wait(&children);

	int wrong = error != 0 || running.most > AT_ONCE;
	for (int i = 0; i < CHILDREN; i++) {
		char expected[16];
		snprintf(expected, sizeof(expected), "child %d\n", i);
		int good = strcmp(child[i].said, expected) == 0 && child[i].status == (i == SLEEPER ? KILLED : i);
		if (!good)
			fprintf(stderr, "child %d: status %d, said \"%s\"\n", i, child[i].status, child[i].said);
		wrong |= !good;
	}
	printf("children: %d, at most %d at a time, one of them killed by its deadline%s\n", CHILDREN, running.most,
	       wrong ? ", WRONG" : "");
	return wrong;
}
