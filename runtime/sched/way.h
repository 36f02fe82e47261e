/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the way of a root from an outside thread to the seat touches (base/hot.h). A thread that leaves the seat notes
 * where that is; when it comes in again, perhaps after a sleep that has emptied its caches, it asks for all of it at
 * once. The notes are addresses and are never followed, so it does no harm when pool and fiber are gone.
 *
 * Who may call: any thread; the notes are its own.
 */
#ifndef SK_SCHED_WAY_H
#define SK_SCHED_WAY_H

#include "base/hot.h"

struct sk_pool;
struct sk_fiber;

#define SK_WAY_RANGES 16u

/* Lines that stand side by side: the address of the first, and in its low bits how many follow. */
typedef struct sk_way {
	uintptr_t range[SK_WAY_RANGES]; /* 0: no more */
	/* what they were noted for */
	struct sk_pool *pool;
	struct sk_fiber *fiber;
} sk_way;
extern SK_THREAD_LOCAL sk_way sk_way_of_thread;

/* Notes what the calling thread will touch when it takes the seat again, this fiber above all. Call from: the thread in
 * the seat. */
void sk_way_note(struct sk_pool *pool, struct sk_fiber *fiber);

/* Asks for the code, and for what was noted. */
static inline void sk_way_warm_up(void)
{
	const uintptr_t *range = sk_way_of_thread.range;
	sk_warm_code();
	for (; *range; range++) {
		uintptr_t at = *range & ~(uintptr_t)(SK_CACHE_LINE - 1);
		for (uintptr_t left = *range & (SK_CACHE_LINE - 1);; left--, at += SK_CACHE_LINE) {
			__builtin_prefetch((const void *)at); /* NOLINT: an address only */
			if (left == 0)
				break;
		}
	}
}

#endif
