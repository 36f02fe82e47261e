/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Mandelbrot set: an irregular loop over size rows, of which those in the middle take 100 times as long as those at
 * the edges. Equal parts of the range are far from equal work.
 */
#include "problem.h"

#include <string.h>

const char kernel_name[] = "mandelbrot";

enum {
	ITERATIONS_MAX = 1000
};

static uint16_t *picture; /* iterations for each pixel */
static size_t side;

static unsigned iterations(double real, double imaginary)
{
	double x = 0;
	double y = 0;
	unsigned i = 0;
	for (; i < ITERATIONS_MAX; i++) {
		double xx = x * x;
		double yy = y * y;
		if (xx + yy > 4)
			break;
		y = 2 * x * y + imaginary;
		x = xx - yy + real;
	}
	return i;
}

void mandelbrot_leaf(size_t begin, size_t end, void *arg)
{
	double pixel = 2.5 / (double)side;
	(void)arg;
	for (size_t row = begin; row < end; row++)
		for (size_t column = 0; column < side; column++)
			picture[row * side + column] = (uint16_t)iterations(-2 + pixel * ((double)column + 0.5),
			                                                    -1.25 + pixel * ((double)row + 0.5));
}

void kernel_setup(const kernel_params *params)
{
	if (!picture) {
		if (params->size < 1 || params->size > 50000)
			kernel_fail("size %ld is not from 1 to 50000", params->size);
		side = (size_t)params->size;
		picture = kernel_memory(side * side, sizeof(*picture));
	}
	memset(picture, 0xff, side * side * sizeof(*picture));
}

uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return kernel_hash(picture, side * side * sizeof(*picture));
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return 0;
}
