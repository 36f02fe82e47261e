/* SPDX-License-Identifier: Apache-2.0 */
/* Select: exactly one case, a fair choice, deadlines and cancellations, and selects that meet each other. */
#include "await/select.h"

#include "await/channel.h"
#include "strands.h"

#define COUNT 8u
#define CHANNELS 3u

typedef struct shared {
	skua_channel *channel[CHANNELS];
	skua_event event;
	skua_sem sem;
	tally marks;
	crowd_counter sent, received, next, taken, posted;
	flag over;
	uint32_t seed;
} shared;

static void *gives_back(void *value)
{
	return value;
}

static void *sleeps_a_little(void *value)
{
	skua_sleep_ns(MS);
	return value;
}

static void nobody_waits_at(skua_channel *channel)
{
	sk_lock_take(&channel->lock);
	cr_assert(!channel->senders.first && !channel->receivers.first);
	sk_lock_give(&channel->lock);
}

/* --- each kind --- */

static void each_kind(void *arg, unsigned index)
{
	(void)arg;
	(void)index;
	skua_channel *full = skua_channel_create(1, sizeof(int)), *empty = skua_channel_create(1, sizeof(int));
	skua_event happened = SKUA_EVENT_INIT;
	skua_sem sem = SKUA_SEM_INIT;
	int in = 7, out = 0;
	EXPECT(skua_channel_send(full, &in) == 0);
	skua_case cases[] = { SKUA_ON_SEND(full, &in), SKUA_ON_RECV(empty, &out), SKUA_ON_EVENT(&happened),
			      SKUA_ON_SEM(&sem) };
	EXPECT(skua_select(cases, 4, 0) == -ETIMEDOUT);
	uint64_t until = skua_now_ns() + MS / 4;
	EXPECT(skua_select(cases, 4, until) == -ETIMEDOUT && skua_now_ns() >= until);
	EXPECT(skua_select(cases, 0, until) == -ETIMEDOUT);
	skua_sem_post(&sem, 1);
	EXPECT(skua_select(cases, 4, 0) == 3);
	EXPECT(skua_select(cases, 4, 0) == -ETIMEDOUT);
	skua_event_set(&happened);
	EXPECT(skua_select(cases, 4, SKUA_FOREVER) == 2);
	skua_event_clear(&happened);
	in = 8;
	EXPECT(skua_channel_send(empty, &in) == 0);
	EXPECT(skua_select(cases, 4, SKUA_FOREVER) == 1 && out == 8 && cases[1].result == 0);
	EXPECT(skua_channel_recv(full, &out) == 0 && out == 7);
	EXPECT(skua_select(cases, 4, SKUA_FOREVER) == 0 && cases[0].result == 0);
	skua_channel_close(empty);
	EXPECT(skua_select(cases, 4, SKUA_FOREVER) == 1 && cases[1].result == -EPIPE);
	skua_channel_close(full);
	EXPECT(skua_select(cases, 1, SKUA_FOREVER) == 0 && cases[0].result == -EPIPE);
	skua_future *late = skua_async(sleeps_a_little, &in), *soon = skua_async(gives_back, &out);
	skua_case futures[] = { SKUA_ON_FUTURE(late), SKUA_ON_FUTURE(soon), SKUA_ON_SEM(&sem) };
	int first = skua_select(futures, 3, SKUA_FOREVER);
	EXPECT(first == 1 || first == 0);
	EXPECT(skua_await(soon) == &out);
	futures[1] = SKUA_ON_EVENT(&happened);
	EXPECT(skua_select(futures, 2, SKUA_FOREVER) == 0);
	EXPECT(skua_await(late) == &in);
	skua_channel_destroy(full);
	skua_channel_destroy(empty);
}

static void takes_each_kind(enum strands kind)
{
	strands_run(kind, 4, each_kind, NULL);
}

Test(select, takes_each_kind)
{
	with_strands(takes_each_kind);
}

Test(select, a_kind_that_nobody_provides_is_refused)
{
	skua_case cases[] = { SKUA_ON_EVENT(NULL) };
	cases[0].kind = (enum skua_case_kind)99;
	cr_assert_eq(skua_select(cases, 1, 0), -EINVAL);
	cases[0].kind = SKUA_CASE_FD; /* not made by SKUA_ON_FD */
	cr_assert_eq(skua_select(cases, 1, 0), -EINVAL);
	cr_assert_eq(skua_select(cases, SIZE_MAX, 0), -EINVAL, "nor more of them than the result can name");
}

/* --- each kind, waited for --- */

static void makes_it_happen(shared *all, unsigned what)
{
	int value = 5;
	switch (what) {
	case 0:
		EXPECT(skua_channel_send(all->channel[0], &value) == 0);
		break;
	case 1:
		EXPECT(skua_channel_recv(all->channel[1], &value) == 0 && value == 6);
		break;
	case 2:
		skua_event_set(&all->event);
		break;
	case 3:
		skua_sem_post(&all->sem, 1);
		break;
	default:
		skua_channel_close(all->channel[2]);
	}
}

/* The other one has seen all that came before. */
static void await_turn(shared *all, unsigned turn)
{
	while (sk_load_acquire(&all->next) != turn)
		skua_yield();
}

static void happens_or_is_awaited(void *arg, unsigned index)
{
	shared *all = arg;
	for (unsigned i = 0; i < CROWD_ROUNDS(300); i++) {
		int out = 0, in = 6;
		skua_case cases[] = { SKUA_ON_RECV(all->channel[0], &out), SKUA_ON_SEND(all->channel[1], &in),
				      SKUA_ON_EVENT(&all->event), SKUA_ON_SEM(&all->sem),
				      SKUA_ON_RECV(all->channel[2], &out) };
		unsigned what = i % 4;
		if (index == 0) {
			await_turn(all, i);
			makes_it_happen(all, what);
		} else {
			sk_store_release(&all->next, i);
			EXPECT(skua_select(cases, 5, SKUA_FOREVER) == (int)what);
			EXPECT(out == (what == 0 ? 5 : 0));
			skua_event_clear(&all->event);
		}
	}
	int out;
	skua_case last[] = { SKUA_ON_EVENT(&all->event), SKUA_ON_RECV(all->channel[2], &out) };
	if (index == 0) {
		await_turn(all, CROWD_ROUNDS(300));
		makes_it_happen(all, 4);
	} else {
		sk_store_release(&all->next, CROWD_ROUNDS(300));
		EXPECT(skua_select(last, 2, SKUA_FOREVER) == 1 && last[1].result == -EPIPE);
	}
}

static void waits_for_each_kind(enum strands kind)
{
	shared all = { .event = SKUA_EVENT_INIT };
	sk_store_relaxed(&all.next, UINT32_MAX);
	for (unsigned i = 0; i < CHANNELS; i++)
		all.channel[i] = skua_channel_create(0, sizeof(int));
	strands_run(kind, 2, happens_or_is_awaited, &all);
	for (unsigned i = 0; i < CHANNELS; i++) {
		nobody_waits_at(all.channel[i]);
		skua_channel_destroy(all.channel[i]);
	}
	cr_assert_eq(queue_length(&all.event), 0);
	cr_assert_eq(queue_length(&all.sem), 0);
}

Test(select, waits_for_each_kind)
{
	with_strands(waits_for_each_kind);
}

/* --- a fair choice --- */

Test(select, chooses_among_what_is_ready_at_random)
{
	skua_event happened[4];
	skua_case cases[4];
	unsigned times[4] = { 0 };
	memset(happened, 0, sizeof happened);
	for (int i = 0; i < 4; i++) {
		skua_event_set(&happened[i]);
		cases[i] = SKUA_ON_EVENT(&happened[i]);
	}
	for (int i = 0; i < 4000; i++)
		times[skua_select(cases, 4, SKUA_FOREVER)]++;
	for (int i = 0; i < 4; i++)
		cr_assert(times[i] > 700 && times[i] < 1300, "case %d was chosen %u times of 4000", i, times[i]);
}

/* --- elements, once each, by selects on the same channels in different orders --- */

static void select_all(void *arg, unsigned index)
{
	shared *all = arg;
	uint32_t random = all->seed + index;
	for (unsigned i = 0; i < CROWD_ROUNDS(400); i++) {
		skua_case cases[2 * CHANNELS];
		uint32_t got[CHANNELS], id = sk_add_relaxed(&all->next, 1);
		unsigned shift = strands_random(&random) % CHANNELS;
		memset(got, 0xff, sizeof got);
		for (unsigned j = 0; j < CHANNELS; j++) {
			unsigned k = (j + shift) % CHANNELS;
			cases[2 * j] = SKUA_ON_RECV(all->channel[k], &got[j]);
			cases[2 * j + 1] = SKUA_ON_SEND(all->channel[k], &id);
		}
		bool waits_long = strands_random(&random) % 2;
		uint64_t until = skua_now_ns() + (waits_long ? 100000 : strands_random(&random) % 20000);
		int which = skua_select(cases, 2 * CHANNELS, until);
		EXPECT(which >= 0 || which == -ETIMEDOUT);
		for (int j = 0; j < (int)CHANNELS; j++)
			EXPECT((got[j] == UINT32_MAX) == (which != 2 * j));
		if (which >= 0 && which % 2 == 0) {
			sk_add_relaxed(&all->received, 1);
			tally_mark(&all->marks, got[which / 2]);
		} else if (which >= 0) {
			sk_add_relaxed(&all->sent, 1);
		}
	}
}

static void expect_no_loss(shared *all)
{
	for (unsigned i = 0; i < CHANNELS; i++) {
		uint32_t id;
		nobody_waits_at(all->channel[i]);
		while (skua_channel_try_recv(all->channel[i], &id) == 0) {
			sk_add_relaxed(&all->received, 1);
			tally_mark(&all->marks, id);
		}
		skua_channel_destroy(all->channel[i]);
	}
	cr_assert_eq(sk_load_relaxed(&all->received), sk_load_relaxed(&all->sent));
	for (size_t i = 0; i < all->marks.count; i++)
		SURELY(sk_load_relaxed(&all->marks.times[i]) <= 1, "element %zu came twice", i);
	tally_destroy(&all->marks);
}

static void selects_meet(enum strands kind)
{
	for (size_t capacity = 0; capacity < 3; capacity++) {
		shared all = { .seed = strands_seed() };
		for (unsigned i = 0; i < CHANNELS; i++)
			all.channel[i] = skua_channel_create(capacity, sizeof(uint32_t));
		all.marks = tally_create(COUNT * CROWD_ROUNDS(400));
		strands_run(kind, COUNT, select_all, &all);
		expect_no_loss(&all);
	}
}

Test(select, selects_on_the_same_channels_meet)
{
	with_strands(selects_meet);
}

/* Selects that send and receive with nobody but each other, and without deadlines: they find partners. */
static void pairs(void *arg, unsigned index)
{
	shared *all = arg;
	for (unsigned i = 0; i < CROWD_ROUNDS(500); i++) {
		uint32_t id = index * CROWD_ROUNDS(500) + i, a = 0, b = 0;
		skua_case sends[] = { SKUA_ON_SEND(all->channel[0], &id), SKUA_ON_SEND(all->channel[1], &id) };
		skua_case receives[] = { SKUA_ON_RECV(all->channel[1], &a), SKUA_ON_RECV(all->channel[0], &b) };
		if (index % 2 == 0) {
			EXPECT(skua_select(sends, 2, SKUA_FOREVER) >= 0);
			sk_add_relaxed(&all->sent, 1);
		} else {
			int which = skua_select(receives, 2, SKUA_FOREVER);
			EXPECT(which >= 0);
			tally_mark(&all->marks, which == 0 ? a : b);
			sk_add_relaxed(&all->received, 1);
		}
	}
}

static void selects_pair(enum strands kind)
{
	shared all = { .seed = 0 };
	for (unsigned i = 0; i < CHANNELS; i++)
		all.channel[i] = skua_channel_create(0, sizeof(uint32_t));
	all.marks = tally_create(COUNT * CROWD_ROUNDS(500));
	strands_run(kind, COUNT, pairs, &all);
	cr_assert_eq(sk_load_relaxed(&all.received), COUNT / 2 * CROWD_ROUNDS(500));
	expect_no_loss(&all);
}

Test(select, selects_find_partners_in_each_other)
{
	with_strands(selects_pair);
}

/* --- tokens, against everything at once --- */

static int selects_until_cancelled(void *arg)
{
	shared *all = arg;
	uint32_t id = 1, got;
	for (;;) {
		skua_case cases[] = { SKUA_ON_SEM(&all->sem), SKUA_ON_RECV(all->channel[0], &got),
				      SKUA_ON_SEND(all->channel[0], &id), SKUA_ON_EVENT(&all->event) };
		int which = skua_select(cases, 4, SKUA_FOREVER);
		if (which == -ECANCELED)
			return 0;
		EXPECT(which >= 0 && which < 3);
		sk_add_relaxed(&all->taken, which == 0);
		sk_add_relaxed(&all->received, which == 1);
		sk_add_relaxed(&all->sent, which == 2);
		if (skua_cancelled())
			return 0;
	}
}

static void cancelling_races(enum strands kind)
{
	if (kind != STRANDS_TASKS)
		return;
	uint32_t random = strands_seed();
	for (unsigned round = 0; round < CROWD_ROUNDS(200); round++) {
		shared all = { .sem = SKUA_SEM_INIT, .event = SKUA_EVENT_INIT };
		all.channel[0] = skua_channel_create(0, sizeof(uint32_t));
		skua_group group = SKUA_GROUP_INIT;
		for (int i = 0; i < 5; i++)
			skua_group_run(&group, selects_until_cancelled, &all);
		skua_sleep_ns(strands_random(&random) % 20000);
		for (unsigned i = 0; i < 20; i++) {
			if (i == 10)
				skua_group_cancel(&group);
			skua_sem_post(&all.sem, 1);
		}
		cr_assert_eq(skua_group_wait(&group), -ECANCELED);
		uint32_t left = 0;
		while (skua_sem_trywait(&all.sem) == 0)
			left++;
		cr_assert_eq(left + sk_load_relaxed(&all.taken), 20);
		cr_assert_eq(sk_load_relaxed(&all.received), sk_load_relaxed(&all.sent));
		nobody_waits_at(all.channel[0]);
		cr_assert_eq(queue_length(&all.event), 0);
		skua_channel_destroy(all.channel[0]);
	}
}

Test(select, cancelling_races_with_everything)
{
	with_strands(cancelling_races);
}

/* --- futures --- */

static void *ends_after(void *arg)
{
	uint64_t ns = (uint64_t)(uintptr_t)arg;
	if (ns > 1000)
		skua_sleep_ns(ns);
	return arg;
}

static void first_of_many(void *arg, unsigned index)
{
	uint32_t random = ((shared *)arg)->seed + index;
	for (unsigned round = 0; round < CROWD_ROUNDS(50); round++) {
		skua_future *left[6];
		size_t count = 6;
		for (size_t i = 0; i < count; i++)
			left[i] = skua_async(ends_after, (void *)(uintptr_t)(strands_random(&random) % 60000));
		while (count > 0) {
			skua_case cases[6];
			for (size_t i = 0; i < count; i++)
				cases[i] = SKUA_ON_FUTURE(left[i]);
			int which = skua_select(cases, count, skua_now_ns() + strands_random(&random) % 40000);
			EXPECT(which == -ETIMEDOUT || (which >= 0 && (size_t)which < count));
			if (which < 0)
				continue;
			EXPECT(skua_future_done(left[which]));
			skua_await(left[which]);
			left[which] = left[--count];
		}
	}
}

static void futures_in_turn(enum strands kind)
{
	shared all = { .seed = strands_seed() };
	strands_run(kind, 4, first_of_many, &all);
}

Test(select, the_first_of_many_futures)
{
	with_strands(futures_in_turn);
}
