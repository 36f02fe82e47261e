/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must be as before when an episode is over: descriptors and threads exactly, children none, and mappings as many
 * as after the first episodes of the child, in which libc and library take what they keep. Under a sanitizer, and in an
 * emulator, mappings are theirs too, and are not looked at.
 */
#include "soak.h"

#include "../folder.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

#define FIRST_EPISODES 16u
#define MAPPINGS_SLACK 64u /* libc's arenas and the stacks that it keeps for threads */

static unsigned lines(const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned count = 0;
	for (int byte; file && (byte = getc(file)) != EOF;)
		count += byte == '\n';
	if (file)
		fclose(file);
	return count;
}

static void *ends_at_once(void *arg)
{
	return arg;
}

/* With a process's first thread a sanitizer makes one of its own, which stays. */
static void have_had_a_thread(void)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, ends_at_once, NULL) == 0)
		pthread_join(thread, NULL);
}

static soak_balance read_balance(void)
{
	return (soak_balance){ .descriptors = folder_entries("/proc/self/fd"),
		               .threads = folder_entries("/proc/self/task"),
		               .mappings = lines("/proc/self/maps") };
}

soak_balance soak_balance_read(void)
{
	have_had_a_thread();
	soak_balance first = read_balance();
	nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	for (soak_balance next; (next = read_balance()).threads != first.threads; first = next)
		nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	return first;
}

/* A thread that was joined may be on the kernel's list for another moment. */
void soak_balance_require(const soak_balance *before, uint64_t episodes)
{
	static unsigned mappings_most;
	soak_balance now = read_balance();
	for (unsigned tries = 0; tries < 1000 && now.threads != before->threads; tries++) {
		nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
		now.threads = folder_entries("/proc/self/task");
	}
	SOAK_REQUIRE(now.threads == before->threads, "%u threads, before %u", now.threads, before->threads);
	SOAK_REQUIRE(now.descriptors == before->descriptors, "%u descriptors, before %u", now.descriptors,
	             before->descriptors);
	SOAK_REQUIRE(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "a child is left");
	if (!SOAK_MAPPINGS_TELL)
		return;
	if (episodes < FIRST_EPISODES && now.mappings > mappings_most)
		mappings_most = now.mappings;
	SOAK_REQUIRE(now.mappings <= mappings_most + MAPPINGS_SLACK, "%u mappings, after the first episodes %u",
	             now.mappings, mappings_most);
}
