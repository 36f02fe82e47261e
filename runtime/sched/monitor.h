/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor: a thread that makes busy workers look at what came from outside. It sleeps while the runtime is idle and
 * while workers look by themselves; when something waits and nobody searches or sleeps, it ticks about every
 * millisecond: every worker's tick is set and its running fiber's poll becomes NULL, so that its next spawn takes the
 * slow path, finds the tick, and gives way to what waits. A task that neither spawns nor syncs cannot be interrupted.
 * Each time it takes a core from a worker, which was 3 % of an echo server's; so after a few times in which all workers
 * were awake and came to everything by themselves, the kernel's events among it, or in which no event came, it comes
 * every four milliseconds only, until that changes.
 *
 * It is also the last resort for timers (a worker fires its own as a rule, see sched/timers.h): it wakes a grace after
 * the earliest, and fires what is overdue. Who sets an earlier timer compares with until_ns, behind a fence, and wakes
 * the monitor; it stores until_ns before it looks at the timers once more. And it gives the memory of small fibers back
 * that nobody has needed for a second.
 *
 * | edge          | from                       | to                          | carries                         |
 * |---------------|----------------------------|-----------------------------|---------------------------------|
 * | monitor.wake  | wake: word, release        | monitor: word, acquire      | something was made to wait      |
 * | monitor.until | sleep: until_ns, then a look at the timers | a timer is set, then until_ns | one of them sees |
 *
 * Who may call: any thread that keeps the pool alive. Blocks: nothing; waking is a system call.
 */
#ifndef SK_SCHED_MONITOR_H
#define SK_SCHED_MONITOR_H

#include "sys/park.h"
#include "sys/thread.h"

#include <stdbool.h>

struct sk_pool;

#define SK_MONITOR_PERIOD_NS UINT64_C(1000000)
#define SK_MONITOR_CALM_NS (4 * SK_MONITOR_PERIOD_NS) /* while the workers come to everything by themselves */

typedef struct sk_monitor {
	sk_park_word word; /* 1: work to watch */
	SK_ATOMIC(uint64_t) until_ns; /* when it wakes by itself; 0 while it is awake */
	sk_thread thread;
} sk_monitor;

/* 0 or -errno. */
int sk_monitor_start(struct sk_pool *pool);
void sk_monitor_stop(struct sk_pool *pool);

/* Something waits and all workers are busy. */
void sk_monitor_wake_asleep(sk_monitor *monitor);
static inline void sk_monitor_wake(sk_monitor *monitor)
{
	if (!sk_load_relaxed(&monitor->word)) /* relaxed: it is awake, and looks after it has cleared the word */
		sk_monitor_wake_asleep(monitor);
}

/* A timer was set, or something else will be overdue, at that time: the monitor sleeps no longer than a grace after. */
void sk_monitor_expect(struct sk_pool *pool, uint64_t at_ns);

/* Does anything wait for a worker? A snapshot. */
bool sk_monitor_is_needed(struct sk_pool *pool);

/* Something was put into the inbox or left on a ready deque: an idle worker is told, or else the monitor. */
void sk_monitor_notify(struct sk_pool *pool);


#endif
