/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fibers are scarce: a test takes all idle ones of a worker and has no more made, as if there were no memory for one.
 *
 *     sk_fiber *taken = take_all_fibers(worker);  in a task, which has the worker
 *     ...                                         no big fiber is to be had, until somebody takes no_memory back
 *     give_all_fibers(worker, taken);
 *
 * For programs that are linked with --wrap=mmap (tests/CMakeLists.txt).
 */
#ifndef SK_TESTS_SCARCE_H
#define SK_TESTS_SCARCE_H

#include "started.h"

#include <errno.h>
#include <sys/mman.h>

/* The linker has the library's mmap called here (--wrap). */
static flag no_memory;
void *__real_mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset);

void *__wrap_mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
	if (!sk_load_acquire(&no_memory))
		return __real_mmap(at, bytes, protection, flags, fd, offset);
	errno = ENOMEM;
	return MAP_FAILED;
}

/* The idle fibers that there are, linked by next; none can be made until no_memory is taken back. */
static inline sk_fiber *take_all_fibers(sk_worker *worker)
{
	sk_fiber *taken = NULL;
	flag_raise(&no_memory);
	for (sk_fiber *fiber; (fiber = sk_worker_fiber_take(worker)); taken = fiber)
		fiber->next = taken;
	return taken;
}

static inline void give_all_fibers(sk_worker *worker, sk_fiber *taken)
{
	sk_store_release(&no_memory, 0);
	for (sk_fiber *next; taken; taken = next) {
		next = taken->next;
		sk_worker_fiber_give(worker, taken);
	}
}

#endif
