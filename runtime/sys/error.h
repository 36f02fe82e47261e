/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of an errno value, in English whatever the locale, and lasting: strerrordesc_np where the C library has it
 * (SK_STRERRORDESC_NP); else strerror_l, which musl has.
 *
 * Call from: anywhere but signal handlers. Blocks: nothing.
 */
#ifndef SK_SYS_ERROR_H
#define SK_SYS_ERROR_H

#include <locale.h>
#include <stddef.h>
#include <string.h>

#ifndef SK_STRERRORDESC_NP
#define SK_STRERRORDESC_NP 0
#endif

/* Returns: NULL if there is no such error, as far as the C library tells. */
static inline const char *sk_error_text(int error)
{
#if SK_STRERRORDESC_NP
	return strerrordesc_np(error);
#else
	locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* a constant in the C libraries: no memory */
	if (!plain)
		return NULL;
	const char *text = strerror_l(error, plain);
	/* musl has one text for no error and for those that it does not know */
	if (error && text == strerror_l(0, plain))
		text = NULL;
	freelocale(plain);
	return text;
#endif
}

#endif
