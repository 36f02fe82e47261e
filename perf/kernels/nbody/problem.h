/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies that attract each other, all pairs, NBODY_STEPS steps. Two sets of bodies take turns, so the bodies of a step
 * are independent, and each adds its forces in the same order under every runtime. problem.c owns the bodies and the
 * leaf.
 */
#ifndef PERF_NBODY_H
#define PERF_NBODY_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
	NBODY_STEPS = 2
};

typedef struct nbody_body {
	double position[3];
	double velocity[3];
	double mass;
} nbody_body;

/* The two sets in one step. */
typedef struct nbody_step {
	const nbody_body *from;
	nbody_body *to;
} nbody_step;

nbody_step nbody_at(unsigned step);
/* Moves bodies [begin, end) in a nbody_step. */
void nbody_leaf(size_t begin, size_t end, void *step);

#ifdef __cplusplus
}
#endif
#endif
