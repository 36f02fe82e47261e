/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that stay set until they are cleared: skua_event of sync.h.
 *
 *   word:  0 WAITERS | 1 SET
 *
 * Setting wins all waiters first, and makes the event visible after that by one compare-and-swap from a word without
 * WAITERS, the last touch (waitable.h, B2): whoever sees it set may free it.
 */
#include "await/event.h"

#include "base/hostile.h"

#include <errno.h>

_Static_assert(sizeof(sk_waitable) <= sizeof(skua_event), "skua_event has room for what is in it");

#define SET 2u

bool sk_event_is_there(uint32_t word)
{
	return (word & SET) != 0;
}

static bool take(uint32_t *word)
{
	return (*word & SET) != 0;
}

static const sk_waitable_kind waiting = { .take = take, .why = SK_WAIT_EVENT };

void skua_event_set(skua_event *event)
{
	sk_waitable *object = sk_event_of(event);
	sk_waker waker = { 0 };
	uint32_t word = sk_load_relaxed(&object->word); /* relaxed: the CAS decides */
	for (;;) {
		sk_hostile_point();
		if (word & SK_WAITERS) {
			sk_waitable_win_all(object, &waker);
			word = sk_load_relaxed(&object->word); /* relaxed: as above */
			continue;
		}
		/* edge waitable.word -> : what was done before the event */
		if (sk_cas_acq_rel(&object->word, &word, word | SET))
			break;
	}
	sk_waker_tell(&waker);
}

void skua_event_clear(skua_event *event)
{
	sk_waitable *object = sk_event_of(event);
	uint32_t word = sk_load_relaxed(&object->word); /* relaxed: the CAS decides */
	/* edge waitable.word -> : it stays in the row of releases for whoever sees it set again */
	while (!sk_cas_acq_rel(&object->word, &word, word & ~SET))
		;
}

int skua_event_is_set(const skua_event *event)
{
	const sk_waitable *object = (const sk_waitable *)(const void *)event;
	return (sk_load_acquire(&object->word) & SET) != 0; /* edge -> waitable.word : what was done before the event */
}

int skua_event_wait(skua_event *event)
{
	return skua_event_is_set(event) ? 0 : sk_waitable_wait(sk_event_of(event), &waiting, SK_TIMERS_NEVER);
}

int skua_event_wait_until(skua_event *event, uint64_t at_ns)
{
	return skua_event_is_set(event) ? 0 : sk_waitable_wait(sk_event_of(event), &waiting, at_ns);
}
