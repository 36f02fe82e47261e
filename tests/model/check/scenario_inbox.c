/* SPDX-License-Identifier: Apache-2.0 */
/* The inbox: sched/inbox.h as it is. Two push, two take; what is taken may be pushed again at once (B1). */
#include "scenarios.h"
#include "sched/inbox.h"

#define NODES 3u

static struct board {
	sk_inbox inbox;
	struct {
		sk_inbox_node node;
		uint64_t content, times;
	} letter[NODES];
	bool is_resent;
} * b;

static void setup(void)
{
	b = model_new(sizeof *b);
}

static void setup_resent(void)
{
	setup();
	b->is_resent = true;
}

static void push(unsigned i)
{
	b->letter[i].content = i + 1;
	b->letter[i].node.entry = i + 1;
	sk_inbox_push(&b->inbox, &b->letter[i].node);
}

/* Returns the last one. */
static sk_inbox_node *take(void)
{
	sk_inbox_node *last = NULL;
	uint64_t before[2] = { 0 };
	for (sk_inbox_node *node = sk_inbox_take_all(&b->inbox), *next; node; node = next) {
		next = node->next;
		unsigned i = (unsigned)node->entry - 1;
		model_check(i < NODES && b->letter[i].content == i + 1u, "B1: the node's content is not there");
		model_check(b->is_resent || before[i / 2] <= i + 1u, "of one sender the older one comes first");
		before[i / 2] = i + 1;
		b->letter[i].times++;
		last = node;
	}
	return last;
}

static void finish(void)
{
	take();
	for (unsigned i = 0; i < NODES; i++)
		model_check(b->letter[i].times == 1, "letter %u was taken %u times", i, (unsigned)b->letter[i].times);
}

/* Thread 0 pushes two, thread 1 one, the others take. */
static void senders(unsigned thread)
{
	if (thread == 0) {
		push(0);
		push(1);
	} else if (thread == 1) {
		push(2);
	} else {
		take();
	}
}

/* What was taken is pushed again, while others push behind the old head. */
static void again(unsigned thread)
{
	if (thread == 0) {
		push(0);
		push(1);
		return;
	}
	sk_inbox_node *node = take();
	if (!node)
		return;
	b->letter[node->entry - 1].times--;
	push((unsigned)node->entry - 1);
}

static void finish_two(void)
{
	take();
	for (unsigned i = 0; i < 2; i++)
		model_check(b->letter[i].times == 1, "letter %u was taken %u times", i, (unsigned)b->letter[i].times);
}

const model_scenario inbox_scenarios[] = {
	{ "inbox.senders", "two send, two take", 4, setup, senders, finish, .spurious = 0 },
	{ "inbox.again", "a node is sent again", 3, setup_resent, again, finish_two, .spurious = 0 },
	{ 0 },
};
