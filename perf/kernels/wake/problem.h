/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast a runtime answers after it had nothing to do for size microseconds. Two measurements, both from the main
 * thread, each run doing wake_count() of each:
 *
 *     other_us   until a task, spawned by one that then stays busy, has begun on another worker (at least 2 workers)
 *     wait_us    submit a task that does nothing and wait for it; the runtime may run it on the submitting thread
 *
 * In this order, so that the second core has slept as long under each runtime: a virtual core that nobody woke for a
 * quarter of a second answers a bare futex after 220 us instead of 55, and not every runtime wakes it to wait.
 *
 * The runtimes call the functions below; problem.c owns clock and counters. Written by the one task that is started,
 * read by the main thread or its task after an acquire load.
 */
#ifndef PERF_WAKE_H
#define PERF_WAKE_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Times each measurement is made in one run. */
unsigned wake_count(void);
/* Sleeps for the idle time, then notes the time of submission. */
void wake_idle(const kernel_params *params);
/* The task that does nothing: is counted. */
void wake_task(void);
/* After waiting for it. */
void wake_waited(void);
/* The task that should begin elsewhere: notes the time and raises a flag. */
void wake_began(void);
/* Its spawner stays busy until the flag is up, but not for more than 20 ms. */
void wake_stay(void);
/* After both are over. */
void wake_done(void);

#ifdef __cplusplus
}
#endif
#endif
