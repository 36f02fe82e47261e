/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skua: a work-stealing parallel task scheduler for multicore. This header brings all of it.
 *
 * Conventions that hold for every call:
 *   - Functions that can fail return a value >= 0, or a negative errno value; results go through pointers.
 *     skua_strerror gives the text.
 *   - Times are uint64_t nanoseconds (names end in _ns), sizes are size_t bytes (_bytes) or elements (count).
 *   - "Call from" says which threads may call: a task (the body of a SKUA_TASK or what it calls), an outside thread
 *     (one that runs no task), or anywhere. "Blocks" says what stands still meanwhile: nothing, the fiber (its
 *     worker goes on with other tasks), the worker, or the thread.
 *   - Misuse that "Undefined if" names is reported where a check is affordable, on stderr, and ends the program with
 *     abort. The library itself prints nothing else unless SKUA_VERBOSE=1 is in the environment, and never exits.
 *   - A task may go on on another thread after anything that blocks the fiber. errno keeps its value; but compilers
 *     keep the address of errno and of thread-locals across calls, so a function should use them on one side of such a
 *     call only.
 */
#ifndef SKUA_SKUA_H
#define SKUA_SKUA_H

#define SKUA_VERSION_MAJOR 0
#define SKUA_VERSION_MINOR 1
#define SKUA_VERSION_PATCH 0
#define SKUA_VERSION "0.1.0"

#if __SIZEOF_POINTER__ != 8 || __GCC_ATOMIC_LLONG_LOCK_FREE != 2
#error "skua needs 64-bit pointers and atomics"
#endif

#include <skua/await.h>
#include <skua/io.h>
#include <skua/loop.h>
#include <skua/runtime.h>
#include <skua/select.h>
#include <skua/sort.h>
#include <skua/sync.h>
#include <skua/task.h>

#endif
