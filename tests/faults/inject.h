/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls into the system that fail: the n-th one of a kind, or all from the n-th on.
 *
 * The linker (--wrap, see CMakeLists.txt) sends what the static library calls to inject.c. Nothing fails there unless
 * it is armed; what hwloc and the C library call themselves is not seen.
 *
 *     inject_arm(INJECT_MEMORY, 3, false);    the third allocation fails
 *     ...
 *     inject_disarm();
 *     inject_seen();                          so many calls of that kind there were
 *
 * Threads: any may make the calls; the rest is for one thread, while no other is armed for.
 */
#ifndef SK_TESTS_FAULTS_INJECT_H
#define SK_TESTS_FAULTS_INJECT_H

#include <stdbool.h>

/* id, name, the calls, whether they can fail for long (an interruption passes) */
#define INJECT_KINDS(X)                                                                                                \
	X(MEMORY, "memory", "malloc, calloc, aligned_alloc, posix_memalign", true)                                     \
	X(MAP, "map", "mmap", true)                                                                                    \
	X(PROTECT, "protect", "mprotect", true)                                                                        \
	X(ADVISE, "advise", "madvise", true)                                                                           \
	X(THREAD, "thread", "pthread_create, pthread_attr_init", true)                                                 \
	X(KEY, "key", "pthread_key_create", true)                                                                      \
	X(BIND, "bind", "hwloc_set_cpubind, hwloc_get_cpubind, sched_setaffinity", true)                               \
	X(TOPOLOGY, "topology", "hwloc_topology_init, _load, hwloc_bitmap_alloc", true)                                \
	X(BARRIER, "barrier", "membarrier, but for the slow one", true)                                                \
	X(SPURIOUS, "spurious", "futex: wakes for no reason", false)                                                   \
	X(DESCRIPTOR, "descriptor",                                                                                    \
	  "eventfd, epoll_create1, open, fopen, pipe2, socket, accept4, signalfd, pidfd_open, fcntl: duplicate", true) \
	X(WATCH, "watch", "epoll_ctl", true)                                                                           \
	X(URING, "uring", "io_uring_setup, _register, _enter", true)                                                   \
	X(WAIT, "wait", "epoll_wait, epoll_pwait2: interrupted", false)                                                \
	X(COARSE, "coarse", "epoll_pwait2: not there", true)                                                           \
	X(STACK, "stack", "sigaltstack", true)                                                                         \
	X(SPAWN, "spawn", "posix_spawnp, posix_spawn_file_actions_init, _adddup2, posix_spawnattr_init", true)

enum inject_kind {
#define INJECT_ENUM(id, name, calls, lasts) INJECT_##id,
	INJECT_KINDS(INJECT_ENUM)
#undef INJECT_ENUM
	INJECT_KINDS_COUNT,
	INJECT_NOTHING = INJECT_KINDS_COUNT
};

/* nth counts from 1. lasting: all later ones fail, too. */
void inject_arm(enum inject_kind kind, unsigned nth, bool lasting);
void inject_disarm(void);

/* Calls of the armed kind so far. */
unsigned inject_seen(void);

/* Blocks that were allocated and not freed, mappings made and not given back, threads created and not joined. */
typedef struct inject_balance {
	long blocks, mappings, threads;
} inject_balance;
inject_balance inject_outstanding(void);

#endif
