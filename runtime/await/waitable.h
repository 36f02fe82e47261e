/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the synchronisation objects have in common: a word that says everything about the object's state, a queue of
 * those who wait, and a lock for the queue.
 *
 *   word:  bit 0 WAITERS; the rest belongs to the object.
 *
 * Who finds in the word what he wants takes it by one compare-and-swap. Who does not find it locks, sets WAITERS by a
 * compare-and-swap from the state that made him wait, and queues; so WAITERS and the queue agree whenever the lock is
 * free. Who changes the word so that others could go on and finds WAITERS locks too, serves the queue, and clears
 * WAITERS when that is empty.
 *
 *   B1  WAITERS is changed under the lock only, and is set exactly while the queue is not empty; but for a mutex that
 *       is kept, whose owner alone changes the word (mutex.h, K5).
 *   B2  the last touch of an object by a call that lets others go on is one atomic operation on the word: they may free
 *       its memory. So where a fast path of others can see the change, it is made after the unlock, by a
 *       compare-and-swap from a word without WAITERS; those who were won before are told after that. Who gives up
 *       still touches it, until he returns. Each object says in its file how it keeps this; conditions, barriers,
 *       channels and groups, which decide under a lock, keep it in their own way.
 *   B3  zeroed memory is an object without waiters.
 *
 * | edge           | from                               | to                            | carries                        |
 * |----------------|------------------------------------|-------------------------------|--------------------------------|
 * | waitable.word  | a change that lets others go on:   | take: CAS word, acquire       | what was done before it        |
 * |                | CAS word, release                  |                               |                                |
 *
 * Who may call: anybody, tasks and threads.
 */
#ifndef SK_AWAIT_WAITABLE_H
#define SK_AWAIT_WAITABLE_H

#include "await/queue.h"
#include "sys/lock.h"

#define SK_WAITERS 1u

typedef struct sk_waitable {
	/* everybody CASes; the owner of a mutex that is kept stores */
	sk_park_word word; /* nobody sleeps at it: who waits does so in the queue */
	/* everybody, under the lock */
	sk_lock lock;
	sk_queue queue;
} sk_waitable;

/*
 * What an object is to its waiters. take changes a copy of the word to what it is when the caller has got what he waits
 * for; false: it is not there. gave_up, if any, is called under the lock after a waiter has left the queue.
 */
typedef struct sk_waitable_kind {
	bool (*take)(uint32_t *word);
	void (*gave_up)(sk_waitable *object, sk_waker *waker);
	enum sk_wait why;
	bool is_writer;
	bool is_uncancellable;
} sk_waitable_kind;

/* Takes it at once, or not. */
static inline bool sk_waitable_try(sk_waitable *object, bool (*take)(uint32_t *word))
{
	uint32_t word = sk_load_relaxed(&object->word), next; /* relaxed: the CAS decides */
	do {
		next = word;
		if (!take(&next))
			return false;
	} while (!sk_cas_acq_rel(&object->word, &word, next)); /* edge -> waitable.word : what was done before */
	return true;
}

/* Takes it or waits for it. 0; -ETIMEDOUT; -ECANCELED. */
int sk_waitable_wait(sk_waitable *object, const sk_waitable_kind *kind, uint64_t deadline_ns);

/* For select: queues the node, unless what it waits for is there. And takes it out again, if it is still in. */
bool sk_waitable_enlist(sk_waitable *object, sk_queue_node *node, bool (*is_there)(uint32_t word));
void sk_waitable_delist(sk_waitable *object, sk_queue_node *node);

/* Under the lock: clears WAITERS if the queue is empty. */
void sk_waitable_settle(sk_waitable *object);

/* For objects that are open for good or for all who wait: wins everybody, and clears WAITERS. Takes the lock. */
void sk_waitable_win_all(sk_waitable *object, sk_waker *waker);

/* Is the deadline past, so that nobody need begin to wait for it? */
bool sk_deadline_is_past(uint64_t deadline_ns);

#endif
