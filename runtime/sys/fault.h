/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stack overflow ends in a message instead of a bare segmentation fault.
 *
 * Fibers' stacks end in guards. A handler for SIGSEGV and SIGBUS, on a stack of its own, asks the owner of the stacks
 * whether the address that faulted is one of his guards. If so it prints what he says, and aborts; if not, the fault
 * goes to whoever was there before: a handler of the program is called with the signal's original arguments, and
 * the default action happens as if nothing had been installed.
 *
 * Invariant: I1: each sk_fault_stop has its sk_fault_start.
 * Owner: this file owns the two signal actions from the first sk_fault_start to the last sk_fault_stop, unless the
 * program installs its own meanwhile, which then stay untouched.
 * Call from: any thread; not from signal handlers.
 */
#ifndef SK_SYS_FAULT_H
#define SK_SYS_FAULT_H

#include <stddef.h>

/*
 * Fills out (an empty string at the call, size bytes) if it knows the address, else leaves it empty. Runs in the
 * signal handler, on the faulting thread: no locks, no allocation, and only memory that is always mapped.
 */
typedef void sk_fault_describe(void *address, char *out, size_t size);

/* Installs the handlers; each call needs one sk_fault_stop. The describe function of the latest call counts. */
void sk_fault_start(sk_fault_describe *describe);

/* Takes the handlers back, with the last of as many calls as there were starts, if they are still these. */
void sk_fault_stop(void);

/*
 * Gives the calling thread an alternate signal stack, unless it has one; without, an overflow cannot be reported from
 * it. May be repeated. The stack is freed when the thread ends.
 * Returns: 0, or -ENOMEM.
 */
int sk_fault_thread_start(void);

#endif
