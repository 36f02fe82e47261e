/* SPDX-License-Identifier: Apache-2.0 */
/* Files; see file.h. */
#include "io/file.h"

#include "await/offload.h"
#include "io/call.h"
#include "io/uring.h"
#include "sched/pool.h"
#include "sys/clock.h"

#include <skua/await.h>
#include <skua/io.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* The kernel transfers not more than this at once anyway. */
#define BYTES_MAX ((size_t)0x7ffff000)

/* How long a full ring is left alone. */
#define FULL_NS UINT64_C(1000000)

/* --- without waiting --- */

/* What says that the kernel or the file system does not know the flag. */
static ptrdiff_t cached_result(ptrdiff_t result)
{
	result = sk_io_result(result);
	return result == -ENOSYS || result == -EINVAL || result == -ENOTSUP ? -EOPNOTSUPP : result;
}

/* preadv2 and pwritev2 by their numbers: not every C library has them. The offset is one word, the other is unused. */
static ptrdiff_t transfer_cached(long call, int fd, const struct iovec *part, int64_t offset)
{
	ptrdiff_t result;
	do {
		result = cached_result(syscall(call, fd, part, 1L, offset, 0L, (long)RWF_NOWAIT));
	} while (result == -EINTR);
	return result;
}

ptrdiff_t sk_file_read_cached(int fd, void *buffer, size_t bytes, int64_t offset)
{
	const struct iovec part = { buffer, bytes };
	return transfer_cached(SYS_preadv2, fd, &part, offset);
}

ptrdiff_t sk_file_write_cached(int fd, const void *buffer, size_t bytes, int64_t offset)
{
	const struct iovec part = { (void *)(uintptr_t)buffer, bytes }; /* NOLINT: it is only read */
	return transfer_cached(SYS_pwritev2, fd, &part, offset);
}

int sk_file_is(int fd)
{
	struct stat what;
	return fstat(fd, &what) == 0 && (S_ISREG(what.st_mode) || S_ISDIR(what.st_mode) || S_ISBLK(what.st_mode));
}

/* --- by waiting --- */

static ptrdiff_t transfer(const sk_file_op *op)
{
	if (op->kind == SK_FILE_READ)
		return op->offset < 0 ? read(op->fd, op->in, op->bytes) : pread(op->fd, op->in, op->bytes, op->offset);
	return op->offset < 0 ? write(op->fd, op->out, op->bytes) : pwrite(op->fd, op->out, op->bytes, op->offset);
}

static ptrdiff_t once(const sk_file_op *op)
{
	switch (op->kind) {
	case SK_FILE_OPEN:
		return open(op->path, op->flags, (mode_t)op->mode);
	case SK_FILE_SYNC:
		return fsync(op->fd);
	default:
		return transfer(op);
	}
}

/* On a thread that may block. */
static void *run_here(void *arg)
{
	sk_file_op *op = arg;
	do {
		op->result = sk_io_result(once(op));
	} while (op->result == -EINTR);
	return NULL;
}

/* The same as an entry of the ring. */
static sk_uring_op ring_op(const sk_file_op *op)
{
	static const uint8_t opcode[] = { IORING_OP_OPENAT, IORING_OP_READ, IORING_OP_WRITE, IORING_OP_FSYNC };
	sk_uring_op entry = { .opcode = opcode[op->kind], .fd = op->fd };
	switch (op->kind) {
	case SK_FILE_OPEN:
		entry.fd = AT_FDCWD;
		/* Its own first try is with O_NONBLOCK, which opens a named pipe without waiting for the other side. */
		entry.how = IOSQE_ASYNC;
		entry.address = (uint64_t)(uintptr_t)op->path;
		entry.length = op->mode;
		entry.flags = (uint32_t)op->flags;
		break;
	case SK_FILE_SYNC:
		break;
	default:
		entry.address = (uint64_t)(uintptr_t)op->out;
		entry.length = (uint32_t)op->bytes;
		entry.offset = (uint64_t)op->offset;
	}
	return entry;
}

/*
 * What finds the ring full goes to the threads, but for the opening of a file: a named pipe's may take for ever, and
 * only the ring can be asked to give it up. It waits for room.
 */
static ptrdiff_t run_in_ring(sk_uring *ring, const sk_file_op *op, uint64_t deadline_ns)
{
	for (;;) {
		sk_uring_op entry = ring_op(op);
		ptrdiff_t result = sk_uring_run(ring, &entry, deadline_ns);
		if (result != SK_URING_IS_FULL || op->kind != SK_FILE_OPEN)
			return result;
		if (sk_io_is_past(deadline_ns))
			return -ETIMEDOUT;
		uint64_t until = sk_clock_ns() + FULL_NS;
		int error = skua_sleep_until(deadline_ns < until ? deadline_ns : until);
		if (error < 0)
			return error;
	}
}

ptrdiff_t sk_file_run(sk_file_op *op, uint64_t deadline_ns)
{
	int error;
	if (op->bytes > BYTES_MAX)
		op->bytes = BYTES_MAX;
	if (sk_io_is_cancelled())
		return -ECANCELED;
	if (sk_io_is_past(deadline_ns))
		return -ETIMEDOUT;
	if (!sk_worker_self()) {
		run_here(op);
		return op->result;
	}
	sk_uring *ring = sk_reactor_ring(&error);
	if (error < 0)
		return error;
	if (ring) {
		ptrdiff_t result = run_in_ring(ring, op, deadline_ns);
		if (result > SK_URING_IS_FULL)
			return result;
	}
	sk_offload(SK_WAIT_FILE, run_here, op);
	return op->result;
}

ptrdiff_t sk_file_finish(sk_file_op *op, ptrdiff_t done, uint64_t deadline_ns)
{
	size_t before = done > 0 ? (size_t)done : 0;
	if (done == 0 || before == op->bytes)
		return done >= 0 ? done : sk_file_run(op, deadline_ns);
	if (done < 0 && done != -EAGAIN && done != -EOPNOTSUPP)
		return done;
	op->out = (const char *)op->out + before;
	op->bytes -= before;
	if (op->offset >= 0)
		op->offset += (int64_t)before;
	ptrdiff_t result = sk_file_run(op, deadline_ns);
	return result >= 0 ? (ptrdiff_t)before + result : before > 0 ? (ptrdiff_t)before : result;
}

/* --- io.h --- */

/* Something else than a file is waited for by epoll. */
static enum sk_descriptor_kind kind_of_new(int fd)
{
	if (sk_file_is(fd))
		return SK_DESCRIPTOR_FILE;
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || (flags & O_PATH) || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return SK_DESCRIPTOR_FOREIGN;
	return SK_DESCRIPTOR_STREAM;
}

int skua_open_until(const char *path, int flags, unsigned mode, uint64_t deadline_ns)
{
	sk_file_op op = { .kind = SK_FILE_OPEN, .path = path, .flags = flags | O_CLOEXEC, .mode = mode };
	ptrdiff_t fd = sk_file_run(&op, deadline_ns);
	if (fd >= 0)
		sk_reactor_adopt((int)fd, kind_of_new((int)fd));
	return (int)fd;
}

int skua_open(const char *path, int flags, unsigned mode)
{
	return skua_open_until(path, flags, mode, SKUA_FOREVER);
}

int skua_close(int fd)
{
	if (fd < 0)
		return -EBADF;
	int error = sk_reactor_close(fd);
	return error == -EINTR ? 0 : error; /* it is closed */
}

static ptrdiff_t refuse(int64_t offset)
{
	return offset < 0 ? -EINVAL : sk_io_is_cancelled() ? -ECANCELED : 0;
}

ptrdiff_t skua_pread_until(int fd, void *buffer, size_t bytes, int64_t offset, uint64_t deadline_ns)
{
	sk_file_op op = { .kind = SK_FILE_READ, .fd = fd, .in = buffer, .bytes = bytes, .offset = offset };
	ptrdiff_t error = refuse(offset);
	return error < 0 ? error : sk_file_finish(&op, sk_file_read_cached(fd, buffer, bytes, offset), deadline_ns);
}

ptrdiff_t skua_pread(int fd, void *buffer, size_t bytes, int64_t offset)
{
	return skua_pread_until(fd, buffer, bytes, offset, SKUA_FOREVER);
}

ptrdiff_t skua_pwrite_until(int fd, const void *buffer, size_t bytes, int64_t offset, uint64_t deadline_ns)
{
	sk_file_op op = { .kind = SK_FILE_WRITE, .fd = fd, .out = buffer, .bytes = bytes, .offset = offset };
	ptrdiff_t error = refuse(offset);
	return error < 0 ? error : sk_file_finish(&op, sk_file_write_cached(fd, buffer, bytes, offset), deadline_ns);
}

ptrdiff_t skua_pwrite(int fd, const void *buffer, size_t bytes, int64_t offset)
{
	return skua_pwrite_until(fd, buffer, bytes, offset, SKUA_FOREVER);
}

int skua_fsync_until(int fd, uint64_t deadline_ns)
{
	sk_file_op op = { .kind = SK_FILE_SYNC, .fd = fd };
	return (int)sk_file_run(&op, deadline_ns);
}

int skua_fsync(int fd)
{
	return skua_fsync_until(fd, SKUA_FOREVER);
}
