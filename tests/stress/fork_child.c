/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fork in a running program. The child has one thread and no workers; what it finds of the parent's runtime is dead,
 * and it can start its own.
 *
 *   from main          while the runtime is idle, while other threads use it, and while others start and stop it: the
 *                      child starts its own, several times
 *   from a task        the child finishes what it has itself, up to the return from SKUA_RUN, and then starts its own
 *   from a task        a thread of the child starts a runtime, and the forked task goes no further
 *   from a task        the child syncs a task that a thief had at the fork: it never ends, so there is a message
 *   from a task        while a worker sleeps in the reactor: the child, which has closed that, writes to nobody's file
 *
 * The parent goes on as if nothing had happened.
 */
#include "stress.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

/*
 * What the child of a program with several threads may do depends on the sanitizer, whose own locks and lists are
 * copied as they are: ThreadSanitizer finds threads "with used id" when the child makes its own, AddressSanitizer of
 * gcc 12 waits for ever if another thread was just allocating. And qemu-user fails an assertion of its own when such a
 * child makes threads.
 */
#define CHILD_MAY_START (!STRESS_TSAN && !STRESS_EMULATED)
#define CHILD_MAY_START_BESIDE_OTHERS (CHILD_MAY_START && !STRESS_ASAN)

SKUA_TASK(long, fib, int, n)
{
	if (n < 2)
		return n;
	SKUA_SPAWN(fib, n - 1);
	long second = SKUA_CALL(fib, n - 2);
	return SKUA_SYNC(fib) + second;
}

static bool fib_is_right(void)
{
	return SKUA_RUN(fib, 15) == 610;
}

/* How a child ends: not by exit, which would run what belongs to the parent. */
static void end_child(bool right)
{
	_exit(right ? 0 : 1);
}

/* A child that hangs ends by SIGALRM, and the parent names the case. */
static pid_t fork_with_alarm(void)
{
	/* Workers that have just been created may still allocate; after this they sleep. */
	if (STRESS_ASAN)
		stress_sleep_us(50000);
	fflush(NULL);
	pid_t pid = fork();
	STRESS_REQUIRE(pid >= 0, "fork: %s", strerror(errno));
	if (pid == 0)
		alarm(STRESS_SCALED(20, 100));
	return pid;
}

static int wait_for_child(pid_t pid)
{
	int status;
	pid_t got;
	do
		got = waitpid(pid, &status, 0);
	while (got < 0 && errno == EINTR);
	STRESS_REQUIRE(got == pid, "waitpid: %s", strerror(errno));
	return status;
}

static void expect_success(pid_t pid)
{
	int status = wait_for_child(pid);
	STRESS_REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with status %#x",
		       (unsigned)status);
}

/* The first call of a child that has come out of everything; each must find that nothing runs. */
enum first { FIRST_WORKERS, FIRST_STOP, FIRST_START, FIRST_RUN, FIRSTS };

static bool first_call(enum first first)
{
	skua_config config = { .workers = 2, .bind = "none" };
	switch (first) {
	case FIRST_WORKERS:
		return skua_workers() == 0;
	case FIRST_STOP:
		skua_stop();
		return true;
	case FIRST_START:
		return skua_start(&config) == 0;
	default:
		return fib_is_right();
	}
}

static void use_own_runtime(enum first first)
{
	if (!first_call(first))
		end_child(false);
	skua_stop();
	for (unsigned i = 0; i < 2; i++) {
		skua_config config = { .workers = 2 + i, .bind = "none" };
		if (skua_workers() != 0 || skua_start(&config) != 0 || skua_workers() != 2 + i || !fib_is_right())
			end_child(false);
		skua_stop();
	}
	end_child(fib_is_right()); /* and lazily, with no stop at all */
}

/* --- from main --- */

static atomic_bool finish;

static void submit(unsigned index)
{
	while (!atomic_load_explicit(&finish, memory_order_relaxed))
		STRESS_REQUIRE(fib_is_right(), "thread %u", index);
}

static void submit_and_stop(unsigned index)
{
	while (!atomic_load_explicit(&finish, memory_order_relaxed)) {
		STRESS_REQUIRE(fib_is_right(), "thread %u", index);
		skua_stop();
	}
}

static void fork_from_main(enum first first)
{
	pid_t pid = fork_with_alarm();
	if (pid == 0)
		use_own_runtime(first);
	expect_success(pid);
	STRESS_REQUIRE(fib_is_right(), "after the fork in the parent");
}

static void fork_from_main_beside(void (*others)(unsigned index))
{
	stress_thread threads[2];
	atomic_store(&finish, false);
	stress_threads_start(threads, 2, others);
	for (unsigned i = 0; i < STRESS_SCALED(20u, 5u); i++) {
		stress_case("fork %u from main beside others", i);
		stress_sleep_us((unsigned)stress_random(1000));
		fork_from_main((enum first)(i % FIRSTS));
	}
	atomic_store(&finish, true);
	stress_threads_join(threads, 2);
}

/* --- from a task --- */

static pid_t forked; /* of the parent; 0 in the child */

SKUA_TASK(long, fork_inside, int, depth)
{
	if (depth == 0) {
		forked = fork_with_alarm();
		return 1;
	}
	SKUA_SPAWN(fib, 5);
	long below = SKUA_CALL(fork_inside, depth - 1);
	return SKUA_SYNC(fib) + below;
}

/* One worker, so that nothing is stolen and the forking thread is the one that called SKUA_RUN. */
static void fork_from_task(enum first first)
{
	stress_start((skua_config){ .workers = 1, .bind = "none" });
	bool right = SKUA_RUN(fork_inside, 10) == 51;
	if (forked == 0) {
		if (!right)
			end_child(false);
		use_own_runtime(first);
	}
	expect_success(forked);
	STRESS_REQUIRE(right, "the forking tree gave a wrong sum");
	skua_stop();
}

static void *start_beside(void *right)
{
	*(bool *)right = fib_is_right();
	skua_stop();
	return NULL;
}

SKUA_TASK(int, fork_and_start_beside, int, depth)
{
	if (depth > 0) {
		SKUA_SPAWN(fib, 12);
		int pid = SKUA_CALL(fork_and_start_beside, depth - 1);
		SKUA_SYNC(fib);
		return pid;
	}
	pid_t pid = fork_with_alarm();
	if (pid)
		return pid;
	/* Inside the task the old runtime is still the caller's; a thread of the child is free of it. */
	bool right = false;
	pthread_t thread;
	if (pthread_create(&thread, NULL, start_beside, &right) == 0)
		pthread_join(thread, NULL);
	end_child(right);
	return 0;
}

static void fork_from_task_and_start_beside(void)
{
	stress_start((skua_config){ .workers = 3, .bind = "none" });
	for (unsigned i = 0; i < STRESS_SCALED(20u, 5u); i++)
		expect_success(SKUA_RUN(fork_and_start_beside, 10));
	STRESS_REQUIRE(fib_is_right(), "after the forks in the parent");
	skua_stop();
}

/* --- a stolen task --- */

static atomic_bool stolen, go_on;

SKUA_TASK(int, long_task)
{
	atomic_store(&stolen, true);
	while (!atomic_load(&go_on))
		stress_yield();
	return 5;
}

SKUA_TASK(int, fork_beside_thief, int, pipe_end)
{
	SKUA_SPAWN(long_task);
	while (!atomic_load(&stolen))
		stress_yield();
	pid_t pid = fork_with_alarm();
	if (pid == 0)
		dup2(pipe_end, STDERR_FILENO);
	atomic_store(&go_on, true);
	int five = SKUA_SYNC(long_task); /* the child ends here */
	if (pid == 0)
		end_child(false);
	STRESS_REQUIRE(five == 5, "the stolen task gave %d", five);
	return pid;
}

static void sync_of_stolen_in_child(void)
{
	int ends[2];
	STRESS_REQUIRE(pipe(ends) == 0, "pipe: %s", strerror(errno));
	stress_start((skua_config){ .workers = 2, .bind = "none" });
	atomic_store(&stolen, false);
	atomic_store(&go_on, false);
	pid_t pid = SKUA_RUN(fork_beside_thief, ends[1]);
	close(ends[1]);
	char text[4096] = "";
	size_t length = 0;
	ssize_t got;
	while (length < sizeof text - 1 && (got = read(ends[0], text + length, sizeof text - 1 - length)) > 0)
		length += (size_t)got;
	close(ends[0]);
	int status = wait_for_child(pid);
	STRESS_REQUIRE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "the child ended with status %#x: %s",
		       (unsigned)status, text);
	STRESS_REQUIRE(strstr(text, "fork"), "the child said: %s", text);
	STRESS_REQUIRE(fib_is_right(), "after the fork in the parent");
	skua_stop();
}

/* --- a worker that slept in the kernel --- */

static int pipe_ends[2];

static atomic_bool has_read;

static void *read_twice(void *arg)
{
	char byte;
	STRESS_REQUIRE(skua_read(pipe_ends[0], &byte, 1) == 1, "the parent's reader");
	atomic_store(&has_read, true);
	STRESS_REQUIRE(skua_read(pipe_ends[0], &byte, 1) == 1, "the parent's reader again");
	return arg;
}

static void write_byte(void)
{
	STRESS_REQUIRE(write(pipe_ends[1], "x", 1) == 1, "write: %s", strerror(errno));
}

/* All but the caller's; so they have all that they need, and one of them sleeps in the reactor. */
static void await_sleepers(unsigned workers)
{
	skua_worker_stats each[8];
	for (unsigned asleep = 0; asleep + 1 < workers; stress_sleep_us(500)) {
		skua_stats stats = { .capacity = workers, .worker = each };
		STRESS_REQUIRE(skua_stats_read(&stats) == 0, "skua_stats_read");
		asleep = 0;
		for (unsigned i = 0; i < workers; i++)
			asleep += i != (unsigned)skua_worker_index() && each[i].parked > 0;
	}
}

enum { FILES = 16 };

/*
 * In the child the numbers through which the sleeping worker is woken are closed, and these files get them. Tasks that
 * are spawned wake that worker, as far as the child knows.
 */
SKUA_TASK(bool, nothing_is_written)
{
	int file[FILES];
	for (unsigned i = 0; i < FILES; i++)
		file[i] = memfd_create("number", MFD_CLOEXEC);
	bool right = SKUA_CALL(fib, 18) == 2584;
	for (unsigned i = 0; i < FILES; i++)
		right = right && file[i] >= 0 && lseek(file[i], 0, SEEK_END) == 0;
	return right;
}

SKUA_TASK(int, fork_beside_sleeper, unsigned, workers)
{
	await_sleepers(workers);
	stress_sleep_us(1000);
	pid_t pid = fork_with_alarm();
	if (pid == 0)
		end_child(SKUA_CALL(nothing_is_written));
	return pid;
}

static void fork_beside_reactor(unsigned workers)
{
	STRESS_REQUIRE(pipe(pipe_ends) == 0, "pipe: %s", strerror(errno));
	stress_start((skua_config){ .workers = workers, .bind = "none" });
	atomic_store(&has_read, false);
	skua_future *reading = skua_async(read_twice, NULL);
	write_byte();
	while (!atomic_load(&has_read))
		stress_yield();
	for (unsigned i = 0; i < 10; i++)
		expect_success(SKUA_RUN(fork_beside_sleeper, workers));
	write_byte();
	skua_await(reading);
	skua_stop();
	close(pipe_ends[0]);
	close(pipe_ends[1]);
}

int main(int argc, char **argv)
{
	static const unsigned workers[] = { 1, 2, 8 };
	stress_begin(argc, argv);
	for (size_t i = 0; CHILD_MAY_START && i < sizeof workers / sizeof workers[0]; i++) {
		stress_case("fork from main, %u workers", workers[i]);
		fork_from_main(FIRST_RUN); /* not running: lazily started and still there in the next round */
		skua_stop();
		stress_start((skua_config){ .workers = workers[i], .bind = "none" });
		fork_from_main(FIRST_START);
		if (CHILD_MAY_START_BESIDE_OTHERS) {
			fork_from_main_beside(submit);
			fork_from_main_beside(submit_and_stop);
		}
		skua_stop();
	}
	for (unsigned i = 0; CHILD_MAY_START && i < FIRSTS; i++) {
		stress_case("fork from a task, to the end, then first call %u", i);
		fork_from_task((enum first)i);
	}
	stress_case("fork from a task, a runtime beside it");
	if (CHILD_MAY_START_BESIDE_OTHERS)
		fork_from_task_and_start_beside();
	stress_case("sync of a stolen task in the child");
	sync_of_stolen_in_child();
	for (unsigned i = 2; i <= 4; i++) {
		stress_case("fork beside a worker that sleeps in the reactor, %u workers", i);
		fork_beside_reactor(i);
	}
	return stress_end();
}
