/* SPDX-License-Identifier: Apache-2.0 */
/* One call on a descriptor; see call.h. */
#include "io/call.h"

#include "sched/pool.h"
#include "sys/clock.h"

#include <skua/await.h>

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)

__attribute__((noinline)) ptrdiff_t sk_io_result(ptrdiff_t result)
{
	__asm__ volatile(""); /* keeps callers from keeping the address of errno */
	return result < 0 ? -errno : result;
}

bool sk_io_is_cancelled(void)
{
	return sk_scope_is_cancelled(sk_scope_self());
}

bool sk_io_is_past_slow(uint64_t deadline_ns)
{
	return deadline_ns == 0 || deadline_ns <= sk_clock_ns();
}

int sk_io_begin(sk_io_call *call, int fd, unsigned sides, uint64_t deadline_ns)
{
	call->fd = fd;
	call->sides = sides;
	call->deadline_ns = deadline_ns;
	sk_fiber *fiber = sk_fiber_self();
	call->in_task = fiber != NULL;
	if (!fiber)
		return 0;
	if (sk_scope_is_cancelled(fiber->scope))
		return -ECANCELED;
	return sk_reactor_begin(&call->watch, fd, sides);
}

ptrdiff_t sk_io_send(int fd, const void *buffer, size_t bytes, int flags)
{
	ptrdiff_t result;
	do {
		result = sk_io_result(send(fd, buffer, bytes, flags | MSG_NOSIGNAL));
	} while (result == -EINTR);
	return result;
}

ptrdiff_t sk_io_send_at_once(int fd, const void *buffer, size_t bytes, int flags)
{
	sk_fiber *fiber = sk_fiber_self();
	if (!fiber || sk_scope_is_cancelled(fiber->scope))
		return -EAGAIN;
	enum sk_descriptor_kind kind = sk_reactor_kind_of(fd);
	if (kind != SK_DESCRIPTOR_TCP && kind != SK_DESCRIPTOR_SOCKET)
		return -EAGAIN;
	ptrdiff_t result = sk_io_send(fd, buffer, bytes, flags | MSG_DONTWAIT);
	return result == -ENOTSOCK ? -EAGAIN : result; /* closed behind our back, and the number is another's */
}

static short poll_events(unsigned sides)
{
	return (short)((sides & SK_IN ? POLLIN | POLLPRI | POLLRDHUP : 0) | (sides & SK_OUT ? POLLOUT : 0));
}

int sk_io_ready(int fd, unsigned sides)
{
	struct pollfd one = { .fd = fd, .events = poll_events(sides) };
	int count = poll(&one, 1, 0);
	if (count > 0)
		return one.revents & POLLNVAL ? -EBADF : 0;
	return -EAGAIN;
}

/* A plain thread's wait. */
static int wait_in_poll(const sk_io_call *call)
{
	struct pollfd one = { .fd = call->fd, .events = poll_events(call->sides) };
	for (;;) {
		struct timespec timeout = { 0 };
		uint64_t now = call->deadline_ns == SKUA_FOREVER ? 0 : sk_clock_ns();
		uint64_t ns = call->deadline_ns > now ? call->deadline_ns - now : 0;
		timeout.tv_sec = (time_t)(ns / NS_PER_S);
		timeout.tv_nsec = (long)(ns % NS_PER_S);
		int count = ppoll(&one, 1, call->deadline_ns == SKUA_FOREVER ? NULL : &timeout, NULL);
		if (count > 0)
			return one.revents & POLLNVAL ? -EBADF : 0;
		if (count < 0 && errno != EINTR)
			return -errno;
		if (sk_io_is_past(call->deadline_ns))
			return -ETIMEDOUT;
	}
}

static bool enlist(void *arg, sk_ticket ticket)
{
	sk_io_call *call = arg;
	return sk_reactor_enlist(&call->watch, ticket, SK_CAUSE_EVENT);
}

static ptrdiff_t wait_in_reactor(sk_io_call *call)
{
	int error = sk_reactor_arm(&call->watch);
	if (error < 0)
		return error == -EPERM ? SK_IO_IS_FILE : error;
	const sk_wait_for what = {
		.enlist = enlist,
		.arg = call,
		.deadline_ns = call->deadline_ns,
		.why = call->sides == SK_OUT ? SK_WAIT_WRITE : SK_WAIT_READ,
		.cancellable = true,
	};
	uint32_t cause = sk_wait(&what);
	/* An event has taken the node out, unless there is one for each side. */
	if (cause == SK_CAUSE_TIMEOUT || cause == SK_CAUSE_CANCEL || call->sides == (SK_IN | SK_OUT))
		sk_reactor_delist(&call->watch);
	if (sk_reactor_is_closed(&call->watch))
		return -EBADF;
	return cause == SK_CAUSE_TIMEOUT ? -ETIMEDOUT : cause == SK_CAUSE_CANCEL ? -ECANCELED : 0;
}

ptrdiff_t sk_io_wait(sk_io_call *call)
{
	if (sk_io_is_past(call->deadline_ns))
		return -ETIMEDOUT;
	return call->in_task ? wait_in_reactor(call) : wait_in_poll(call);
}

ptrdiff_t sk_io_repeat(sk_io_call *call, ptrdiff_t (*attempt)(sk_io_call *call, void *arg), void *arg)
{
	for (;;) {
		bool is_vain = false;
		if (call->in_task) {
			sk_reactor_look(&call->watch);
			is_vain = sk_reactor_is_drained(&call->watch);
		}
		ptrdiff_t result = is_vain ? -EAGAIN : attempt(call, arg);
		if (result != -EAGAIN)
			return result;
		ptrdiff_t error = sk_io_wait(call);
		/* What is there at the deadline is taken, whether the event for it has been delivered or not. */
		if (error == -ETIMEDOUT && is_vain && (result = attempt(call, arg)) != -EAGAIN)
			return result;
		if (error < 0)
			return error;
	}
}

