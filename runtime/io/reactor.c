/* SPDX-License-Identifier: Apache-2.0 */
/* The reactor; protocol: reactor.h. */
#include "io/reactor.h"

#include "base/check.h"
#include "base/hot.h"
#include "base/hostile.h"
#include "io/epoll.h"
#include "io/uring.h"
#include "sched/pool.h"
#include "sched/settings.h"
#include "sys/context.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNKS 20u
#define CHUNK_FIRST 64u /* descriptors in the first chunk; each one holds twice as many as the one before */
#define FIRED_AT_ONCE (SK_HOSTILE ? 2u : 32u)

/*
 * ThreadSanitizer takes reads and closes of a descriptor for accesses to it, and who may close one under a task that
 * waits for it has nothing else that orders them, if the task has been seen to wait before it is in the list.
 */
#define NEEDS_LOCK SK_THREAD_SANITIZER

enum state { CLOSED, OPEN };

/* One pool runs at a time, so there is one reactor. */
static struct {
	/* set by open; state says whether the rest is there */
	_Alignas(SK_FALSE_SHARING) SK_ATOMIC(uint32_t) state;
	sk_pool *pool;
	sk_epoll epoll;
	SK_ATOMIC(sk_descriptor *) chunk[CHUNKS];
	/* read by whoever looks for work, changed at first waits, closings and file operations */
	_Alignas(SK_FALSE_SHARING) SK_ATOMIC(int32_t) expected; /* registered descriptors and operations of the ring */
	/* under lock */
	_Alignas(SK_FALSE_SHARING) pthread_mutex_t lock;
	bool is_ring_sought;
	int ring_error;
	SK_ATOMIC(sk_uring *) ring; /* read without the lock */
} reactor = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* --- what the scheduler calls --- */

static unsigned deliver(sk_pool *pool, const sk_epoll_event *events, unsigned count);

static unsigned poll_events(sk_pool *pool, uint64_t until_ns)
{
	return sk_epoll_poll(&reactor.epoll, pool, until_ns, deliver);
}

static void interrupt(sk_pool *pool)
{
	(void)pool;
	sk_epoll_interrupt(&reactor.epoll);
}

static bool expects(sk_pool *pool)
{
	(void)pool;
	return sk_load_relaxed(&reactor.expected) > 0; /* relaxed: who raises it tells the monitor (sk_poller_wanted) */
}

/* --- opening and closing --- */

static void free_chunks(void)
{
	for (unsigned i = 0; i < CHUNKS; i++) {
		free(sk_load_relaxed(&reactor.chunk[i])); /* relaxed: nobody else is there */
		sk_store_relaxed(&reactor.chunk[i], NULL);
	}
}

/* The pool's threads have ended. */
static void stop(sk_pool *pool)
{
	(void)pool;
	pthread_mutex_lock(&reactor.lock);
	if (sk_load_relaxed(&reactor.state) == OPEN) { /* relaxed: under the lock */
		sk_uring *ring = sk_load_relaxed(&reactor.ring); /* relaxed: as above */
		if (ring)
			sk_uring_close(ring);
		sk_epoll_close(&reactor.epoll);
		free_chunks();
	}
	sk_store_relaxed(&reactor.ring, NULL); /* relaxed: under the lock, and the pool's gate */
	reactor.is_ring_sought = false;
	sk_store_relaxed(&reactor.expected, 0);   /* relaxed: as above */
	sk_store_relaxed(&reactor.state, CLOSED); /* relaxed: as above */
	pthread_mutex_unlock(&reactor.lock);
}

/* In the child the pool is abandoned: no thread looks at what it had, but for its descriptors that are to be closed. */
static void after_fork(void)
{
	pthread_mutex_init(&reactor.lock, NULL);
	stop(NULL);
}

static void hook(void)
{
	sk_pool_hook(&(sk_pool_hooks){ .stop = stop, .after_fork = after_fork });
}

static int open_locked(sk_pool *pool)
{
	static const sk_poller_ops ops = { .poll = poll_events, .interrupt = interrupt, .expects = expects };
	if (sk_load_relaxed(&reactor.state) == OPEN) /* relaxed: under the lock */
		return 0;
	int error = sk_epoll_open(&reactor.epoll);
	if (error < 0)
		return error;
	reactor.pool = pool;
	sk_poller_install(pool, &ops);
	sk_store_release(&reactor.state, OPEN); /* edge reactor.ready -> : epoll */
	return 0;
}

static bool is_open(void)
{
	return sk_load_acquire(&reactor.state) == OPEN; /* edge -> reactor.ready : epoll and the table */
}

/* Call from: a worker. */
static SK_ASIDE int open_first(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, hook);
	pthread_mutex_lock(&reactor.lock);
	int error = open_locked(sk_worker_self()->pool);
	pthread_mutex_unlock(&reactor.lock);
	return error;
}

static inline int open_reactor(void)
{
	return is_open() ? 0 : open_first();
}

/* --- the table --- */

static sk_descriptor *new_chunk(unsigned chunk)
{
	size_t bytes = ((size_t)CHUNK_FIRST << chunk) * sizeof(sk_descriptor);
	pthread_mutex_lock(&reactor.lock);
	sk_descriptor *descriptors = sk_load_relaxed(&reactor.chunk[chunk]); /* relaxed: under the lock */
	if (!descriptors && (descriptors = aligned_alloc(_Alignof(sk_descriptor), bytes)) != NULL) {
		memset((void *)descriptors, 0, bytes);
		sk_store_release(&reactor.chunk[chunk], descriptors); /* edge reactor.chunk -> : zeroed descriptors */
	}
	pthread_mutex_unlock(&reactor.lock);
	return descriptors;
}

static inline unsigned chunk_of(int fd)
{
	return (unsigned)(31 - __builtin_clz((unsigned)fd / CHUNK_FIRST + 1));
}

static inline sk_descriptor *in_chunk(sk_descriptor *descriptors, unsigned chunk, int fd)
{
	return descriptors + ((unsigned)fd - ((1u << chunk) - 1) * CHUNK_FIRST);
}

/* NULL: nothing was kept for such numbers yet. */
static inline sk_descriptor *find(int fd)
{
	if (fd < 0 || chunk_of(fd) >= CHUNKS)
		return NULL;
	unsigned chunk = chunk_of(fd);
	/* edge -> reactor.chunk : zeroed descriptors */
	sk_descriptor *descriptors = sk_load_acquire(&reactor.chunk[chunk]);
	return SK_UNLIKELY(!descriptors) ? NULL : in_chunk(descriptors, chunk, fd);
}

/* NULL: there is no memory, or no descriptor has such a number. */
static SK_ASIDE sk_descriptor *make(int fd)
{
	if (fd < 0 || chunk_of(fd) >= CHUNKS || fcntl(fd, F_GETFD) < 0)
		return NULL;
	sk_descriptor *descriptors = new_chunk(chunk_of(fd));
	return descriptors ? in_chunk(descriptors, chunk_of(fd), fd) : NULL;
}

static inline uint64_t name_of(uint32_t generation, int fd)
{
	return (uint64_t)generation << 32 | (uint32_t)fd;
}

/* --- lists of waiters, under the lock --- */

static void link_node(sk_descriptor *descriptor, unsigned side, sk_io_node *node)
{
	sk_io_node **head = &descriptor->waiters[side];
	node->next = *head;
	node->link = head;
	if (*head)
		(*head)->link = &node->next;
	*head = node;
}

static void unlink_node(sk_io_node *node)
{
	if (!node->link)
		return;
	*node->link = node->next;
	if (node->next)
		node->next->link = node->link;
	node->link = NULL;
}

typedef struct batch {
	unsigned count;
	struct {
		sk_ticket ticket;
		uint32_t cause;
	} entry[FIRED_AT_ONCE];
} batch;

/* Takes out who waits for the sides, as many as there is room for. Returns whether there are more. */
static bool take(sk_descriptor *descriptor, unsigned sides, batch *out)
{
	for (unsigned side = 0; side < SK_SIDES; side++) {
		sk_io_node *node;
		while ((sides & 1u << side) && (node = descriptor->waiters[side]) != NULL) {
			if (out->count == FIRED_AT_ONCE)
				return true;
			unlink_node(node);
			out->entry[out->count].ticket = node->ticket;
			out->entry[out->count++].cause = node->cause;
		}
	}
	return false;
}

/* One goes next, many go in their order. */
static unsigned fire_one(sk_pool *pool, sk_ticket ticket, uint32_t cause, bool alone)
{
	void *waiter = sk_waiter_win(pool, ticket, cause);
	if (!waiter)
		return 0;
	if (!alone)
		sk_waiter_warm(ticket, waiter);
	sk_waiter_tell(pool, ticket, waiter, alone);
	return 1;
}

static unsigned fire(sk_pool *pool, const batch *taken, bool alone)
{
	unsigned fired = 0;
	sk_hostile_point();
	alone = alone && taken->count == 1;
	for (unsigned i = 0; i < taken->count; i++)
		fired += fire_one(pool, taken->entry[i].ticket, taken->entry[i].cause, alone);
	return fired;
}

/* D3: fires all who wait for the sides. Who comes while the lock is given up in between is woken for nothing. */
static unsigned fire_all(sk_pool *pool, sk_descriptor *descriptor, unsigned sides, batch *first, bool more, bool alone)
{
	unsigned fired = fire(pool, first, alone);
	while (more) {
		first->count = 0;
		sk_lock_take(&descriptor->lock);
		more = take(descriptor, sides, first);
		sk_lock_give(&descriptor->lock);
		fired += fire(pool, first, false);
	}
	return fired;
}

static void count_event(sk_descriptor *descriptor, unsigned side)
{
	uint32_t events = sk_load_relaxed(&descriptor->events[side]); /* relaxed: under the lock */
	/* edge reactor.events -> : who sees it tries afterwards */
	sk_store_release(&descriptor->events[side], events + 1);
}

/* Of several sides, or to several waiters. Is called with the lock, and gives it. */
static SK_ASIDE unsigned deliver_to_many(sk_pool *pool, sk_descriptor *descriptor, unsigned sides, bool alone)
{
	batch taken;
	taken.count = 0; /* the whole struct would be cleared in a loop */
	if (sides & SK_ENDS)
		sk_store_relaxed(&descriptor->ends, 1); /* relaxed: published by the count */
	for (unsigned side = 0; side < SK_SIDES; side++)
		if (sides & 1u << side)
			count_event(descriptor, side);
	bool more = take(descriptor, sides, &taken);
	sk_lock_give(&descriptor->lock);
	return fire_all(pool, descriptor, sides, &taken, more, alone);
}

unsigned sk_reactor_deliver(sk_pool *pool, uint64_t name, unsigned sides, bool alone)
{
	sk_descriptor *descriptor = find((int)(uint32_t)name);
	if (!descriptor)
		return 0;
	sk_hostile_point();
	sk_lock_take(&descriptor->lock);
	if (sk_load_relaxed(&descriptor->generation) != (uint32_t)(name >> 32)) { /* relaxed: under the lock */
		sk_lock_give(&descriptor->lock);
		return 0;
	}
	sk_io_node *node = descriptor->waiters[SK_SIDE_IN];
	if (sides != SK_IN || !node || node->next)
		return deliver_to_many(pool, descriptor, sides, alone);
	/* As a rule: something to read, and one who waits for that. */
	count_event(descriptor, SK_SIDE_IN);
	unlink_node(node);
	sk_ticket ticket = node->ticket; /* read under the lock: then the node may be gone */
	uint32_t cause = node->cause;
	sk_lock_give(&descriptor->lock);
	sk_hostile_point();
	return fire_one(pool, ticket, cause, alone);
}

/*
 * Of many connections, what their events touch is in no cache: descriptors, nodes on the stacks of their waiters,
 * fibers. All of it is asked for in advance, each for what the one before has led to; the frames follow when the fiber
 * is won (fire). Nothing but hints is read of another's; what they point to need not be there any more.
 */
static void warm(sk_pool *pool, const sk_epoll_event *events, unsigned count)
{
	sk_descriptor *descriptor[SK_EPOLL_EVENTS_MAX];
	sk_ticket ticket[SK_EPOLL_EVENTS_MAX];
	for (unsigned i = 0; i < count; i++) {
		descriptor[i] = find((int)(uint32_t)events[i].name);
		__builtin_prefetch(descriptor[i], 1);
	}
	for (unsigned i = 0; i < count; i++) {
		ticket[i] = 0;
		if (!descriptor[i])
			continue;
		ticket[i] = sk_load_relaxed(&descriptor[i]->near_ticket); /* relaxed, both: hints */
		__builtin_prefetch(sk_load_relaxed(&descriptor[i]->near_node), 1);
	}
	sk_waiter_expect(pool, ticket, count);
}

static unsigned deliver(sk_pool *pool, const sk_epoll_event *events, unsigned count)
{
	unsigned fired = 0;
	if (count > 1)
		warm(pool, events, count);
	for (unsigned i = 0; i < count; i++) {
		if (events[i].name != SK_EPOLL_RING) {
			fired += sk_reactor_deliver(pool, events[i].name, events[i].sides, count == 1);
			continue;
		}
		sk_uring *ring = sk_load_acquire(&reactor.ring); /* edge -> reactor.ready : the ring */
		fired += ring ? sk_uring_reap(ring, pool) : 0;
	}
	return fired;
}

/* --- waiting --- */

/* There is nothing for it in the table. */
static SK_ASIDE int error_of(int fd)
{
	return fd >= 0 && fcntl(fd, F_GETFD) >= 0 ? -ENOMEM : -EBADF;
}

int sk_reactor_begin(sk_io_watch *watch, int fd, unsigned sides)
{
	int error = open_reactor();
	if (error < 0)
		return error;
	watch->fd = fd;
	watch->sides = sides;
	watch->descriptor = find(fd);
	if (SK_UNLIKELY(!watch->descriptor) && !(watch->descriptor = make(fd)))
		return error_of(fd);
	/* edge -> reactor.renew : interest and kind are of this generation */
	watch->generation = sk_load_acquire(&watch->descriptor->generation);
	watch->node[SK_SIDE_IN].link = watch->node[SK_SIDE_OUT].link = NULL;
	return 0;
}

enum sk_descriptor_kind sk_reactor_kind_of(int fd)
{
	sk_descriptor *descriptor = is_open() ? find(fd) : NULL;
	/* relaxed: see sk_reactor_kind */
	return descriptor ? (enum sk_descriptor_kind)sk_load_relaxed(&descriptor->kind) : SK_DESCRIPTOR_FOREIGN;
}

static int add_interest(sk_io_watch *watch)
{
	sk_descriptor *descriptor = watch->descriptor;
	uint32_t before = sk_load_relaxed(&descriptor->interest); /* relaxed: under the lock */
	if ((before & watch->sides) == watch->sides && sk_reactor_kind(watch) != SK_DESCRIPTOR_FOREIGN)
		return 0;
	uint32_t sides = before | watch->sides;
	uint64_t name = name_of(watch->generation, watch->fd);
	int error = sk_epoll_add(&reactor.epoll, watch->fd, name, sides, before != 0);
	if (error == 0)
		sk_store_relaxed(&descriptor->interest, sides); /* relaxed: who reads it otherwise enlists */
	if (error == 0 && before == 0)
		sk_reactor_expect(1);
	return error;
}

int sk_reactor_arm(sk_io_watch *watch)
{
	sk_descriptor *descriptor = watch->descriptor;
	/* D4. relaxed: by the generation's edge it is not of an older one, and the enlist looks for a newer one */
	if (!NEEDS_LOCK && (sk_load_relaxed(&descriptor->interest) & watch->sides) == watch->sides &&
	    sk_reactor_kind(watch) != SK_DESCRIPTOR_FOREIGN)
		return 0;
	sk_lock_take(&descriptor->lock);
	/* relaxed: under the lock */
	bool is_closed = sk_load_relaxed(&descriptor->generation) != watch->generation;
	int error = is_closed ? -EBADF : add_interest(watch);
	sk_lock_give(&descriptor->lock);
	return error;
}

bool sk_reactor_enlist(sk_io_watch *watch, sk_ticket ticket, uint32_t cause)
{
	sk_descriptor *descriptor = watch->descriptor;
	sk_hostile_point();
	sk_lock_take(&descriptor->lock);
	/* relaxed: both under the lock */
	bool waits = sk_load_relaxed(&descriptor->generation) == watch->generation;
	for (unsigned side = 0; side < SK_SIDES; side++)
		if ((watch->sides & 1u << side) && sk_load_relaxed(&descriptor->events[side]) != watch->seen[side])
			waits = false; /* relaxed: as above */
	for (unsigned side = 0; waits && side < SK_SIDES; side++) {
		if (!(watch->sides & 1u << side))
			continue;
		watch->node[side].ticket = ticket;
		watch->node[side].cause = cause;
		link_node(descriptor, side, &watch->node[side]);
		sk_store_relaxed(&descriptor->near_ticket, ticket); /* relaxed, both: hints */
		sk_store_relaxed(&descriptor->near_node, &watch->node[side]);
	}
	sk_lock_give(&descriptor->lock);
	return waits;
}

void sk_reactor_delist(sk_io_watch *watch)
{
	sk_lock_take(&watch->descriptor->lock);
	for (unsigned side = 0; side < SK_SIDES; side++)
		unlink_node(&watch->node[side]);
	sk_lock_give(&watch->descriptor->lock);
}

/* --- the life of a number --- */

/* The kernel reports nothing for it any more. Under the lock. */
static void lose_interest(sk_descriptor *descriptor)
{
	if (sk_load_relaxed(&descriptor->interest)) /* relaxed: under the lock */
		sk_add_relaxed(&reactor.expected, -1); /* relaxed: see expects */
	sk_store_relaxed(&descriptor->interest, 0);    /* relaxed: see D4 */
}

/*
 * A new generation of that kind: the waiters of the old one end. is_open_still: the kernel may know the old one.
 * Returns the new generation; 0 if nothing is known of the number.
 */
static uint32_t renew(sk_pool *pool, int fd, enum sk_descriptor_kind kind, bool is_open_still)
{
	sk_descriptor *descriptor = find(fd);
	if (!descriptor && kind != SK_DESCRIPTOR_FOREIGN)
		descriptor = make(fd);
	if (!descriptor)
		return 0;
	batch taken;
	taken.count = 0;
	sk_lock_take(&descriptor->lock);
	uint32_t generation = sk_load_relaxed(&descriptor->generation) + 1; /* relaxed: under the lock */
	generation += generation == 0;
	if (sk_load_relaxed(&descriptor->interest) && is_open_still) /* relaxed: under the lock */
		sk_epoll_remove(&reactor.epoll, fd);
	lose_interest(descriptor);
	sk_store_relaxed(&descriptor->kind, (uint32_t)kind); /* relaxed: see sk_reactor_kind */
	sk_store_relaxed(&descriptor->ends, 0);              /* relaxed: nobody has the new one's number yet */
	sk_store_relaxed(&descriptor->drained, 0);           /* relaxed: a late store of an old reader is harmless */
	/* A look without the lock is made again under it. edge reactor.renew -> : kind, and no interest */
	sk_store_release(&descriptor->generation, generation);
	bool more = take(descriptor, SK_IN | SK_OUT, &taken);
	sk_lock_give(&descriptor->lock);
	fire_all(pool, descriptor, SK_IN | SK_OUT, &taken, more, false);
	return generation;
}

/* The number has been closed. Who began to wait since the renewal waits for nothing, and tries again. */
static void retry_all(sk_pool *pool, int fd, uint32_t generation)
{
	sk_descriptor *descriptor = find(fd);
	batch taken;
	taken.count = 0;
	bool more = false;
	sk_lock_take(&descriptor->lock);
	if (sk_load_relaxed(&descriptor->generation) == generation) { /* relaxed: under the lock */
		lose_interest(descriptor);
		count_event(descriptor, SK_SIDE_IN);
		count_event(descriptor, SK_SIDE_OUT);
		more = take(descriptor, SK_IN | SK_OUT, &taken);
	}
	sk_lock_give(&descriptor->lock);
	fire_all(pool, descriptor, SK_IN | SK_OUT, &taken, more, false);
}

/* The pool, if there is something that knows of descriptors. */
static sk_pool *enter(bool *entered)
{
	*entered = false;
	if (!is_open())
		return NULL;
	sk_pool *pool = sk_waiter_pool(entered);
	if (pool && is_open())
		return pool;
	if (*entered)
		sk_pool_leave(pool);
	return NULL;
}

void sk_reactor_adopt(int fd, enum sk_descriptor_kind kind)
{
	bool entered;
	if (sk_worker_self())
		(void)open_reactor(); /* if that fails, the descriptor counts as foreign, which works too */
	sk_pool *pool = enter(&entered);
	if (!pool)
		return;
	(void)renew(pool, fd, kind, false);
	if (entered)
		sk_pool_leave(pool);
}

/*
 * Without the lock, as a close may wait (SO_LINGER, NFS), and the number may have a new owner meanwhile. A task that
 * arms between the renewal and this is no fault (retry_all), but ThreadSanitizer has to see an order.
 */
static int close_number(int fd, uint32_t generation)
{
	if (NEEDS_LOCK && generation)
		sk_lock_take(&find(fd)->lock);
	int error = close(fd) < 0 ? -errno : 0;
	if (NEEDS_LOCK && generation)
		sk_lock_give(&find(fd)->lock);
	return error;
}

int sk_reactor_close(int fd)
{
	bool entered;
	sk_pool *pool = enter(&entered);
	uint32_t generation = pool ? renew(pool, fd, SK_DESCRIPTOR_FOREIGN, true) : 0;
	sk_hostile_point();
	int error = close_number(fd, generation);
	if (generation)
		retry_all(pool, fd, generation);
	if (pool && entered)
		sk_pool_leave(pool);
	return error;
}

/* --- files --- */

static void seek_ring_locked(unsigned choice)
{
	sk_uring *ring = NULL;
	int error = choice == SK_IO_EPOLL ? -ENOSYS : sk_uring_open(&ring);
	if (error == 0)
		error = sk_epoll_add_ring(&reactor.epoll, sk_uring_descriptor(ring));
	if (error < 0 && ring) {
		sk_uring_close(ring);
		ring = NULL;
	}
	reactor.ring_error = choice == SK_IO_URING ? error : 0;
	if (reactor.ring_error < 0)
		sk_verbose("SKUA_IO=uring: the kernel refuses io_uring: %s", strerror(-error));
	sk_store_release(&reactor.ring, ring); /* edge reactor.ready -> : the ring */
	reactor.is_ring_sought = true;
}

sk_uring *sk_reactor_ring(int *error)
{
	sk_uring *ring = sk_load_acquire(&reactor.ring); /* edge -> reactor.ready : the ring */
	*error = 0;
	if (ring)
		return ring;
	*error = open_reactor();
	if (*error < 0)
		return NULL;
	pthread_mutex_lock(&reactor.lock);
	if (!reactor.is_ring_sought)
		seek_ring_locked(reactor.pool->io);
	*error = reactor.ring_error;
	ring = sk_load_relaxed(&reactor.ring); /* relaxed: under the lock */
	pthread_mutex_unlock(&reactor.lock);
	return ring;
}

void sk_reactor_expect(int change)
{
	sk_add_relaxed(&reactor.expected, change); /* relaxed: see expects */
	if (change > 0)
		sk_poller_wanted(reactor.pool);
}

void sk_reactor_describe(unsigned choice, char *text, size_t bytes)
{
	sk_uring *ring = NULL;
	int error = choice == SK_IO_EPOLL ? 0 : sk_uring_open(&ring);
	if (ring) {
		sk_uring_close(ring);
		snprintf(text, bytes, "epoll; files by io_uring");
	} else if (error == 0) {
		snprintf(text, bytes, "epoll; files by threads (SKUA_IO=epoll)");
	} else if (choice == SK_IO_URING) {
		snprintf(text, bytes, "epoll; files not at all: SKUA_IO=uring, but io_uring: %s", strerror(-error));
	} else {
		snprintf(text, bytes, "epoll; files by threads (io_uring: %s)", strerror(-error));
	}
}

unsigned sk_reactor_sides(int events)
{
	unsigned sides = events & (POLLOUT | POLLWRNORM | POLLWRBAND) ? SK_OUT : 0;
	return sides == 0 || events & ~(POLLOUT | POLLWRNORM | POLLWRBAND) ? sides | SK_IN : sides;
}
