/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channels: await/channel.c as it is, above the real queues of waiters and waits. Elements are addresses of plain
 * memory that the sender has filled; each is received once, or its sender is told that it was not.
 */
#include "await/channel.h"
#include "scenarios.h"
#include "twin_await.h"

#include <errno.h>

static struct board {
	skua_channel *channel;
	uint64_t content[2];
	int sent[2];
	uint64_t times[2]; /* received */
	int ended;         /* what the receiver got last */
} * b;

static void setup_with(unsigned fibers, size_t capacity)
{
	twin_await_setup(fibers);
	b = model_new(sizeof *b);
	model_no_memory = false;
	b->channel = skua_channel_create(capacity, sizeof(uint64_t *));
	model_check(b->channel, "no memory");
}

static void setup_none(void)
{
	setup_with(3, 0);
}

static void setup_one(void)
{
	setup_with(3, 1);
}

/* The receiver is a plain thread. */
static void setup_thread(void)
{
	setup_with(3, 0);
	twin->fiber_of[0] = TWIN_NO_FIBER;
}

static void send(unsigned i)
{
	b->content[i] = i + 1;
	uint64_t *element = &b->content[i];
	b->sent[i] = skua_channel_send(b->channel, &element);
}

/* Returns what the call returned. */
static int receive(uint64_t until)
{
	uint64_t *element = NULL;
	int result = skua_channel_recv_until(b->channel, &element, until);
	if (result < 0) {
		model_check(!element, "H2: the place of a receiver that got nothing was changed");
		return result;
	}
	size_t i = (size_t)(element - b->content);
	model_check(i < 2 && *element == i + 1, "the element's content is not there");
	b->times[i]++;
	return 0;
}

static void finish(void)
{
	for (unsigned i = 0; i < 2; i++)
		model_check(b->times[i] == (b->content[i] != 0 && b->sent[i] == 0),
		            "element %u was received %u times, and its sender was told %d", i, (unsigned)b->times[i],
		            b->sent[i]);
	model_check(!b->channel->senders.first && !b->channel->receivers.first, "somebody is left in a queue");
	skua_channel_destroy(b->channel);
}

static void meet(unsigned thread)
{
	if (thread == 0)
		model_check(receive(SK_TIMERS_NEVER) == 0, "nothing was received");
	else
		send(0);
}

/* One sends, one receives, one closes. */
static void closed(unsigned thread)
{
	if (thread == 0)
		receive(SK_TIMERS_NEVER);
	else if (thread == 1)
		send(0);
	else
		skua_channel_close(b->channel);
}

/* Two send into one place, one receives both. */
static void two_send(unsigned thread)
{
	if (thread > 0) {
		send(thread - 1);
		return;
	}
	model_check(receive(SK_TIMERS_NEVER) == 0, "nothing was received");
	model_check(receive(SK_TIMERS_NEVER) == 0, "nothing was received");
}

/* The receiver gives up at a deadline, and what was for him goes to the next receive. */
static void until(unsigned thread)
{
	if (thread == 2) {
		twin_fire_timer();
	} else if (thread == 1) {
		send(0);
	} else if (receive(UINT64_C(1) << 40) == -ETIMEDOUT) {
		model_check(receive(SK_TIMERS_NEVER) == 0, "nothing was received");
	}
}

/* A plain thread keeps its deadline by itself. */
static void until_thread(unsigned thread)
{
	if (thread == 1)
		send(0);
	else if (receive(UINT64_C(1) << 40) == -ETIMEDOUT)
		model_check(receive(SK_TIMERS_NEVER) == 0, "nothing was received");
}

/* H4: who has received the end destroys it. */
static void destroyed(unsigned thread)
{
	if (thread == 1) {
		skua_channel_close(b->channel);
		return;
	}
	model_check(receive(SK_TIMERS_NEVER) == -EPIPE, "something was received");
	skua_channel_destroy(b->channel);
}

/* The same for the last element. */
static void destroyed_after_last(unsigned thread)
{
	if (thread == 1) {
		send(0);
		return;
	}
	model_check(receive(SK_TIMERS_NEVER) == 0, "nothing was received");
	skua_channel_destroy(b->channel);
}

const model_scenario channel_scenarios[] = {
	{ "channel.meet", "one sends, one receives, no place", 2, setup_none, meet, finish, .spurious = 0 },
	{ "channel.place", "the same with a place", 2, setup_one, meet, finish, .spurious = 0 },
	{ "channel.thread", "a plain thread receives", 2, setup_thread, meet, finish, .spurious = 1 },
	{ "channel.destroyed", "who has received the end destroys it", 2, setup_none, destroyed, NULL, .spurious = 0 },
	{ "channel.last", "who has received the last one destroys it", 2, setup_none, destroyed_after_last, NULL,
	  .spurious = 0 },
	{ "channel.until_thread", "a plain thread gives up at a deadline", 2, setup_thread, until_thread, finish,
	  .spurious = 0 },
	{ "channel.until", "the receiver gives up at a deadline", 3, setup_none, until, finish, .spurious = 0,
	  .preemptions = 2, .is_large = true },
	{ "channel.closed", "one sends, one receives, one closes", 3, setup_none, closed, finish, .spurious = 0,
	  .preemptions = 2, .is_large = true },
	{ "channel.two_send", "two send into one place", 3, setup_one, two_send, finish, .spurious = 0,
	  .preemptions = 2, .is_large = true },
	{ 0 },
};
