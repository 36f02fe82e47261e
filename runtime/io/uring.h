/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io_uring: operations on files that the kernel does by itself. One ring for the pool; each operation is submitted at
 * once, under a lock. (Readiness of sockets and pipes comes from epoll, of which the ring is a part.)
 *
 * An operation lies on the stack of who waits for it, and is over when the kernel says so, not before: the buffer is
 * the kernel's until then. Who does not want to wait any longer asks the kernel to cancel it and waits for the answer.
 *
 *   state   NEW --submit--> PENDING --enlist: CAS--> ticket --reap: exchange--> DONE, the ticket is fired
 *                           PENDING --reap: exchange--> DONE
 *                           ticket --another wait: CAS--> another ticket
 *
 *   The waiter's CAS and the reaper's exchange meet in one word: the second sees the first. After DONE the reaper does
 *   not touch the operation any more.
 *
 *   R1  not more operations are in flight than half of the completion ring, so that it never overflows.
 *   R2  the submission ring is empty outside of the lock: the kernel takes each entry in the call that follows.
 *   R3  an operation that ends as cancelled without having been asked to (its thread has ended) is submitted again.
 *
 * | edge         | from                                | to                              | carries                         |
 * |--------------|-------------------------------------|---------------------------------|---------------------------------|
 * | uring.begin  | begin: state, release               | reap: state, acquire            | the operation                   |
 * | uring.submit | submit: tail, release               | (the kernel)                    | the entry                       |
 * | uring.reap   | (the kernel) reap: head, release    | reap: tail, acquire             | completions                     |
 * | uring.done   | reap: exchange, release             | waiter: state, acquire          | the result                      |
 * | uring.wait   | enlist: CAS, release                | reap: exchange, acquire         | the ticket                      |
 *
 * Who may call: tasks; sk_uring_reap also whoever polls. Blocks: nothing but the locks.
 * Source: Axboe, "Efficient IO with io_uring" (2019); by raw system calls, liburing is not needed for so little.
 */
#ifndef SK_IO_URING_H
#define SK_IO_URING_H

#include "base/atomic.h"
#include "sched/waiter.h"

#include <stddef.h>
#include <stdint.h>

struct sk_pool;

typedef struct sk_uring sk_uring;

enum { SK_URING_NEW = 0, SK_URING_PENDING = 4, SK_URING_DONE = 8 };

typedef struct sk_uring_op {
	/* set by who wants it: as in struct io_uring_sqe */
	uint8_t opcode;
	uint8_t how; /* IOSQE_... */
	int32_t fd;
	uint64_t address;
	uint32_t length;
	uint64_t offset;
	uint32_t flags;
	/* set at its end */
	int32_t result;
	/* waiter and reaper */
	SK_ATOMIC(uint64_t) state;
} sk_uring_op;

/* 0; or why there is none: -ENOSYS, -EPERM, -ENOMEM; -EOPNOTSUPP the kernel's cannot do what is needed. */
int sk_uring_open(sk_uring **out);
void sk_uring_close(sk_uring *ring);

/* Below all errnos. */
#define SK_URING_IS_FULL (-4097)
#define SK_URING_REFUSES (-4098)

/* What epoll waits for. */
int sk_uring_descriptor(const sk_uring *ring);

/*
 * Does an operation, and waits until it is over. Call from: a task. Blocks: the fiber.
 * Returns: as the operation; -ETIMEDOUT, -ECANCELED: it was not done; or it was not begun: SK_URING_IS_FULL too many
 * are in flight, SK_URING_REFUSES the kernel does not take it (no memory).
 */
int32_t sk_uring_run(sk_uring *ring, sk_uring_op *op, uint64_t deadline_ns);

/* Ends the operations that are over. Returns how many tickets were fired. */
unsigned sk_uring_reap(sk_uring *ring, struct sk_pool *pool);

#endif
