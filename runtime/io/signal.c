/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals as something to wait for: skua_signal_wait of io.h. A signal that is blocked in all threads stays pending
 * with the process; a signalfd makes that a descriptor to be read. Each wait has its own: what is pending is not in it.
 */
#include "io/call.h"

#include <skua/await.h>
#include <skua/io.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>

static int fill(sigset_t *set, const int *signals, size_t count)
{
	sigemptyset(set);
	for (size_t i = 0; i < count; i++)
		if (sigaddset(set, signals[i]) < 0 || signals[i] == SIGKILL || signals[i] == SIGSTOP)
			return -EINVAL;
	return count > 0 ? 0 : -EINVAL;
}

int skua_signal_block(const int *signals, size_t count)
{
	sigset_t set;
	int error = fill(&set, signals, count);
	return error < 0 ? error : -pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int skua_signal_wait_until(const int *signals, size_t count, uint64_t deadline_ns)
{
	sigset_t set;
	int error = fill(&set, signals, count);
	if (error < 0)
		return error;
	int fd = (int)sk_io_result(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
	if (fd < 0)
		return fd;
	sk_reactor_adopt(fd, SK_DESCRIPTOR_STREAM);
	struct signalfd_siginfo what;
	ptrdiff_t bytes = skua_read_until(fd, &what, sizeof what, deadline_ns);
	skua_close(fd);
	return bytes < 0 ? (int)bytes : (int)what.ssi_signo;
}

int skua_signal_wait(const int *signals, size_t count)
{
	return skua_signal_wait_until(signals, count, SKUA_FOREVER);
}
