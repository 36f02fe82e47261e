/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Putting a thread to sleep in the kernel until a word changes, and waking it.
 *
 * The sleeper names the value that it saw; if the word no longer has it, it does not go to sleep. So nothing is lost if
 * the waker changes the word first and wakes afterwards:
 *
 *     sleeper: seen = sk_load_acquire(&word);  if (nothing to do)  sk_park_wait(&word, seen, deadline);  look again
 *     waker:   make something to do;  sk_add_seq_cst(&word, 1);  sk_park_wake(&word, 1);
 *
 * Whatever orders the data is done by the atomic accesses to the word; the kernel's own are no part of the contract.
 * A futex on Linux; elsewhere, or with SK_PARK_PORTABLE=1, condition variables found by the word's address.
 *
 * Owner: the word belongs to the caller and must outlive every wait on it, and every wake (a waker that changes the
 * word may find it gone when it wakes; then the wake hits nobody, or spuriously somebody else, never memory).
 * Call from: any thread; not from signal handlers (the portable one takes locks).
 */
#ifndef SK_SYS_PARK_H
#define SK_SYS_PARK_H

#include <stdint.h>

#include "base/atomic.h"

#ifndef SK_PARK_PORTABLE
#define SK_PARK_PORTABLE 0
#endif

typedef SK_ATOMIC(uint32_t) sk_park_word;

#define SK_PARK_FOREVER UINT64_MAX

/*
 * Sleeps while *word is expected, until a wake or the deadline (absolute, sk_clock_ns; SK_PARK_FOREVER for none).
 * Blocks: the thread.
 * Returns: 0 woken, or for no reason; -EAGAIN the word has another value; -ETIMEDOUT the deadline is past.
 */
int sk_park_wait(sk_park_word *word, uint32_t expected, uint64_t deadline_ns);

/*
 * Wakes up to count of the threads that sleep on word (INT_MAX: all).
 * Blocks: nothing; costs some 10 microseconds if somebody sleeps, a system call else.
 * Returns: how many were woken.
 */
int sk_park_wake(sk_park_word *word, int count);

/* In the child of a fork, before anything else of this file: forgets the sleepers, which are threads of the parent. */
void sk_park_after_fork(void);

#endif
