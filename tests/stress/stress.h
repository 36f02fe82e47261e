/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the stress programs share: seed, time, sizes, a watchdog, and the one way to say that something is wrong.
 *
 *     int main(int argc, char **argv)
 *     {
 *             stress_begin(argc, argv);                  // program [seconds [seed]]
 *             stress_case("%u workers", workers);        // what the watchdog names when nothing moves any more
 *             STRESS_REQUIRE(got == expected, "got %ld, not %ld", got, expected);
 *             return stress_end();                       // stops the runtime, for the leak checkers
 *     }
 *
 * The environment says the same as the arguments, and more:
 *     SKUA_TEST_SECONDS   how long to try, about (default 3)
 *     SKUA_TEST_SEED      repeats the random decisions of a run that printed this seed; not its timing
 *     SKUA_TEST_PATIENCE  seconds without a new case after which the watchdog aborts; 0: never, so that a debugger can
 *                         be attached (default 60, and 300 where the program runs slowly)
 *
 * These are plain programs, so that they run under every sanitizer and in an emulator; the state below belongs to the
 * one source that includes this header. stress_case and stress_random are for the main thread only (a thread that needs
 * chance has a state of its own), the rest is for any.
 */
#ifndef SK_TESTS_STRESS_H
#define SK_TESTS_STRESS_H

#include "../folder.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <skua/skua.h>

/* Which sanitizer the program is built with: some memory sizes and depths depend on it. */
#if defined(__has_feature)
#define STRESS_HAS_FEATURE(name) __has_feature(name)
#else
#define STRESS_HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || STRESS_HAS_FEATURE(address_sanitizer)
#define STRESS_ASAN 1
#else
#define STRESS_ASAN 0
#endif
#if defined(__SANITIZE_THREAD__) || STRESS_HAS_FEATURE(thread_sanitizer)
#define STRESS_TSAN 1
#else
#define STRESS_TSAN 0
#endif

/* Everything takes long: a sanitizer, the hostile build, an emulator. CMake knows all three. */
#ifndef STRESS_SLOW
#define STRESS_SLOW (STRESS_ASAN || STRESS_TSAN)
#endif

/* Run by an emulator: memory and processes are the emulator's. CMake knows. */
#ifndef STRESS_EMULATED
#define STRESS_EMULATED 0
#endif

/* Does the resident memory show what program and library use? The sanitizers' own grows with all that happens. */
#define STRESS_MEMORY_TELLS (!STRESS_ASAN && !STRESS_TSAN && !STRESS_EMULATED)

/* A count of things to do: the first one, and the second where everything takes long. */
#define STRESS_SCALED(count, slow_count) (STRESS_SLOW ? (slow_count) : (count))

#define STRESS_REQUIRE(condition, ...)                                                                                 \
	((condition) ? (void)0 : stress_fail(__FILE__, __LINE__, #condition, __VA_ARGS__))

static struct {
	uint64_t seed;
	double seconds;
	uint64_t begin_ns;
	uint64_t random;
	char what[160]; /* the case; under lock */
	_Atomic uint64_t case_ns;
	pthread_mutex_t lock;
} stress = { .lock = PTHREAD_MUTEX_INITIALIZER };

static inline uint64_t stress_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

__attribute__((format(printf, 4, 5), noreturn)) static inline void
stress_fail(const char *file, int line, const char *condition, const char *format, ...)
{
	char text[512], what[sizeof stress.what];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	pthread_mutex_lock(&stress.lock);
	memcpy(what, stress.what, sizeof what);
	pthread_mutex_unlock(&stress.lock);
	fprintf(stderr, "%s:%d: %s (not so: %s) in case: %s; seed %" PRIu64 "\n", file, line, text, condition, what,
		stress.seed);
	abort();
}

/* A number from the environment, or def. */
static inline uint64_t stress_setting(const char *name, uint64_t def)
{
	const char *text = getenv(name);
	return text && *text ? strtoull(text, NULL, 0) : def;
}

/* splitmix64: one step of a row of random numbers. */
static inline uint64_t stress_step(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* A random number below n, from the main thread's row. */
static inline uint64_t stress_random(uint64_t n)
{
	return stress_step(&stress.random) % n;
}

/* Begins a case: what is being tried, in words. */
__attribute__((format(printf, 1, 2))) static inline void stress_case(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	pthread_mutex_lock(&stress.lock);
	vsnprintf(stress.what, sizeof stress.what, format, arguments);
	pthread_mutex_unlock(&stress.lock);
	va_end(arguments);
	atomic_store_explicit(&stress.case_ns, stress_now_ns(), memory_order_relaxed);
}

/* The part of the time that is used up: 1 is all of it. */
static inline double stress_time_used(void)
{
	return (double)(stress_now_ns() - stress.begin_ns) / 1e9 / stress.seconds;
}

/* The case is a long one, and goes on: it is not taken for hung. Call from: any thread. */
static inline void stress_goes_on(void)
{
	atomic_store_explicit(&stress.case_ns, stress_now_ns(), memory_order_relaxed);
}

/* Lets other threads run; for loops that wait for something. */
static inline void stress_yield(void)
{
	sched_yield();
}

static inline void stress_sleep_us(unsigned us)
{
	struct timespec time = { .tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000 };
	nanosleep(&time, NULL);
}

/* Computes for about so many steps; the result depends on all of them. */
static inline uint64_t stress_work(uint64_t seed, uint64_t steps)
{
	uint64_t sum = 0;
	for (uint64_t i = 0; i < steps; i++)
		sum ^= stress_step(&seed);
	return sum;
}

/* Resident memory of the process in KiB; 0 where it cannot be told. */
static inline long stress_resident_kib(void)
{
	long pages = 0, ignored;
	FILE *file = fopen("/proc/self/statm", "r");
	if (!file)
		return 0;
	if (fscanf(file, "%ld %ld", &ignored, &pages) != 2)
		pages = 0;
	fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Descriptors that are open, and a few more: to be compared. */
static inline unsigned stress_descriptors(void)
{
	return folder_entries("/proc/self/fd");
}

/* The runtime's counters, summed over the workers. */
static inline skua_worker_stats stress_stats(void)
{
	skua_stats stats = { .capacity = 0 };
	skua_stats_read(&stats);
	return stats.total;
}

/* Starts the runtime, which must succeed. */
static inline void stress_start(skua_config config)
{
	int error = skua_start(&config);
	STRESS_REQUIRE(error == 0, "skua_start: %s: %s", skua_strerror(error), skua_start_problem());
}

static inline void *stress_watch(void *patience)
{
	uint64_t patience_ns = *(const uint64_t *)patience * 1000000000u;
	for (;;) {
		stress_sleep_us(200000);
		uint64_t begin = atomic_load_explicit(&stress.case_ns, memory_order_relaxed);
		uint64_t now = stress_now_ns();
		if (now > begin && now - begin > patience_ns)
			stress_fail(__FILE__, __LINE__, "the case ends", "nothing moves any more");
	}
	return NULL;
}

static inline void stress_begin(int argc, char **argv)
{
	static uint64_t patience;
	const char *seconds = argc > 1 ? argv[1] : getenv("SKUA_TEST_SECONDS");
	stress.seconds = seconds && *seconds ? strtod(seconds, NULL) : 3;
	if (stress.seconds <= 0)
		stress.seconds = 0.001;
	uint64_t chance = (uint64_t)time(NULL) * 1000003u + (uint64_t)getpid();
	stress.seed = argc > 2 ? strtoull(argv[2], NULL, 0) : stress_setting("SKUA_TEST_SEED", chance);
	stress.random = stress.seed;
	stress.begin_ns = stress_now_ns();
	stress_case("begin");
	printf("seed %" PRIu64 ", %g seconds\n", stress.seed, stress.seconds);
	fflush(stdout);
	patience = stress_setting("SKUA_TEST_PATIENCE", STRESS_SCALED(60, 300));
	pthread_t watchdog;
	if (patience && pthread_create(&watchdog, NULL, stress_watch, &patience) == 0)
		pthread_detach(watchdog);
}

static inline int stress_end(void)
{
	stress_case("the last stop");
	skua_stop();
	printf("done after %.1f s\n", (double)(stress_now_ns() - stress.begin_ns) / 1e9);
	return 0;
}

/* Outside threads: starts count of them with an index each, and waits for all. */
typedef struct stress_thread {
	pthread_t thread;
	unsigned index;
	void (*body)(unsigned index);
} stress_thread;

static inline void *stress_thread_main(void *argument)
{
	const stress_thread *thread = argument;
	thread->body(thread->index);
	return NULL;
}

static inline void stress_threads_start(stress_thread *threads, unsigned count, void (*body)(unsigned index))
{
	for (unsigned i = 0; i < count; i++) {
		threads[i] = (stress_thread){ .index = i, .body = body };
		int error = pthread_create(&threads[i].thread, NULL, stress_thread_main, &threads[i]);
		STRESS_REQUIRE(error == 0, "no thread: %s", strerror(error));
	}
}

static inline void stress_threads_join(stress_thread *threads, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		pthread_join(threads[i].thread, NULL);
}

#endif
