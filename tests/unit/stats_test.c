/* SPDX-License-Identifier: Apache-2.0 */
/* The counters: what they say where a test can know it, and the conditions of reading them. */
#include "sched/stats.h"

#include "crowd.h"
#include "started.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <skua/skua.h>
#include <string.h>

SKUA_TASK(void, nothing, int, none)
{
	(void)none;
}

static flag begun;

SKUA_TASK(void, begins, int, none)
{
	(void)none;
	flag_raise(&begun);
}

SKUA_TASK(void, lets_one_be_stolen, int, none)
{
	SKUA_SPAWN(begins, none);
	flag_await(&begun);
	SKUA_SYNC(begins);
}

Test(stats, reading_needs_a_runtime_and_a_place)
{
	skua_worker_stats worker[2];
	skua_stats stats;
	memset(&stats, 0xff, sizeof stats);
	stats.capacity = 2;
	stats.worker = worker;
	cr_assert_eq(skua_stats_read(NULL), -EINVAL);
	cr_assert_eq(skua_stats_read(&stats), -ESRCH);
	cr_assert_eq(stats.workers, 0);
	cr_assert_eq(stats.total.roots, 0);
	cr_assert_eq(stats.total.fibers, 0);
	start(1, false);
	stats.worker = NULL;
	cr_assert_eq(skua_stats_read(&stats), -EINVAL, "a capacity without an array");
	stats.capacity = 0;
	cr_assert_eq(skua_stats_read(&stats), 0, "the sum alone");
	skua_stop();
}

Test(stats, every_root_is_counted_once)
{
	start(2, false);
	cr_assert_eq(total().roots, 0);
	for (int i = 0; i < 57; i++)
		SKUA_RUN(nothing, 0);
	cr_assert_eq(total().roots, 57);
	skua_stop();
	start(2, false);
	cr_assert_eq(total().roots, 0, "a new runtime counts anew");
	skua_stop();
}

Test(stats, the_total_is_the_sum_and_no_more_workers_are_filled_than_have_room)
{
	skua_worker_stats worker[5], untouched;
	skua_stats stats = { .capacity = 5, .worker = worker };
	memset(&untouched, 0xab, sizeof untouched);
	memset(worker, 0xab, sizeof worker);
	start(4, false);
	for (int i = 0; i < 20; i++) {
		sk_store_release(&begun, 0);
		SKUA_RUN(lets_one_be_stolen, 0);
	}
	cr_assert_eq(skua_stats_read(&stats), 0);
	cr_assert_eq(stats.workers, 4);
	cr_assert_eq(memcmp(&worker[4], &untouched, sizeof untouched), 0, "there are four");
	skua_worker_stats sum = { 0 };
	for (int i = 0; i < 4; i++) {
#define ADD(name, things) sum.name += worker[i].name;
		SK_STATS(ADD)
#undef ADD
	}
	cr_assert_eq(memcmp(&sum, &stats.total, sizeof sum), 0);
	memset(worker, 0xab, sizeof worker);
	stats.capacity = 2;
	cr_assert_eq(skua_stats_read(&stats), 0);
	cr_assert_eq(stats.workers, 4);
	cr_assert_neq(memcmp(&worker[1], &untouched, sizeof untouched), 0, "the second is filled");
	cr_assert_eq(memcmp(&worker[2], &untouched, sizeof untouched), 0, "the third has no room");
	skua_stop();
}

static void steal_some(void)
{
	for (int i = 0; i < 30; i++) {
		sk_store_release(&begun, 0);
		SKUA_RUN(lets_one_be_stolen, 0);
	}
	cr_assert_eq(total().stolen, 30);
}

Test(stats, every_stolen_task_is_counted_once)
{
	with_workers(2, 4, steal_some);
}

SKUA_TASK(unsigned, many, unsigned, count)
{
	for (unsigned i = 0; i < count; i++)
		SKUA_SPAWN(nothing, 0);
	for (unsigned i = 0; i < count; i++)
		SKUA_SYNC(nothing);
	return count;
}

Test(stats, without_thieves_nothing_is_published_and_the_fast_path_counts_nothing)
{
	start(1, false);
	sk_pool *pool = sk_pool_try_enter();
	bool lazy = pool->membarrier;
	sk_pool_leave(pool);
	if (!lazy)
		cr_skip("no membarrier here: everything is published at once");
	SKUA_RUN(many, 10000);
	skua_worker_stats stats = total();
	cr_assert_eq(stats.published, 0);
	cr_assert_eq(stats.stolen, 0);
	cr_assert_eq(stats.suspended, 0);
	cr_assert_lt(stats.spawned_slow, 100, "the first spawn, and now and then one more: %d",
		     (int)stats.spawned_slow);
	skua_stop();
}

/* One writes, another reads: no value is torn or goes back. */
static void read_on(void *arg, unsigned index)
{
	crowd_counter *over = arg;
	uint64_t last = 0;
	(void)index;
	while (!sk_load_acquire(&over[0])) {
		skua_stats stats = { .capacity = 0 };
		if (skua_stats_read(&stats) == 0 && stats.total.roots < last)
			sk_add_relaxed(&over[1], 1);
		last = stats.total.roots;
	}
}

Test(stats, counters_only_grow_while_others_read)
{
	crowd_counter over[2] = { SK_ATOMIC_INIT(0), SK_ATOMIC_INIT(0) };
	crowd reader;
	start(2, false);
	crowd_start(&reader, 1, read_on, over);
	for (unsigned i = 0; i < CROWD_ROUNDS(3000); i++)
		SKUA_RUN(nothing, 0);
	sk_store_release(&over[0], 1);
	crowd_join(&reader);
	cr_assert_eq(sk_load_relaxed(&over[1]), 0, "a counter went back");
	skua_stop();
}
