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

#define WORKERS 2u

static struct board {
	sk_idle idle;
	sk_inbox inbox;
	sk_ready_deque ready; /* of thread 0 where it is a busy worker */
	sk_inbox_node node[2];
	uint64_t content[2], times[2];
	sk_park_word token[WORKERS];
	unsigned workers, items;
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

static void use(unsigned i)
{
	model_check(b->content[i] == i + 1u, "the work's content is not there");
	b->times[i]++;
}

/* Looks everywhere and does what there is. Returns how much. */
static unsigned work(void)
{
	unsigned done = 0;
	for (sk_inbox_node *node = sk_inbox_take_all(&b->inbox), *next; node; node = next, done++) {
		next = node->next;
		use((unsigned)node->entry - 1);
	}
	bool lost;
	sk_entry entry = sk_ready_deque_take((sk_ready_thief){ &b->ready }, &lost);
	if (entry) {
		use((unsigned)((uint64_t *)sk_entry_pointer(entry) - b->content));
		done++;
	}
	return done;
}

static bool seen(void)
{
	return !sk_inbox_seen_empty(&b->inbox) || !sk_ready_deque_seen_empty((sk_ready_thief){ &b->ready });
}

static void sleep_for_token(unsigned worker)
{
	while (!sk_exchange_acquire(&b->token[worker], 0)) /* edge -> idle.claim : that it counts as a searcher */
		sk_park_wait(&b->token[worker], 0, SK_PARK_FOREVER);
}

/* Works until so many items are done. */
static void worker(unsigned self, unsigned wanted)
{
	unsigned done = 0;
	while (done < wanted) {
		unsigned found = work();
		if (found == 0) {
			sk_idle_declare(&b->idle);
			while ((found = work()) == 0) {
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
		done += found;
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

const model_scenario idle_scenarios[] = {
	{ "idle.outside", "one sends, one parks", 2, setup_fence, outside, finish, .spurious = 1 },
	{ "idle.outside_barrier", "the same with membarrier", 2, setup_barrier, outside, finish, .spurious = 1 },
	{ "idle.owner", "a busy worker shares its work", 2, setup_barrier, owner, finish, .spurious = 1 },
	{ "idle.owner_fence", "the same without membarrier", 2, setup_fence, owner, finish, .spurious = 1 },
	{ 0 },
};
