/* SPDX-License-Identifier: Apache-2.0 */
/* The ring of events, read back through a pipe. Most of it exists only in builds with SK_TRACE=1. */
#include "base/trace.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void dump_to(const sk_trace_ring *ring, unsigned last_n, char *out, size_t size)
{
	int ends[2];
	size_t used = 0;
	ssize_t got;

	cr_assert_eq(pipe(ends), 0);
	sk_trace_dump(ring, ends[1], last_n);
	close(ends[1]);
	while (used < size - 1 && (got = read(ends[0], out + used, size - 1 - used)) > 0)
		used += (size_t)got;
	out[used] = '\0';
	close(ends[0]);
}

static int lines_of(const char *text)
{
	int lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

Test(trace, an_event_is_evaluated_only_if_the_build_records_it)
{
	static sk_trace_ring ring;
	int evaluated = 0;

	SK_TRACE_EVENT(&ring, NOTE, ++evaluated, 0);
	cr_assert_eq(evaluated, SK_TRACE ? 1 : 0);
	cr_assert_eq(sk_load_relaxed(&ring.count), SK_TRACE ? 1u : 0u);
}

Test(trace, the_dump_shows_the_last_events_oldest_first)
{
	static sk_trace_ring ring;
	char out[4096];

	SK_TRACE_EVENT(&ring, STEAL, 0x11, 0x22);
	SK_TRACE_EVENT(&ring, PARK, 0x33, 0);
	SK_TRACE_EVENT(&ring, UNPARK, 0x44, 0);
	dump_to(&ring, 2, out, sizeof out);
	if (!SK_TRACE) {
		cr_assert_not_null(strstr(out, "built without SK_TRACE"));
		return;
	}
	cr_assert_eq(lines_of(out), 2);
	cr_assert_null(strstr(out, "STEAL"));
	const char *park = strstr(out, " PARK");
	const char *unpark = strstr(out, " UNPARK");
	cr_assert_not_null(park);
	cr_assert_not_null(unpark);
	cr_assert_lt(park, unpark);
	cr_assert_not_null(strstr(out, "epoch 0x44"));
}

Test(trace, the_ring_keeps_the_youngest_events_when_it_wraps)
{
	static sk_trace_ring ring;
	static char out[SK_TRACE_ENTRIES * 160];

	for (int i = 0; i < 3 * SK_TRACE_ENTRIES + 5; i++)
		SK_TRACE_EVENT(&ring, NOTE, i, 0);
	dump_to(&ring, 100000, out, sizeof out);
	if (!SK_TRACE)
		return;

	char youngest[32];
	char lost[32];
	snprintf(youngest, sizeof youngest, " %#x ", 3 * SK_TRACE_ENTRIES + 4);
	snprintf(lost, sizeof lost, " %#x ", 2 * SK_TRACE_ENTRIES + 4);
	cr_assert_eq(lines_of(out), SK_TRACE_ENTRIES);
	cr_assert_not_null(strstr(out, youngest));
	cr_assert_null(strstr(out, lost));
}

Test(trace, a_reset_ring_shows_nothing)
{
	static sk_trace_ring ring;
	char out[256];

	SK_TRACE_EVENT(&ring, NOTE, 1, 2);
	sk_trace_reset(&ring);
	dump_to(&ring, 0, out, sizeof out);
	cr_assert_str_eq(out, "");
	if (!SK_TRACE)
		return;
	dump_to(&ring, 5, out, sizeof out);
	cr_assert_str_eq(out, "");
}
