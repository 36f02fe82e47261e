/* SPDX-License-Identifier: Apache-2.0 */
/* Wait groups: all of it is done before anybody goes on, and the group may be gone at once. */
#include "strands.h"

#define COUNT 8u

typedef struct shared {
	skua_wait_group group;
	crowd_counter done;
} shared;

Test(wait_group, counts)
{
	skua_wait_group group = SKUA_WAIT_GROUP_INIT;
	cr_assert_eq(skua_wait_group_wait(&group), 0);
	cr_assert_eq(skua_wait_group_add(&group, 2), 0);
	cr_assert_eq(skua_wait_group_wait_until(&group, 0), -ETIMEDOUT);
	skua_wait_group_done(&group);
	uint64_t until = skua_now_ns() + MS;
	cr_assert_eq(skua_wait_group_wait_until(&group, until), -ETIMEDOUT);
	cr_assert_geq(skua_now_ns(), until);
	skua_wait_group_done(&group);
	cr_assert_eq(skua_wait_group_wait(&group), 0);
	cr_assert_eq(skua_wait_group_add(&group, 1u << 31), -EOVERFLOW);
}

static void is_done_or_waits(void *arg, unsigned index)
{
	shared *all = arg;
	if (index % 2 == 0) {
		if (index == 2)
			skua_sleep_ns(50000);
		sk_add_relaxed(&all->done, 1);
		skua_wait_group_done(&all->group);
	} else {
		EXPECT(skua_wait_group_wait(&all->group) == 0);
		EXPECT(sk_load_relaxed(&all->done) == COUNT / 2);
	}
}

static void waits_for_all(enum strands kind)
{
	for (unsigned i = 0; i < CROWD_ROUNDS(50); i++) {
		shared all = { .group = SKUA_WAIT_GROUP_INIT };
		skua_wait_group_add(&all.group, COUNT / 2);
		strands_run(kind, COUNT, is_done_or_waits, &all);
		cr_assert_eq(all.group.sk_opaque[0] | all.group.sk_opaque[1], 0);
	}
}

Test(wait_group, nobody_goes_on_before_all_is_done)
{
	with_strands(waits_for_all);
}

static void *is_done(void *group)
{
	skua_wait_group_done(group);
	return NULL;
}

static void waits_on_own_stack(void *arg, unsigned index)
{
	(void)arg;
	(void)index;
	skua_wait_group group = SKUA_WAIT_GROUP_INIT;
	skua_wait_group_add(&group, 3);
	for (int i = 0; i < 3; i++)
		skua_drop(skua_async(is_done, &group));
	EXPECT(skua_wait_group_wait(&group) == 0);
	memset(&group, 0xff, sizeof group);
}

static void is_gone_at_once(enum strands kind)
{
	for (unsigned i = 0; i < CROWD_ROUNDS(100); i++)
		strands_run(kind, 4, waits_on_own_stack, NULL);
}

Test(wait_group, may_be_gone_when_the_wait_returns)
{
	with_strands(is_gone_at_once);
}

static int waits_for_ever(void *arg)
{
	shared *all = arg;
	int result = skua_wait_group_wait(&all->group);
	EXPECT(result == -ECANCELED);
	return 0;
}

Test(wait_group, a_wait_is_cancelled)
{
	shared all = { .group = SKUA_WAIT_GROUP_INIT };
	skua_wait_group_add(&all.group, 1);
	skua_group group = SKUA_GROUP_INIT;
	for (int i = 0; i < 4; i++)
		skua_group_run(&group, waits_for_ever, &all);
	await_queue_length(&all.group, 4);
	skua_group_cancel(&group);
	cr_assert_eq(skua_group_wait(&group), -ECANCELED);
	cr_assert_eq(queue_length(&all.group), 0);
	skua_stop();
	strands_expect_fine();
}
