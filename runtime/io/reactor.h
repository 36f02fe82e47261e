/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reactor: for each descriptor, who waits until it is ready. It turns the kernel's events into fired tickets
 * (sched/waiter.h), and it is what the scheduler polls and sleeps in (sched/poller.h).
 *
 *     epoll (io/epoll.h) --event--> descriptor: lock, count it, take the waiters --> fire their tickets
 *          ^                             ^
 *          | registered at the first     | one try of the system call, then a place in the list
 *          | wait, edge-triggered        |
 *     a task: look, try, EAGAIN: arm, enlist, sleep; then again
 *
 * An edge-triggered event comes once, so it must not be lost between a try and the wait. Hence a count of events for
 * each side of a descriptor, in and out:
 *
 *   waiting                                       an event
 *   1  look: seen = events                        1  under the lock: events + 1, the waiters are taken out
 *   2  the system call: EAGAIN                    2  their tickets are fired
 *   3  arm: the kernel knows the descriptor
 *   4  enlist, under the lock: events != seen:
 *      back to 1; else into the list
 *
 *   An event that has to do with the try came after it, hence after 1: either it is counted before 4, which finds that,
 *   or later, and then it finds the waiter in the list. An event before 1 had its effect on the try.
 *
 * All who wait on a side are woken by an event, and try again: who finds nothing left waits on.
 *
 * Numbers are reused. A descriptor has a generation, which changes when it is closed here and when a number is given to
 * a new one; the kernel's event names it, so a late one does nothing, and a waiter finds out that its descriptor is
 * gone. What is closed behind our back is gone from epoll too: a descriptor that was not made here is registered anew
 * before each wait, which costs a system call and finds that out.
 *
 * A try that is known to be vain is left out. A read from a TCP connection that brings less than it could has emptied
 * it, and what comes afterwards is an event that is not counted yet at the look before that read. So as long as the
 * count stands there, the next reader waits without a try. Not so when an event also told of an end, an error or urgent
 * data: the read may have stopped before it, and there is no other event for it.
 *
 *   By cases, something comes (data, an end, an error, urgent data) that the short read did not take: before the kernel
 *   reported the last counted event: then it was data, which the read would have taken, or it is among what `ends`
 *   tells. After that report: the kernel has another event for it, which is counted later, and the enlist sees that.
 *   The kernel did not know the descriptor yet: it looks when the descriptor is armed.
 *
 *   D1  what a table holds stays where it is while the pool runs; a thread outside enters the pool to look at it.
 *   D2  a node is in its descriptor's list or unlinked, under the lock; it lies on the stack of the waiter, which
 *       unlinks it before it returns.
 *   D3  tickets are fired without the lock.
 *   D4  interest: the sides for which the kernel reports events of this generation. It only grows (a side that nobody
 *       waits for would wake sleepers for nothing), until the descriptor is closed and of a new generation. So who
 *       finds the sides in it without the lock, after he has acquired the generation, is armed or does not enlist.
 *   D5  drained: 0, or one more than the count of events in at the look before a read that emptied the connection.
 *
 * | edge            | from                               | to                            | carries                          |
 * |-----------------|------------------------------------|-------------------------------|----------------------------------|
 * | reactor.ready   | open: state, release               | use: state, acquire           | epoll and the table              |
 * | reactor.chunk   | grow: chunk, release               | find: chunk, acquire          | zeroed descriptors               |
 * | reactor.events  | deliver: events + 1, release       | look: events, acquire         | the try comes after the look     |
 * | reactor.renew   | renew: generation, release         | begin: generation, acquire    | its kind, and no interest yet    |
 *
 * Who may call: tasks, and threads that keep the pool alive. Blocks: nothing but the lock of a descriptor, which is
 * held for two system calls at most.
 * Sources: Go's runtime/netpoll.go (one try first; generations); Linux epoll(7), "edge-triggered", and its answer to
 * "do I need to continuously read until EAGAIN": not after a short read from a stream.
 */
#ifndef SK_IO_REACTOR_H
#define SK_IO_REACTOR_H

#include "sched/waiter.h"
#include "sys/lock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sk_pool;

enum sk_side { SK_SIDE_IN, SK_SIDE_OUT, SK_SIDES };
/* Masks of sides. */
enum { SK_IN = 1u << SK_SIDE_IN, SK_OUT = 1u << SK_SIDE_OUT };

/* What is known of a descriptor. */
enum sk_descriptor_kind {
	SK_DESCRIPTOR_FOREIGN, /* not made here: nothing */
	SK_DESCRIPTOR_SOCKET,  /* O_NONBLOCK */
	SK_DESCRIPTOR_TCP,     /* O_NONBLOCK, a connection or who accepts them */
	SK_DESCRIPTOR_STREAM,  /* something else with O_NONBLOCK */
	SK_DESCRIPTOR_FILE,    /* epoll does not know it */
};

/* The sides that events of poll(2) have to do with. Errors and hang-ups are seen from either side. */
unsigned sk_reactor_sides(int events);

/* Beside the sides of an event: it tells of an end, an error or urgent data. */
#define SK_ENDS (1u << SK_SIDES)

/* A place in a list of waiters. */
typedef struct sk_io_node {
	struct sk_io_node *next, **link; /* link NULL: in no list */
	sk_ticket ticket;
	uint32_t cause;
} sk_io_node;

typedef struct sk_descriptor {
	/* everybody, under the lock; kind, generation and events are read without it too */
	_Alignas(SK_CACHE_LINE) sk_lock lock;
	SK_ATOMIC(uint32_t) generation;
	SK_ATOMIC(uint32_t) events[SK_SIDES];
	SK_ATOMIC(uint32_t) kind; /* enum sk_descriptor_kind */
	SK_ATOMIC(uint32_t) interest; /* D4; as they */
	SK_ATOMIC(uint32_t) ends; /* an event of this generation told of that; read without the lock too */
	/* readers, without the lock */
	SK_ATOMIC(uint32_t) drained; /* D5 */
	sk_io_node *waiters[SK_SIDES];
	/* who enlists, under the lock; read without it, to be fetched: the last one's */
	SK_ATOMIC(sk_ticket) near_ticket;
	SK_ATOMIC(sk_io_node *) near_node;
} sk_descriptor;
_Static_assert(sizeof(sk_descriptor) == SK_CACHE_LINE, "one descriptor, one line");

/* A wait for a descriptor, from the first try on. On the stack of the waiter. */
typedef struct sk_io_watch {
	int fd;
	unsigned sides; /* mask: what to wait for */
	sk_descriptor *descriptor;
	uint32_t generation;
	uint32_t seen[SK_SIDES];
	sk_io_node node[SK_SIDES];
} sk_io_watch;

/*
 * Begins: opens the reactor if need be, finds the descriptor and notes its generation.
 * Returns: 0; -EBADF no number of a descriptor; -ENOMEM; an error of epoll_create.
 */
int sk_reactor_begin(sk_io_watch *watch, int fd, unsigned sides);

/* 1: before each try. */
static inline void sk_reactor_look(sk_io_watch *watch)
{
	for (unsigned side = 0; side < SK_SIDES; side++)
		/* edge -> reactor.events : the try comes after it */
		watch->seen[side] = sk_load_acquire(&watch->descriptor->events[side]);
}

/*
 * 3. Returns: 0; -EPERM epoll does not know such descriptors, they are always ready; -EBADF it is closed; -ENOMEM,
 * -ENOSPC.
 */
int sk_reactor_arm(sk_io_watch *watch);

/* 4. false: try again. Else the ticket is fired with the cause by the next event, or when the descriptor is closed. */
bool sk_reactor_enlist(sk_io_watch *watch, sk_ticket ticket, uint32_t cause);

/* After an enlist that was or may have been true. Nobody touches the watch afterwards. */
void sk_reactor_delist(sk_io_watch *watch);

/* Was it closed since the beginning? */
static inline bool sk_reactor_is_closed(sk_io_watch *watch)
{
	/* relaxed: the wake-up orders it */
	return sk_load_relaxed(&watch->descriptor->generation) != watch->generation;
}

static inline enum sk_descriptor_kind sk_reactor_kind(sk_io_watch *watch)
{
	/* relaxed: written by who made the descriptor, before anybody else had its number */
	return (enum sk_descriptor_kind)sk_load_relaxed(&watch->descriptor->kind);
}

/* What is known of a number now. Call from: anywhere that keeps the pool alive. */
enum sk_descriptor_kind sk_reactor_kind_of(int fd);

/* After a read that brought something, but less than it could. */
static inline void sk_reactor_drained(sk_io_watch *watch)
{
	if (sk_reactor_kind(watch) == SK_DESCRIPTOR_TCP)
		/* relaxed: compared with a count; true for it whenever it is seen */
		sk_store_relaxed(&watch->descriptor->drained, watch->seen[SK_SIDE_IN] + 1);
}

/* After a look: would a read be in vain? Nothing is to be taken from it: data may be there, and an event to come. */
static inline bool sk_reactor_is_drained(sk_io_watch *watch)
{
	sk_descriptor *descriptor = watch->descriptor;
	if (watch->sides != SK_IN)
		return false;
	/* relaxed, both: ends is ordered by the look's acquire of the count, drained see above */
	uint32_t drained = sk_load_relaxed(&descriptor->drained);
	return drained != 0 && drained == watch->seen[SK_SIDE_IN] + 1 && !sk_load_relaxed(&descriptor->ends);
}

/*
 * The number is a new descriptor's, of that kind; waiters of an old one end. Call from: anywhere.
 */
void sk_reactor_adopt(int fd, enum sk_descriptor_kind kind);

/*
 * close(2); the number's waiters end. The number is of a new generation before it is closed, since afterwards it may be
 * somebody's new descriptor. Who finds it still open in between, and waits, is woken after it.
 * Returns: 0, or -errno. Call from: anywhere.
 */
int sk_reactor_close(int fd);

/*
 * For the epoll backend: an event has come for the sides, perhaps with SK_ENDS. alone: with no other one, so that who
 * waits for it may go next. Returns how many tickets were fired.
 */
unsigned sk_reactor_deliver(struct sk_pool *pool, uint64_t name, unsigned sides, bool alone);

/* --- files --- */

struct sk_uring;

/* The ring for files. NULL: there is none; error says why, if one is demanded, else it is 0. Call from: a task. */
struct sk_uring *sk_reactor_ring(int *error);

/* Registered descriptors, and operations begun in the ring and not over; keeps sleepers looking. */
void sk_reactor_expect(int change);

/* What would be used with that setting (enum sk_io_choice), in words for people. Call from: anywhere. */
void sk_reactor_describe(unsigned choice, char *text, size_t bytes);

#endif
