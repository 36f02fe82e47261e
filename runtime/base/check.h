/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks and the end of the program: what is found broken is said in one line on stderr, then abort.
 *
 * Three tiers, chosen at compile time by SK_CHECK_LEVEL, each with what stands below it:
 *
 *     1  SK_REQUIRE    misuse by the program; the text quotes the "Undefined if" of the public header
 *     2  SK_INVARIANT  a broken promise of the library to itself; the text starts with its number, "I3: ..."
 *     3  SK_WALK       the same, for checks that walk whole structures
 *
 * A check that is switched off is still compiled, so that it cannot rot, and costs nothing: the condition is not
 * evaluated, so it must have no side effects that anyone relies on.
 *
 * Call from: anywhere, signal handlers included (no locks, no allocation, one write per line).
 * Owner: the hook belongs to whoever set it last; the scheduler sets it while it runs.
 */
#ifndef SK_BASE_CHECK_H
#define SK_BASE_CHECK_H

#include <stdbool.h>

#ifndef SK_CHECK_LEVEL
#define SK_CHECK_LEVEL 0
#endif

/* Called once, by the first thread that panics, between the message and abort; prints to fd whatever helps. */
typedef void sk_panic_hook(int fd);

/*
 * Prints "skua: ", the text and a newline by one write, runs the hook, aborts. A panic inside the hook prints its
 * message and aborts at once; one of another thread meanwhile prints its message and leaves the first a second's time.
 */
_Noreturn void sk_panic(const char *format, ...) __attribute__((format(printf, 1, 2), cold));

/* Sets the hook, NULL for none. Returns: the one before. */
sk_panic_hook *sk_panic_hook_set(sk_panic_hook *hook);

/* Prints "skua: ", the text and a newline to fd by one write. Texts over a kilobyte are cut. errno is kept. */
void sk_print(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Is SKUA_VERBOSE in the environment, not empty and not "0"? Not for signal handlers. */
bool sk_is_verbose(void);

/* The same to stderr, if SKUA_VERBOSE is in the environment, not empty and not "0". Not for signal handlers. */
void sk_verbose(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What the macros below call: kind is "misuse" or "broken invariant". */
_Noreturn void sk_check_failed(const char *kind, const char *text, const char *file, int line, const char *function)
	__attribute__((cold));

#define SK_CHECK_AT(level, kind, condition, text)                                                                      \
	do {                                                                                                           \
		if (SK_CHECK_LEVEL >= (level) && __builtin_expect(!(condition), 0))                                    \
			sk_check_failed((kind), (text), __FILE__, __LINE__, __func__);                                 \
	} while (0)

#define SK_REQUIRE(condition, text) SK_CHECK_AT(1, "misuse", condition, text)
#define SK_INVARIANT(condition, text) SK_CHECK_AT(2, "broken invariant", condition, text)
#define SK_WALK(condition, text) SK_CHECK_AT(3, "broken invariant", condition, text)

#endif
