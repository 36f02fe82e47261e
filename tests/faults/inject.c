/* SPDX-License-Identifier: Apache-2.0 */
/* See inject.h. */
#include "inject.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if SK_HWLOC
#include <hwloc.h>
#endif

/* Set while nothing runs, read by all. */
static atomic_int armed = INJECT_NOTHING;
static atomic_uint first = 1;
static atomic_bool lasting;
static atomic_uint seen;

static atomic_long blocks, mappings, threads;

#define KEYS 1024u /* as many as the C library has */
static atomic_bool is_key[KEYS];

void inject_arm(enum inject_kind kind, unsigned nth, bool lasts)
{
	atomic_store(&seen, 0);
	atomic_store(&first, nth);
	atomic_store(&lasting, lasts);
	atomic_store(&armed, (int)kind);
}

void inject_disarm(void)
{
	atomic_store(&armed, INJECT_NOTHING);
}

unsigned inject_seen(void)
{
	return atomic_load(&seen);
}

inject_balance inject_outstanding(void)
{
	return (inject_balance){ atomic_load(&blocks), atomic_load(&mappings), atomic_load(&threads) };
}

/* Relaxed, here and below: ThreadSanitizer is not to take these counts for an order between threads. */
static bool fails(enum inject_kind kind)
{
	if (atomic_load_explicit(&armed, memory_order_relaxed) != (int)kind)
		return false;
	unsigned number = 1 + atomic_fetch_add_explicit(&seen, 1, memory_order_relaxed);
	unsigned nth = atomic_load_explicit(&first, memory_order_relaxed);
	return atomic_load_explicit(&lasting, memory_order_relaxed) ? number >= nth : number == nth;
}

static void count(atomic_long *balance, bool plus)
{
	atomic_fetch_add_explicit(balance, plus ? 1 : -1, memory_order_relaxed);
}

/* -1 with that errno. */
static int refuse(int error)
{
	errno = error;
	return -1;
}

/*
 * WRAP(result, name, (parameters), (arguments), kind, error, value): the call by its own name is sent to __wrap_, and
 * __real_ is the C library's.
 */
#define DECLARE(result, name, parameters)                                                                              \
	result __real_##name parameters;                                                                               \
	result __wrap_##name parameters;
#define WRAP(result, name, parameters, arguments, kind, error)                                                         \
	DECLARE(result, name, parameters)                                                                              \
	result __wrap_##name parameters                                                                                \
	{                                                                                                              \
		return fails(kind) ? refuse(error) : __real_##name arguments;                                          \
	}

/* --- memory --- */

static void *counted(void *block)
{
	if (block)
		count(&blocks, true);
	return block;
}

static void *no_block(void)
{
	errno = ENOMEM;
	return NULL;
}

DECLARE(void *, malloc, (size_t size))
void *__wrap_malloc(size_t size)
{
	return fails(INJECT_MEMORY) ? no_block() : counted(__real_malloc(size));
}

DECLARE(void *, calloc, (size_t number, size_t size))
void *__wrap_calloc(size_t number, size_t size)
{
	return fails(INJECT_MEMORY) ? no_block() : counted(__real_calloc(number, size));
}

DECLARE(void *, aligned_alloc, (size_t alignment, size_t size))
void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return fails(INJECT_MEMORY) ? no_block() : counted(__real_aligned_alloc(alignment, size));
}

DECLARE(int, posix_memalign, (void **out, size_t alignment, size_t size))
int __wrap_posix_memalign(void **out, size_t alignment, size_t size)
{
	if (fails(INJECT_MEMORY))
		return ENOMEM;
	int error = __real_posix_memalign(out, alignment, size);
	if (error == 0)
		count(&blocks, true);
	return error;
}

DECLARE(char *, strdup, (const char *text))
char *__wrap_strdup(const char *text)
{
	return fails(INJECT_MEMORY) ? no_block() : counted(__real_strdup(text));
}

DECLARE(void, free, (void *block))
void __wrap_free(void *block)
{
	if (block)
		count(&blocks, false);
	__real_free(block);
}

DECLARE(void *, mmap, (void *at, size_t bytes, int access, int flags, int fd, off_t offset))
void *__wrap_mmap(void *at, size_t bytes, int access, int flags, int fd, off_t offset)
{
	if (fails(INJECT_MAP)) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	void *mapped = __real_mmap(at, bytes, access, flags, fd, offset);
	if (mapped != MAP_FAILED)
		count(&mappings, true);
	return mapped;
}

DECLARE(int, munmap, (void *at, size_t bytes))
int __wrap_munmap(void *at, size_t bytes)
{
	count(&mappings, false);
	return __real_munmap(at, bytes);
}

WRAP(int, mprotect, (void *at, size_t bytes, int access), (at, bytes, access), INJECT_PROTECT, ENOMEM)
WRAP(int, madvise, (void *at, size_t bytes, int advice), (at, bytes, advice), INJECT_ADVISE, EINVAL)

/* --- threads --- */

DECLARE(int, pthread_create, (pthread_t * thread, const pthread_attr_t *how, void *(*fn)(void *), void *arg))
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*fn)(void *), void *arg)
{
	if (fails(INJECT_THREAD))
		return EAGAIN;
	int error = __real_pthread_create(thread, how, fn, arg);
	if (error == 0)
		count(&threads, true);
	return error;
}

DECLARE(int, pthread_attr_init, (pthread_attr_t * how))
int __wrap_pthread_attr_init(pthread_attr_t *how)
{
	return fails(INJECT_THREAD) ? ENOMEM : __real_pthread_attr_init(how);
}

DECLARE(int, pthread_join, (pthread_t thread, void **result))
int __wrap_pthread_join(pthread_t thread, void **result)
{
	int error = __real_pthread_join(thread, result);
	if (error == 0)
		count(&threads, false);
	return error;
}

DECLARE(int, pthread_key_create, (pthread_key_t * key, void (*destroy)(void *)))
int __wrap_pthread_key_create(pthread_key_t *key, void (*destroy)(void *))
{
	if (fails(INJECT_KEY))
		return EAGAIN;
	int error = __real_pthread_key_create(key, destroy);
	if (error == 0 && *key < KEYS)
		atomic_store_explicit(&is_key[*key], true, memory_order_relaxed);
	return error;
}

/* Without this it would be the key of somebody else, like the one of a sanitizer. */
DECLARE(int, pthread_setspecific, (pthread_key_t key, const void *value))
int __wrap_pthread_setspecific(pthread_key_t key, const void *value)
{
	if (key < KEYS && !atomic_load_explicit(&is_key[key], memory_order_relaxed)) {
		fprintf(stderr, "a thread-specific key is used that was never made\n");
		abort();
	}
	return __real_pthread_setspecific(key, value);
}

WRAP(int, sched_setaffinity, (pid_t pid, size_t bytes, const cpu_set_t *set), (pid, bytes, set), INJECT_BIND, EPERM)
WRAP(int, sigaltstack, (const stack_t *given, stack_t *old), (given, old), INJECT_STACK, ENOMEM)

#if SK_HWLOC
WRAP(int, hwloc_set_cpubind, (hwloc_topology_t topology, hwloc_const_cpuset_t set, int flags), (topology, set, flags),
     INJECT_BIND, EPERM)
WRAP(int, hwloc_get_cpubind, (hwloc_topology_t topology, hwloc_cpuset_t set, int flags), (topology, set, flags),
     INJECT_BIND, ENOSYS)
WRAP(int, hwloc_topology_init, (hwloc_topology_t * topology), (topology), INJECT_TOPOLOGY, ENOMEM)
WRAP(int, hwloc_topology_load, (hwloc_topology_t topology), (topology), INJECT_TOPOLOGY, ENOMEM)
DECLARE(hwloc_bitmap_t, hwloc_bitmap_alloc, (void))
hwloc_bitmap_t __wrap_hwloc_bitmap_alloc(void)
{
	return fails(INJECT_TOPOLOGY) ? no_block() : __real_hwloc_bitmap_alloc();
}
#endif

/* --- the kernel --- */

static enum inject_kind kind_of(long number, long first_argument, long operation)
{
	switch (number) {
	case SYS_membarrier:
		return first_argument == 1 /* MEMBARRIER_CMD_GLOBAL */ ? INJECT_NOTHING : INJECT_BARRIER;
	case SYS_futex:
		return (operation & 127) == 9 /* FUTEX_WAIT_BITSET */ ? INJECT_SPURIOUS : INJECT_NOTHING;
	case SYS_io_uring_setup:
	case SYS_io_uring_register:
	case SYS_io_uring_enter:
		return INJECT_URING;
	case SYS_pidfd_open:
		return INJECT_DESCRIPTOR;
	default:
		return INJECT_NOTHING;
	}
}

DECLARE(long, syscall, (long number, ...))
long __wrap_syscall(long number, ...)
{
	static const int errors[INJECT_KINDS_COUNT] = { [INJECT_BARRIER] = ENOMEM,
		                                        [INJECT_SPURIOUS] = EINTR,
		                                        [INJECT_URING] = ENOMEM,
		                                        [INJECT_DESCRIPTOR] = EMFILE };
	long given[6];
	va_list arguments;
	va_start(arguments, number);
	for (int i = 0; i < 6; i++)
		given[i] = va_arg(arguments, long);
	va_end(arguments);
	enum inject_kind kind = kind_of(number, given[0], given[1]);
	if (kind != INJECT_NOTHING && fails(kind))
		return refuse(errors[kind]);
	if (number == SYS_epoll_pwait2 && fails(INJECT_COARSE))
		return refuse(ENOSYS);
	if (number == SYS_epoll_pwait2 && fails(INJECT_WAIT))
		return refuse(EINTR);
	return __real_syscall(number, given[0], given[1], given[2], given[3], given[4], given[5]);
}

WRAP(int, eventfd, (unsigned value, int flags), (value, flags), INJECT_DESCRIPTOR, EMFILE)
WRAP(int, epoll_create1, (int flags), (flags), INJECT_DESCRIPTOR, EMFILE)
WRAP(int, pipe2, (int ends[2], int flags), (ends, flags), INJECT_DESCRIPTOR, EMFILE)
WRAP(int, socket, (int domain, int type, int protocol), (domain, type, protocol), INJECT_DESCRIPTOR, EMFILE)
WRAP(int, accept4, (int fd, struct sockaddr *address, socklen_t *length, int flags), (fd, address, length, flags),
     INJECT_DESCRIPTOR, EMFILE)
WRAP(int, signalfd, (int fd, const sigset_t *set, int flags), (fd, set, flags), INJECT_DESCRIPTOR, EMFILE)
WRAP(int, epoll_ctl, (int epoll, int how, int fd, struct epoll_event *event), (epoll, how, fd, event), INJECT_WATCH,
     ENOMEM)
WRAP(int, epoll_wait, (int epoll, struct epoll_event *events, int most, int ms), (epoll, events, most, ms), INJECT_WAIT,
     EINTR)

DECLARE(int, open, (const char *path, int flags, ...))
int __wrap_open(const char *path, int flags, ...)
{
	va_list arguments;
	va_start(arguments, flags);
	int mode = va_arg(arguments, int);
	va_end(arguments);
	return fails(INJECT_DESCRIPTOR) ? refuse(EMFILE) : __real_open(path, flags, mode);
}

DECLARE(FILE *, fopen, (const char *path, const char *how))
FILE *__wrap_fopen(const char *path, const char *how)
{
	if (!fails(INJECT_DESCRIPTOR))
		return __real_fopen(path, how);
	errno = EMFILE;
	return NULL;
}

DECLARE(int, fcntl, (int fd, int what, ...))
int __wrap_fcntl(int fd, int what, ...)
{
	va_list arguments;
	va_start(arguments, what);
	long value = va_arg(arguments, long);
	va_end(arguments);
	return what == F_DUPFD_CLOEXEC && fails(INJECT_DESCRIPTOR) ? refuse(EMFILE) : __real_fcntl(fd, what, value);
}

DECLARE(int, posix_spawn_file_actions_init, (posix_spawn_file_actions_t * actions))
int __wrap_posix_spawn_file_actions_init(posix_spawn_file_actions_t *actions)
{
	return fails(INJECT_SPAWN) ? ENOMEM : __real_posix_spawn_file_actions_init(actions);
}

DECLARE(int, posix_spawn_file_actions_adddup2, (posix_spawn_file_actions_t * actions, int from, int to))
int __wrap_posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *actions, int from, int to)
{
	return fails(INJECT_SPAWN) ? ENOMEM : __real_posix_spawn_file_actions_adddup2(actions, from, to);
}

DECLARE(int, posix_spawnattr_init, (posix_spawnattr_t * how))
int __wrap_posix_spawnattr_init(posix_spawnattr_t *how)
{
	return fails(INJECT_SPAWN) ? ENOMEM : __real_posix_spawnattr_init(how);
}

DECLARE(int, posix_spawnp,
        (pid_t * pid, const char *file, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *how,
         char *const argv[], char *const environment[]))
int __wrap_posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *how, char *const argv[], char *const environment[])
{
	return fails(INJECT_SPAWN) ? EAGAIN : __real_posix_spawnp(pid, file, actions, how, argv, environment);
}
