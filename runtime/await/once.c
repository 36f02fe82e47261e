/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Once: skua_once of sync.h.
 *
 *   word:  0 WAITERS | 1 RUNNING | 2 DONE
 *
 * The first caller changes 0 to RUNNING and runs the function; the others wait until it is DONE. DONE is set after all
 * waiters were won, from a word without WAITERS, and is the last touch (waitable.h, B2).
 */
#include "await/waitable.h"

#include "base/check.h"
#include "base/hostile.h"

#include <skua/sync.h>

#include <errno.h>

_Static_assert(sizeof(sk_waitable) <= sizeof(skua_once), "skua_once has room for what is in it");

#define RUNNING 2u
#define DONE 4u

static bool take(uint32_t *word)
{
	return (*word & DONE) != 0;
}

static const sk_waitable_kind waiting = { .take = take, .why = SK_WAIT_EVENT };

static void done(sk_waitable *once)
{
	sk_waker waker = { 0 };
	uint32_t word = sk_load_relaxed(&once->word); /* relaxed: the CAS decides */
	for (;;) {
		sk_hostile_point();
		if (word & SK_WAITERS) {
			sk_waitable_win_all(once, &waker);
			word = sk_load_relaxed(&once->word); /* relaxed: as above */
			continue;
		}
		if (sk_cas_release(&once->word, &word, DONE)) /* edge waitable.word -> : what the function did */
			break;
	}
	sk_waker_tell(&waker);
}

int skua_once_run(skua_once *public_once, void (*fn)(void *), void *arg)
{
	sk_waitable *once = (sk_waitable *)(void *)public_once;
	/* edge -> waitable.word : what the function did */
	if (sk_load_acquire(&once->word) == DONE)
		return 0;
	uint32_t word = 0;
	if (!sk_cas_relaxed(&once->word, &word, RUNNING)) /* relaxed: nothing was done before */
		return sk_waitable_wait(once, &waiting, SK_TIMERS_NEVER);
	fn(arg);
	done(once);
	return 0;
}
