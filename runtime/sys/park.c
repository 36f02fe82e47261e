/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parking by the Linux futex. See park.h.
 *
 * FUTEX_WAIT_BITSET, because its timeout is a point in time on CLOCK_MONOTONIC, where FUTEX_WAIT's is a duration,
 * which a spurious wake-up would start anew. Private: the kernel finds the word by its address, without looking at
 * the page.
 */
#include "sys/park.h"

#if defined(__linux__) && !SK_PARK_PORTABLE

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"

int sk_park_wait(sk_park_word *word, uint32_t expected, uint64_t deadline_ns)
{
	struct timespec deadline = {
		.tv_sec = (time_t)(deadline_ns / UINT64_C(1000000000)),
		.tv_nsec = (long)(deadline_ns % UINT64_C(1000000000)),
	};
	int saved = errno;
	long result = syscall(SYS_futex, &word->sk_raw, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected,
			      deadline_ns == SK_PARK_FOREVER ? NULL : &deadline, NULL, FUTEX_BITSET_MATCH_ANY);
	int error = result == 0 ? 0 : errno;

	errno = saved;
	if (error == EINTR)
		return 0;
	if (error != 0 && error != EAGAIN && error != ETIMEDOUT)
		sk_panic("the futex cannot be waited for: error %d", error);
	return -error;
}

int sk_park_wake(sk_park_word *word, int count)
{
	int saved = errno;
	long woken = syscall(SYS_futex, &word->sk_raw, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, count, NULL, NULL, 0);

	/* EFAULT: the word's memory is gone, and with it all sleepers. */
	errno = saved;
	return woken > 0 ? (int)woken : 0;
}

void sk_park_after_fork(void)
{
	/* the kernel keeps the sleepers */
}

#endif
