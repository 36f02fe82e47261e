/* SPDX-License-Identifier: Apache-2.0 */
/* epoll; see epoll.h. */
#include "io/epoll.h"

#include "base/check.h"
#include "base/hostile.h"
#include "io/reactor.h"
#include "sys/clock.h"
#include "sys/park.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BATCH (SK_HOSTILE ? 2 : (int)SK_EPOLL_EVENTS_MAX)
#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

enum state { AWAKE, SLEEPING, INTERRUPTED };

int sk_epoll_open(sk_epoll *epoll)
{
	memset(epoll, 0, sizeof *epoll);
	epoll->fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll->fd < 0)
		return -errno;
	epoll->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = SK_EPOLL_WAKE };
	if (epoll->wake < 0 || epoll_ctl(epoll->fd, EPOLL_CTL_ADD, epoll->wake, &event) < 0) {
		int error = -errno;
		sk_epoll_close(epoll);
		return error;
	}
	return 0;
}

void sk_epoll_close(sk_epoll *epoll)
{
	if (epoll->wake >= 0)
		close(epoll->wake);
	close(epoll->fd);
	/* In the child of a fork somebody still seems to sleep here, and who wakes him would write to a number that is
	 * not ours any more. relaxed: nobody else is there */
	sk_store_relaxed(&epoll->state, AWAKE);
}

/* --- which descriptors --- */

static uint32_t events_of(unsigned sides)
{
	uint32_t events = EPOLLET;
	if (sides & SK_IN)
		events |= EPOLLIN | EPOLLPRI | EPOLLRDHUP;
	if (sides & SK_OUT)
		events |= EPOLLOUT;
	return events;
}

int sk_epoll_add(sk_epoll *epoll, int fd, uint64_t name, unsigned sides, bool is_known)
{
	struct epoll_event event = { .events = events_of(sides), .data.u64 = name };
	int how = is_known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	/* Another may have closed the descriptor behind our back, or kept a copy of one that was closed here. */
	for (int tries = 0;; tries++) {
		if (epoll_ctl(epoll->fd, how, fd, &event) == 0)
			return 0;
		int error = errno;
		bool is_other = (error == ENOENT && how == EPOLL_CTL_MOD) || (error == EEXIST && how == EPOLL_CTL_ADD);
		if (!is_other || tries == 2)
			return -error;
		how = how == EPOLL_CTL_MOD ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
	}
}

void sk_epoll_remove(sk_epoll *epoll, int fd)
{
	struct epoll_event nothing = { 0 };
	(void)epoll_ctl(epoll->fd, EPOLL_CTL_DEL, fd, &nothing); /* closed behind our back: it is gone */
}

int sk_epoll_add_ring(sk_epoll *epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = SK_EPOLL_RING };
	return epoll_ctl(epoll->fd, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

/* --- sleeping --- */

/* Milliseconds, rounded up: the caller looks at the clock afterwards. */
static int wait_coarsely(sk_epoll *epoll, struct epoll_event *events, uint64_t ns)
{
	uint64_t ms = ns / NS_PER_MS + (ns % NS_PER_MS != 0);
	return epoll_wait(epoll->fd, events, BATCH, ms > INT32_MAX ? INT32_MAX : (int)ms);
}

/* Returns the number of events. */
static int wait_for(sk_epoll *epoll, struct epoll_event *events, uint64_t until_ns)
{
	uint64_t now = until_ns == 0 || until_ns == SK_PARK_FOREVER ? 0 : sk_clock_ns();
	uint64_t ns = until_ns > now ? until_ns - now : 0;
	struct timespec timeout = { .tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S) };
	int count;
	if (ns == 0)
		count = epoll_wait(epoll->fd, events, BATCH, 0);
	else if (until_ns == SK_PARK_FOREVER)
		count = epoll_wait(epoll->fd, events, BATCH, -1);
	else if (sk_load_relaxed(&epoll->is_coarse)) /* relaxed: a hint */
		count = wait_coarsely(epoll, events, ns);
	else
		count = (int)syscall(SYS_epoll_pwait2, epoll->fd, events, BATCH, &timeout, NULL, 0);
	if (count < 0 && errno == ENOSYS) {
		sk_store_relaxed(&epoll->is_coarse, 1); /* relaxed: a hint */
		count = wait_coarsely(epoll, events, ns);
	}
	if (count < 0 && errno != EINTR)
		sk_panic("epoll cannot be waited for: error %d", errno);
	return count;
}

/* The sleep of the one who may: see the head. */
static int sleep_in(sk_epoll *epoll, struct epoll_event *events, uint64_t until_ns)
{
	uint32_t awake = AWAKE;
	/* edge -> epoll.state : an interruption before it is seen, one after it writes */
	bool may_sleep = sk_cas_seq_cst(&epoll->state, &awake, SLEEPING);
	sk_hostile_point();
	int count = wait_for(epoll, events, may_sleep ? until_ns : 0);
	sk_hostile_point();
	sk_exchange_seq_cst(&epoll->state, AWAKE); /* edge -> epoll.state : the caller looks at its word after it */
	return count;
}

static unsigned sides_of(uint32_t events)
{
	unsigned sides = events & (EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR) ? SK_ENDS : 0;
	if (events & (EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		sides |= SK_IN;
	if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		sides |= SK_OUT;
	return sides;
}

static void drain(sk_epoll *epoll)
{
	uint64_t count;
	(void)!read(epoll->wake, &count, sizeof count);
}

/* In the caller's form, without the wake-ups. */
static unsigned convert(const struct epoll_event *events, int count, sk_epoll_event *out, bool *is_woken)
{
	unsigned kept = 0;
	for (int i = 0; i < count; i++) {
		if (events[i].data.u64 == SK_EPOLL_WAKE)
			*is_woken = true;
		else
			out[kept++] = (sk_epoll_event){ events[i].data.u64, sides_of(events[i].events) };
	}
	return kept;
}

unsigned sk_epoll_poll(sk_epoll *epoll, struct sk_pool *pool, uint64_t until_ns, sk_epoll_deliver *deliver)
{
	struct epoll_event events[BATCH];
	sk_epoll_event out[SK_EPOLL_EVENTS_MAX];
	bool may_sleep = until_ns != 0, is_woken = false;
	int count = may_sleep ? sleep_in(epoll, events, until_ns) : wait_for(epoll, events, 0);
	unsigned kept = convert(events, count, out, &is_woken);
	if (is_woken && may_sleep)
		drain(epoll);
	unsigned fired = kept > 0 ? deliver(pool, out, kept) : 0;
	/* Whoever interrupted us meanwhile need not do so again: the caller looks at its word. */
	if (may_sleep)
		sk_exchange_seq_cst(&epoll->state, AWAKE); /* edge -> epoll.state : as above */
	return fired;
}

void sk_epoll_interrupt(sk_epoll *epoll)
{
	/* edge epoll.state -> : the sleeper's word was set before */
	if (sk_exchange_seq_cst(&epoll->state, INTERRUPTED) != SLEEPING)
		return;
	sk_hostile_point();
	const uint64_t one = 1;
	ptrdiff_t written = write(epoll->wake, &one, sizeof one); /* full: it is readable anyway */
	SK_INVARIANT(written >= 0 || errno != EBADF, "who interrupts keeps the pool from being stopped");
	(void)written;
}
