/* SPDX-License-Identifier: Apache-2.0 */
/* io_uring; protocol: uring.h. */
#include "io/uring.h"

#include "base/align.h"
#include "base/check.h"
#include "base/hostile.h"
#include "io/reactor.h"
#include "sched/pool.h"
#include "sys/lock.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ENTRIES 64u
#define COMPLETIONS 1024u
#define IN_FLIGHT_MAX (SK_HOSTILE ? 2u : COMPLETIONS / 2) /* R1 */
#define REAPED_AT_ONCE 32u

/* A word in memory that the kernel shares. */
typedef SK_ATOMIC(uint32_t) shared;

struct sk_uring {
	/* set once */
	int fd;
	size_t ring_bytes, entries_bytes;
	char *memory; /* both rings */
	struct io_uring_sqe *entries;
	shared *submit_tail;
	uint32_t *submit_array;
	uint32_t submit_mask;
	shared *complete_head, *complete_tail;
	const struct io_uring_cqe *completions;
	uint32_t complete_mask;
	/* under submit_lock */
	_Alignas(SK_FALSE_SHARING) sk_lock submit_lock;
	/* under complete_lock */
	_Alignas(SK_FALSE_SHARING) sk_lock complete_lock;
	/* submitters and reapers add */
	SK_ATOMIC(uint32_t) in_flight;
};

/* --- opening --- */

static bool can(int fd)
{
	static const uint8_t needed[] = { IORING_OP_OPENAT, IORING_OP_READ, IORING_OP_WRITE, IORING_OP_FSYNC,
					  IORING_OP_ASYNC_CANCEL };
	enum { OPS = 64 };
	union {
		struct io_uring_probe probe;
		char room[sizeof(struct io_uring_probe) + OPS * sizeof(struct io_uring_probe_op)];
	} known;
	memset(&known, 0, sizeof known);
	if (syscall(SYS_io_uring_register, fd, IORING_REGISTER_PROBE, &known, OPS) < 0)
		return false;
	for (size_t i = 0; i < sizeof needed; i++)
		if (needed[i] > known.probe.last_op || !(known.probe.ops[needed[i]].flags & IO_URING_OP_SUPPORTED))
			return false;
	return true;
}

static void find_words(sk_uring *ring, const struct io_uring_params *params)
{
	char *memory = ring->memory;
	ring->submit_tail = (shared *)(void *)(memory + params->sq_off.tail);
	ring->submit_array = (uint32_t *)(void *)(memory + params->sq_off.array);
	ring->submit_mask = *(uint32_t *)(void *)(memory + params->sq_off.ring_mask);
	ring->complete_head = (shared *)(void *)(memory + params->cq_off.head);
	ring->complete_tail = (shared *)(void *)(memory + params->cq_off.tail);
	ring->complete_mask = *(uint32_t *)(void *)(memory + params->cq_off.ring_mask);
	ring->completions = (struct io_uring_cqe *)(void *)(memory + params->cq_off.cqes);
}

static int map(sk_uring *ring, const struct io_uring_params *params)
{
	size_t submit = params->sq_off.array + params->sq_entries * sizeof(uint32_t);
	size_t complete = params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe);
	const int access = PROT_READ | PROT_WRITE, how = MAP_SHARED | MAP_POPULATE;
	ring->ring_bytes = sk_max(submit, complete);
	ring->entries_bytes = params->sq_entries * sizeof(struct io_uring_sqe);
	void *memory = mmap(NULL, ring->ring_bytes, access, how, ring->fd, IORING_OFF_SQ_RING);
	ring->memory = memory == MAP_FAILED ? NULL : memory;
	void *entries = mmap(NULL, ring->entries_bytes, access, how, ring->fd, IORING_OFF_SQES);
	ring->entries = entries == MAP_FAILED ? NULL : entries;
	if (!ring->memory || !ring->entries)
		return -ENOMEM;
	/* The child of a fork must not touch the parent's ring. */
	(void)madvise(ring->memory, ring->ring_bytes, MADV_DONTFORK);
	(void)madvise(ring->entries, ring->entries_bytes, MADV_DONTFORK);
	find_words(ring, params);
	return 0;
}

int sk_uring_open(sk_uring **out)
{
	struct io_uring_params params = { .cq_entries = COMPLETIONS };
	params.flags = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
	const uint32_t needed = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP | IORING_FEAT_RW_CUR_POS;
	int fd = (int)syscall(SYS_io_uring_setup, ENTRIES, &params); /* close-on-exec by itself */
	if (fd < 0)
		return -errno;
	sk_uring *ring = aligned_alloc(_Alignof(sk_uring), sizeof *ring);
	if (!ring) {
		close(fd);
		return -ENOMEM;
	}
	memset(ring, 0, sizeof *ring);
	ring->fd = fd;
	int error = (params.features & needed) == needed && can(fd) ? map(ring, &params) : -EOPNOTSUPP;
	if (error < 0) {
		sk_uring_close(ring);
		return error;
	}
	*out = ring;
	return 0;
}

void sk_uring_close(sk_uring *ring)
{
	close(ring->fd);
	/* In the child of a fork they are not there, which munmap does not mind. */
	if (ring->memory)
		munmap(ring->memory, ring->ring_bytes);
	if (ring->entries)
		munmap(ring->entries, ring->entries_bytes);
	free(ring);
}

int sk_uring_descriptor(const sk_uring *ring)
{
	return ring->fd;
}

/* --- submitting --- */

/* Gives one entry to the kernel. 0, or -errno: it was not taken. */
static int submit(sk_uring *ring, const struct io_uring_sqe *entry)
{
	sk_lock_take(&ring->submit_lock);
	uint32_t tail = sk_load_relaxed(ring->submit_tail), at = tail & ring->submit_mask; /* relaxed: under the lock */
	ring->entries[at] = *entry;
	ring->submit_array[at] = at;
	sk_store_release(ring->submit_tail, tail + 1); /* edge uring.submit -> : the entry */
	long taken;
	/* edge -> uring.submit : in this call the kernel reads it */
	do {
		taken = syscall(SYS_io_uring_enter, ring->fd, 1, 0, 0, NULL, 0);
	} while (taken < 0 && errno == EINTR);
	int error = taken < 0 ? -errno : taken == 0 ? -EAGAIN : 0;
	if (error < 0)
		sk_store_relaxed(ring->submit_tail, tail); /* R2. relaxed: it was not taken */
	sk_lock_give(&ring->submit_lock);
	return error;
}

static int begin(sk_uring *ring, sk_uring_op *op)
{
	/* relaxed: counts */
	if (sk_add_relaxed(&ring->in_flight, 1) >= IN_FLIGHT_MAX || sk_hostile_chance(16)) {
		sk_add_relaxed(&ring->in_flight, (uint32_t)-1);
		return SK_URING_IS_FULL;
	}
	const struct io_uring_sqe entry = {
		.opcode = op->opcode,
		.flags = op->how,
		.fd = op->fd,
		.addr = op->address,
		.len = op->length,
		.off = op->offset,
		.open_flags = op->flags,
		.user_data = (uint64_t)(uintptr_t)op,
	};
	sk_store_release(&op->state, SK_URING_PENDING); /* edge uring.begin -> : the operation */
	sk_reactor_expect(1);
	int error = submit(ring, &entry);
	if (error == 0)
		return 0;
	sk_reactor_expect(-1);
	sk_add_relaxed(&ring->in_flight, (uint32_t)-1); /* relaxed: as above */
	return SK_URING_REFUSES;
}

/* Asks the kernel to give the operation up. Whether it does shows the operation's own end. */
static void cancel(sk_uring *ring, sk_uring_op *op)
{
	const struct io_uring_sqe entry = {
		.opcode = IORING_OP_ASYNC_CANCEL,
		.fd = -1,
		.addr = (uint64_t)(uintptr_t)op,
	};
	(void)submit(ring, &entry); /* without memory for it the operation takes its time */
}

/* --- completions --- */

static bool complete(sk_pool *pool, sk_uring_op *op)
{
	sk_hostile_point();
	/* edge uring.done -> : the result. edge -> uring.wait : the ticket */
	uint64_t old = sk_exchange_acq_rel(&op->state, SK_URING_DONE);
	return sk_is_ticket(old) && sk_waiter_fire(pool, old, SK_CAUSE_EVENT);
}

/* Takes completions out of the ring. Returns how many. */
static unsigned take(sk_uring *ring, sk_uring_op **ops)
{
	unsigned count = 0;
	sk_lock_take(&ring->complete_lock);
	uint32_t head = sk_load_relaxed(ring->complete_head); /* relaxed: under the lock */
	uint32_t tail = sk_load_acquire(ring->complete_tail); /* edge -> uring.reap : completions */
	for (; head != tail && count < REAPED_AT_ONCE; head++) {
		const struct io_uring_cqe *completion = &ring->completions[head & ring->complete_mask];
		sk_uring_op *op = (sk_uring_op *)(uintptr_t)completion->user_data; /* NOLINT: it was a pointer */
		/* edge -> uring.begin : the operation, which the kernel has carried here */
		if (!op || sk_load_acquire(&op->state) == SK_URING_NEW)
			continue; /* a cancellation: without an operation */
		op->result = completion->res;
		ops[count++] = op;
	}
	sk_store_release(ring->complete_head, head); /* edge uring.reap -> : they were read */
	sk_lock_give(&ring->complete_lock);
	return count;
}

unsigned sk_uring_reap(sk_uring *ring, sk_pool *pool)
{
	unsigned fired = 0, count;
	do {
		sk_uring_op *ops[REAPED_AT_ONCE];
		count = take(ring, ops);
		if (count > 0) {
			sk_add_relaxed(&ring->in_flight, -count); /* relaxed: a count */
			sk_reactor_expect(-(int)count);
		}
		for (unsigned i = 0; i < count; i++)
			fired += complete(pool, ops[i]);
	} while (count == REAPED_AT_ONCE);
	return fired;
}

/* --- waiting --- */

static bool is_done(sk_uring_op *op)
{
	return sk_load_acquire(&op->state) == SK_URING_DONE; /* edge -> uring.done : the result */
}

static bool enlist(void *arg, sk_ticket ticket)
{
	sk_uring_op *op = arg;
	uint64_t state = sk_load_relaxed(&op->state); /* relaxed: the CAS decides */
	while (state != SK_URING_DONE)
		/* edge uring.wait -> : the ticket. On failure edge -> uring.done : the result */
		if (sk_cas_acq_rel(&op->state, &state, ticket))
			return true;
	return false;
}

static uint32_t await(sk_uring_op *op, uint64_t deadline_ns, bool cancellable)
{
	const sk_wait_for what = {
		.enlist = enlist,
		.arg = op,
		.deadline_ns = deadline_ns,
		.why = SK_WAIT_FILE,
		.cancellable = cancellable,
	};
	return sk_wait(&what);
}

/* Was it not done because somebody wanted so, or because of a signal of the kernel's own to its thread? */
static bool is_cut_short(const sk_uring_op *op)
{
	/* The kernel's "system call to be restarted", which some operations let through. */
	const int32_t restart_first = -516, restart_last = -512;
	return op->result == -ECANCELED || op->result == -EINTR ||
	       (op->result >= restart_first && op->result <= restart_last);
}

int32_t sk_uring_run(sk_uring *ring, sk_uring_op *op, uint64_t deadline_ns)
{
	sk_pool *pool = sk_worker_self()->pool;
	int reason = 0;
	do {
		int error = begin(ring, op);
		if (error < 0)
			return error;
		sk_uring_reap(ring, pool); /* often it is over already */
		if (!is_done(op)) {
			uint32_t cause = await(op, deadline_ns, true);
			if (!is_done(op) && (cause == SK_CAUSE_TIMEOUT || cause == SK_CAUSE_CANCEL)) {
				reason = cause == SK_CAUSE_TIMEOUT ? -ETIMEDOUT : -ECANCELED;
				cancel(ring, op);
			}
			while (!is_done(op))
				await(op, SK_TIMERS_NEVER, false);
		}
		/* R3 */
	} while (reason == 0 && is_cut_short(op));
	return reason < 0 && is_cut_short(op) ? reason : op->result;
}
