/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring of the last events of one worker. See trace.h.
 *
 * Every access is relaxed: one thread writes, and a dump that races with it is allowed to see parts of two events.
 */
#include "base/trace.h"

#include "base/check.h"

#if SK_TRACE

#include <inttypes.h>
#include <stddef.h>
#include <time.h>

_Static_assert((SK_TRACE_ENTRIES & (SK_TRACE_ENTRIES - 1)) == 0, "the index wraps by a mask");

static const struct {
	const char *name;
	const char *first;
	const char *second;
} names[] = {
#define NAMES(name, first, second) { #name, first, second },
	SK_TRACE_TABLE(NAMES)
#undef NAMES
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

void sk_trace_reset(sk_trace_ring *ring)
{
	sk_store_relaxed(&ring->count, 0); /* relaxed: see the head of this file */
}

void sk_trace_record(sk_trace_ring *ring, enum sk_trace_event event, uint64_t first, uint64_t second)
{
	/* relaxed, all of them: see the head of this file */
	uint64_t count = sk_load_relaxed(&ring->count);
	sk_trace_entry *entry = &ring->entries[count & (SK_TRACE_ENTRIES - 1)];

	sk_store_relaxed(&entry->time_ns, now_ns());
	sk_store_relaxed(&entry->first, first);
	sk_store_relaxed(&entry->second, second);
	sk_store_relaxed(&entry->event, (uint32_t)event);
	sk_store_relaxed(&ring->count, count + 1);
}

static void print_entry(const sk_trace_entry *entry, int fd)
{
	/* relaxed, all of them: see the head of this file */
	uint32_t event = sk_load_relaxed(&entry->event);
	uint64_t time_ns = sk_load_relaxed(&entry->time_ns);
	uint64_t first = sk_load_relaxed(&entry->first);
	uint64_t second = sk_load_relaxed(&entry->second);

	if (event >= SK_TRACE_EVENT_COUNT)
		return;
	sk_print(fd, "  %" PRIu64 ".%06" PRIu64 " ms  %-14s %s %#" PRIx64 "  %s %#" PRIx64, time_ns / 1000000,
		 time_ns % 1000000, names[event].name, names[event].first, first, names[event].second, second);
}

void sk_trace_dump(const sk_trace_ring *ring, int fd, unsigned last_n)
{
	uint64_t count = sk_load_relaxed(&ring->count); /* relaxed: see the head of this file */
	uint64_t shown = last_n;

	if (shown > SK_TRACE_ENTRIES)
		shown = SK_TRACE_ENTRIES;
	if (shown > count)
		shown = count;
	for (uint64_t i = count - shown; i != count; i++)
		print_entry(&ring->entries[i & (SK_TRACE_ENTRIES - 1)], fd);
}

#else

void sk_trace_reset(sk_trace_ring *ring)
{
	(void)ring;
}

void sk_trace_record(sk_trace_ring *ring, enum sk_trace_event event, uint64_t first, uint64_t second)
{
	(void)ring;
	(void)event;
	(void)first;
	(void)second;
}

void sk_trace_dump(const sk_trace_ring *ring, int fd, unsigned last_n)
{
	(void)ring;
	if (last_n)
		sk_print(fd, "  no trace: the library was built without SK_TRACE");
}

#endif
