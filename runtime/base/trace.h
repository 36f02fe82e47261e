/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring of the last events of one worker, printed when something went wrong.
 *
 *     SK_TRACE_EVENT(&worker->trace, STEAL, victim, slot);      records {time, event, two words}
 *     sk_trace_dump(&worker->trace, 2, 20);                     prints the last 20
 *
 * Events are recorded only when compiled with SK_TRACE=1 (debug and hostile builds); otherwise the macro evaluates
 * nothing, and the ring has no entries.
 *
 * Owner: one worker writes its ring. Anybody may dump it at any time; an entry that is being overwritten meanwhile may
 * then be printed with fields of two events, which is good enough for the one reader, a human after a panic. So all
 * accesses are relaxed.
 */
#ifndef SK_BASE_TRACE_H
#define SK_BASE_TRACE_H

#include <stdint.h>

#include "base/atomic.h"

#ifndef SK_TRACE
#define SK_TRACE 0
#endif

/* event, and what its two words mean in the dump */
#define SK_TRACE_TABLE(X)                                                                                              \
	X(PUBLISH, "split from", "to")                                                                                 \
	X(RECLAIM, "split from", "to")                                                                                 \
	X(STEAL, "victim", "slot")                                                                                     \
	X(STEAL_FAILED, "victim", "why")                                                                               \
	X(FORCE, "victim", "slots")                                                                                    \
	X(JOIN_STOLEN, "fiber", "slot")                                                                                \
	X(RUN, "fiber", "task")                                                                                        \
	X(SUSPEND, "fiber", "reason")                                                                                  \
	X(RESUME, "fiber", "from worker")                                                                              \
	X(READY, "fiber", "for worker")                                                                                \
	X(FIBER_NEW, "fiber", "stack")                                                                                 \
	X(FIBER_RECYCLE, "fiber", "")                                                                                  \
	X(INBOX_PUT, "item", "for worker")                                                                             \
	X(INBOX_TAKE, "item", "")                                                                                      \
	X(SEARCH, "searching", "sleeping")                                                                             \
	X(PARK, "epoch", "")                                                                                           \
	X(UNPARK, "epoch", "")                                                                                         \
	X(WAKE, "worker", "")                                                                                          \
	X(SEAT_ENTER, "worker", "")                                                                                    \
	X(SEAT_LEAVE, "worker", "")                                                                                    \
	X(NOTE, "", "")

enum sk_trace_event {
#define SK_TRACE_ENUM(name, first, second) SK_TRACE_##name,
	SK_TRACE_TABLE(SK_TRACE_ENUM)
#undef SK_TRACE_ENUM
	SK_TRACE_EVENT_COUNT
};

/* A power of two, so that the index wraps by a mask. */
#define SK_TRACE_ENTRIES 256

typedef struct sk_trace_entry {
	SK_ATOMIC(uint64_t) time_ns; /* CLOCK_MONOTONIC, so that the rings of several workers can be merged */
	SK_ATOMIC(uint64_t) first;
	SK_ATOMIC(uint64_t) second;
	SK_ATOMIC(uint32_t) event;
} sk_trace_entry;

typedef struct sk_trace_ring {
	/* owner writes, dumps read */
	SK_ATOMIC(uint64_t) count; /* events so far; the next one goes to count modulo SK_TRACE_ENTRIES */
#if SK_TRACE
	sk_trace_entry entries[SK_TRACE_ENTRIES];
#endif
} sk_trace_ring;

/* Empties the ring. A ring of zeros is empty as well. */
void sk_trace_reset(sk_trace_ring *ring);

/* Use the macro. Call from: the ring's owner. Nothing when SK_TRACE is 0. */
void sk_trace_record(sk_trace_ring *ring, enum sk_trace_event event, uint64_t first, uint64_t second);

/*
 * Prints the last last_n events (fewer if there are fewer), oldest first, one per line, with the time.
 * Call from: anywhere, signal handlers included.
 */
void sk_trace_dump(const sk_trace_ring *ring, int fd, unsigned last_n);

/* event without its SK_TRACE_; the words may be integers of up to 64 bits, or pointers. */
#define SK_TRACE_EVENT(ring, event, first, second)                                                                     \
	do {                                                                                                           \
		if (SK_TRACE)                                                                                          \
			sk_trace_record((ring), SK_TRACE_##event, (uint64_t)(first), (uint64_t)(second));              \
	} while (0)

#endif
