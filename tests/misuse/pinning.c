/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A system that refuses to bind threads, and one whose affinity mask is empty. The program's own sched_setaffinity and
 * sched_getaffinity stand before the C library's, for skua and for hwloc alike.
 *
 * Refused: the runtime goes on unbound, and says so under SKUA_VERBOSE. Empty: the start fails with -EPERM.
 */
#include "cases.h"

#include <sched.h>
#include <sys/syscall.h>

static bool refuse; /* to bind */
static bool empty;  /* is the mask */

int sched_setaffinity(pid_t pid, size_t bytes, const cpu_set_t *set)
{
	if (refuse) {
		errno = EPERM;
		return -1;
	}
	return (int)syscall(SYS_sched_setaffinity, pid, bytes, set);
}

int sched_getaffinity(pid_t pid, size_t bytes, cpu_set_t *set)
{
	if (empty) {
		memset(set, 0, bytes);
		return 0;
	}
	long written = syscall(SYS_sched_getaffinity, pid, bytes, set);
	if (written < 0)
		return -1;
	memset((char *)set + written, 0, bytes - (size_t)written);
	return 0;
}

SKUA_TASK(long, fib, int, n)
{
	if (n < 2)
		return n;
	SKUA_SPAWN(fib, n - 1);
	long second = SKUA_CALL(fib, n - 2);
	return SKUA_SYNC(fib) + second;
}

static void run(skua_config config)
{
	int error = skua_start(&config);
	CASES_REQUIRE(error == 0, "%s", skua_start_problem());
	CASES_REQUIRE(SKUA_RUN(fib, 15) == 610, "fib");
	skua_stop();
}

static void refused(void)
{
	setenv("SKUA_VERBOSE", "1", 1);
	refuse = true;
	run((skua_config){ .bind = "core" });
}

static void refused_main(void)
{
	setenv("SKUA_VERBOSE", "1", 1);
	refuse = true;
	run((skua_config){ .bind = "core", .bind_main = 1 });
}

/* Nothing is printed unless somebody asks. */
static void refused_quietly(void)
{
	refuse = true;
	FILE *capture = tmpfile();
	CASES_REQUIRE(capture, "tmpfile: %s", strerror(errno));
	int before = dup(STDERR_FILENO);
	dup2(fileno(capture), STDERR_FILENO);
	run((skua_config){ .bind = "core", .bind_main = 1 });
	long length = lseek(STDERR_FILENO, 0, SEEK_END);
	dup2(before, STDERR_FILENO);
	close(before);
	fclose(capture);
	CASES_REQUIRE(length == 0, "%ld bytes were printed", length);
}

static void empty_mask(void)
{
	empty = true;
	int error = skua_start(NULL);
	CASES_REQUIRE(error == -EPERM, "it gave %d, \"%s\"", error, skua_start_problem());
	fprintf(stderr, "%s\n", skua_start_problem());
	empty = false;
	run((skua_config){ .bind = "core" });
}

static void run_with_empty_mask(void)
{
	empty = true;
	SKUA_RUN(fib, 15);
}

int main(int argc, char **argv)
{
	static const cases_case all[] = {
		{ "refused", refused, CASES_EXITS, { "skua: ", "cannot be bound" }, 0 },
		{ "refused_main", refused_main, CASES_EXITS, { "skua: ", "the starting thread cannot be bound" }, 0 },
		{ "refused_quietly", refused_quietly, CASES_EXITS, { NULL }, 0 },
		{ "empty_mask", empty_mask, CASES_EXITS, { "no usable core" }, 0 },
		{ "run_with_empty_mask", run_with_empty_mask, CASES_ABORTS,
		  { "SKUA_RUN cannot start", "no usable core" }, 0 },
	};
	return cases_main(all, sizeof all / sizeof all[0], argc, argv);
}
