/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The twins of what lies below the protocols: sys/park, sys/membarrier, base/check and the allocator, as far as the
 * sources under test call them.
 */
#include "model.h"

#include "base/check.h"
#include "sys/clock.h"
#include "sys/membarrier.h"
#include "sys/park.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int sk_park_wait(sk_park_word *word, uint32_t expected, uint64_t deadline_ns)
{
	return model_wait(NULL, &word->sk_raw, expected, deadline_ns != SK_PARK_FOREVER);
}

int sk_park_wake(sk_park_word *word, int count)
{
	return model_wake(NULL, &word->sk_raw, count);
}

uint64_t model_now, model_tick;

/* No time passes by itself: deadlines are over when the explorer says so. */
uint64_t sk_clock_ns(void)
{
	return model_now += model_tick;
}

void sk_membarrier(void)
{
	model_membarrier(MODEL_SITE("membarrier", MODEL_MEMBARRIER, MODEL_SEQ_CST, MODEL_NONE, ""));
}

void sk_panic(const char *format, ...)
{
	char text[300];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	model_fail("a panic: %s", text);
}

void sk_check_failed(const char *kind, const char *text, const char *file, int line, const char *function)
{
	model_fail("%s in %s (%s:%d): %s", kind, function, file, line, text);
}

void *model_malloc(size_t bytes)
{
	return model_no_memory ? NULL : model_new(bytes);
}

bool model_no_memory;

void *model_calloc(size_t count, size_t bytes)
{
	return model_malloc(count * bytes);
}
