/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scenarios with mutexes of both kinds: new ones, and ones that are kept (await/mutex.h), as they would be after some
 * thousand locks for which nobody has queued.
 *
 *     with_mutexes(scenario);                   with_strands, twice
 *     shared all = { .mutex = a_mutex(), ... };
 */
#ifndef SK_TESTS_MUTEXES_H
#define SK_TESTS_MUTEXES_H

#include "await/mutex.h"
#include "strands.h"
#include "sys/membarrier.h"

static bool mutexes_are_kept;

static inline skua_mutex a_mutex(void)
{
	skua_mutex mutex = SKUA_MUTEX_INIT;
	sk_mutex_of(&mutex)->kept = mutexes_are_kept;
	return mutex;
}

/* The same for one that is in use: it is kept from now on, unless somebody waits. */
static inline void keep(skua_mutex *mutex)
{
	sk_mutex *kept = sk_mutex_of(mutex);
	if (!mutexes_are_kept)
		return;
	skua_mutex_lock(mutex);
	sk_lock_take(&kept->base.lock);
	if (!kept->base.queue.first && word_of(kept) == 2)
		kept->kept = true;
	sk_lock_give(&kept->base.lock);
	skua_mutex_unlock(mutex);
}

static inline void with_mutexes(void (*scenario)(enum strands kind))
{
	with_strands(scenario);
	mutexes_are_kept = sk_membarrier_start();
	if (mutexes_are_kept)
		with_strands(scenario);
	mutexes_are_kept = false;
}

#endif
