/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ready deque: sched/ready_deque.h as it is, with an array of one or two places so that it grows at once. Entries
 * point to plain memory that the owner has filled, and are taken exactly once (R1).
 */
#include "scenarios.h"
#include "sched/ready_deque.h"

#define ENTRIES 5u

typedef struct item {
	uint64_t content;
	uint64_t times; /* that it was taken */
} item;

static struct board {
	sk_ready_deque deque;
	item item[ENTRIES];
	unsigned pushed;
} * b;

static sk_ready_thief thief(void)
{
	return (sk_ready_thief){ &b->deque };
}

static void setup(void)
{
	b = model_new(sizeof *b);
	model_no_memory = false;
	model_check(sk_ready_deque_init(&b->deque) == 0, "no memory");
}

static void push(unsigned i)
{
	b->item[i].content = i + 1;
	b->pushed++;
	model_check(sk_ready_deque_push(&b->deque, sk_entry_make(SK_ENTRY_FIBER, &b->item[i])), "no memory");
}

static void push_soon(unsigned i)
{
	b->item[i].content = i + 1;
	b->pushed++;
	model_check(sk_ready_deque_push_soon(&b->deque, sk_entry_make(SK_ENTRY_FIBER, &b->item[i])), "no memory");
}

static void use(sk_entry entry)
{
	if (!entry)
		return;
	item *taken = sk_entry_pointer(entry);
	model_check(taken >= b->item && taken < b->item + ENTRIES, "R3: an entry that was never pushed");
	model_check(taken->content == (uint64_t)(taken - b->item) + 1, "the entry's content is not there");
	taken->content = 0; /* as its new owner */
	taken->times++;
}

static void take(unsigned attempts)
{
	bool lost;
	for (unsigned i = 0; i < attempts; i++)
		use(sk_ready_deque_take(thief(), &lost));
}

static void finish(void)
{
	bool lost;
	uint64_t left = sk_load_relaxed(&b->deque.bottom) - sk_load_relaxed(&b->deque.top);
	model_check(left <= b->pushed, "R2: bottom is behind top");
	for (;;) {
		sk_entry entry = sk_ready_deque_take(thief(), &lost);
		if (!entry)
			break;
		use(entry);
	}
	use(sk_ready_deque_take_soon(&b->deque));
	for (unsigned i = 0; i < b->pushed; i++)
		model_check(b->item[i].times == 1, "R1: entry %u was taken %u times", i, (unsigned)b->item[i].times);
}

/* The owner pushes three into two places; two others take. */
static void grow(unsigned thread)
{
	if (thread > 0) {
		take(2);
		return;
	}
	push(0);
	push(1);
	push(2);
}

/* It grows twice: the owner pushes five and takes, two others take. */
static void grow_twice(unsigned thread)
{
	if (thread > 0) {
		take(2);
		return;
	}
	for (unsigned i = 0; i < 5; i++)
		push(i);
	take(1);
}

/* The array grows, places of the grown one are used again, and the place beside it is in use. */
static void grow_again(unsigned thread)
{
	if (thread > 0) {
		take(1);
		use(sk_ready_deque_steal_soon(thief()));
		take(1);
		return;
	}
	push(0);
	push(1);
	push_soon(2);
	push_soon(3);
	take(1);
	push(4);
}

/* Places are used again: the owner pushes when one was taken. */
static void again(unsigned thread)
{
	if (thread > 0) {
		take(2);
		return;
	}
	push(0);
	push(1);
	take(1);
	push(2);
	push(3);
}

/* All want the last one. */
static void last(unsigned thread)
{
	if (thread == 0)
		push(0);
	take(1);
}

/* What is next: exchanged by the owner, taken by others. */
static void soon(unsigned thread)
{
	if (thread > 0) {
		use(sk_ready_deque_steal_soon(thief()));
		take(1);
		return;
	}
	push_soon(0);
	push_soon(1);
	push_soon(2);
	use(sk_ready_deque_take_soon(&b->deque));
}

/* The owner keeps it for itself. */
static void kept(unsigned thread)
{
	if (thread > 0) {
		use(sk_ready_deque_steal_soon(thief()));
		return;
	}
	push_soon(0);
	use(sk_ready_deque_take_soon(&b->deque));
}

/* It does so again and again. */
static void kept_on(unsigned thread)
{
	kept(thread);
	if (thread > 0)
		return;
	push_soon(1);
	use(sk_ready_deque_take_soon(&b->deque));
}

static void setup_kept(void)
{
	setup();
	sk_ready_deque_keep_soon(&b->deque, true);
}

/* It begins to, gives it up, and begins again. */
static void keep(unsigned thread)
{
	if (thread > 0) {
		use(sk_ready_deque_steal_soon(thief()));
		return;
	}
	push_soon(0);
	sk_ready_deque_keep_soon(&b->deque, true);
	use(sk_ready_deque_take_soon(&b->deque));
	sk_ready_deque_keep_soon(&b->deque, false);
	push_soon(1);
	use(sk_ready_deque_take_soon(&b->deque));
	sk_ready_deque_keep_soon(&b->deque, true);
	push_soon(2);
	use(sk_ready_deque_take_soon(&b->deque));
}

static void take_some(void)
{
	sk_entry some[2];
	bool lost;
	unsigned count = sk_ready_deque_take_some(thief(), some, 2, &lost);
	for (unsigned i = 0; i < count; i++)
		use(some[i]);
}

/* Two take several at a time, while the array grows and the owner takes one. */
static void several(unsigned thread)
{
	if (thread > 0) {
		take_some();
		return;
	}
	push(0);
	push(1);
	push(2);
	take(1);
}

/* Places are used again under one who takes several. */
static void several_again(unsigned thread)
{
	if (thread > 0) {
		take_some();
		take_some();
		return;
	}
	push(0);
	push(1);
	push(2);
	take(2);
	push(3);
	push(4);
}

/* A look for entries of another kind, while the array grows. */
static void look(unsigned thread)
{
	if (thread > 0) {
		sk_ready_deque_seen_other(thief(), SK_ENTRY_FIBER);
		return;
	}
	push(0);
	push(1);
	push(2);
}

/* The queue is full and cannot grow: what was next stays so. */
static void no_memory(unsigned thread)
{
	if (thread > 0) {
		use(sk_ready_deque_steal_soon(thief()));
		use(sk_ready_deque_steal_soon(thief()));
		return;
	}
	push(0);
	push(1);
	push_soon(2);
	model_no_memory = true;
	b->item[3].content = 4;
	if (sk_ready_deque_push_soon(&b->deque, sk_entry_make(SK_ENTRY_FIBER, &b->item[3])))
		b->pushed++;
}

const model_scenario ready_deque_scenarios[] = {
	{ "ready.grow", "the array grows under theft", 3, setup, grow, finish, .spurious = 0 },
	{ "ready.again", "places are used again", 2, setup, again, finish, .spurious = 0 },
	{ "ready.last", "three take the last entry", 3, setup, last, finish, .spurious = 0 },
	{ "ready.soon", "the place beside the queue", 3, setup, soon, finish, .spurious = 0 },
	{ "ready.kept", "the owner keeps the place beside the queue, two others claim it", 3, setup_kept, kept, finish,
	  .spurious = 0 },
	{ "ready.kept_on", "it does so twice, one other claims it", 2, setup_kept, kept_on, finish, .spurious = 0 },
	{ "ready.kept_on_two", "it does so twice, two others claim it", 3, setup_kept, kept_on, finish, .spurious = 0,
	  .is_large = true },
	{ "ready.keep", "it begins to keep it, gives it up, and begins again", 2, setup, keep, finish, .spurious = 0 },
	{ "ready.several", "two take several at a time", 3, setup, several, finish, .spurious = 0 },
	{ "ready.several_again", "places are used again, under one who takes several", 2, setup, several_again, finish,
	  .spurious = 0 },
	{ "ready.look", "a look for another kind", 2, setup, look, finish, .spurious = 0 },
	{ "ready.no_memory", "the queue cannot grow", 2, setup, no_memory, finish, .spurious = 0 },
	{ "ready.grow_twice", "five entries, two thieves: the array grows twice", 3, setup, grow_twice, finish,
	  .spurious = 0, .is_large = true },
	{ "ready.grow_again", "five entries, two thieves: grown, used again, and beside it", 3, setup, grow_again,
	  finish, .spurious = 0, .is_large = true },
	{ 0 },
};
