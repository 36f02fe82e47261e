/* SPDX-License-Identifier: Apache-2.0 */
/* What select needs of semaphores; they are explained in semaphore.c. Call from: anywhere. */
#ifndef SK_AWAIT_SEMAPHORE_H
#define SK_AWAIT_SEMAPHORE_H

#include "await/waitable.h"

#include <skua/sync.h>

static inline sk_waitable *sk_sem_of(skua_sem *sem)
{
	return (sk_waitable *)(void *)sem;
}

/* Would a wait take one at once? */
bool sk_sem_is_there(uint32_t word);

#endif
