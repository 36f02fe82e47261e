/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a system does to threads: one of them stops for a second in the middle of something, signals come ten thousand
 * times a second, there are 32 times as many workers as cores, and then no more address space is given.
 *
 * Nothing stops one thread of a process from outside but a signal handler that takes its time: SIGPROF, which workers
 * let through for profilers. (Overflows of stacks stand in tests/misuse.)
 */
#include "../stress/stress.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define WORKERS 4u
#define ROOTS 8u
#define STOP_NS UINT64_C(1000000000)
#define PATIENCE_NS (40 * STOP_NS)

SKUA_TASK(long, fib, int, n)
{
	if (n < 2)
		return n;
	SKUA_SPAWN(fib, n - 1);
	long second = SKUA_CALL(fib, n - 2);
	return SKUA_SYNC(fib) + second;
}

/* Signal handlers and tasks share these. */
static atomic_uint_fast64_t done, signals, done_in_stop, done_at_end, stops;
static atomic_uint_fast64_t awaited; /* a stop lasts until so many are done, too */
static _Atomic pid_t threads[WORKERS];

static void count_done(void)
{
	atomic_fetch_add_explicit(&done, 1, memory_order_relaxed);
}

static void note_thread(void)
{
	int index = skua_worker_index();
	if (index >= 0 && index < (int)WORKERS)
		atomic_store_explicit(&threads[index], (pid_t)syscall(SYS_gettid), memory_order_relaxed);
}

static void on_signal(void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
	sigemptyset(&action.sa_mask);
	STRESS_REQUIRE(sigaction(SIGPROF, &action, NULL) == 0, "%s", strerror(errno));
}

/* Returns whether there was such a thread. */
static bool send_to_worker(unsigned index)
{
	pid_t thread = atomic_load_explicit(&threads[index], memory_order_relaxed);
	return thread && syscall(SYS_tgkill, getpid(), thread, SIGPROF) == 0;
}

/* --- one thread stops --- */

/* In a handler: for a second, and until the awaited work is done, which only others can do. */
static void stop_a_while(int number)
{
	int saved = errno;
	uint64_t begin = stress_now_ns(), now = begin, before = atomic_load(&done);
	(void)number;
	while (now - begin < STOP_NS || (atomic_load(&done) < atomic_load(&awaited) && now - begin < PATIENCE_NS)) {
		stress_sleep_us(2000);
		now = stress_now_ns();
	}
	atomic_store(&done_at_end, atomic_load(&done));
	atomic_store(&done_in_stop, atomic_load(&done_at_end) - before);
	atomic_fetch_add(&stops, 1);
	errno = saved;
}

SKUA_TASK(void, leaf)
{
	count_done();
}

/* Stops with private tasks that nobody was told of. */
SKUA_TASK(void, owner, unsigned, count)
{
	for (unsigned i = 0; i < count; i++)
		SKUA_SPAWN(leaf);
	raise(SIGPROF);
	for (unsigned i = 0; i < count; i++)
		SKUA_SYNC(leaf);
}

static void stopped_owner(unsigned workers)
{
	enum {
		TASKS = 100
	};
	stress_case("an owner stops, %u workers", workers);
	atomic_store(&done, 0);
	atomic_store(&awaited, TASKS);
	on_signal(stop_a_while, 0);
	stress_start((skua_config){ .workers = workers, .bind = "none" });
	SKUA_RUN(owner, TASKS);
	skua_stop();
	printf("an owner of %d private tasks stopped, %u workers: the others did %" PRIuFAST64 " meanwhile\n", TASKS,
	       workers, atomic_load(&done_in_stop));
	STRESS_REQUIRE(atomic_load(&done_in_stop) == TASKS, "%" PRIuFAST64 " of %d tasks were done meanwhile",
	               atomic_load(&done_in_stop), TASKS);
}

static atomic_bool finish;

static void *computes(void *arg)
{
	while (!atomic_load_explicit(&finish, memory_order_relaxed)) {
		note_thread();
		STRESS_REQUIRE(SKUA_RUN(fib, 12) == 144, "fib");
		skua_yield();
		count_done();
	}
	return arg;
}

static void begin_roots(skua_future **roots)
{
	for (unsigned i = 0; i < WORKERS; i++)
		atomic_store(&threads[i], 0);
	atomic_store(&finish, false);
	atomic_store(&done, 0);
	for (unsigned i = 0; i < ROOTS; i++)
		STRESS_REQUIRE((roots[i] = skua_async(computes, &roots[i])) != NULL, "no memory");
}

static void end_roots(skua_future **roots)
{
	atomic_store(&finish, true);
	for (unsigned i = 0; i < ROOTS; i++)
		skua_await(roots[i]);
}

/*
 * A worker is stopped wherever it is, among steals. It may be inside one of the short locks, and then the others wait
 * for that: so not each stop, but one of three must see work being done.
 */
static void stopped_in_steals(void)
{
	skua_future *roots[ROOTS];
	unsigned tries = 0;
	bool went_on = false;
	atomic_store(&awaited, 0);
	on_signal(stop_a_while, SA_RESTART);
	stress_start((skua_config){ .workers = WORKERS, .bind = "none" });
	begin_roots(roots);
	for (; tries < 3 && !went_on; tries++) {
		stress_case("a worker stops among steals, %u", tries);
		uint64_t before = atomic_load(&stops);
		stress_sleep_us(20000 + (unsigned)stress_random(20000));
		while (!send_to_worker((unsigned)stress_random(WORKERS)))
			stress_sleep_us(1000);
		while (atomic_load(&stops) == before)
			stress_sleep_us(10000);
		went_on = atomic_load(&done_in_stop) > 0;
	}
	end_roots(roots);
	skua_stop();
	printf("a worker stopped among steals: the others did %" PRIuFAST64 " pieces of work (stop %u)\n",
	       atomic_load(&done_in_stop), tries);
	STRESS_REQUIRE(went_on, "the others did not go on");
}

/* --- many signals --- */

static void count_signal(int number)
{
	(void)number;
	atomic_fetch_add_explicit(&signals, 1, memory_order_relaxed);
}

static skua_channel *channel;

static int sends(void *arg)
{
	for (long i = 0; !atomic_load_explicit(&finish, memory_order_relaxed); i++) {
		note_thread();
		STRESS_REQUIRE(skua_channel_send(channel, &i) == 0, "send");
		if (i % 64 == 0)
			skua_sleep_ns(20000);
	}
	skua_channel_close(channel);
	return arg ? 0 : -1;
}

static int receives(void *arg)
{
	long expected = 0, got;
	while (skua_channel_recv(channel, &got) == 0) {
		note_thread();
		STRESS_REQUIRE(got == expected, "%ld came, not %ld", got, expected);
		expected++;
	}
	return arg ? 0 : -1;
}

static void many_signals(double seconds)
{
	const unsigned gap_us = STRESS_SCALED(100, 1000);
	skua_future *roots[ROOTS];
	skua_group group = SKUA_GROUP_INIT;
	stress_case("signals to workers");
	atomic_store(&signals, 0);
	on_signal(count_signal, stress_random(2) ? SA_RESTART : 0);
	stress_start((skua_config){ .workers = WORKERS, .bind = "none" });
	begin_roots(roots);
	channel = skua_channel_create(4, sizeof(long));
	STRESS_REQUIRE(channel, "no memory");
	STRESS_REQUIRE(skua_group_run(&group, sends, channel) == 0, "no memory");
	STRESS_REQUIRE(skua_group_run(&group, receives, channel) == 0, "no memory");
	uint64_t begin = stress_now_ns(), sent = 0;
	while ((double)(stress_now_ns() - begin) < seconds * 1e9) {
		/* As many as are due: the sleep takes longer than it is told. */
		for (uint64_t due = (stress_now_ns() - begin) / 1000 / gap_us; sent < due; sent++)
			send_to_worker((unsigned)(sent % WORKERS));
		stress_sleep_us(gap_us);
	}
	end_roots(roots);
	STRESS_REQUIRE(skua_group_wait(&group) == 0, "the channel's ends");
	skua_channel_destroy(channel);
	skua_stop();
	printf("%" PRIu64 " signals sent, %" PRIuFAST64 " handled, %" PRIuFAST64 " pieces of work\n", sent,
	       atomic_load(&signals), atomic_load(&done));
	STRESS_REQUIRE(atomic_load(&signals) > 0 && atomic_load(&done) > 0, "nothing was handled, or nothing done");
}

/* --- too many workers --- */

static void add_piece(size_t begin, size_t end, void *partial, void *arg)
{
	(void)arg;
	for (size_t i = begin; i < end; i++)
		*(size_t *)partial += i;
}

static void add_partial(void *into, const void *from, void *arg)
{
	(void)arg;
	*(size_t *)into += *(const size_t *)from;
}

static void *sleeps(void *arg)
{
	skua_sleep_ns(100000);
	count_done();
	return arg;
}

static void too_many_workers(void)
{
	enum {
		TASKS = 500
	};
	static skua_future *futures[TASKS];
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned workers = (unsigned)(cores < 1 ? 32 : cores * 32 > 256 ? 256 : cores * 32);
	stress_case("%u workers on %ld cores", workers, cores);
	stress_start((skua_config){ .workers = workers, .bind = "none" });
	atomic_store(&done, 0);
	for (int round = 0; round < STRESS_SCALED(5, 2); round++) {
		const size_t count = 100000;
		size_t sum = 0;
		STRESS_REQUIRE(SKUA_RUN(fib, 20) == 6765, "fib");
		skua_reduce(0, count, &sum, sizeof sum, add_piece, add_partial, NULL);
		STRESS_REQUIRE(sum == count * (count - 1) / 2, "the sum is %zu", sum);
		for (unsigned i = 0; i < TASKS; i++)
			STRESS_REQUIRE((futures[i] = skua_async(sleeps, &futures[i])) != NULL, "no memory");
		for (unsigned i = 0; i < TASKS; i++)
			STRESS_REQUIRE(skua_await(futures[i]) == &futures[i], "a task's result");
	}
	skua_stop();
	printf("%u workers on %ld cores: %" PRIuFAST64 " tasks\n", workers, cores, atomic_load(&done));
}

/* --- no more address space --- */

static size_t address_space(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");
	STRESS_REQUIRE(file && fscanf(file, "%lu", &pages) == 1, "/proc/self/statm");
	fclose(file);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* Far more tasks than there can be stacks: each is done all the same, or was refused at its start. */
static void no_more_memory(void)
{
	enum {
		TASKS = 3000
	};
	static skua_future *futures[TASKS];
	struct rlimit before, limit;
	unsigned refused = 0;
	stress_case("no more address space");
	stress_start((skua_config){ .workers = 2, .bind = "none" });
	atomic_store(&done, 0);
	getrlimit(RLIMIT_AS, &before);
	limit = before;
	limit.rlim_cur = address_space() + ((size_t)8 << 20);
	STRESS_REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0, "%s", strerror(errno));
	for (unsigned i = 0; i < TASKS; i++)
		refused += !(futures[i] = skua_async(sleeps, &futures[i]));
	for (unsigned i = 0; i < TASKS; i++)
		STRESS_REQUIRE(!futures[i] || skua_await(futures[i]) == &futures[i], "a task's result");
	STRESS_REQUIRE(SKUA_RUN(fib, 18) == 2584, "fib");
	setrlimit(RLIMIT_AS, &before);
	skua_stop();
	printf("no more address space: %" PRIuFAST64 " tasks done, %u refused\n", atomic_load(&done), refused);
	STRESS_REQUIRE(atomic_load(&done) + refused == TASKS, "%" PRIuFAST64 " done", atomic_load(&done));
}

int main(int argc, char **argv)
{
	stress_begin(argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	stopped_owner(2);
	stopped_owner(WORKERS);
	stopped_in_steals();
	many_signals(stress.seconds / 2);
	too_many_workers();
	if (STRESS_MEMORY_TELLS) /* the sanitizers reserve terabytes, and end the program when they get no memory */
		no_more_memory();
	return stress_end();
}
