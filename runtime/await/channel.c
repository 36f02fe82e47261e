/* SPDX-License-Identifier: Apache-2.0 */
/* Channels; see channel.h. */
#include "await/channel.h"

#include "await/waitable.h"
#include "base/check.h"
#include "base/hot.h"
#include "base/hostile.h"

#include <errno.h>
#include <stdlib.h>

/* Ends what began with sk_lock_take, and says what can be done now. */
static inline void unlock(skua_channel *channel)
{
	const sk_elements *elements = &channel->elements;
	uint32_t offers = 0;
	if (channel->is_closed || channel->receivers.first || elements->count < elements->capacity)
		offers |= SK_OFFERS_SEND;
	if (channel->is_closed || channel->senders.first || elements->count > 0)
		offers |= SK_OFFERS_RECV;
	if (sk_load_relaxed(&channel->offers) != offers) /* relaxed: under the lock */
		sk_store_relaxed(&channel->offers, offers); /* relaxed: a hint */
	sk_lock_give(&channel->lock);
}

skua_channel *skua_channel_create(size_t capacity, size_t element_bytes)
{
	skua_channel *channel = calloc(1, sizeof *channel);
	if (!channel)
		return NULL;
	if (!sk_elements_init(&channel->elements, capacity, element_bytes)) {
		free(channel);
		return NULL;
	}
	/* relaxed: nobody else has it yet */
	sk_store_relaxed(&channel->offers, capacity > 0 ? (uint32_t)SK_OFFERS_SEND : 0);
	return channel;
}

void skua_channel_destroy(skua_channel *channel)
{
	if (!channel)
		return;
	sk_lock_take(&channel->lock); /* behind a call that is about to leave it */
	SK_REQUIRE(!channel->senders.first && !channel->receivers.first,
		   "skua_channel_destroy while somebody waits at the channel");
	sk_lock_give(&channel->lock);
	sk_elements_destroy(&channel->elements);
	free(channel);
}

/* --- under the lock --- */

static inline int send_locked(skua_channel *channel, const void *value, sk_waker *waker)
{
	sk_elements *elements = &channel->elements;
	if (SK_UNLIKELY(channel->is_closed))
		return -EPIPE;
	if (channel->receivers.first) {
		sk_queue_node *receiver = sk_waker_win_first(waker, &channel->receivers);
		if (receiver) {
			sk_element_copy(receiver->value, value, elements->bytes); /* H2 */
			return 0;
		}
	}
	if (elements->count >= elements->capacity)
		return -EAGAIN;
	return sk_elements_push(elements, value) ? 0 : -ENOMEM;
}

/* A place became free: the sender who has waited longest fills it. */
static void refill(skua_channel *channel, sk_waker *waker)
{
	sk_queue_node *sender = sk_waker_win_first(waker, &channel->senders);
	if (sender && !sk_elements_push(&channel->elements, sender->value))
		sender->result = -ENOMEM; /* cannot be: who waits does so at a ring */
}

static inline int recv_locked(skua_channel *channel, void *value, sk_waker *waker)
{
	sk_elements *elements = &channel->elements;
	if (elements->count > 0) {
		sk_elements_pop(elements, value);
		if (channel->senders.first)
			refill(channel, waker);
		return 0;
	}
	sk_queue_node *sender = channel->senders.first ? sk_waker_win_first(waker, &channel->senders) : NULL;
	if (sender) {
		sk_element_copy(value, sender->value, elements->bytes); /* H2 */
		return 0;
	}
	return channel->is_closed ? -EPIPE : -EAGAIN;
}

int sk_channel_send_now(skua_channel *channel, const void *value)
{
	sk_waker waker = { 0 };
	sk_lock_take(&channel->lock);
	int result = send_locked(channel, value, &waker);
	unlock(channel);
	sk_waker_tell(&waker);
	return result;
}

int sk_channel_recv_now(skua_channel *channel, void *value)
{
	sk_waker waker = { 0 };
	sk_lock_take(&channel->lock);
	int result = recv_locked(channel, value, &waker);
	unlock(channel);
	sk_waker_tell(&waker);
	return result;
}

/* --- waiting --- */

typedef struct transfer {
	skua_channel *channel;
	int now; /* what enlist could do at once; -EAGAIN: it queued */
	sk_queue_node node;
} transfer;

static bool queue_locked(transfer *mine, sk_queue *queue, sk_ticket ticket)
{
	if (mine->now != -EAGAIN)
		return false;
	mine->node.ticket = ticket;
	sk_queue_push(queue, &mine->node);
	return true;
}

static bool enlist_send(void *arg, sk_ticket ticket)
{
	transfer *mine = arg;
	skua_channel *channel = mine->channel;
	sk_waker waker = { 0 };
	sk_lock_take(&channel->lock);
	mine->now = send_locked(channel, mine->node.value, &waker);
	bool waits = queue_locked(mine, &channel->senders, ticket);
	unlock(channel);
	sk_waker_tell(&waker);
	return waits;
}

static bool enlist_recv(void *arg, sk_ticket ticket)
{
	transfer *mine = arg;
	skua_channel *channel = mine->channel;
	sk_waker waker = { 0 };
	sk_lock_take(&channel->lock);
	mine->now = recv_locked(channel, mine->node.value, &waker);
	bool waits = queue_locked(mine, &channel->receivers, ticket);
	unlock(channel);
	sk_waker_tell(&waker);
	return waits;
}

static void delist(skua_channel *channel, sk_queue *queue, sk_queue_node *node)
{
	sk_lock_take(&channel->lock);
	if (node->is_queued)
		sk_queue_remove(queue, node);
	unlock(channel);
}

static inline void init(transfer *mine, skua_channel *channel, void *value)
{
	mine->channel = channel;
	mine->now = -EAGAIN;
	sk_queue_node_init(&mine->node, sk_fiber_self(), SK_CAUSE_EVENT, value);
}

static int wait_at(transfer *mine, uint64_t deadline_ns, bool is_send)
{
	if (deadline_ns != SK_TIMERS_NEVER && sk_deadline_is_past(deadline_ns))
		return -ETIMEDOUT;
	const sk_wait_for what = {
		.enlist = is_send ? enlist_send : enlist_recv,
		.arg = mine,
		.deadline_ns = deadline_ns,
		.why = is_send ? SK_WAIT_SEND : SK_WAIT_RECEIVE,
		.cancellable = true,
	};
	uint32_t cause = sk_wait(&what);
	if (SK_UNLIKELY(mine->now != -EAGAIN))
		return mine->now; /* whatever ended the wait */
	if (cause == SK_CAUSE_EVENT)
		return mine->node.result;
	if (mine->node.ticket)
		delist(mine->channel, is_send ? &mine->channel->senders : &mine->channel->receivers, &mine->node);
	return cause == SK_CAUSE_TIMEOUT ? -ETIMEDOUT : -ECANCELED;
}

int skua_channel_send_until(skua_channel *channel, const void *value, uint64_t at_ns)
{
	if (sk_load_relaxed(&channel->offers) & SK_OFFERS_SEND) { /* relaxed: a hint */
		int result = sk_channel_send_now(channel, value);
		if (result != -EAGAIN)
			return result;
	}
	transfer mine;
	init(&mine, channel, (void *)(uintptr_t)value); /* NOLINT: it is only read */
	return wait_at(&mine, at_ns, true);
}

int skua_channel_recv_until(skua_channel *channel, void *value, uint64_t at_ns)
{
	if (sk_load_relaxed(&channel->offers) & SK_OFFERS_RECV) { /* relaxed: a hint */
		int result = sk_channel_recv_now(channel, value);
		if (result != -EAGAIN)
			return result;
	}
	transfer mine;
	init(&mine, channel, value);
	return wait_at(&mine, at_ns, false);
}

int skua_channel_send(skua_channel *channel, const void *value)
{
	return skua_channel_send_until(channel, value, SK_TIMERS_NEVER);
}

int skua_channel_recv(skua_channel *channel, void *value)
{
	return skua_channel_recv_until(channel, value, SK_TIMERS_NEVER);
}

int skua_channel_try_send(skua_channel *channel, const void *value)
{
	return sk_channel_send_now(channel, value);
}

int skua_channel_try_recv(skua_channel *channel, void *value)
{
	return sk_channel_recv_now(channel, value);
}

/* --- closing --- */

static void refuse_all(sk_queue *queue, sk_waker *waker)
{
	for (sk_queue_node *node; (node = sk_waker_win_first(waker, queue));)
		node->result = -EPIPE;
}

void skua_channel_close(skua_channel *channel)
{
	sk_waker waker = { 0 };
	sk_lock_take(&channel->lock);
	channel->is_closed = true;
	refuse_all(&channel->senders, &waker); /* H3 */
	refuse_all(&channel->receivers, &waker);
	unlock(channel);
	sk_waker_tell(&waker);
}

/* --- for select --- */

static bool enlist_node(skua_channel *channel, sk_queue *queue, sk_queue_node *node, bool goes_on)
{
	if (!goes_on)
		sk_queue_push(queue, node);
	unlock(channel);
	return !goes_on;
}

/* Does anybody wait there but the select itself? */
static bool others_wait(const sk_queue *queue, sk_ticket own)
{
	const sk_queue_node *node = queue->first;
	while (node && node->ticket == own && node->next != queue->first)
		node = node->next;
	return node && node->ticket != own;
}

bool sk_channel_enlist_send(skua_channel *channel, sk_queue_node *node)
{
	sk_lock_take(&channel->lock);
	bool goes_on = channel->is_closed || channel->elements.count < channel->elements.capacity ||
		       others_wait(&channel->receivers, node->ticket);
	return enlist_node(channel, &channel->senders, node, goes_on);
}

bool sk_channel_enlist_recv(skua_channel *channel, sk_queue_node *node)
{
	sk_lock_take(&channel->lock);
	bool goes_on = channel->is_closed || channel->elements.count > 0 ||
		       others_wait(&channel->senders, node->ticket);
	return enlist_node(channel, &channel->receivers, node, goes_on);
}

void sk_channel_delist_send(skua_channel *channel, sk_queue_node *node)
{
	delist(channel, &channel->senders, node);
}

void sk_channel_delist_recv(skua_channel *channel, sk_queue_node *node)
{
	delist(channel, &channel->receivers, node);
}
