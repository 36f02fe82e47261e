/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events from the kernel (descriptors, completions), as far as the scheduler has to know of them: who looks for them,
 * and who sleeps in the kernel's call for them. The reactor of io/ does the looking; it installs itself at its first
 * use.
 *
 *   busy workers     look every so often between two pieces of work, without blocking
 *   searching ones   look when they have run out of work, and in every fourth round of the search (a round is shorter
 *                    than the call: one look in each was 35 calls for one message of a single connection, now 9, and
 *                    the answer came no later, for the next round finds sooner what another has woken)
 *   a parking one    becomes the holder, if nobody is: it sleeps in the reactor instead of on its word; the others
 *   sleep
 *                    on their words
 *   the monitor      comes every millisecond or four while something is expected and nobody holds, and looks if
 *                    nobody else has since it came the last time (all compute)
 *
 *   holder   the word of the one who sleeps in the reactor, NULL: nobody
 *
 *   parking (instead of sk_park_wait)                waking (instead of sk_park_wake)
 *   1  CAS holder NULL -> word (seq_cst)             1  the word is set (seq_cst)
 *   2  word is set: 4                                2  holder == word: interrupt the reactor
 *   3  sleep in the reactor                             else: futex
 *   4  holder = NULL
 *
 *   By cases on 1 and 1: if the waker does not see the holder, its word was set before the holder's 2, which sees it.
 *
 * When the holder leaves with events still expected, all may be busy from then on: the monitor is told to look soon. It
 * is told, too, by who makes more be expected while there is no holder. Each does its own first (leaves, expects) and
 * then looks at the other's: one of them tells. Who waits for what is expected already need not: as long as something
 * is, and nobody holds, the monitor comes back.
 *
 * | edge           | from                            | to                            | carries                       |
 * |----------------|---------------------------------|-------------------------------|-------------------------------|
 * | poller.ops     | install: ops, release           | look: ops, acquire            | the reactor is ready          |
 * | poller.hold    | park: holder, then word         | wake: word, then holder       | one of them sees the other    |
 * | poller.expect  | leave: holder, then expects     | expect: count, then holder    | one of them tells the monitor |
 *
 * Who may call: said at each function.
 */
#ifndef SK_SCHED_POLLER_H
#define SK_SCHED_POLLER_H

#include "base/align.h"
#include "sys/park.h"

#include <stdbool.h>

struct sk_pool;

typedef struct sk_poller_ops {
	/* Fires the tickets of what has happened; sleeps until then, at most to until_ns (0: does not sleep), or until
	 * it is interrupted. Returns how many were fired. Call from: a worker or the monitor; several at once. */
	unsigned (*poll)(struct sk_pool *pool, uint64_t until_ns);
	/* Ends one sleep in poll, this one or the next. Call from: any thread. */
	void (*interrupt)(struct sk_pool *pool);
	/* Is anything expected, so that looking makes sense? Call from: any thread. */
	bool (*expects)(struct sk_pool *pool);
} sk_poller_ops;

typedef struct sk_poller {
	/* set once, by the reactor */
	_Alignas(SK_FALSE_SHARING) SK_ATOMIC(const sk_poller_ops *) ops;
	/* CASed and stored by who parks, read by who wakes */
	SK_ATOMIC(sk_park_word *) holder;
	SK_ATOMIC(uint32_t) had_events; /* who gets some sets it, the monitor clears it */
} sk_poller;

/* The reactor is ready. Call from: any thread that keeps the pool alive. */
void sk_poller_install(struct sk_pool *pool, const sk_poller_ops *ops);

/* Looks without sleeping, if anything is expected. Returns how many were fired. Call from: a worker, the monitor. */
unsigned sk_poller_look(struct sk_pool *pool);

/* Is anything expected? */
bool sk_poller_expects(struct sk_pool *pool);

/* Something more is expected now: if nobody sleeps in the reactor, the monitor looks. Call from: any thread. */
void sk_poller_wanted(struct sk_pool *pool);

/* Has anybody got an event since the last call? A hint. Call from: the monitor. */
bool sk_poller_had_events(struct sk_pool *pool);

/* Is anything expected while nobody sleeps in the reactor? */
bool sk_poller_is_neglected(struct sk_pool *pool);

/*
 * As sk_park_wait(word, 0, until_ns); besides, -EINPROGRESS: events have come, and what waited for them is ready here.
 * Call from: a worker's own thread, which holds its seat or sleeps beside it.
 */
int sk_poller_park(struct sk_pool *pool, sk_park_word *word, uint64_t until_ns);

/* As sk_park_wake(word, 1), after the word was set. Call from: any thread that keeps the pool alive. */
void sk_poller_wake(struct sk_pool *pool, sk_park_word *word);

#endif
