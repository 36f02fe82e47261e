/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Semaphores: skua_sem of sync.h.
 *
 *   word:  0 WAITERS | 1.. count
 *
 *   P1  while anybody waits the count is 0: a post gives to the waiters first, each one directly, in their order.
 *
 * A post that finds waiters serves as many as it can under the lock, and adds what is left after it by one
 * compare-and-swap: that is the last touch (waitable.h, B2).
 *
 * Source: Dijkstra, "Cooperating sequential processes" (1965).
 */
#include "await/semaphore.h"

#include "base/check.h"
#include "base/hostile.h"

#include <errno.h>

_Static_assert(sizeof(sk_waitable) <= sizeof(skua_sem), "skua_sem has room for what is in it");

#define ONE 2u
#define COUNT_MAX (UINT32_MAX / ONE)

int skua_sem_init(skua_sem *sem, unsigned count)
{
	if (count > COUNT_MAX)
		return -EOVERFLOW;
	sk_waitable *object = sk_sem_of(sem);
	*object = (sk_waitable){ 0 };
	sk_store_relaxed(&object->word, count * ONE); /* relaxed: the caller publishes it */
	return 0;
}

static bool take(uint32_t *word)
{
	if (*word < ONE)
		return false;
	*word -= ONE;
	return true;
}

static const sk_waitable_kind waiting = { .take = take, .why = SK_WAIT_SEMAPHORE };

int skua_sem_wait(skua_sem *sem)
{
	return sk_waitable_wait(sk_sem_of(sem), &waiting, SK_TIMERS_NEVER);
}

int skua_sem_wait_until(skua_sem *sem, uint64_t at_ns)
{
	return sk_waitable_wait(sk_sem_of(sem), &waiting, at_ns);
}

int skua_sem_trywait(skua_sem *sem)
{
	return sk_waitable_try(sk_sem_of(sem), take) ? 0 : -EAGAIN;
}

bool sk_sem_is_there(uint32_t word)
{
	return word >= ONE;
}

/* Gives to those who wait; how many got one. */
static unsigned serve(sk_waitable *sem, sk_waker *waker, unsigned count)
{
	unsigned served = 0;
	sk_lock_take(&sem->lock);
	while (served < count && sk_waker_win_first(waker, &sem->queue))
		served++;
	sk_waitable_settle(sem);
	sk_lock_give(&sem->lock);
	return served;
}

int skua_sem_post(skua_sem *sem, unsigned count)
{
	sk_waitable *object = sk_sem_of(sem);
	sk_waker waker = { 0 };
	int error = 0;
	uint32_t word = sk_load_relaxed(&object->word); /* relaxed: the CAS decides */
	while (count > 0) {
		sk_hostile_point();
		if (word & SK_WAITERS) {
			count -= serve(object, &waker, count);
			word = sk_load_relaxed(&object->word); /* relaxed: as above */
			continue;
		}
		if (count > COUNT_MAX - word / ONE) {
			error = -EOVERFLOW;
			break;
		}
		/* edge waitable.word -> : what was done before the post */
		if (sk_cas_release(&object->word, &word, word + count * ONE))
			break;
	}
	sk_waker_tell(&waker);
	return error;
}
