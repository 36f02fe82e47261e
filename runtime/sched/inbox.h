/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inbox: entries from threads that are no workers (roots to begin, fibers to wake). A list that anybody pushes on
 * and from which a worker takes everything at once, so that neither side needs more than one atomic exchange, and
 * nobody can take a node that is being pushed anew (the ABA trouble of stacks that are popped one by one).
 *
 *   head -> newest -> ... -> oldest          taking reverses: oldest first
 *
 *   B1  a pushed node belongs to the inbox until it is taken; the taker may free or reuse it.
 *
 * | edge        | from                    | to                      | carries            |
 * |-------------|-------------------------|-------------------------|--------------------|
 * | inbox.push  | push: CAS head, release | take: exchange, acquire | the node's content |
 *
 * Who may call: any thread. Nothing blocks. After a push the caller tells the idle workers (sk_idle_notify).
 * Source: Treiber, "Systems programming: coping with parallelism" (IBM RJ 5118, 1986), without the single pop.
 */
#ifndef SK_SCHED_INBOX_H
#define SK_SCHED_INBOX_H

#include "sched/ready_deque.h"

/* Lives in whatever is sent; the sender fills entry. */
typedef struct sk_inbox_node {
	struct sk_inbox_node *next;
	sk_entry entry;
} sk_inbox_node;

typedef struct sk_inbox {
	/* everybody CASes */
	_Alignas(SK_FALSE_SHARING) SK_ATOMIC(sk_inbox_node *) head;
} sk_inbox;

void sk_inbox_push(sk_inbox *inbox, sk_inbox_node *node);

/* All nodes, oldest first; NULL when there is none. */
sk_inbox_node *sk_inbox_take_all(sk_inbox *inbox);

/* Looks empty? (a snapshot) */
bool sk_inbox_seen_empty(sk_inbox *inbox);

#endif
