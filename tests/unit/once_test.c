/* SPDX-License-Identifier: Apache-2.0 */
/* Once: one runs it, the others wait for its end. */
#include "strands.h"

typedef struct shared {
	skua_once once;
	unsigned runs; /* plain: once orders it */
	crowd_counter seen;
} shared;

static void run(void *arg)
{
	shared *all = arg;
	unsigned runs = all->runs;
	skua_sleep_ns(100000);
	all->runs = runs + 1;
}

static void needs_it(void *arg, unsigned index)
{
	(void)index;
	shared *all = arg;
	EXPECT(skua_once_run(&all->once, run, all) == 0);
	EXPECT(all->runs == 1);
	EXPECT(skua_once_run(&all->once, run, all) == 0);
}

static void runs_once(enum strands kind)
{
	for (unsigned i = 0; i < CROWD_ROUNDS(30); i++) {
		shared all = { .once = SKUA_ONCE_INIT };
		strands_run(kind, 8, needs_it, &all);
		cr_assert_eq(all.runs, 1);
	}
}

Test(once, one_runs_it_and_the_others_wait)
{
	with_strands(runs_once);
}

static flag cancelled;

static void run_until_cancelled(void *arg)
{
	(void)arg;
	while (!sk_load_acquire(&cancelled))
		skua_sleep_ns(10000);
}

static int is_cancelled(void *arg)
{
	EXPECT(skua_once_run(arg, run_until_cancelled, NULL) == -ECANCELED);
	return 0;
}

static void *runs_it(void *arg)
{
	EXPECT(skua_once_run(arg, run_until_cancelled, NULL) == 0);
	return NULL;
}

Test(once, a_wait_for_the_end_is_cancelled)
{
	skua_once once = SKUA_ONCE_INIT;
	skua_future *runner = skua_async(runs_it, &once);
	while (word_of(&once) == 0)
		skua_sleep_ns(10000);
	skua_group group = SKUA_GROUP_INIT;
	skua_group_run(&group, is_cancelled, &once);
	await_queue_length(&once, 1);
	skua_group_cancel(&group);
	cr_assert_eq(skua_group_wait(&group), -ECANCELED);
	flag_raise(&cancelled);
	skua_await(runner);
	skua_stop();
	strands_expect_fine();
}
