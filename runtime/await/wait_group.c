/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wait groups: skua_wait_group of sync.h, a count that is waited for to be 0.
 *
 *   word:  0 WAITERS | 1.. count
 *
 * The last done wins all waiters first and makes the count 0 after that, by one compare-and-swap from a word without
 * WAITERS (waitable.h, B2): nobody adds meanwhile, for the count that is left is the caller's own.
 *
 * Source: Go's sync.WaitGroup.
 */
#include "await/waitable.h"

#include "base/check.h"
#include "base/hostile.h"

#include <skua/sync.h>

#include <errno.h>

_Static_assert(sizeof(sk_waitable) <= sizeof(skua_wait_group), "skua_wait_group has room for what is in it");

#define ONE 2u
#define COUNT_MAX (UINT32_MAX / ONE)

static inline sk_waitable *wait_group_of(skua_wait_group *group)
{
	return (sk_waitable *)(void *)group;
}

static bool take(uint32_t *word)
{
	return *word < ONE;
}

static const sk_waitable_kind waiting = { .take = take, .why = SK_WAIT_GROUP };

int skua_wait_group_add(skua_wait_group *group, unsigned count)
{
	sk_waitable *object = wait_group_of(group);
	uint32_t word = sk_load_relaxed(&object->word); /* relaxed: the CAS decides, and it publishes nothing */
	do {
		if (count > COUNT_MAX - word / ONE)
			return -EOVERFLOW;
	} while (!sk_cas_relaxed(&object->word, &word, word + count * ONE));
	return 0;
}

void skua_wait_group_done(skua_wait_group *group)
{
	sk_waitable *object = wait_group_of(group);
	sk_waker waker = { 0 };
	uint32_t word = sk_load_relaxed(&object->word); /* relaxed: the CAS decides */
	for (;;) {
		SK_REQUIRE(word >= ONE, "skua_wait_group_done more often than was added");
		sk_hostile_point();
		if (word / ONE == 1 && (word & SK_WAITERS)) {
			sk_waitable_win_all(object, &waker);
			word = sk_load_relaxed(&object->word); /* relaxed: as above */
			continue;
		}
		/* edge waitable.word -> : what was done; edge -> waitable.word : by the others, for who is told */
		if (sk_cas_acq_rel(&object->word, &word, word - ONE))
			break;
	}
	sk_waker_tell(&waker);
}

int skua_wait_group_wait(skua_wait_group *group)
{
	return sk_waitable_wait(wait_group_of(group), &waiting, SK_TIMERS_NEVER);
}

int skua_wait_group_wait_until(skua_wait_group *group, uint64_t at_ns)
{
	return sk_waitable_wait(wait_group_of(group), &waiting, at_ns);
}
