/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks and the end of the program. See check.h.
 *
 * Everything on the way to abort runs in signal handlers and in a process whose heap may be broken: a buffer on the
 * stack, one write, no locks.
 *
 * | edge       | from                         | to                        | carries                          |
 * |------------|------------------------------|---------------------------|----------------------------------|
 * | check.hook | set: hook, acq_rel           | panic: hook, acquire      | what the hook is going to read   |
 */
#include "base/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic.h"

#define LINE_BYTES 1024

static SK_ATOMIC(sk_panic_hook *) panic_hook;

/* The address of an own thread-local of the first thread that panics, which identifies it; 0 for none. */
static SK_ATOMIC(uintptr_t) panicking;
static _Thread_local char self;

static void print(int fd, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));

static void print(int fd, const char *format, va_list arguments)
{
	static const char prefix[] = "skua: ";
	char line[LINE_BYTES];
	size_t used = sizeof prefix - 1;
	int saved = errno;

	memcpy(line, prefix, used);
	/* The last byte is kept for the newline, which takes the place of the end of the string. */
	int wanted = vsnprintf(line + used, sizeof line - used, format, arguments);
	if (wanted > 0)
		used += strlen(line + used);
	line[used++] = '\n';
	/* If stderr is closed, there is nobody to tell. */
	ssize_t written = write(fd, line, used);
	(void)written;
	errno = saved;
}

void sk_print(int fd, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print(fd, format, arguments);
	va_end(arguments);
}

bool sk_is_verbose(void)
{
	enum { UNKNOWN, QUIET, VERBOSE };
	static SK_ATOMIC(int) cached;
	int mood = sk_load_relaxed(&cached); /* relaxed: the number stands alone, everybody would find the same */

	if (mood == UNKNOWN) {
		const char *wanted = getenv("SKUA_VERBOSE");

		mood = wanted && *wanted && strcmp(wanted, "0") != 0 ? VERBOSE : QUIET;
		sk_store_relaxed(&cached, mood); /* relaxed: as above */
	}
	return mood == VERBOSE;
}

void sk_verbose(const char *format, ...)
{
	if (!sk_is_verbose())
		return;

	va_list arguments;
	va_start(arguments, format);
	print(STDERR_FILENO, format, arguments);
	va_end(arguments);
}

sk_panic_hook *sk_panic_hook_set(sk_panic_hook *hook)
{
	/* edge check.hook -> : what the hook is going to read */
	return sk_exchange_acq_rel(&panic_hook, hook);
}

_Noreturn static void die(void)
{
	uintptr_t first = 0;

	/* Relaxed: only who is first counts, no data goes with it. */
	if (sk_cas_relaxed(&panicking, &first, (uintptr_t)&self)) {
		/* edge -> check.hook : what the hook reads */
		sk_panic_hook *hook = sk_load_acquire(&panic_hook);

		if (hook)
			hook(STDERR_FILENO);
	} else if (first != (uintptr_t)&self) {
		/* Panics come in flocks: let the first one finish its report. */
		nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
	}
	abort();
}

_Noreturn void sk_panic(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print(STDERR_FILENO, format, arguments);
	va_end(arguments);
	die();
}

_Noreturn void sk_check_failed(const char *kind, const char *text, const char *file, int line, const char *function)
{
	sk_panic("%s: %s (%s, %s:%d)", kind, text, function, file, line);
}
