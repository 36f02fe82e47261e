/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standstill: every task waits for another. The monitor looks for it once a second, where somebody wants to know: with
 * SKUA_VERBOSE, and in checked builds. What it finds may be no deadlock, for a plain thread can still unlock a mutex or
 * send to a channel; so it is told, once, and nothing ends.
 *
 * It is a standstill if tasks live, all workers are asleep, nothing is ready, no timer runs, no event of the kernel is
 * expected, no fiber waits for a blocking call, and a second later no task has ended.
 *
 * Who may call: the monitor.
 */
#ifndef SK_SCHED_STANDSTILL_H
#define SK_SCHED_STANDSTILL_H

#include <stdbool.h>
#include <stdint.h>

struct sk_pool;

#define SK_STANDSTILL_PERIOD_NS UINT64_C(1000000000)

typedef struct sk_standstill {
	/* the monitor only */
	bool is_wanted;
	bool was_seen; /* at the last look */
	bool is_told;
	uint64_t ended_then;
	uint64_t next_look_ns;
} sk_standstill;

/* Looks, if it is time; tells what it finds on stderr. Returns when to look again, UINT64_MAX for never. */
uint64_t sk_standstill_look(struct sk_pool *pool, uint64_t now_ns);

#endif
