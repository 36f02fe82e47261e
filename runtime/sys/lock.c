/* SPDX-License-Identifier: Apache-2.0 */
/* The lock's slow path; see lock.h. */
#include "sys/lock.h"

/* The model checker looks once. */
#ifndef SK_LOCK_SPINS
#define SK_LOCK_SPINS 64u
#endif

void sk_lock_take_slow(sk_lock *lock)
{
	for (unsigned i = 0; i < SK_LOCK_SPINS; i++) {
		sk_spin_hint();
		uint32_t word = sk_load_relaxed(lock); /* relaxed: the CAS decides */
		if (word == 0 && sk_cas_acquire(lock, &word, 1)) /* edge -> lock.hold : what was done under it */
			return;
		if (word == 2)
			break;
	}
	/* From here on it is taken as 2: there may be others asleep. edge -> lock.hold : what was done under it */
	while (sk_exchange_acquire(lock, 2) != 0)
		sk_park_wait(lock, 2, SK_PARK_FOREVER);
}
