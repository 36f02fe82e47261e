/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read-write locks: skua_rwlock of sync.h.
 *
 *   word:  0 WAITERS | 1 WRITER | 2.. number of readers
 *
 * First come, first served: once anybody waits, nobody takes the lock past him, so a stream of readers does not starve
 * a writer, nor writers a reader. Whoever waits gets the lock handed over: an unlock that lets others go on makes the
 * first waiter its successor, and if that is a reader all readers that stand directly behind it.
 *
 *   L1  while WAITERS is set the word is changed under the lock of the queue only, but for readers who leave as not the
 *       last one.
 *   L2  those who were won hold it: they are counted in the word before they are told.
 *   L3  a waiter who gives up may have been what held up the readers behind him: he lets them in.
 *   L4  an unlock that hands over changes the word under the lock of the queue; all the same it lets nobody free the
 *       memory (waitable.h, B2), for those to whom it went wait until they are told, which is after the unlock of the
 *       queue. Without anybody to hand over to the change of the word is the last touch.
 *
 * Source: Courtois, Heymans and Parnas, "Concurrent control with readers and writers" (CACM 14, 1971), with the fair
 * order of Mellor-Crummey and Scott (PPoPP 1991).
 */
#include "await/waitable.h"

#include "base/check.h"
#include "base/hot.h"
#include "base/hostile.h"

#include <skua/sync.h>

#include <errno.h>

#define WRITER 2u
#define READER 4u

typedef struct sk_rwlock {
	sk_waitable base;
} sk_rwlock;

_Static_assert(sizeof(sk_rwlock) <= sizeof(skua_rwlock), "skua_rwlock has room for what is in it");

static inline sk_waitable *rwlock_of(skua_rwlock *rwlock)
{
	return (sk_waitable *)(void *)rwlock;
}

/* --- locking --- */

static bool take_read(uint32_t *word)
{
	if (*word & (WRITER | SK_WAITERS))
		return false;
	*word += READER;
	return true;
}

static bool take_write(uint32_t *word)
{
	if (*word != 0)
		return false;
	*word = WRITER;
	return true;
}

/* Under the lock: wins the readers at the head of the queue; how many. */
static uint32_t win_readers(sk_waitable *rwlock, sk_waker *waker)
{
	uint32_t won = 0;
	for (sk_queue_node *node; (node = rwlock->queue.first) && !node->is_writer;)
		won += sk_waker_win(waker, &rwlock->queue, node);
	return won;
}

/* L3 */
static void let_in(sk_waitable *rwlock, sk_waker *waker)
{
	uint32_t word = sk_load_relaxed(&rwlock->word); /* relaxed: the CAS decides */
	if (word & WRITER)
		return;
	uint32_t won = win_readers(rwlock, waker);
	while (!sk_cas_relaxed(&rwlock->word, &word, word + won * READER)) /* relaxed: nothing was done under it */
		;
}

static const sk_waitable_kind reading = { .take = take_read, .gave_up = let_in, .why = SK_WAIT_RWLOCK };
static const sk_waitable_kind writing = {
	.take = take_write,
	.gave_up = let_in,
	.why = SK_WAIT_RWLOCK,
	.is_writer = true,
};

int skua_rwlock_rdlock(skua_rwlock *rwlock)
{
	return sk_waitable_wait(rwlock_of(rwlock), &reading, SK_TIMERS_NEVER);
}

int skua_rwlock_rdlock_until(skua_rwlock *rwlock, uint64_t at_ns)
{
	return sk_waitable_wait(rwlock_of(rwlock), &reading, at_ns);
}

int skua_rwlock_tryrdlock(skua_rwlock *rwlock)
{
	return sk_waitable_try(rwlock_of(rwlock), take_read) ? 0 : -EBUSY;
}

int skua_rwlock_wrlock(skua_rwlock *rwlock)
{
	return sk_waitable_wait(rwlock_of(rwlock), &writing, SK_TIMERS_NEVER);
}

int skua_rwlock_wrlock_until(skua_rwlock *rwlock, uint64_t at_ns)
{
	return sk_waitable_wait(rwlock_of(rwlock), &writing, at_ns);
}

int skua_rwlock_trywrlock(skua_rwlock *rwlock)
{
	return sk_waitable_try(rwlock_of(rwlock), take_write) ? 0 : -EBUSY;
}

/* --- unlocking --- */

/*
 * The caller is the only one who holds it, and others wait: it becomes theirs. false: all of them have given up, the
 * caller still holds it.
 */
static bool hand_over(sk_waitable *rwlock, sk_waker *waker)
{
	uint32_t held = 0;
	sk_lock_take(&rwlock->lock);
	uint32_t word = sk_load_relaxed(&rwlock->word); /* relaxed: L1; only who reads may have joined before WAITERS */
	if ((word & WRITER) || word / READER == 1) {
		while (held == 0 && rwlock->queue.first)
			held = rwlock->queue.first->is_writer ?
				       (sk_waker_win(waker, &rwlock->queue, rwlock->queue.first) ? WRITER : 0) :
				       win_readers(rwlock, waker) * READER;
		uint32_t others = rwlock->queue.first ? SK_WAITERS : 0;
		/* L2. edge waitable.word -> : what was done under it */
		while (held && !sk_cas_acq_rel(&rwlock->word, &word, held | others))
			;
		sk_waitable_settle(rwlock);
	}
	sk_lock_give(&rwlock->lock);
	return held != 0;
}

static __attribute__((noinline)) void unlock_slow(sk_waitable *rwlock, uint32_t mine)
{
	sk_waker waker = { 0 };
	uint32_t word = sk_load_relaxed(&rwlock->word); /* relaxed: the CAS decides */
	for (;;) {
		SK_REQUIRE(mine == WRITER ? (word & WRITER) != 0 : word >= READER,
			   "skua_rwlock_rdunlock or _wrunlock of a lock that is not held in that way");
		bool last = mine == WRITER || word / READER == 1;
		sk_hostile_point();
		if (!last || !(word & SK_WAITERS)) {
			/*
			 * B2. edge waitable.word -> : what was done under it; edge -> waitable.word : by the other
			 * readers
			 */
			if (sk_cas_acq_rel(&rwlock->word, &word, word - mine))
				break;
			continue;
		}
		if (hand_over(rwlock, &waker))
			break;
		word = sk_load_relaxed(&rwlock->word); /* relaxed: the CAS decides */
	}
	sk_waker_tell(&waker);
}

void skua_rwlock_rdunlock(skua_rwlock *rwlock)
{
	sk_waitable *object = rwlock_of(rwlock);
	uint32_t alone = READER;
	/* edge waitable.word -> : what was done under it; edge -> waitable.word : by the other readers */
	if (SK_UNLIKELY(!sk_cas_acq_rel(&object->word, &alone, 0)))
		unlock_slow(object, READER);
}

void skua_rwlock_wrunlock(skua_rwlock *rwlock)
{
	sk_waitable *object = rwlock_of(rwlock);
	uint32_t alone = WRITER;
	/* edge waitable.word -> : what was done under it */
	if (SK_UNLIKELY(!sk_cas_acq_rel(&object->word, &alone, 0)))
		unlock_slow(object, WRITER);
}
