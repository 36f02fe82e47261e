/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of the system's facilities this build uses here, in words for people (skua-info, problem reports).
 *
 * Threads: any thread may call. Nothing is owned. No atomic operations.
 */
#ifndef SK_SYS_FEATURES_H
#define SK_SYS_FEATURES_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "sys/membarrier.h"
#include "sys/memory.h"

/* How fibers are switched. The condition is that of the context's twins. */
static inline const char *sk_features_context(void)
{
#if SK_CONTEXT_UCONTEXT
	return "ucontext (two system calls for each switch)";
#elif defined(__x86_64__) && !defined(__ILP32__) && defined(__ELF__)
	return "assembly for x86-64";
#elif defined(__aarch64__) && defined(__ELF__)
	return "assembly for AArch64";
#else
	return "ucontext (two system calls for each switch)";
#endif
}

/* Whether spawns need no fence. is_refused: a setting forbids it. */
static inline const char *sk_features_membarrier(bool is_refused)
{
	return !is_refused && sk_membarrier_start() ? "in use" : "not in use: each spawn is published at once";
}

/* How the end of a stack is guarded. */
static inline const char *sk_features_guard(void)
{
	return sk_memory_guard_available() ? "MADV_GUARD_INSTALL (costs no mapping)"
					   : "mprotect (two mappings for each fiber, see vm.max_map_count)";
}

/* The kernel's name and release, like `Linux 6.12.1`. */
static inline void sk_features_kernel(char *text, size_t bytes)
{
	struct utsname name;
	if (uname(&name) < 0)
		memset(&name, 0, sizeof name);
	snprintf(text, bytes, "%s %s", name.sysname, name.release);
}

#endif
