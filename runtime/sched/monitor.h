/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor: a thread that makes busy workers look at what came from outside. It sleeps while the runtime is idle and
 * while workers look by themselves; when something waits and nobody searches or sleeps, it ticks about every
 * millisecond: every worker's tick is set and its running fiber's poll becomes NULL, so that its next spawn takes the
 * slow path, finds the tick, and gives way to what waits. A task that neither spawns nor syncs cannot be interrupted.
 *
 * | edge          | from                       | to                          | carries                         |
 * |---------------|----------------------------|-----------------------------|---------------------------------|
 * | monitor.wake  | wake: word, release        | monitor: word, acquire      | something was made to wait      |
 *
 * Who may call: any thread that keeps the pool alive. Blocks: nothing; waking is a system call.
 */
#ifndef SK_SCHED_MONITOR_H
#define SK_SCHED_MONITOR_H

#include "sys/park.h"
#include "sys/thread.h"

struct sk_pool;

#define SK_MONITOR_PERIOD_NS UINT64_C(1000000)

typedef struct sk_monitor {
	sk_park_word word; /* 1: work to watch */
	sk_thread thread;
} sk_monitor;

/* 0 or -errno. */
int sk_monitor_start(struct sk_pool *pool);
void sk_monitor_stop(struct sk_pool *pool);

/* Something waits and all workers are busy. */
void sk_monitor_wake(sk_monitor *monitor);

/* Something was put into the inbox or left on a ready deque: an idle worker is told, or else the monitor. */
void sk_monitor_notify(struct sk_pool *pool);

#endif
