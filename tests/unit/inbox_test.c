/* SPDX-License-Identifier: Apache-2.0 */
/* The inbox: order, and that nothing is lost or doubled between many senders and several takers. */
#include "sched/inbox.h"

#include "crowd.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define SENDERS 4u
#define TAKERS 3u
#define PER_SENDER CROWD_ROUNDS(50000u)

static sk_inbox inbox;

Test(inbox, what_is_taken_comes_oldest_first)
{
	sk_inbox_node node[5];
	cr_assert(sk_inbox_seen_empty(&inbox));
	cr_assert_null(sk_inbox_take_all(&inbox));
	for (sk_entry i = 0; i < 5; i++) {
		node[i].entry = 8 * (i + 1);
		sk_inbox_push(&inbox, &node[i]);
		cr_assert_not(sk_inbox_seen_empty(&inbox));
	}
	sk_inbox_node *taken = sk_inbox_take_all(&inbox);
	for (int i = 0; i < 5; i++) {
		cr_assert_eq(taken, &node[i]);
		cr_assert_eq(taken->entry, 8 * ((sk_entry)i + 1));
		taken = taken->next;
	}
	cr_assert_null(taken);
	cr_assert(sk_inbox_seen_empty(&inbox));
	cr_assert_null(sk_inbox_take_all(&inbox), "they are taken once");
}

Test(inbox, a_taken_node_can_be_sent_again_while_the_others_are_looked_at)
{
	sk_inbox_node a = { .entry = 8 }, b = { .entry = 16 };
	sk_inbox_push(&inbox, &a);
	sk_inbox_push(&inbox, &b);
	sk_inbox_node *taken = sk_inbox_take_all(&inbox);
	cr_assert_eq(taken, &a);
	sk_inbox_node *rest = taken->next;
	sk_inbox_push(&inbox, &a);
	cr_assert_eq(rest, &b);
	cr_assert_null(rest->next);
	cr_assert_eq(sk_inbox_take_all(&inbox), &a);
	cr_assert_null(a.next);
}

/* --- threads: SENDERS send numbered nodes, TAKERS take --- */

typedef struct shared {
	tally tally;
	crowd_counter disorder;
	crowd_counter sent; /* senders that have finished */
} shared;

static void send(shared *s, unsigned sender)
{
	for (unsigned i = 0; i < PER_SENDER; i++) {
		sk_inbox_node *node = malloc(sizeof *node);
		node->entry = ((sk_entry)sender * PER_SENDER + i + 1) << 3;
		sk_inbox_push(&inbox, node);
		if (i % 64 == 0)
			sched_yield();
	}
	sk_add_acq_rel(&s->sent, 1);
}

/* Frees at once: a taker owns what it has taken. */
static void take(shared *s)
{
	for (;;) {
		bool last = sk_load_acquire(&s->sent) == SENDERS;
		sk_inbox_node *node = sk_inbox_take_all(&inbox);
		size_t next[SENDERS] = { 0 }; /* within one grasp a sender's nodes are in the order of its sending */
		if (!node && last)
			return;
		if (!node)
			sched_yield();
		while (node) {
			size_t number = (size_t)(node->entry >> 3) - 1, sender = number / PER_SENDER % SENDERS;
			if (number < next[sender])
				sk_add_relaxed(&s->disorder, 1);
			next[sender] = number + 1;
			tally_mark(&s->tally, number);
			sk_inbox_node *after = node->next;
			free(node);
			node = after;
		}
	}
}

static void send_or_take(void *arg, unsigned index)
{
	if (index < SENDERS)
		send(arg, index);
	else
		take(arg);
}

Test(inbox, each_node_is_taken_once_and_in_its_senders_order)
{
	shared s = { .tally = tally_create(SENDERS * PER_SENDER) };
	crowd threads;
	crowd_start(&threads, SENDERS + TAKERS, send_or_take, &s);
	crowd_join(&threads);
	cr_assert_eq(sk_load_relaxed(&s.disorder), 0);
	tally_expect_each_once(&s.tally);
	tally_destroy(&s.tally);
	cr_assert(sk_inbox_seen_empty(&inbox));
}

/* The usual case: the same few nodes go round and round (ABA would lose one or make a ring). */
static void resend(void *arg, unsigned index)
{
	crowd_counter *rounds = arg;
	(void)index;
	while (sk_load_relaxed(rounds) < CROWD_ROUNDS(200000)) {
		sk_inbox_node *node = sk_inbox_take_all(&inbox);
		while (node) {
			sk_inbox_node *next = node->next;
			sk_inbox_push(&inbox, node);
			sk_add_relaxed(rounds, 1);
			node = next;
		}
	}
}

Test(inbox, nodes_that_go_round_and_round_are_never_lost)
{
	static sk_inbox_node nodes[7];
	static crowd_counter rounds;
	tally seen = tally_create(7);
	crowd threads;
	for (sk_entry i = 0; i < 7; i++) {
		nodes[i].entry = i << 3;
		sk_inbox_push(&inbox, &nodes[i]);
	}
	crowd_start(&threads, 4, resend, &rounds);
	crowd_join(&threads);
	unsigned count = 0;
	for (sk_inbox_node *node = sk_inbox_take_all(&inbox); node && count < 8; node = node->next, count++)
		tally_mark(&seen, (size_t)(node->entry >> 3));
	cr_assert_eq(count, 7);
	tally_expect_each_once(&seen);
	tally_destroy(&seen);
}
