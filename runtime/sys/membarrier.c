/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fence on behalf of all threads. See membarrier.h.
 *
 * MEMBARRIER_CMD_PRIVATE_EXPEDITED of the Linux system call membarrier: private, so that only this process's cores are
 * interrupted; expedited, so that it takes microseconds instead of milliseconds. It demands a registration, which a
 * forked child inherits. On big machines the kernel needs memory for each call: where there is none, the slow
 * MEMBARRIER_CMD_GLOBAL, which needs none, does the same.
 *
 * Rejected: taking away and giving back the write permission of a page, whose interrupts to all cores have the same
 * effect on x86 by accident, and none on machines that flush without interrupts.
 */
#include "sys/membarrier.h"

#if defined(__linux__)

#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/check.h"

bool sk_membarrier_start(void)
{
	const char *wanted = getenv("SKUA_MEMBARRIER");

	if (wanted && strcmp(wanted, "0") == 0)
		return false;
	return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

void sk_membarrier(void)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0)
		return;
	int error = errno;
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0)
		sk_panic("membarrier failed: error %d, then error %d", error, errno);
}

#else

bool sk_membarrier_start(void)
{
	return false;
}

void sk_membarrier(void)
{
	__builtin_unreachable();
}

#endif
