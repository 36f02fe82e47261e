/* SPDX-License-Identifier: Apache-2.0 */
/*
 * k-means on size points: a reduction to 640 bytes, KMEANS_ROUNDS times, with a short serial part between. Coordinates
 * are integers, so that all sums are exact and every order of adding gives the same bits.
 */
#include "problem.h"

#include <string.h>

const char kernel_name[] = "kmeans";

typedef double point[KMEANS_DIMENSIONS];

static point *points;
static uint8_t *joined; /* the centre of each point */
static point centre[KMEANS_CENTRES];
static size_t count;

static unsigned nearest(const double *at)
{
	unsigned best = 0;
	double least = 0;
	for (unsigned c = 0; c < KMEANS_CENTRES; c++) {
		double distance = 0;
		for (unsigned d = 0; d < KMEANS_DIMENSIONS; d++)
			distance += (at[d] - centre[c][d]) * (at[d] - centre[c][d]);
		if (c == 0 || distance < least) {
			least = distance;
			best = c;
		}
	}
	return best;
}

void kmeans_leaf(size_t begin, size_t end, void *sums, void *arg)
{
	kmeans_sums *to = sums;
	(void)arg;
	for (size_t i = begin; i < end; i++) {
		unsigned c = nearest(points[i]);
		joined[i] = (uint8_t)c;
		to->count[c]++;
		for (unsigned d = 0; d < KMEANS_DIMENSIONS; d++)
			to->sum[c][d] += points[i][d];
	}
}

void kmeans_merge(kmeans_sums *into, const kmeans_sums *from)
{
	for (unsigned c = 0; c < KMEANS_CENTRES; c++) {
		into->count[c] += from->count[c];
		for (unsigned d = 0; d < KMEANS_DIMENSIONS; d++)
			into->sum[c][d] += from->sum[c][d];
	}
}

void kmeans_move(const kmeans_sums *sums)
{
	for (unsigned c = 0; c < KMEANS_CENTRES; c++)
		for (unsigned d = 0; d < KMEANS_DIMENSIONS && sums->count[c] > 0; d++)
			centre[c][d] = sums->sum[c][d] / (double)sums->count[c];
}

/* The next number from 0 to 65535. */
static unsigned next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*state >> 48);
}

/* Points lie around as many places as there are centres, which begin elsewhere. */
void kernel_setup(const kernel_params *params)
{
	uint64_t state = 1;
	unsigned place[KMEANS_CENTRES][KMEANS_DIMENSIONS];
	for (unsigned c = 0; c < KMEANS_CENTRES; c++) {
		for (unsigned d = 0; d < KMEANS_DIMENSIONS; d++) {
			place[c][d] = next(&state);
			centre[c][d] = next(&state);
		}
	}
	if (!points) {
		count = (size_t)params->size;
		points = kernel_memory(count, sizeof(*points));
		joined = kernel_memory(count, sizeof(*joined));
		for (size_t i = 0; i < count; i++) {
			const unsigned *around = place[next(&state) % KMEANS_CENTRES];
			for (unsigned d = 0; d < KMEANS_DIMENSIONS; d++)
				points[i][d] = around[d] + next(&state) / 4;
		}
	}
	memset(joined, 0xff, count * sizeof(*joined));
}

uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return kernel_hash(joined, count * sizeof(*joined)) ^ kernel_hash(centre, sizeof(centre));
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return 0;
}
