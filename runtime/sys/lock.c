/* SPDX-License-Identifier: Apache-2.0 */
/* The lock's slow path; see lock.h. */
#include "sys/lock.h"

#include "sys/clock.h"
#include "sys/thread.h"

#include <stdbool.h>

/* In the model checker a thread looks once and gives way, which there means until something changes. */
#ifndef SK_LOCK_SPINS
#define SK_LOCK_SPINS 64u
#define SK_LOCK_YIELDS 4u
#endif

#define NAP_NS UINT64_C(20000)
#define NAP_MAX_NS UINT64_C(320000)

static bool try_for_a_while(sk_lock *lock)
{
	for (unsigned i = 0; i < SK_LOCK_SPINS; i++) {
		sk_spin_hint();
		uint32_t word = sk_load_relaxed(lock); /* relaxed: the CAS decides */
		if (word == 0 && sk_cas_acquire(lock, &word, 1)) /* edge -> lock.hold : what was done under it */
			return true;
	}
	return false;
}

void sk_lock_take_slow(sk_lock *lock)
{
	uint64_t nap_ns = NAP_NS;
	for (unsigned round = 0; !try_for_a_while(lock); round++) {
		if (round < SK_LOCK_YIELDS) {
			sk_thread_yield();
			continue;
		}
		sk_park_wait(lock, 1, sk_clock_ns() + nap_ns);
		nap_ns = nap_ns < NAP_MAX_NS ? 2 * nap_ns : NAP_MAX_NS;
	}
}
