/* SPDX-License-Identifier: Apache-2.0 */
/* Events: all go on, late ones too; events that are gone as soon as they were seen. */
#include "await/event.h"

#include "strands.h"

#define COUNT 8u

typedef struct shared {
	skua_event event;
	crowd_counter passed, waiting;
	uint32_t seed;
} shared;

Test(event, is_set_and_cleared)
{
	skua_event happened = SKUA_EVENT_INIT;
	cr_assert_eq(skua_event_is_set(&happened), 0);
	cr_assert_eq(skua_event_wait_until(&happened, 1), -ETIMEDOUT);
	skua_event_set(&happened);
	skua_event_set(&happened);
	cr_assert_eq(skua_event_is_set(&happened), 1);
	cr_assert_eq(skua_event_wait(&happened), 0);
	cr_assert_eq(skua_event_wait_until(&happened, 0), 0);
	skua_event_clear(&happened);
	cr_assert_eq(skua_event_is_set(&happened), 0);
}

static void waits(void *arg, unsigned index)
{
	shared *all = arg;
	if (index == COUNT - 1) {
		await_queue_length(&all->event, COUNT - 1);
		skua_event_set(&all->event);
	}
	EXPECT(skua_event_wait(&all->event) == 0);
	sk_add_relaxed(&all->passed, 1);
}

static void wakes_all(enum strands kind)
{
	shared all = { .event = SKUA_EVENT_INIT };
	strands_run(kind, COUNT, waits, &all);
	cr_assert_eq(sk_load_relaxed(&all.passed), COUNT);
}

Test(event, lets_all_go_on)
{
	with_strands(wakes_all);
}

static void waits_in_vain(void *arg, unsigned index)
{
	shared *all = arg;
	uint64_t until = skua_now_ns() + index * MS / 2;
	EXPECT(skua_event_wait_until(&all->event, until) == -ETIMEDOUT);
	EXPECT(skua_now_ns() >= until);
}

static void times_out(enum strands kind)
{
	shared all = { .event = SKUA_EVENT_INIT };
	strands_run(kind, COUNT, waits_in_vain, &all);
	cr_assert_eq(word_of(&all.event), 0);
}

Test(event, a_deadline_ends_the_wait)
{
	with_strands(times_out);
}

/* --- the event goes with the stack that it was seen from --- */

typedef struct hand_over {
	SK_ATOMIC(skua_event *) offered;
	flag over;
} hand_over;

static void sets_what_is_offered(hand_over *all)
{
	while (!sk_load_acquire(&all->over)) {
		skua_event *happened = sk_exchange_acq_rel(&all->offered, NULL);
		if (happened)
			skua_event_set(happened);
		else
			skua_yield();
	}
}

static void wait_on_own_stack(hand_over *all, unsigned i)
{
	skua_event happened = SKUA_EVENT_INIT;
	sk_store_release(&all->offered, &happened);
	if (i % 3 == 0)
		while (!skua_event_is_set(&happened))
			skua_yield();
	EXPECT(skua_event_wait(&happened) == 0);
	memset(&happened, 0xff, sizeof happened);
}

static void offers_or_sets(void *arg, unsigned index)
{
	hand_over *all = arg;
	if (index == 1) {
		sets_what_is_offered(all);
		return;
	}
	for (unsigned i = 0; i < CROWD_ROUNDS(3000); i++)
		wait_on_own_stack(all, i);
	flag_raise(&all->over);
}

static void is_gone_at_once(enum strands kind)
{
	hand_over all;
	memset(&all, 0, sizeof all);
	strands_run(kind, 2, offers_or_sets, &all);
}

Test(event, may_be_gone_as_soon_as_it_was_seen)
{
	with_strands(is_gone_at_once);
}

/* --- races --- */

static void sets_or_waits(void *arg, unsigned index)
{
	shared *all = arg;
	uint32_t random = all->seed + index;
	for (unsigned i = 0; i < CROWD_ROUNDS(300); i++) {
		if (index == 0) {
			skua_event_set(&all->event);
			skua_sleep_ns(strands_random(&random) % 20000);
			skua_event_clear(&all->event);
			continue;
		}
		int result = skua_event_wait_until(&all->event, skua_now_ns() + strands_random(&random) % 40000);
		EXPECT(result == 0 || result == -ETIMEDOUT);
	}
}

static void deadlines_race(enum strands kind)
{
	shared all = { .event = SKUA_EVENT_INIT, .seed = strands_seed() };
	strands_run(kind, 4, sets_or_waits, &all);
	cr_assert_eq(word_of(&all.event) & SK_WAITERS, 0);
}

Test(event, deadlines_race_with_setting)
{
	with_strands(deadlines_race);
}

static int waits_or_is_cancelled(void *arg)
{
	shared *all = arg;
	sk_add_relaxed(&all->waiting, 1);
	int result = skua_event_wait(&all->event);
	EXPECT(result == 0 || result == -ECANCELED);
	sk_add_relaxed(&all->passed, 1);
	return 0;
}

static void cancelling_races(enum strands kind)
{
	if (kind != STRANDS_TASKS)
		return;
	uint32_t random = strands_seed();
	for (unsigned round = 0; round < CROWD_ROUNDS(300); round++) {
		shared all = { .event = SKUA_EVENT_INIT };
		skua_group group = SKUA_GROUP_INIT;
		for (unsigned i = 0; i < 4; i++)
			skua_group_run(&group, waits_or_is_cancelled, &all);
		skua_sleep_ns(strands_random(&random) % 10000);
		if (round % 2)
			skua_event_set(&all.event);
		skua_group_cancel(&group);
		skua_event_set(&all.event);
		skua_group_wait(&group);
		cr_assert_eq(sk_load_relaxed(&all.passed), sk_load_relaxed(&all.waiting));
	}
}

Test(event, cancelling_races_with_setting)
{
	with_strands(cancelling_races);
}
