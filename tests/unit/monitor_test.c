/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor: what came from outside gets its turn although every worker is busy with tasks that only spawn and
 * sync and do not end before it. Without the monitor these tests hang.
 */
#include "sched/monitor.h"

#include "crowd.h"
#include "sched/start.h"
#include "started.h"
#include "sys/clock.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <skua/skua.h>
#include <sys/mman.h>

static flag ended;
static event gate;
static crowd_counter busy;

SKUA_TASK(int, nothing, int, i)
{
	return i;
}

SKUA_TASK(int, spawns_until_ended, int, id)
{
	sk_add_relaxed(&busy, 1);
	while (!sk_load_acquire(&ended)) {
		SKUA_SPAWN(nothing, 3);
		id += SKUA_SYNC(nothing) - 3;
	}
	return id;
}

/* As many of them as there are workers. */
SKUA_TASK(int, all_spawn_until_ended, int, count)
{
	int wrong = 0;
	for (int i = 1; i < count; i++)
		SKUA_SPAWN(spawns_until_ended, i);
	wrong += SKUA_CALL(spawns_until_ended, 99) != 99;
	for (int i = count; --i >= 1;)
		wrong += SKUA_SYNC(spawns_until_ended) != i;
	return wrong;
}

static void begin(void)
{
	sk_store_release(&ended, 0);
	sk_store_release(&gate, 0);
	sk_store_release(&busy, 0);
}

static void await_all_busy(void)
{
	while (sk_load_relaxed(&busy) < skua_workers())
		sched_yield();
}

SKUA_TASK(int, ends_them, int, id)
{
	flag_raise(&ended);
	return id;
}

static void *run_ends_them(void *arg)
{
	(void)arg;
	await_all_busy();
	return (void *)(intptr_t)SKUA_RUN(ends_them, 8); /* NOLINT: a number */
}

static void hand_in_a_root(void)
{
	for (int i = 0; i < 20; i++) {
		pthread_t thread;
		void *result;
		begin();
		cr_assert_eq(pthread_create(&thread, NULL, run_ends_them, NULL), 0);
		cr_assert_eq(SKUA_RUN(all_spawn_until_ended, (int)skua_workers()), 0);
		pthread_join(thread, &result);
		cr_assert_eq((intptr_t)result, 8);
	}
}

Test(monitor, a_root_gets_its_turn_while_all_workers_are_busy)
{
	with_workers(1, 3, hand_in_a_root);
}

SKUA_TASK(int, waits_and_ends_them, int, none)
{
	(void)none;
	event_await(sk_fiber_, &gate);
	flag_raise(&ended);
	return 1;
}

SKUA_TASK(int, all_busy_but_one_fiber_waits, int, count)
{
	int wrong = 0;
	SKUA_SPAWN(waits_and_ends_them, 0);
	wrong += SKUA_CALL(all_spawn_until_ended, count);
	return wrong + (SKUA_SYNC(waits_and_ends_them) != 1);
}

typedef struct waker {
	sk_pool *pool;
} waker;

/* Wakes a fiber that already waits: with one worker, it began to when the busy one gave way. */
static void *wake_when_all_are_busy(void *arg)
{
	waker *w = arg;
	await_all_busy();
	while (sk_load_acquire(&gate) <= EVENT_FIRED) {
		sk_monitor_wake(&w->pool->monitor);
		sched_yield();
	}
	event_fire_outside(w->pool, &gate);
	return NULL;
}

/* Two workers and more: a thief begins the waiting task, then takes one of the busy ones. */
static void wake_a_fiber(void)
{
	waker w = { .pool = sk_pool_try_enter() };
	for (int i = 0; i < 20; i++) {
		pthread_t thread;
		begin();
		cr_assert_eq(pthread_create(&thread, NULL, wake_when_all_are_busy, &w), 0);
		cr_assert_eq(SKUA_RUN(all_busy_but_one_fiber_waits, (int)skua_workers()), 0);
		pthread_join(thread, NULL);
	}
	sk_pool_leave(w.pool);
}

Test(monitor, a_fiber_woken_from_outside_gets_its_turn_while_all_workers_are_busy)
{
	with_workers(2, 3, wake_a_fiber);
}

/* --- what nobody has told the sleepers of --- */

static void raise_ended(sk_start *start_, sk_fiber *fiber)
{
	(void)start_;
	flag_raise(&ended);
	sk_start_end(fiber);
}

/*
 * Who brings something finds no sleeper, for the seat is held, and wakes the monitor; but the seat is left in between
 * by one who sees neither what was brought nor that the monitor is to look.
 */
static void bring_silently(void)
{
	sk_pool *pool = sk_pool_try_enter();
	sk_start brought = { .run = raise_ended };
	begin();
	while (sk_idle_searching(&pool->idle) > 0 || !sk_idle_sleeper_seen(&pool->idle))
		sched_yield();
	sk_add_relaxed(&pool->starts_made, 1);
	brought.node.entry = sk_entry_make(SK_ENTRY_START, &brought);
	sk_inbox_push(&pool->inbox, &brought.node);
	sk_monitor_wake(&pool->monitor);
	for (uint64_t end = sk_clock_ns() + 10 * UINT64_C(1000000000); !sk_load_acquire(&ended);) {
		cr_assert_lt(sk_clock_ns(), end, "what is in the inbox lies there while all sleep");
		sched_yield();
	}
	sk_pool_leave(pool);
}

Test(monitor, what_came_while_the_seat_was_being_left_is_begun_by_a_sleeper)
{
	with_workers(1, 3, bring_silently);
}

/* --- afterwards all is as before --- */

#define LEAF_NS (SK_MONITOR_PERIOD_NS / 10)

/* A deep tree that takes many of the monitor's periods: would it tick on, each tick would find un-stolen tasks. */
SKUA_TASK(unsigned, long_tree, unsigned, depth)
{
	if (depth > 0) {
		SKUA_SPAWN(long_tree, depth - 1);
		unsigned right = SKUA_CALL(long_tree, depth - 1);
		return SKUA_SYNC(long_tree) + right;
	}
	for (uint64_t end = sk_clock_ns() + LEAF_NS; sk_clock_ns() < end;) {
		SKUA_SPAWN(nothing, 0);
		SKUA_SYNC(nothing);
	}
	return 1;
}

SKUA_TASK(unsigned, goes_on_for_long, unsigned, depth)
{
	sk_add_relaxed(&busy, skua_workers());
	return SKUA_CALL(long_tree, depth);
}

static void go_on_for_long(void)
{
	pthread_t thread;
	begin();
	cr_assert_eq(pthread_create(&thread, NULL, run_ends_them, NULL), 0);
	cr_assert_eq(SKUA_RUN(goes_on_for_long, 11), 2048);
	pthread_join(thread, NULL);
	uint64_t fibers = total().fibers;
	cr_assert_lt(fibers, 40, "%d fibers for one root from outside", (int)fibers);
}

Test(monitor, one_root_from_outside_does_not_make_fibers_without_end)
{
	with_workers(1, 3, go_on_for_long);
}

static void wake_often(void *arg, unsigned index)
{
	(void)index;
	for (unsigned i = 0; i < CROWD_ROUNDS(2000); i++)
		sk_monitor_wake(&((sk_pool *)arg)->monitor);
}

Test(monitor, waking_it_for_nothing_does_no_harm)
{
	start(2, false);
	sk_pool *pool = sk_pool_try_enter();
	crowd wakers;
	crowd_start(&wakers, 3, wake_often, pool);
	for (int i = 0; i < 200; i++)
		cr_assert_eq(SKUA_RUN(nothing, i), i);
	crowd_join(&wakers);
	sk_pool_leave(pool);
	stop_settled();
}

Test(monitor, a_stop_ends_it_whether_it_sleeps_or_watches)
{
	for (int i = 0; i < 30; i++) {
		start(1, false);
		sk_pool *pool = sk_pool_try_enter();
		if (i % 2)
			sk_monitor_wake(&pool->monitor);
		sk_pool_leave(pool);
		stop_settled();
	}
}

/* --- stacks that nobody needs --- */

/* The linker has the library's madvise called here (--wrap): how many stacks were given back. */
#define SMALL_STACK_BYTES ((size_t)64 << 10)
static crowd_counter given_back;
int __real_madvise(void *memory, size_t bytes, int advice);
int __wrap_madvise(void *memory, size_t bytes, int advice);

int __wrap_madvise(void *memory, size_t bytes, int advice)
{
	if (advice == MADV_DONTNEED && bytes == SMALL_STACK_BYTES)
		sk_add_relaxed(&given_back, 1);
	return __real_madvise(memory, bytes, advice);
}

static void *waits(void *semaphore)
{
	sk_add_relaxed(&busy, 1);
	cr_assert_eq(skua_sem_wait(semaphore), 0);
	return semaphore;
}

/* 256 of each worker's small fibers stay, and what was in use a second ago. */
Test(monitor, the_stacks_of_many_tasks_are_given_back_a_while_later)
{
	enum { MANY = 500 };
	static skua_future *futures[MANY];
	skua_sem semaphore = SKUA_SEM_INIT;
	skua_config config = { .workers = 1, .bind = "none", .async_stack_bytes = SMALL_STACK_BYTES };
	cr_assert_eq(skua_start(&config), 0, "%s", skua_start_problem());
	for (int i = 0; i < MANY; i++)
		futures[i] = skua_async(waits, &semaphore);
	while (sk_load_relaxed(&busy) < MANY)
		sched_yield();
	skua_sem_post(&semaphore, MANY);
	for (int i = 0; i < MANY; i++)
		skua_await(futures[i]);
	sk_pool *pool = sk_pool_try_enter();
	for (int i = 0; i < 2000 && sk_load_relaxed(&given_back) == 0; i++) {
		sk_monitor_wake(&pool->monitor); /* it may look before the time has come */
		skua_sleep_ns(UINT64_C(10000000));
	}
	sk_pool_leave(pool);
	cr_assert_gt(sk_load_relaxed(&given_back), 0);
	stop_settled();
}
