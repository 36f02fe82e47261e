/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A memory fence on behalf of all other threads of the process: one side of a Dekker pair pays for both, so that the
 * other, frequent one needs no fence. The kernel interrupts every core that runs a thread of this process (some
 * microseconds, and a disturbance for all of them); threads that do not run pass fences anyway when they are switched.
 *
 * The frequent side still needs a compiler fence between its two accesses.
 *
 * Call from: anywhere. Owner: the kernel keeps the registration, per process.
 */
#ifndef SK_SYS_MEMBARRIER_H
#define SK_SYS_MEMBARRIER_H

#include <stdbool.h>

/*
 * Registers the process; may be repeated, also after fork.
 * Returns: whether sk_membarrier works here. False on old kernels, where a sandbox forbids it, on other systems, and
 * under SKUA_MEMBARRIER=0 in the environment.
 */
bool sk_membarrier_start(void);

/*
 * Afterwards every running thread of the process has passed a full fence since the call began; it is one for the
 * caller as well.
 * Undefined if: sk_membarrier_start did not return true in this process (the failed system call panics).
 */
void sk_membarrier(void);

#endif
