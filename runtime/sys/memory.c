/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages from the kernel. See memory.h.
 *
 * The try for MADV_GUARD_INSTALL happens on one page at first use; its result never changes, so threads that try at the
 * same time write the same number. Where the kernel has the call but refuses it for a mapping (locked memory), that
 * one guard falls back on mprotect.
 */
#include "sys/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/atomic.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif
#ifndef MADV_GUARD_REMOVE
#define MADV_GUARD_REMOVE 103
#endif
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

enum { GUARD_UNKNOWN, GUARD_BY_MARK, GUARD_BY_PROTECTION };

static SK_ATOMIC(int) guard_kind;

size_t sk_memory_page(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static void *map(size_t bytes, int protection)
{
	int saved = errno;
	void *memory = mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		memory = NULL;
#ifdef MADV_NOHUGEPAGE
	if (memory)
		madvise(memory, bytes, MADV_NOHUGEPAGE); /* may fail: then the kernel has no huge pages */
#endif
	errno = saved;
	return memory;
}

void *sk_memory_reserve(size_t bytes)
{
	return map(bytes, PROT_NONE);
}

void *sk_memory_map(size_t bytes)
{
	return map(bytes, PROT_READ | PROT_WRITE);
}

static int protect(void *memory, size_t bytes, int protection)
{
	int saved = errno;
	int result = mprotect(memory, bytes, protection) == 0 ? 0 : -errno;

	errno = saved;
	return result;
}

int sk_memory_commit(void *memory, size_t bytes)
{
	return protect(memory, bytes, PROT_READ | PROT_WRITE);
}

static bool install_mark(void *memory, size_t bytes)
{
	int saved = errno;
	bool done = madvise(memory, bytes, MADV_GUARD_INSTALL) == 0;

	errno = saved;
	return done;
}

static int find_guard_kind(void)
{
	const char *wanted = getenv("SKUA_GUARD");
	int kind = GUARD_BY_PROTECTION;

	if (wanted && strcmp(wanted, "mprotect") == 0)
		return kind;
	size_t page = sk_memory_page();
	void *scratch = sk_memory_map(page);
	if (!scratch)
		return kind;
	/* Emulators answer "done" to any advice. A guard empties its page, which shows after its removal. */
	volatile char *byte = scratch;
	*byte = 1;
	if (install_mark(scratch, page) && madvise(scratch, page, MADV_GUARD_REMOVE) == 0 && *byte == 0)
		kind = GUARD_BY_MARK;
	sk_memory_release(scratch, page);
	return kind;
}

bool sk_memory_guard_available(void)
{
	int kind = sk_load_relaxed(&guard_kind); /* relaxed: the number stands alone, everybody would find the same */

	if (kind == GUARD_UNKNOWN) {
		kind = find_guard_kind();
		sk_store_relaxed(&guard_kind, kind); /* relaxed: as above */
	}
	return kind == GUARD_BY_MARK;
}

int sk_memory_guard(void *memory, size_t bytes)
{
	if (sk_memory_guard_available() && install_mark(memory, bytes))
		return 0;
	sk_memory_discard(memory, bytes);
	return protect(memory, bytes, PROT_NONE);
}

void sk_memory_discard(void *memory, size_t bytes)
{
	int saved = errno;

	/* Locked pages are given back by a call of their own, which older kernels lack. What counts for correctness is
	 * that they read as zero. */
	if (madvise(memory, bytes, MADV_DONTNEED) != 0 && madvise(memory, bytes, MADV_DONTNEED_LOCKED) != 0)
		memset(memory, 0, bytes);
	errno = saved;
}

void sk_memory_huge_pages(void *memory, size_t bytes)
{
#ifdef MADV_HUGEPAGE
	int saved = errno;
	(void)madvise(memory, bytes, MADV_HUGEPAGE);
	errno = saved;
#else
	(void)memory;
	(void)bytes;
#endif
}

void sk_memory_release(void *memory, size_t bytes)
{
	int saved = errno;

	munmap(memory, bytes);
	errno = saved;
}

void sk_memory_bind_node(void *memory, size_t bytes, int node)
{
#ifdef SYS_mbind
	enum { NODES_MAX = 1024, BITS = 8 * sizeof(unsigned long), PREFERRED = 1 };
	unsigned long nodes[NODES_MAX / BITS] = { 0 };
	int saved = errno;

	if (node < 0 || node >= NODES_MAX)
		return;
	nodes[(unsigned)node / BITS] = 1ul << ((unsigned)node % BITS);
	syscall(SYS_mbind, memory, bytes, PREFERRED, nodes, NODES_MAX + 1ul, 0);
	errno = saved;
#else
	(void)memory;
	(void)bytes;
	(void)node;
#endif
}

int sk_memory_overcommit(void)
{
	int saved = errno;
	int file = open("/proc/sys/vm/overcommit_memory", O_RDONLY | O_CLOEXEC);
	char digit = '0';

	if (file >= 0) {
		if (read(file, &digit, 1) != 1)
			digit = '0';
		close(file);
	}
	errno = saved;
	return digit >= '0' && digit <= '2' ? digit - '0' : 0;
}

size_t sk_memory_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
		return SIZE_MAX;
	return (size_t)limit.rlim_cur;
}
