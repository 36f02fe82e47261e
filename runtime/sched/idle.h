/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Idle workers: an event count over one word and one bit per worker.
 *
 *   word      {hungry:32, searching:32}. hungry = workers that declared themselves idle, searching or asleep; owners of
 *             task stacks read it to decide whether to publish. searching = declared searchers; a worker that is being
 *             woken counts from the moment it is claimed, so that at most one wake-up is in flight.
 *   sleepers  one bit per worker: it may be woken.
 *   token     one word per worker (the waker sets it, the woken one consumes it).
 *
 * A worker that runs out of work looks once around without telling anybody, so that short gaps do not touch the shared
 * word. Then it declares itself, searches for a while, and parks:
 *
 *   parking                                             notifying (work was just made visible)
 *   P1  set own bit (seq_cst); searching - 1            N1  full fence
 *   P2  poll = NULL in every running fiber              N2  searching > 0, or no bit set: return
 *   P3  full fence on every core (membarrier)           N3  CAS searching 0 -> 1, else N2
 *   P4  look everywhere once more                       N4  claim a bit; token = 1; wake the worker
 *   P5  found: clear own bit; it was set: searching + 1 N5  no bit left: searching - 1, fence, a bit set: N2
 *       it was not: a waker has claimed us, await token
 *   P6  nothing: await token
 *
 * No wake-up is lost, by cases on where the notifier's read of searching (N2) stands:
 *   it reads > 0 because of a declared searcher: that one lowers searching at P1, which comes later, and then looks
 *     everywhere (P4): it sees the work, which was there before N1.
 *   it reads > 0 because of another notifier at N3: if that one finds a bit, the woken worker searches and sees the
 *     work; if not, it looks for bits again after lowering searching (N5), so it sees the bit of whoever parked
 *     meanwhile; and who sets a bit after that has P4 after it.
 *     (Worker 0 may leave its seat without P4 while others search: sched/search.c, park.)
 *   it reads 0 and sees no bit: whoever sets a bit later looks everywhere later (P4).
 *   it reads 0 and sees a bit: it wakes somebody.
 * And private tasks, which make nobody notify: the last searcher that finds work always notifies, so while work turns
 * up there is always somebody on the way who looks; and a parking worker either sees the private slot at P4 (and forces
 * it) or the spawn comes after P3 and sees poll = NULL, hence publishes and notifies.
 *
 * | edge       | from                              | to                               | carries                       |
 * |------------|-----------------------------------|----------------------------------|-------------------------------|
 * | idle.word  | park: bit, word, seq_cst          | notify: fence, word, seq_cst     | one of them sees the other    |
 * | idle.park  | park: poll, membarrier, look      | spawn: run, poll (skua/door.h)   | one of them sees the other    |
 * | idle.own   | park: bit, word, membarrier, look | owner: push, then word and bits  | one of them sees the other    |
 * | idle.claim | notify: token (in the wake call)  | parked worker: token             | that it counts as a searcher  |
 *
 * Who may call: sk_idle_notify and sk_idle_wake any thread; the others the holder of the worker's seat. Nothing
 * here blocks; the wake callback makes a system call.
 * Sources: the design of rayon's sleep module and of the Go scheduler's spinning threads; event counts: Reed and
 * Kanodia, "Synchronization with eventcounts and sequencers" (CACM 22, 1979).
 */
#ifndef SK_SCHED_IDLE_H
#define SK_SCHED_IDLE_H

#include "base/align.h"
#include "base/atomic.h"

#include <stdbool.h>
#include <stddef.h>

#define SK_WORKERS_MAX 1024u

typedef struct sk_idle {
	/* everybody adds and CASes */
	_Alignas(SK_FALSE_SHARING) SK_ATOMIC(uint64_t) word;
	_Alignas(SK_FALSE_SHARING) SK_ATOMIC(uint64_t) sleepers[SK_WORKERS_MAX / 64];
	/* set once */
	_Alignas(SK_FALSE_SHARING) unsigned workers;
	void (*wake)(void *arg, unsigned worker); /* gives the worker its token and wakes its thread */
	void (*missed)(void *arg);                /* see sk_idle_notify; may be NULL */
	bool has_barrier;                         /* P3 is a membarrier */
	void *arg;
} sk_idle;

void sk_idle_init(sk_idle *idle, unsigned workers, void (*wake)(void *arg, unsigned worker), void *arg);

/* How many workers want work. For a sure answer the caller puts a full fence before it. */
static inline uint32_t sk_idle_hungry(sk_idle *idle)
{
	return (uint32_t)(sk_load_relaxed(&idle->word) >> 32); /* relaxed: see above */
}

/* The same, ordered after the work of whoever became hungry. */
static inline uint32_t sk_idle_hungry_sure(sk_idle *idle)
{
	return (uint32_t)(sk_load_seq_cst(&idle->word) >> 32); /* edge -> idle.word : with the full fence before it */
}

static inline uint32_t sk_idle_searching(sk_idle *idle)
{
	return (uint32_t)sk_load_relaxed(&idle->word); /* relaxed: a hint */
}

/* The worker declares itself hungry and searching. */
void sk_idle_declare(sk_idle *idle);

/* A searcher has found work. true: it was the last one, and the caller has to notify. */
bool sk_idle_found(sk_idle *idle);

/* P1. Returns how many others search. */
uint32_t sk_idle_park_begin(sk_idle *idle, unsigned worker);

/* P5. true: the worker searches again. false: it has been claimed and must consume its token, then it searches. */
bool sk_idle_park_cancel(sk_idle *idle, unsigned worker);

/*
 * A worker that may be woken without being counted as hungry, and back: the vacant seat (sched/seat.h).
 * sk_idle_retract returns whether the bit was still set; if not, the token is on its way and the worker counts as
 * searching.
 */
void sk_idle_offer(sk_idle *idle, unsigned worker);
bool sk_idle_retract(sk_idle *idle, unsigned worker);

/* Hungry by itself, without searching (the vacant seat's accounts). */
void sk_idle_hungry_add(sk_idle *idle, int change);

/*
 * N1 to N5. near: a worker in whose neighbourhood to look for a sleeper first. Returns whether one was woken.
 *
 * Between N3 and N5 another notifier may have relied on a searcher that did not come to be, because the bit was
 * retracted meanwhile. So when it ends that way, it calls missed: somebody else has to look at what is waiting.
 */
bool sk_idle_notify(sk_idle *idle, unsigned near);

/* N2 to N5, for a caller that has passed the fence. */
bool sk_idle_notify_fenced(sk_idle *idle, unsigned near);

/*
 * The same for what a worker of the pool put on its own ready deque. Where every parking worker passes a membarrier
 * between P1 and P4, that is the fence of N1 too, as it is the fence of the spawn's fast path: the work was stored
 * before it and is seen at P4, or word and bits are read after it. So nobody pays for a fence when nobody parks.
 */
static inline bool sk_idle_notify_owner(sk_idle *idle, unsigned near)
{
	if (!idle->has_barrier)
		sk_fence_seq_cst(); /* N1. edge -> idle.own : the work was written before, the word is read after */
	else
		sk_compiler_fence();
	/* The usual end of N2, all busy, without a call. relaxed: by the fence, whosever it is */
	if (idle->workers <= 64 && sk_load_relaxed(&idle->sleepers[0]) == 0)
		return false;
	return sk_idle_notify_fenced(idle, near);
}

/* Wakes this very worker if it sleeps, whoever searches. */
void sk_idle_wake(sk_idle *idle, unsigned worker);

/* Is any worker asleep? (a snapshot) */
bool sk_idle_sleeper_seen(sk_idle *idle);

#endif
