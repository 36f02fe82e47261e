/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channels: each element arrives once and in order, at all capacities; closing, deadlines and cancellations that race
 * with transfers.
 */
#include "await/channel.h"

#include "strands.h"

#define COUNT 8u
static const size_t capacities[] = { 0, 1, 3, 100, SKUA_UNBOUNDED };
#define CAPACITIES (sizeof capacities / sizeof capacities[0])

typedef struct shared {
	skua_channel *channel;
	tally marks;
	crowd_counter sent, received, senders;
	size_t per_sender;
	uint32_t seed;
} shared;

static unsigned waiting_at(skua_channel *channel)
{
	unsigned count = 0;
	sk_lock_take(&channel->lock);
	const sk_queue *queue[] = { &channel->senders, &channel->receivers };
	for (int i = 0; i < 2; i++)
		for (sk_queue_node *node = queue[i]->first; node; count++)
			node = node->next == queue[i]->first ? NULL : node->next;
	sk_lock_give(&channel->lock);
	return count;
}

static void await_waiting_at(skua_channel *channel, unsigned count)
{
	while (waiting_at(channel) != count)
		skua_sleep_ns(20000);
}

/* --- one strand --- */

static void fill_and_drain(size_t capacity, size_t bytes)
{
	skua_channel *channel = skua_channel_create(capacity, bytes);
	cr_assert_not_null(channel);
	unsigned char in[100], out[100];
	size_t room = capacity == SKUA_UNBOUNDED ? 3000 : capacity;
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < room; i++) {
			memset(in, (int)i, sizeof in);
			SURELY(skua_channel_try_send(channel, in) == 0, "element %zu", i);
		}
		if (capacity != SKUA_UNBOUNDED) {
			cr_assert_eq(skua_channel_try_send(channel, in), -EAGAIN);
			cr_assert_eq(skua_channel_send_until(channel, in, 0), -ETIMEDOUT);
		}
		size_t take = round < 2 ? room : room / 2;
		for (size_t i = 0; i < take; i++) {
			memset(out, 0xee, sizeof out);
			memset(in, (int)i, sizeof in);
			SURELY(skua_channel_recv(channel, out) == 0, "element %zu", i);
			SURELY(memcmp(in, out, bytes) == 0, "element %zu", i);
			SURELY(bytes == sizeof out || out[bytes] == 0xee, "element %zu", i);
		}
		if (round < 2)
			cr_assert_eq(skua_channel_try_recv(channel, out), -EAGAIN);
	}
	skua_channel_close(channel);
	skua_channel_close(channel);
	cr_assert_eq(skua_channel_send(channel, in), -EPIPE);
	for (size_t i = room / 2; i < room; i++)
		SURELY(skua_channel_recv(channel, out) == 0, "what is left comes after the close");
	cr_assert_eq(skua_channel_recv(channel, out), -EPIPE);
	cr_assert_eq(skua_channel_recv_until(channel, out, 0), -EPIPE);
	skua_channel_destroy(channel);
}

Test(channel, is_filled_and_drained)
{
	static const size_t sizes[] = { 0, 1, 4, 8, 16, 100 };
	for (size_t i = 0; i < CAPACITIES; i++)
		for (size_t j = 0; j < sizeof sizes / sizeof sizes[0]; j++)
			fill_and_drain(capacities[i], sizes[j]);
}

Test(channel, without_memory_there_is_none)
{
	cr_assert_null(skua_channel_create(SIZE_MAX / 4, 8));
	cr_assert_null(skua_channel_create(SIZE_MAX - 1, 1));
	skua_channel_destroy(NULL);
}

Test(channel, what_is_left_is_freed)
{
	skua_channel *channel = skua_channel_create(SKUA_UNBOUNDED, 8);
	for (uint64_t i = 0; i < 2000; i++)
		skua_channel_send(channel, &i);
	skua_channel_destroy(channel);
}

/* --- each element once --- */

typedef struct element {
	uint32_t sender, number;
} element;

static void send_all(shared *all, uint32_t sender)
{
	for (uint32_t i = 0; i < all->per_sender; i++) {
		element one = { sender, i };
		EXPECT(skua_channel_send(all->channel, &one) == 0);
	}
	if (sk_sub_acq_rel(&all->senders, 1) == 1)
		skua_channel_close(all->channel);
}

static void receive_all(shared *all)
{
	element one;
	long last[COUNT];
	memset(last, 0xff, sizeof last);
	int result;
	while ((result = skua_channel_recv(all->channel, &one)) == 0) {
		tally_mark(&all->marks, one.sender * all->per_sender + one.number);
		EXPECT((long)one.number > last[one.sender]);
		last[one.sender] = (long)one.number;
	}
	EXPECT(result == -EPIPE);
}

static void sends_or_receives(void *arg, unsigned index)
{
	shared *all = arg;
	if (index % 2 == 0)
		send_all(all, index / 2);
	else
		receive_all(all);
}

static void arrives_once(enum strands kind)
{
	for (size_t i = 0; i < CAPACITIES; i++) {
		shared all = { .per_sender = CROWD_ROUNDS(1000) };
		all.channel = skua_channel_create(capacities[i], sizeof(element));
		sk_store_relaxed(&all.senders, COUNT / 2);
		all.marks = tally_create(COUNT / 2 * all.per_sender);
		strands_run(kind, COUNT, sends_or_receives, &all);
		tally_expect_each_once(&all.marks);
		tally_destroy(&all.marks);
		cr_assert_eq(waiting_at(all.channel), 0);
		skua_channel_destroy(all.channel);
	}
}

Test(channel, each_element_arrives_once_and_in_order)
{
	with_strands(arrives_once);
}

/* --- who waits is served in order --- */

static void waits_in_row(void *arg, unsigned index)
{
	shared *all = arg;
	while (waiting_at(all->channel) != index)
		skua_sleep_ns(10000);
	uint32_t got;
	EXPECT(skua_channel_recv(all->channel, &got) == 0);
	EXPECT(got == index);
}

static void serves_in_order(enum strands kind)
{
	if (kind == STRANDS_SPAWNED)
		return;
	for (size_t i = 0; i < CAPACITIES; i++) {
		shared all = { .channel = skua_channel_create(capacities[i], sizeof(uint32_t)) };
		strand strands[COUNT];
		for (unsigned j = 0; j < COUNT; j++) {
			strands[j] = (strand){ .body = waits_in_row, .arg = &all, .index = j };
			strand_start(kind, &strands[j]);
		}
		await_waiting_at(all.channel, COUNT);
		for (uint32_t j = 0; j < COUNT; j++)
			cr_assert_eq(skua_channel_try_send(all.channel, &j), 0);
		for (unsigned j = 0; j < COUNT; j++)
			strand_end(&strands[j]);
		skua_channel_destroy(all.channel);
	}
}

Test(channel, receivers_are_served_in_order)
{
	with_strands(serves_in_order);
}

/* --- a rendezvous is one --- */

static void meets(void *arg, unsigned index)
{
	shared *all = arg;
	for (uint32_t i = 0; i < CROWD_ROUNDS(500); i++) {
		uint32_t got;
		if (index == 0) {
			sk_store_release(&all->sent, i + 1);
			EXPECT(skua_channel_send(all->channel, &i) == 0);
			EXPECT(sk_load_acquire(&all->received) >= i);
		} else {
			sk_store_release(&all->received, i);
			EXPECT(skua_channel_recv(all->channel, &got) == 0);
			EXPECT(got == i && sk_load_acquire(&all->sent) >= i + 1);
		}
	}
}

static void meet_each_other(enum strands kind)
{
	shared all = { .channel = skua_channel_create(0, sizeof(uint32_t)) };
	strands_run(kind, 2, meets, &all);
	skua_channel_destroy(all.channel);
}

Test(channel, a_send_without_room_waits_for_its_receiver)
{
	with_strands(meet_each_other);
}

/* --- closing --- */

static void is_refused(void *arg, unsigned index)
{
	shared *all = arg;
	uint32_t value = index;
	if (index == 0) {
		await_waiting_at(all->channel, COUNT - 1);
		skua_channel_close(all->channel);
	} else if (all->per_sender) {
		EXPECT(skua_channel_send(all->channel, &value) == -EPIPE);
	} else {
		EXPECT(skua_channel_recv(all->channel, &value) == -EPIPE);
		EXPECT(value == index);
	}
}

static void closing_wakes_all(enum strands kind)
{
	for (size_t sends = 0; sends < 2; sends++) {
		shared all = { .channel = skua_channel_create(0, sizeof(uint32_t)), .per_sender = sends };
		strands_run(kind, COUNT, is_refused, &all);
		skua_channel_destroy(all.channel);
	}
}

Test(channel, closing_wakes_all_who_wait)
{
	with_strands(closing_wakes_all);
}

/* --- giving up --- */

static void impatient(void *arg, unsigned index)
{
	shared *all = arg;
	uint32_t random = all->seed + index;
	for (unsigned i = 0; i < CROWD_ROUNDS(500); i++) {
		uint64_t until = skua_now_ns() + strands_random(&random) % 20000;
		uint32_t id = sk_load_relaxed(&all->senders);
		int result;
		if (index % 2 == 0) {
			id = sk_add_relaxed(&all->senders, 1);
			result = skua_channel_send_until(all->channel, &id, until);
			if (result == 0)
				sk_add_relaxed(&all->sent, 1);
		} else {
			id = UINT32_MAX;
			result = skua_channel_recv_until(all->channel, &id, until);
			EXPECT(result == 0 || id == UINT32_MAX);
			if (result == 0) {
				sk_add_relaxed(&all->received, 1);
				tally_mark(&all->marks, id);
			}
		}
		EXPECT(result == 0 || (result == -ETIMEDOUT && skua_now_ns() >= until));
	}
}

/* What was sent is received once, what was not is not. */
static void expect_no_loss(shared *all)
{
	uint32_t id;
	cr_assert_eq(waiting_at(all->channel), 0);
	while (skua_channel_try_recv(all->channel, &id) == 0) {
		sk_add_relaxed(&all->received, 1);
		tally_mark(&all->marks, id);
	}
	cr_assert_eq(sk_load_relaxed(&all->received), sk_load_relaxed(&all->sent));
	for (size_t i = 0; i < all->marks.count; i++)
		SURELY(sk_load_relaxed(&all->marks.times[i]) <= 1, "element %zu came twice", i);
	tally_destroy(&all->marks);
	skua_channel_destroy(all->channel);
}

static void deadlines_race(enum strands kind)
{
	for (size_t i = 0; i < CAPACITIES; i++) {
		shared all = { .seed = strands_seed() };
		all.channel = skua_channel_create(capacities[i], sizeof(uint32_t));
		all.marks = tally_create(COUNT / 2 * CROWD_ROUNDS(500));
		strands_run(kind, COUNT, impatient, &all);
		expect_no_loss(&all);
	}
}

Test(channel, deadlines_race_with_transfers)
{
	with_strands(deadlines_race);
}

static int sends_until_cancelled(void *arg)
{
	shared *all = arg;
	uint32_t id;
	while ((id = sk_add_relaxed(&all->senders, 1)) < all->marks.count) {
		if (skua_channel_send(all->channel, &id) < 0)
			return 0;
		sk_add_relaxed(&all->sent, 1);
	}
	return 0;
}

static int receives_until_cancelled(void *arg)
{
	shared *all = arg;
	uint32_t id;
	while (skua_channel_recv(all->channel, &id) == 0) {
		sk_add_relaxed(&all->received, 1);
		tally_mark(&all->marks, id);
	}
	return 0;
}

static void cancelling_races(enum strands kind)
{
	if (kind != STRANDS_TASKS)
		return;
	uint32_t random = strands_seed();
	for (unsigned round = 0; round < CROWD_ROUNDS(200); round++) {
		shared all = { .channel = skua_channel_create(capacities[round % 4], sizeof(uint32_t)) };
		all.marks = tally_create(1100);
		skua_group group = SKUA_GROUP_INIT;
		for (int i = 0; i < 6; i++)
			skua_group_run(&group, i % 2 ? sends_until_cancelled : receives_until_cancelled, &all);
		skua_sleep_ns(strands_random(&random) % 30000);
		skua_group_cancel(&group);
		cr_assert_eq(skua_group_wait(&group), -ECANCELED);
		expect_no_loss(&all);
	}
}

Test(channel, cancelling_races_with_transfers)
{
	with_strands(cancelling_races);
}
