/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations on files, which are never "not ready": the ring does them, or a thread of the offload pool, or the calling
 * thread if that is no worker. What the system's cache holds is read at once, without either.
 *
 * Who may call: anybody. Blocks: the fiber, outside of tasks the thread.
 */
#ifndef SK_IO_FILE_H
#define SK_IO_FILE_H

#include <stddef.h>
#include <stdint.h>

enum sk_file_kind { SK_FILE_OPEN, SK_FILE_READ, SK_FILE_WRITE, SK_FILE_SYNC };

/* An operation; what is not of its kind is 0. */
typedef struct sk_file_op {
	enum sk_file_kind kind;
	int fd;
	union {
		const char *path;
		void *in;
		const void *out;
	};
	size_t bytes;
	int64_t offset; /* -1: where the descriptor stands */
	int flags;
	unsigned mode;
	ptrdiff_t result;
} sk_file_op;

/* Returns: as the system call; -ETIMEDOUT, -ECANCELED: it was not done. */
ptrdiff_t sk_file_run(sk_file_op *op, uint64_t deadline_ns);

/*
 * Reads what is in the cache without waiting, from a position or where the descriptor stands (-1); any descriptor.
 * Returns: as preadv2; -EAGAIN nothing is there; -EOPNOTSUPP the kernel cannot tell.
 */
ptrdiff_t sk_file_read_cached(int fd, void *buffer, size_t bytes, int64_t offset);

/* The same for writing: only if nothing has to be waited for. */
ptrdiff_t sk_file_write_cached(int fd, const void *buffer, size_t bytes, int64_t offset);

/* The rest of an operation of which one of these two has done a part (done: what it returned). */
ptrdiff_t sk_file_finish(sk_file_op *op, ptrdiff_t done, uint64_t deadline_ns);

/* Is it a regular file or a disk? */
int sk_file_is(int fd);

#endif
