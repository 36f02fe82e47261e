/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bad settings and too little memory: skua_start returns an error and says which setting; SKUA_RUN, which cannot return
 * one, says the same and aborts. Afterwards a start with good settings works.
 */
#include "cases.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

SKUA_TASK(long, fib, int, n)
{
	if (n < 2)
		return n;
	SKUA_SPAWN(fib, n - 1);
	long second = SKUA_CALL(fib, n - 2);
	return SKUA_SYNC(fib) + second;
}

/* The error of a start with this config; if it has one, the problem must name what is said. */
static void expect_refusal(const skua_config *config, int expected, const char *named)
{
	int error = skua_start(config);
	CASES_REQUIRE(error == expected, "%s: it gave %d, not %d", named, error, expected);
	CASES_REQUIRE(strstr(skua_start_problem(), named), "%s: the problem is \"%s\"", named, skua_start_problem());
	CASES_REQUIRE(skua_workers() == 0, "%s: %u workers", named, skua_workers());
}

static void expect_start(const skua_config *config)
{
	int error = skua_start(config);
	CASES_REQUIRE(error == 0, "%s: %s", skua_strerror(error), skua_start_problem());
	CASES_REQUIRE(skua_start_problem()[0] == '\0', "the problem is still \"%s\"", skua_start_problem());
	CASES_REQUIRE(SKUA_RUN(fib, 10) == 55, "fib");
	skua_stop();
}

static void environment(void)
{
	static const char *const bad[][2] = {
		{ "SKUA_WORKERS", "abc" },	 { "SKUA_WORKERS", "0" },	  { "SKUA_WORKERS", "1e9" },
		{ "SKUA_WORKERS", "1000000000" }, { "SKUA_WORKERS", "1025" },	  { "SKUA_WORKERS", "-1" },
		{ "SKUA_WORKERS", "2x" },	 { "SKUA_WORKERS", "99999999999999999999" },
		{ "SKUA_BIND", "everywhere" },	 { "SKUA_BIND", "0," },		  { "SKUA_BIND", "3-1" },
		{ "SKUA_BIND", "0,0" },		 { "SKUA_BIND", "99999" },	  { "SKUA_BIND", "0-99999" },
		{ "SKUA_STACK", "1" },		 { "SKUA_STACK", "8X" },	  { "SKUA_STACK", "-8M" },
		{ "SKUA_STACK", "99999999999G" }, { "SKUA_STACK", "M" },	  { "SKUA_TASK_SLOTS", "0" },
		{ "SKUA_TASK_SLOTS", "many" },	 { "SKUA_TASK_SLOTS", "1048576" }, { "SKUA_MEMBARRIER", "2" },
		{ "SKUA_MEMBARRIER", "no" },	 { "SKUA_BIND_MAIN", "yes" },
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		char named[128];
		snprintf(named, sizeof named, "%s=%s", bad[i][0], bad[i][1]);
		setenv(bad[i][0], bad[i][1], 1);
		expect_refusal(NULL, -EINVAL, named);
		unsetenv(bad[i][0]);
	}
	/* What config says stands above the environment. */
	setenv("SKUA_WORKERS", "abc", 1);
	expect_start(&(skua_config){ .workers = 2, .bind = "none" });
	unsetenv("SKUA_WORKERS");
	setenv("SKUA_BIND", "", 1);
	expect_start(NULL);
}

static void config(void)
{
	expect_refusal(&(skua_config){ .workers = 1025 }, -EINVAL, "1025");
	expect_refusal(&(skua_config){ .bind = "nowhere" }, -EINVAL, "nowhere");
	expect_refusal(&(skua_config){ .stack_bytes = 100 }, -EINVAL, "100");
	expect_refusal(&(skua_config){ .task_slots = (size_t)1 << 40 }, -EINVAL, "1099511627776");
	expect_start(&(skua_config){ .workers = 3, .bind = "none", .stack_bytes = 100000, .task_slots = 1000 });
}

static void run_with_bad_workers(void)
{
	setenv("SKUA_WORKERS", "abc", 1);
	SKUA_RUN(fib, 10);
}

static void run_with_bad_bind(void)
{
	setenv("SKUA_BIND", "elsewhere", 1);
	SKUA_RUN(fib, 10);
}

static void verbose_refusal(void)
{
	setenv("SKUA_VERBOSE", "1", 1);
	setenv("SKUA_STACK", "3Q", 1);
	CASES_REQUIRE(skua_start(NULL) == -EINVAL, "SKUA_STACK=3Q was taken");
}

/* A PU that exists, but that the process may not use. */
static void bind_outside_mask(void)
{
	cpu_set_t set, first;
	if (sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) < 2) {
		fprintf(stderr, "is not in the affinity mask (not tried: there is one PU only)\n");
		return;
	}
	int kept = -1, left = -1;
	for (int i = 0; i < CPU_SETSIZE && left < 0; i++) {
		if (CPU_ISSET((size_t)i, &set) && kept >= 0)
			left = i;
		else if (CPU_ISSET((size_t)i, &set))
			kept = i;
	}
	CPU_ZERO(&first);
	CPU_SET((size_t)kept, &first);
	CASES_REQUIRE(sched_setaffinity(0, sizeof first, &first) == 0, "%s", strerror(errno));
	char list[16], named[64];
	snprintf(list, sizeof list, "%d", left);
	snprintf(named, sizeof named, "SKUA_BIND=%d: PU %d", left, left);
	setenv("SKUA_BIND", list, 1);
	expect_refusal(NULL, -EINVAL, named);
	fprintf(stderr, "%s\n", skua_start_problem());
	snprintf(list, sizeof list, "%d", kept);
	setenv("SKUA_BIND", list, 1);
	expect_start(NULL);
}

/* --- memory --- */

/* Address space that the process has now. */
static size_t address_space_bytes(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");
	if (file && fscanf(file, "%lu", &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void limit_address_space(size_t more_bytes)
{
	struct rlimit limit;
	getrlimit(RLIMIT_AS, &limit);
	limit.rlim_cur = address_space_bytes() + more_bytes;
	CASES_REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0, "setrlimit: %s", strerror(errno));
}

static void unlimit_address_space(void)
{
	struct rlimit limit;
	getrlimit(RLIMIT_AS, &limit);
	limit.rlim_cur = limit.rlim_max;
	CASES_REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0, "setrlimit: %s", strerror(errno));
}

static void no_memory_for_fibers(void)
{
	skua_config large = { .workers = 4, .bind = "none", .stack_bytes = (size_t)1 << 30 };
	limit_address_space((size_t)2 << 30);
	int error = skua_start(&large);
	CASES_REQUIRE(error == -ENOMEM, "it gave %d", error);
	CASES_REQUIRE(strstr(skua_start_problem(), "memory"), "the problem is \"%s\"", skua_start_problem());
	expect_start(&(skua_config){ .workers = 2, .bind = "none" }); /* the default sizes are smaller under a limit */
	unlimit_address_space();
	expect_start(&large);
}

static void no_memory_for_threads(void)
{
	skua_config many = { .workers = 200, .bind = "none", .stack_bytes = (size_t)64 << 10, .task_slots = 64 };
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, (size_t)8 << 20); /* as glibc's mostly are; musl's are small */
	CASES_REQUIRE(pthread_setattr_default_np(&attributes) == 0, "the size of threads");
	pthread_attr_destroy(&attributes);
	limit_address_space((size_t)300 << 20);
	int error = skua_start(&many);
	CASES_REQUIRE(error == -EAGAIN || error == -ENOMEM, "it gave %d", error);
	CASES_REQUIRE(skua_start_problem()[0], "no problem is told");
	unlimit_address_space();
	expect_start(&many);
}

static void run_without_memory(void)
{
	setenv("SKUA_STACK", "1G", 1);
	setenv("SKUA_WORKERS", "4", 1);
	limit_address_space((size_t)2 << 30);
	SKUA_RUN(fib, 10);
}

static atomic_bool stolen;

SKUA_TASK(int, sleeps)
{
	atomic_store(&stolen, true);
	usleep(20000);
	return 7;
}

SKUA_TASK(int, waits_for_sleeper)
{
	SKUA_SPAWN(sleeps);
	while (!atomic_load(&stolen))
		sched_yield();
	return SKUA_SYNC(sleeps);
}

/* No fiber for a join to hand its worker to: it goes on with the ones there are. */
static void no_memory_at_joins(void)
{
	setenv("SKUA_VERBOSE", "1", 1);
	skua_config some = { .workers = 4, .bind = "none", .stack_bytes = (size_t)8 << 20 };
	CASES_REQUIRE(skua_start(&some) == 0, "%s", skua_start_problem());
	CASES_REQUIRE(SKUA_RUN(fib, 10) == 55, "fib");
	limit_address_space(0);
	for (int i = 0; i < 10; i++) {
		atomic_store(&stolen, false);
		CASES_REQUIRE(SKUA_RUN(waits_for_sleeper) == 7, "the stolen task's result");
	}
	for (int i = 0; i < 20; i++)
		CASES_REQUIRE(SKUA_RUN(fib, 20) == 6765, "fib");
	skua_stop();
	unlimit_address_space();
	expect_start(NULL);
}

int main(int argc, char **argv)
{
	/*
	 * The sanitizers reserve terabytes for themselves, and end the program when they get no memory; qemu-user does
	 * not apply the limit.
	 */
	bool limits = !CASES_ASAN && !CASES_TSAN && !CASES_EMULATED;
	static const cases_case all[] = {
		{ "environment", environment, CASES_EXITS, { NULL }, 0 },
		{ "config", config, CASES_EXITS, { NULL }, 0 },
		{ "run_with_bad_workers", run_with_bad_workers, CASES_ABORTS,
		  { "SKUA_RUN cannot start", "SKUA_WORKERS=abc", "1 to 1024" }, 0 },
		{ "run_with_bad_bind", run_with_bad_bind, CASES_ABORTS, { "SKUA_BIND=elsewhere" }, 0 },
		{ "verbose_refusal", verbose_refusal, CASES_EXITS, { "skua: ", "SKUA_STACK=3Q" }, 0 },
		{ "bind_outside_mask", bind_outside_mask, CASES_EXITS, { "is not in the affinity mask" }, 0 },
		{ "no_memory_for_fibers", no_memory_for_fibers, CASES_EXITS, { NULL }, 0 },
		{ "no_memory_for_threads", no_memory_for_threads, CASES_EXITS, { NULL }, 0 },
		{ "run_without_memory", run_without_memory, CASES_ABORTS, { "SKUA_RUN cannot start", "memory" }, 0 },
		{ "no_memory_at_joins", no_memory_at_joins, CASES_EXITS, { "no memory for another fiber" }, 0 },
	};
	const size_t with_limits = 4, count = sizeof all / sizeof all[0];
	return cases_main(all, limits ? count : count - with_limits, argc, argv);
}
