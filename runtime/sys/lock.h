/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lock for a few instructions: queues of waiters, wheels of timers. One word; who finds it taken spins a moment,
 * gives way to other threads, and then naps, each time twice as long: a holder that lost its core gets one.
 *
 *   word: 0 free, 1 taken
 *
 * Nobody is woken. A lock with sleepers to be woken has to be given by an exchange that asks for them, and that would
 * be a third of what two tasks pay who pass something to and fro; what is waited for here is over sooner than a
 * wake-up, or else as long as the holder has no core.
 *
 * Any thread may take it, on a fiber's stack or a thread's. It is never held across a switch or a call of the
 * program's code, and a thread that holds one takes no other unless the lock order in HACKING.md says so. Giving it is
 * the last touch: who takes it next may free its memory.
 *
 * | edge      | from                     | to                     | carries                    |
 * |-----------|--------------------------|------------------------|----------------------------|
 * | lock.hold | give: word = 0, release  | take: CAS, acquire     | what was done under it     |
 */
#ifndef SK_SYS_LOCK_H
#define SK_SYS_LOCK_H

#include "sys/park.h"

typedef sk_park_word sk_lock;

void sk_lock_take_slow(sk_lock *lock);

/*
 * Waits a little for another thread to change a word that was seen with this value, and is about to: round after round,
 * counted from 0, as for the lock. Whatever comes of it, look again.
 */
void sk_lock_back_off(sk_park_word *word, uint32_t seen, unsigned round);

static inline void sk_lock_take(sk_lock *lock)
{
	uint32_t free = 0;
	if (__builtin_expect(!sk_cas_acquire(lock, &free, 1), 0)) /* edge -> lock.hold : what was done under it */
		sk_lock_take_slow(lock);
}

static inline void sk_lock_give(sk_lock *lock)
{
	sk_store_release(lock, 0); /* edge lock.hold -> : what was done under it */
}

#endif
