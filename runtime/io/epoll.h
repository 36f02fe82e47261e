/* SPDX-License-Identifier: Apache-2.0 */
/*
 * epoll: the kernel's events for descriptors, and the one place where a worker sleeps for them. The ring of io_uring is
 * one of the descriptors in it, so there is no second place.
 *
 * At most one thread sleeps in it (sched/poller.h); others may look at the same time. It is woken through an eventfd,
 * but only if it really sleeps: while it deals with events it will look around anyway.
 *
 *   state   AWAKE --about to sleep: CAS--> SLEEPING --woken--> AWAKE
 *           any --interrupt: exchange--> INTERRUPTED; it was SLEEPING: write to the eventfd
 *           INTERRUPTED at the CAS: it does not sleep
 *
 *   The interrupter has set the sleeper's word before, and the sleeper looks at it after it has become awake and before
 *   it sleeps again; so a mark that is wiped out by the end of a poll has been heeded.
 *
 * The eventfd stays readable until the sleeper reads it. Who only looks passes over it: took it from the set, it would
 * take the sleeper's wake-up.
 *
 * | edge         | from                                | to                              | carries                         |
 * |--------------|-------------------------------------|---------------------------------|---------------------------------|
 * | epoll.state  | interrupt: exchange, seq_cst        | poll: CAS, exchange, seq_cst    | either sees the other           |
 *
 * Who may call: said at each function.
 */
#ifndef SK_IO_EPOLL_H
#define SK_IO_EPOLL_H

#include "base/align.h"
#include "base/atomic.h"

#include <stdbool.h>
#include <stdint.h>

struct sk_pool;

typedef struct sk_epoll {
	/* set once */
	int fd;
	int wake; /* the eventfd */
	/* everybody */
	_Alignas(SK_FALSE_SHARING) SK_ATOMIC(uint32_t) state;
	SK_ATOMIC(uint32_t) is_coarse; /* epoll_pwait2 is missing: timeouts in milliseconds */
} sk_epoll;

/* Names that are not a descriptor's. */
#define SK_EPOLL_WAKE (UINT64_MAX - 1)
#define SK_EPOLL_RING (UINT64_MAX - 2)

typedef struct sk_epoll_event {
	uint64_t name;
	unsigned sides; /* mask (io/reactor.h) */
} sk_epoll_event;
#define SK_EPOLL_EVENTS_MAX 64u

/* What is done with the events of one look, at most so many. Returns how many tickets were fired. */
typedef unsigned sk_epoll_deliver(struct sk_pool *pool, const sk_epoll_event *events, unsigned count);

/* 0 or -errno. Call from: one thread. */
int sk_epoll_open(sk_epoll *epoll);
/* Nobody sleeps in it, or he is not in this process; after it an interruption does nothing. */
void sk_epoll_close(sk_epoll *epoll);

/*
 * Registers a descriptor for the sides, edge-triggered; is_known: it may be registered already. What is ready is
 * reported once more. Call from: any thread.
 * Returns: 0; -EPERM; -EBADF; -ENOMEM; -ENOSPC.
 */
int sk_epoll_add(sk_epoll *epoll, int fd, uint64_t name, unsigned sides, bool is_known);
void sk_epoll_remove(sk_epoll *epoll, int fd);

/* The same for the ring: reported as long as it has something. */
int sk_epoll_add_ring(sk_epoll *epoll, int fd);

/* As sk_poller_ops.poll. */
unsigned sk_epoll_poll(sk_epoll *epoll, struct sk_pool *pool, uint64_t until_ns, sk_epoll_deliver *deliver);

/* As sk_poller_ops.interrupt. */
void sk_epoll_interrupt(sk_epoll *epoll);

#endif
