/* SPDX-License-Identifier: Apache-2.0 */
/*
 * size bodies, all pairs: a regular loop bound by arithmetic, size iterations of size interactions. It shows how evenly
 * the work is divided. Tree codes need far fewer interactions.
 */
#include "problem.h"

#include <math.h>
#include <string.h>

const char kernel_name[] = "nbody";

static const double time_step = 1e-3;
static const double softening = 1e-4; /* keeps close pairs finite */

static nbody_body *bodies[2];
static nbody_body *first; /* the bodies before the first step */
static size_t count;

nbody_step nbody_at(unsigned step)
{
	return (nbody_step){ bodies[step % 2], bodies[(step + 1) % 2] };
}

void nbody_leaf(size_t begin, size_t end, void *step)
{
	const nbody_step *sets = step;
	for (size_t i = begin; i < end; i++) {
		nbody_body body = sets->from[i];
		double force[3] = { 0, 0, 0 };
		for (size_t k = 0; k < count; k++) {
			const nbody_body *other = &sets->from[k];
			double x = other->position[0] - body.position[0];
			double y = other->position[1] - body.position[1];
			double z = other->position[2] - body.position[2];
			double square = x * x + y * y + z * z + softening;
			double pull = other->mass / (square * sqrt(square));
			force[0] += pull * x;
			force[1] += pull * y;
			force[2] += pull * z;
		}
		for (unsigned d = 0; d < 3; d++) {
			body.velocity[d] += time_step * force[d];
			body.position[d] += time_step * body.velocity[d];
		}
		sets->to[i] = body;
	}
}

/* The next number from 0 to 1. */
static double next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (double)(*state >> 32) / 4294967296.0;
}

void kernel_setup(const kernel_params *params)
{
	if (!first) {
		uint64_t state = 1;
		count = (size_t)params->size;
		bodies[0] = kernel_memory(count, sizeof(nbody_body));
		bodies[1] = kernel_memory(count, sizeof(nbody_body));
		first = kernel_memory(count, sizeof(nbody_body));
		for (size_t i = 0; i < count; i++) {
			for (unsigned d = 0; d < 3; d++) {
				first[i].position[d] = next(&state);
				first[i].velocity[d] = next(&state) - 0.5;
			}
			first[i].mass = (0.5 + next(&state)) / (double)count;
		}
	}
	memcpy(bodies[0], first, count * sizeof(nbody_body));
	memset(bodies[1], 0xff, count * sizeof(nbody_body));
}

/* The momentum of all bodies together stays the same. */
uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	const nbody_body *last = bodies[NBODY_STEPS % 2];
	(void)params;
	(void)result;
	for (unsigned d = 0; d < 3; d++) {
		double change = 0;
		for (size_t i = 0; i < count; i++)
			change += last[i].mass * last[i].velocity[d] - first[i].mass * first[i].velocity[d];
		if (!(fabs(change) <= 1e-9))
			kernel_fail("the momentum changed by %g", change);
	}
	return kernel_hash(last, count * sizeof(nbody_body));
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return 0;
}
