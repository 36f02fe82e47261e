/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lock for a few instructions: queues of waiters, wheels of timers. One word; who finds it taken spins a moment and
 * then sleeps in the kernel, so that a holder that lost its core does not cost the others theirs.
 *
 *   word: 0 free, 1 taken, 2 taken and somebody may sleep
 *
 * Any thread may take it, on a fiber's stack or a thread's. It is never held across a switch or a call of the
 * program's code, and a thread that holds one takes no other unless the lock order in HACKING.md says so.
 *
 * | edge      | from                     | to                     | carries                    |
 * |-----------|--------------------------|------------------------|----------------------------|
 * | lock.hold | give: exchange, release  | take: CAS, acquire     | what was done under it     |
 *
 * Source: Drepper, "Futexes are tricky" (2011), mutex 2; the spin before the sleep is ours.
 */
#ifndef SK_SYS_LOCK_H
#define SK_SYS_LOCK_H

#include "sys/park.h"

typedef sk_park_word sk_lock;

void sk_lock_take_slow(sk_lock *lock);

static inline void sk_lock_take(sk_lock *lock)
{
	uint32_t free = 0;
	if (__builtin_expect(!sk_cas_acquire(lock, &free, 1), 0)) /* edge -> lock.hold : what was done under it */
		sk_lock_take_slow(lock);
}

static inline void sk_lock_give(sk_lock *lock)
{
	/* edge lock.hold -> : what was done under it. Acquire is not needed: nothing is read. */
	if (__builtin_expect(sk_exchange_acq_rel(lock, 0) == 2, 0))
		sk_park_wake(lock, 1);
}

#endif
