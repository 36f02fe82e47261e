/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standstill, for a pool that is made up: all workers are asleep and tasks wait, or one thing is otherwise. What is
 * told goes to stderr, which a test reads from a file.
 */
#include "sched/standstill.h"

#include "sched/pool.h"
#include "sys/clock.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { WORKERS = 2, TOLD_MOST = 32 };
static sk_worker workers[WORKERS];
static sk_pool pool = { .worker_count = WORKERS, .workers = workers, .standstill.is_wanted = true };
static uint64_t now;
static int told = -1;

static void never_run(void *fiber)
{
	(void)fiber;
}

static void never_woken(void *arg, unsigned worker)
{
	(void)arg;
	(void)worker;
}

static sk_fiber *waiting(sk_fiber_store *store, enum sk_wait why)
{
	sk_fiber *fiber = sk_fiber_acquire(store, -1);
	cr_assert_not_null(fiber);
	sk_store_relaxed(&fiber->wait, why); /* relaxed: one thread, here and below */
	return fiber;
}

/* Two tasks wait for each other, a root waits for one of them; a fiber is idle, and one runs. */
static void set_up(void)
{
	sk_fiber_sizes big = { .stack_bytes = 64 << 10, .slot_count = 16 }, small = { .stack_bytes = 16 << 10 };
	char path[] = "/tmp/skua-standstill-XXXXXX";
	told = mkstemp(path);
	cr_assert_geq(told, 0);
	unlink(path);
	pool.fibers = sk_fiber_store_create(&big, never_run);
	pool.small_fibers = sk_fiber_store_create(&small, never_run);
	sk_idle_init(&pool.idle, WORKERS, never_woken, NULL);
	for (unsigned i = 0; i < WORKERS; i++) {
		workers[i].pool = &pool;
		workers[i].index = i;
		sk_timers_init(&workers[i].timers, sk_clock_ns());
		cr_assert_eq(sk_ready_deque_init(&workers[i].ready), 0);
		sk_idle_offer(&pool.idle, i);
	}
	waiting(pool.small_fibers, SK_WAIT_FUTURE);
	waiting(pool.small_fibers, SK_WAIT_MUTEX);
	waiting(pool.small_fibers, SK_WAIT_IDLE);
	waiting(pool.fibers, SK_WAIT_JOIN);
	waiting(pool.fibers, SK_WAIT_NONE);
	sk_store_relaxed(&workers[1].starts_made, 5);
	sk_store_relaxed(&workers[0].starts_ended, 3);
	sk_store_relaxed(&pool.active, 1);
	now = SK_STANDSTILL_PERIOD_NS;
}

static void tear_down(void)
{
	for (unsigned i = 0; i < WORKERS; i++)
		sk_ready_deque_destroy(&workers[i].ready);
	sk_fiber_store_destroy(pool.fibers);
	sk_fiber_store_destroy(pool.small_fibers);
	close(told);
}

TestSuite(standstill, .init = set_up, .fini = tear_down);

/* One look, a period after the one before; what it says. */
static const char *look(void)
{
	static char text[8192];
	int stderr_then = dup(STDERR_FILENO);
	cr_assert_eq(ftruncate(told, 0), 0);
	lseek(told, 0, SEEK_SET);
	dup2(told, STDERR_FILENO);
	uint64_t next = sk_standstill_look(&pool, now);
	dup2(stderr_then, STDERR_FILENO);
	close(stderr_then);
	now += SK_STANDSTILL_PERIOD_NS;
	cr_assert_eq(next, now);
	ssize_t length = pread(told, text, sizeof text - 1, 0);
	cr_assert_geq(length, 0);
	text[length] = '\0';
	return text;
}

static void expect_nothing(const char *why)
{
	for (int i = 0; i < 3; i++)
		cr_assert_str_eq(look(), "", "%s", why);
}

static void expect_told(const char *what)
{
	cr_assert_str_eq(look(), "", "it may pass");
	cr_assert_str_eq(look(), what);
}

static const char all_of_it[] =
	"skua: standstill: 2 tasks and 1 root wait, and nothing but another thread can wake them:\n"
	"skua:   small fiber 0 waits for a future\n"
	"skua:   small fiber 1 waits for a mutex\n"
	"skua:   fiber 0 waits for a stolen task\n";

Test(standstill, is_told_once)
{
	expect_told(all_of_it);
	expect_nothing("it was told");
}

Test(standstill, is_told_again_if_something_happened_meanwhile)
{
	expect_told(all_of_it);
	sk_idle_retract(&pool.idle, 1);
	cr_assert_str_eq(look(), "", "one is awake");
	sk_idle_offer(&pool.idle, 1);
	expect_told(all_of_it);
}

Test(standstill, is_looked_for_once_in_a_period_if_it_is_wanted)
{
	cr_assert_eq(sk_standstill_look(&pool, now), now + SK_STANDSTILL_PERIOD_NS);
	cr_assert_eq(sk_standstill_look(&pool, now + 1), now + SK_STANDSTILL_PERIOD_NS);
	pool.standstill.is_wanted = false;
	cr_assert_eq(sk_standstill_look(&pool, now + 2 * SK_STANDSTILL_PERIOD_NS), UINT64_MAX);
}

Test(standstill, one_task_without_a_root_is_told_in_the_singular)
{
	sk_store_relaxed(&workers[0].starts_ended, 4);
	sk_store_relaxed(&pool.active, 0);
	cr_assert_str_eq(look(), "");
	cr_assert_not_null(strstr(look(), "standstill: 1 task and 0 roots wait"));
}

Test(standstill, a_root_alone_can_stand_still)
{
	sk_store_relaxed(&workers[0].starts_ended, 5);
	cr_assert_str_eq(look(), "");
	cr_assert_not_null(strstr(look(), "standstill: 0 tasks and 1 root wait"));
}

Test(standstill, without_tasks_nobody_waits)
{
	sk_store_relaxed(&workers[0].starts_ended, 5);
	sk_store_relaxed(&pool.active, 0);
	expect_nothing("no task lives");
}

Test(standstill, it_is_none_while_a_task_ended_from_look_to_look)
{
	for (unsigned ended = 0; ended < 4; ended++) {
		sk_store_relaxed(&workers[1].starts_made, 5 + ended);
		sk_store_relaxed(&workers[0].starts_ended, 3 + ended);
		cr_assert_str_eq(look(), "");
	}
	cr_assert_str_eq(look(), all_of_it);
}

Test(standstill, it_is_none_while_a_worker_is_awake)
{
	sk_idle_retract(&pool.idle, 0);
	expect_nothing("one works");
	sk_idle_offer(&pool.idle, 0);
	sk_idle_declare(&pool.idle);
	expect_nothing("one searches");
}

Test(standstill, it_is_none_while_an_entry_is_ready)
{
	static sk_fiber fiber;
	sk_inbox_node node = { .entry = sk_entry_make(SK_ENTRY_FIBER, &fiber) };
	cr_assert(sk_ready_deque_push(&workers[1].ready, node.entry));
	expect_nothing("one is on a ready deque");
	bool lost;
	cr_assert_eq(sk_ready_deque_take((sk_ready_thief){ &workers[1].ready }, &lost), node.entry);
	sk_inbox_push(&pool.inbox, &node);
	expect_nothing("one is in the inbox");
}

Test(standstill, it_is_none_while_a_timer_runs)
{
	sk_timer timer = { .ticket = 0 };
	sk_timers_set(&workers[1].timers, &timer, sk_clock_ns() + SK_STANDSTILL_PERIOD_NS);
	expect_nothing("somebody sleeps");
	sk_timers_remove(&timer);
	expect_told(all_of_it);
}

static bool is_expected;

static bool expects(sk_pool *of)
{
	(void)of;
	return is_expected;
}

Test(standstill, it_is_none_while_the_kernel_may_tell_of_an_event)
{
	static const sk_poller_ops ops = { .expects = expects };
	sk_poller_install(&pool, &ops);
	is_expected = true;
	expect_nothing("somebody reads");
	is_expected = false;
	expect_told(all_of_it);
}

Test(standstill, it_is_none_while_a_blocking_call_is_waited_for)
{
	static const enum sk_wait calls[] = { SK_WAIT_OFFLOAD, SK_WAIT_FILE, SK_WAIT_PROCESS };
	sk_fiber *fibers[] = { waiting(pool.fibers, SK_WAIT_NONE), waiting(pool.small_fibers, SK_WAIT_NONE) };
	for (unsigned f = 0; f < 2; f++) {
		for (unsigned i = 0; i < 3; i++) {
			sk_store_relaxed(&fibers[f]->wait, calls[i]);
			expect_nothing(sk_fiber_wait_text(calls[i]));
		}
		sk_store_relaxed(&fibers[f]->wait, SK_WAIT_NONE);
	}
	expect_told(all_of_it);
}

Test(standstill, of_many_some_are_told)
{
	for (unsigned i = 0; i < TOLD_MOST; i++)
		waiting(pool.small_fibers, SK_WAIT_EVENT);
	cr_assert_str_eq(look(), "");
	const char *text = look();
	unsigned lines = 0;
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		lines++;
	cr_assert_eq(lines, 1 + TOLD_MOST);
	cr_assert_null(strstr(text, "  fiber 0"), "%s", text);
}
