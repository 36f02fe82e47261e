/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Idle workers: sched/idle.h as it is, with the inbox and the ready deque for the work and sys/park for the tokens. The
 * workers do what sched/worker.c does: look, declare, look, park, look once more, sleep. Work that is left while all
 * sleep is a deadlock.
 */
#include "scenarios.h"
#include "sched/idle.h"
#include "sched/inbox.h"
#include "sched/ready_deque.h"
#include "sys/membarrier.h"
#include "sys/park.h"

#include <errno.h>

#define WORKERS 2u

static struct board {
	sk_idle idle;
	sk_inbox inbox;
	sk_ready_deque ready; /* of thread 0 where it is a busy worker */
	sk_inbox_node node[2];
	uint64_t content[2], times[2];
	SK_ATOMIC(uint32_t) is_done[2];
	SK_ATOMIC(uint32_t) letter; /* for worker 0 alone */
	sk_park_word token[WORKERS];
	unsigned workers, items;
	bool is_paired;      /* item 0 ends when item 1 has */
	bool timed[WORKERS]; /* the next sleep of this worker has a deadline */
	unsigned missed;
} * b;

static void wake(void *arg, unsigned worker)
{
	(void)arg;
	sk_store_release(&b->token[worker], 1); /* edge idle.claim -> : that it counts as a searcher */
	sk_park_wake(&b->token[worker], 1);
}

static void setup_with(unsigned workers, unsigned items, bool has_barrier)
{
	b = model_new(sizeof *b);
	model_no_memory = false;
	sk_idle_init(&b->idle, WORKERS, wake, NULL);
	b->idle.has_barrier = has_barrier;
	model_check(sk_ready_deque_init(&b->ready) == 0, "no memory");
	b->workers = workers;
	b->items = items;
}

static void setup_fence(void)
{
	setup_with(1, 1, false);
}

static void setup_barrier(void)
{
	setup_with(1, 1, true);
}

static void setup_two(void)
{
	setup_with(2, 2, false);
}

static void setup_two_barrier(void)
{
	setup_with(2, 2, true);
}

static void setup_paired(void)
{
	setup_two_barrier();
	b->is_paired = true;
}

static void setup_timed(void)
{
	setup_fence();
	b->timed[0] = true;
}

static void missed(void *arg)
{
	(void)arg;
	b->missed++;
}

static void use(unsigned i)
{
	model_check(b->content[i] == i + 1u, "the work's content is not there");
	b->times[i]++;
	while (b->is_paired && i == 0 && !sk_load_acquire(&b->is_done[1]))
		model_yield();
	sk_store_release(&b->is_done[i], 1);
}

/* What a worker has found. */
typedef struct found {
	unsigned count;
	unsigned item[3];
} found;

/* Looks everywhere. */
static found look(void)
{
	found it = { 0 };
	for (sk_inbox_node *node = sk_inbox_take_all(&b->inbox), *next; node; node = next) {
		next = node->next;
		it.item[it.count++] = (unsigned)node->entry - 1;
	}
	if (sk_load_relaxed(&b->letter) && sk_exchange_acquire(&b->letter, 0))
		it.item[it.count++] = 0;
	bool lost;
	sk_entry entry = sk_ready_deque_take((sk_ready_thief){ &b->ready }, &lost);
	if (entry)
		it.item[it.count++] = (unsigned)((uint64_t *)sk_entry_pointer(entry) - b->content);
	return it;
}

static bool seen(void)
{
	return sk_load_relaxed(&b->letter) || !sk_inbox_seen_empty(&b->inbox) ||
	       !sk_ready_deque_seen_empty((sk_ready_thief){ &b->ready });
}

static void sleep_for_token(unsigned worker)
{
	while (!sk_exchange_acquire(&b->token[worker], 0)) { /* edge -> idle.claim : that it counts as a searcher */
		uint64_t deadline = b->timed[worker] ? 1000 : SK_PARK_FOREVER;
		if (sk_park_wait(&b->token[worker], 0, deadline) != -ETIMEDOUT)
			continue;
		b->timed[worker] = false;
		if (sk_idle_park_cancel(&b->idle, worker))
			return;
	}
}

/* Works until so many items are done. */
static void worker(unsigned self, unsigned wanted)
{
	unsigned done = 0;
	while (done < wanted) {
		found it = look();
		if (it.count == 0) {
			sk_idle_declare(&b->idle);
			while ((it = look()).count == 0) {
				sk_idle_park_begin(&b->idle, self); /* P1 */
				if (b->idle.has_barrier)
					sk_membarrier(); /* P3 */
				else
					sk_fence_seq_cst();
				if (!seen() || !sk_idle_park_cancel(&b->idle, self)) /* P4, P5 */
					sleep_for_token(self);
			}
			if (sk_idle_found(&b->idle))
				sk_idle_notify(&b->idle, self);
		}
		for (unsigned i = 0; i < it.count; i++)
			use(it.item[i]);
		done += it.count;
	}
}

static void send(unsigned i)
{
	b->content[i] = i + 1;
	b->node[i].entry = i + 1;
	sk_inbox_push(&b->inbox, &b->node[i]);
	sk_idle_notify(&b->idle, 0);
}

static void finish(void)
{
	for (unsigned i = 0; i < b->items; i++)
		model_check(b->times[i] == 1, "item %u was done %u times", i, (unsigned)b->times[i]);
}

/* A thread from outside sends; a worker sleeps or is about to. */
static void outside(unsigned thread)
{
	if (thread == 0)
		send(0);
	else
		worker(0, 1);
}

/* A busy worker puts work on its own deque and pays for no fence: who parks passes a membarrier. */
static void owner(unsigned thread)
{
	if (thread > 0) {
		worker(1, 1);
		return;
	}
	b->content[0] = 1;
	sk_ready_deque_push(&b->ready, sk_entry_make(SK_ENTRY_FIBER, &b->content[0]));
	sk_idle_notify_owner(&b->idle, 0);
}

/* Everything is done while those who would do more sleep. */
static bool all_done(void)
{
	for (unsigned i = 0; i < b->items; i++)
		if (b->times[i] != 1)
			return false;
	return true;
}

/* Two park; work comes from outside. They work until nothing is left. */
static void two_park(unsigned thread)
{
	if (thread == 0) {
		send(0);
		send(1);
	} else {
		worker(thread - 1, 3);
	}
}

/* Two send, one parks. */
static void two_send(unsigned thread)
{
	if (thread < 2)
		send(thread);
	else
		worker(0, 3);
}

/* A busy worker shares two items with two who park; each may need the other one. */
static void share(unsigned thread)
{
	if (thread > 0) {
		worker(thread - 1, 3);
		return;
	}
	for (unsigned i = 0; i < 2; i++) {
		b->content[i] = i + 1;
		sk_ready_deque_push(&b->ready, sk_entry_make(SK_ENTRY_FIBER, &b->content[i]));
		sk_idle_notify_owner(&b->idle, 0);
	}
}

/* What only one worker can do wakes that one, while another notifies. */
static void letter(unsigned thread)
{
	if (thread == 1) {
		worker(0, 3);
		return;
	}
	b->content[0] = 1;
	sk_store_release(&b->letter, 1);
	sk_idle_wake(&b->idle, 0);
}

/* A bit that is offered and retracted, without a searcher: who relied on it is told. */
static void setup_offer(void)
{
	setup_with(1, 1, false);
	b->idle.missed = missed;
}

static void offer(unsigned thread)
{
	if (thread == 0) {
		b->content[0] = 1;
		b->node[0].entry = 1;
		sk_inbox_push(&b->inbox, &b->node[0]);
		sk_idle_notify(&b->idle, 0);
		return;
	}
	sk_idle_hungry_add(&b->idle, 1);
	sk_idle_offer(&b->idle, 0);
	sk_fence_seq_cst();
	if (!seen())
		sleep_for_token(0);
	else if (!sk_idle_retract(&b->idle, 0))
		sleep_for_token(0); /* it is on its way */
	found it = look();
	for (unsigned i = 0; i < it.count; i++)
		use(it.item[i]);
	sk_idle_hungry_add(&b->idle, -1);
}

const model_scenario idle_scenarios[] = {
	{ "idle.outside", "one sends, one parks", 2, setup_fence, outside, finish, .spurious = 1 },
	{ "idle.outside_barrier", "the same with membarrier", 2, setup_barrier, outside, finish, .spurious = 1 },
	{ "idle.owner", "a busy worker shares its work", 2, setup_barrier, owner, finish, .spurious = 1 },
	{ "idle.owner_fence", "the same without membarrier", 2, setup_fence, owner, finish, .spurious = 1 },
	{ "idle.timed", "the same, and its sleep has a deadline", 2, setup_timed, outside, finish, .spurious = 1 },
	{ "idle.letter", "what only one worker can do", 2, setup_fence, letter, finish, .spurious = 1,
	  .rests = all_done },
	{ "idle.offer", "a bit without a searcher, as the vacant seat's", 2, setup_offer, offer, finish,
	  .spurious = 1 },
	{ "idle.two_send", "two send, one parks", 3, setup_two, two_send, finish, .spurious = 0, .preemptions = 2,
	  .rests = all_done },
	{ "idle.two_park", "one sends two, two park", 3, setup_two, two_park, finish, .spurious = 0, .preemptions = 2,
	  .is_large = true, .rests = all_done },
	{ "idle.share", "a busy worker shares two, two park", 3, setup_two_barrier, share, finish, .spurious = 0,
	  .preemptions = 2, .is_large = true, .rests = all_done },
	{ "idle.paired", "the same, and one needs the other", 3, setup_paired, share, finish, .spurious = 0,
	  .preemptions = 2, .is_large = true, .rests = all_done },
	{ "idle.long_send", "two send, one parks", 3, setup_two, two_send, finish, .spurious = 1, .preemptions = 3,
	  .is_long = true, .rests = all_done },
	{ "idle.long_park", "one sends two, two park", 3, setup_two, two_park, finish, .spurious = 0, .preemptions = 3,
	  .stale = 3, .is_long = true, .rests = all_done },
	{ "idle.long_paired", "a busy worker shares two, one needs the other, two park", 3, setup_paired, share, finish,
	  .spurious = 0, .preemptions = 3, .stale = 3, .is_long = true, .rests = all_done },
	{ 0 },
};
