/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The static schedule: one part of the range for each worker, and each worker looks for its own part first.
 *
 *   a team's part         0   1   2   3            sent to the worker of that number, or spawned (loop/team.h)
 *   parts of the range    0 | 1 | 2 | 3            claimed one by one, by a compare-and-swap
 *
 * Who runs any part of the team first claims and runs the part of its own worker, wherever in the range that lies, and
 * then the part by whose number it came. So a worker that gets anything at all gets its own part, and one whose worker
 * does not come is run by who came in its place: each exactly once, since its flag goes once from 0 to 1.
 *
 * | edge      | from                        | to                           | carries                                   |
 * |-----------|-----------------------------|------------------------------|-------------------------------------------|
 * | (none)    | claim: CAS                  | claim: CAS                   | nothing: what parts read and write is     |
 * |           |                             |                              | ordered by the team's letters and spawns  |
 *
 * Call from: anywhere. Blocks: the thread (outside), the fiber (inside).
 */
#ifndef SK_LOOP_STATIC_H
#define SK_LOOP_STATIC_H

#include "loop/range.h"

/* Runs a range of at least one unit; without memory for the flags of very many workers, by the adaptive schedule. */
void sk_static_run(sk_range *range);

#endif
