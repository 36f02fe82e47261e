/* SPDX-License-Identifier: Apache-2.0 */
/* The lock's slow path; see lock.h. */
#include "sys/lock.h"

#include "sys/clock.h"
#include "sys/thread.h"

/* In the model checker a thread looks once and gives way, which there means until something changes. */
#ifndef SK_LOCK_SPINS
#define SK_LOCK_SPINS 64u
#define SK_LOCK_YIELDS 4u
#endif

#define NAP_NS UINT64_C(20000)
#define NAP_DOUBLINGS 4u

void sk_lock_back_off(sk_park_word *word, uint32_t seen, unsigned round)
{
	unsigned spun = (round + 1) / SK_LOCK_SPINS;
	if ((round + 1) % SK_LOCK_SPINS != 0) {
		sk_spin_hint();
	} else if (spun <= SK_LOCK_YIELDS) {
		sk_thread_yield();
	} else {
		unsigned doublings = spun - SK_LOCK_YIELDS - 1;
		uint64_t nap_ns = NAP_NS << (doublings < NAP_DOUBLINGS ? doublings : NAP_DOUBLINGS);
		sk_park_wait(word, seen, sk_clock_ns() + nap_ns);
	}
}

void sk_lock_take_slow(sk_lock *lock)
{
	for (unsigned round = 0;; round++) {
		sk_lock_back_off(lock, 1, round);
		uint32_t word = sk_load_relaxed(lock); /* relaxed: the CAS decides */
		if (word == 0 && sk_cas_acquire(lock, &word, 1)) /* edge -> lock.hold : what was done under it */
			return;
	}
}
