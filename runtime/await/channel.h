/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channels: skua_channel of sync.h. Everything is decided under the channel's lock:
 *
 *   send                                                 receive
 *   1  closed: -EPIPE                                    1  an element lies there: take it; a sender waits: put his
 *   2  a receiver waits: win him, copy to his place         element there, and win him
 *   3  there is room: copy to there                      2  a sender waits (capacity 0): win him, copy from his place
 *   4  else queue with the address of the element        3  closed: -EPIPE
 *                                                        4  else queue with the address of the place
 *
 *   H1  receivers wait only if nothing lies there and no sender waits, senders only if there is no room. So elements
 *       keep their order, and each is received by one.
 *   H2  a waiter's place is touched only by who has won him, before he is told. So one who gave up, or whom a select
 *       has given to another case, keeps his element, and his place is as it was.
 *   H3  close wins everybody, with -EPIPE. Nobody queues after it.
 *   H4  the last touch of a call is its unlock: all that it lets others do is found behind that lock, and who was won
 *       is told after it (waitable.h, B2). So who has received the last element, or the end, may destroy the channel.
 *
 * Who would have to queue anyway need not lock twice: `offers` says, without the lock, whether a send or a receive
 * could be done at once. It is a hint: whoever does not see the latest goes on to queue, and finds out under the lock.
 *
 * A select is in the queues of several channels at once. It takes only what is there when it looks, with no ticket out;
 * when it queues and finds that it would not have to wait, it ends its own wait and looks again (select.c). So nobody
 * ever holds two locks, or has to win two tickets together.
 *
 * Source: Hoare, "Communicating sequential processes" (CACM 21, 1978); Go's channels.
 */
#ifndef SK_AWAIT_CHANNEL_H
#define SK_AWAIT_CHANNEL_H

#include "await/elements.h"
#include "await/queue.h"
#include "sys/lock.h"

#include <skua/sync.h>

enum { SK_OFFERS_SEND = 1, SK_OFFERS_RECV = 2 };

struct skua_channel {
	/* everybody, under the lock */
	sk_lock lock;
	bool is_closed;
	sk_elements elements;
	sk_queue senders, receivers;
	/* written under the lock, read by anybody: SK_OFFERS_SEND, SK_OFFERS_RECV */
	SK_ATOMIC(uint32_t) offers;
};

/* For select. At once or not at all: 0, -EPIPE, -ENOMEM, or -EAGAIN. */
int sk_channel_send_now(skua_channel *channel, const void *value);
int sk_channel_recv_now(skua_channel *channel, void *value);

/* Queues the node, unless it could go on at once, by others than nodes with its own ticket. */
bool sk_channel_enlist_send(skua_channel *channel, sk_queue_node *node);
bool sk_channel_enlist_recv(skua_channel *channel, sk_queue_node *node);
void sk_channel_delist_send(skua_channel *channel, sk_queue_node *node);
void sk_channel_delist_recv(skua_channel *channel, sk_queue_node *node);

#endif
