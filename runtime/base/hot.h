/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a root from a sleeping thread to its task and back. A thread that slept for some milliseconds finds its
 * caches and TLBs empty, and then each page that the way touches for the first time costs more than all instructions
 * on it together. So its functions stand side by side, and its data is asked for in advance and at once.
 *
 * Call from: anywhere. Nothing here touches shared data.
 */
#ifndef SK_BASE_HOT_H
#define SK_BASE_HOT_H

#include "base/align.h"

/* On a function: it is on the way. The linker gathers them in a section of their own, and says where that is. */
#define SK_HOT __attribute__((hot, section("skua_way")))
extern const char sk_way_begin[] __asm__("__start_skua_way") __attribute__((visibility("hidden")));
extern const char sk_way_end[] __asm__("__stop_skua_way") __attribute__((visibility("hidden")));
/* Of the first of them: the smallest page of the processors. */
#define SK_WAY_ALIGNMENT 4096
/* On a function that is called from there, but rarely. */
#define SK_ASIDE __attribute__((noinline))

/* A thread-local that is read without a call, at the price of some static thread-local storage in every thread. */
#define SK_THREAD_LOCAL _Thread_local __attribute__((tls_model("initial-exec")))

/* Asks for the code of the way. */
static inline void sk_warm_code(void)
{
	for (const char *at = sk_way_begin; at < sk_way_end; at += SK_CACHE_LINE)
		__builtin_prefetch(at, 0, 2); /* into the second level: the first one for data is not its place */
}

#endif
