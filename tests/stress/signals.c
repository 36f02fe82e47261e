/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A storm of signals while tasks run: SIGALRM by an interval timer every 100 microseconds, with and without SA_RESTART,
 * and with the handler on the stack that is running (which may be a fiber's). Workers block signals that come from
 * outside, so the handler runs on the program's own threads; the one in SKUA_RUN is among them.
 */
#include "stress.h"

#include <signal.h>
#include <sys/time.h>

static atomic_uint_fast64_t alarms;
static atomic_uint_fast64_t alarms_on_workers;
static _Atomic(pthread_t) main_thread;

static void count_alarm(int number)
{
	(void)number;
	atomic_fetch_add_explicit(&alarms, 1, memory_order_relaxed);
	if (!pthread_equal(pthread_self(), atomic_load_explicit(&main_thread, memory_order_relaxed)))
		atomic_fetch_add_explicit(&alarms_on_workers, 1, memory_order_relaxed);
}

SKUA_TASK(long, fib, int, n)
{
	if (n < 2)
		return n;
	SKUA_SPAWN(fib, n - 1);
	long second = SKUA_CALL(fib, n - 2);
	return SKUA_SYNC(fib) + second;
}

static void set_timer(long us)
{
	struct itimerval timer = { { 0, us }, { 0, us } };
	int error = setitimer(ITIMER_REAL, &timer, NULL);
	STRESS_REQUIRE(error == 0, "setitimer: %s", strerror(errno));
}

static void storm(unsigned workers, bool no_membarrier, int flags, double until)
{
	unsigned runs = 0;
	stress_case("%u workers, flags %#x", workers, (unsigned)flags);
	struct sigaction action = { .sa_handler = count_alarm, .sa_flags = flags };
	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, NULL);
	/* The timer runs also while workers start and stop. */
	set_timer(STRESS_SCALED(100, 2000));
	do {
		stress_case("%u workers, flags %#x, run %u", workers, (unsigned)flags, runs);
		stress_start((skua_config){ .workers = workers, .no_membarrier = no_membarrier, .bind = "none" });
		for (unsigned i = 0; i < 4; i++, runs++) {
			long got = SKUA_RUN(fib, STRESS_SCALED(22, 16));
			STRESS_REQUIRE(got == STRESS_SCALED(17711, 987), "fib gave %ld", got);
			if (i == 1)
				stress_sleep_us(500);
		}
		skua_stop();
	} while (stress_time_used() < until);
	set_timer(0);
	printf("%u workers, flags %#x: %u runs\n", workers, (unsigned)flags, runs);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const unsigned workers[] = { 1, 2, 8 };
	/* The watchdog is no worker, and must not get the signals that workers would not. */
	sigset_t storm_set, before;
	sigemptyset(&storm_set);
	sigaddset(&storm_set, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &storm_set, &before);
	stress_begin(argc, argv);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	atomic_store(&main_thread, pthread_self());
	for (unsigned i = 0; i < 6; i++)
		storm(workers[i / 2], i % 2, i % 2 ? SA_RESTART : 0, (i + 1) / 6.0);
	printf("%" PRIuFAST64 " signals\n", atomic_load(&alarms));
	STRESS_REQUIRE(atomic_load(&alarms) > 0, "no signal came");
	/* ThreadSanitizer keeps signals back, with the fiber, which may go on on a worker. */
	if (STRESS_TSAN)
		atomic_store(&alarms_on_workers, 0);
	STRESS_REQUIRE(atomic_load(&alarms_on_workers) == 0, "%" PRIuFAST64 " signals were handled on workers",
		       atomic_load(&alarms_on_workers));
	return stress_end();
}
