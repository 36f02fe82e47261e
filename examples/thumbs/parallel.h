/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that thumbs, thumbs_openmp and thumbs_serial differ in: how two loops are shared. with_skua.c, with_openmp.c and
 * with_serial.c each define these functions.
 *
 * A body is called for pieces [begin, end) that are disjoint and together [0, count), possibly at the same time.
 */
#ifndef SKUA_EXAMPLES_THUMBS_PARALLEL_H
#define SKUA_EXAMPLES_THUMBS_PARALLEL_H

#include <stdbool.h>
#include <stddef.h>

typedef void (*parallel_body)(size_t begin, size_t end, void *arg);

extern const char parallel_name[]; /* the program's */

/* workers 0: as many as the runtime chooses. Returns whether it runs; else it has said why not. */
bool parallel_start(unsigned workers);

/* The outer loop: few iterations, long ones and short ones. */
void parallel_pictures(size_t count, parallel_body body, void *arg);

/* The inner loop: many iterations, all about equal. Call from: a body of the outer loop. */
void parallel_rows(size_t count, parallel_body body, void *arg);

void parallel_stop(void);

#endif
