/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The static schedule: one part of the range for each worker, and each worker looks for its own part first.
 *
 *   helpers (tasks)      [0,4)                     spawned in halves: [2,4), then [1,2) ...
 *   parts                 0 | 1 | 2 | 3            claimed one by one, by an exchange
 *
 * A helper stands for the parts of a span of workers. Whoever runs it spawns its halves, then claims and runs the part
 * of its own worker, wherever in the range that lies, and then what is left of the helper's span. So a worker that
 * takes any helper at all gets its own part, and a part whose worker does not come is found by the helpers that span
 * it, one of which somebody runs: each part is run exactly once, since its flag is exchanged once from 0 to 1.
 *
 * | edge      | from                        | to                           | carries                                   |
 * |-----------|-----------------------------|------------------------------|-------------------------------------------|
 * | (none)    | claim: exchange             | claim: exchange              | nothing: what parts read and write is     |
 * |           |                             |                              | ordered by the helpers' spawns and syncs  |
 *
 * Call from: anywhere. Blocks: the thread (outside), the fiber (inside).
 */
#ifndef SK_LOOP_STATIC_H
#define SK_LOOP_STATIC_H

#include "loop/range.h"

/* Runs a range of at least one unit; without memory for the flags of very many workers, by the adaptive schedule. */
void sk_static_run(sk_range *range);

#endif
