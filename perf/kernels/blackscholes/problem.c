/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prices size options, a call and a put each: a regular loop bound by arithmetic (log, exp, erfc), some 100 ns for each
 * iteration. It is the easiest loop here, and nobody should be far from the ideal.
 */
#include "problem.h"

#include <math.h>
#include <string.h>

const char kernel_name[] = "blackscholes";

typedef struct option {
	double spot;
	double strike;
	double years;
	double volatility;
} option;

typedef struct price {
	double call;
	double put;
} price;

static const double rate = 0.02;

static option *options;
static price *prices;
static size_t count;

/* The distribution function of the normal distribution. */
static double normal(double x)
{
	return 0.5 * erfc(-x * 0.70710678118654752440);
}

void blackscholes_leaf(size_t begin, size_t end, void *arg)
{
	(void)arg;
	for (size_t i = begin; i < end; i++) {
		option o = options[i];
		double deviation = o.volatility * sqrt(o.years);
		double d1 = log(o.spot / o.strike) + (rate + 0.5 * o.volatility * o.volatility) * o.years;
		d1 /= deviation;
		double d2 = d1 - deviation;
		double discounted = o.strike * exp(-rate * o.years);
		prices[i].call = o.spot * normal(d1) - discounted * normal(d2);
		prices[i].put = discounted * normal(-d2) - o.spot * normal(-d1);
	}
}

/* The next number from low to high. */
static double next(uint64_t *state, double low, double high)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return low + (high - low) * (double)(*state >> 32) / 4294967296.0;
}

void kernel_setup(const kernel_params *params)
{
	if (!options) {
		uint64_t state = 1;
		count = (size_t)params->size;
		options = kernel_memory(count, sizeof(*options));
		prices = kernel_memory(count, sizeof(*prices));
		for (size_t i = 0; i < count; i++) {
			options[i].spot = next(&state, 50, 150);
			options[i].strike = next(&state, 50, 150);
			options[i].years = next(&state, 0.1, 2);
			options[i].volatility = next(&state, 0.1, 0.6);
		}
	}
	memset(prices, 0xff, count * sizeof(*prices));
}

/* The parity of call and put. */
uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	for (size_t i = 0; i < count; i++) {
		double parity = options[i].spot - options[i].strike * exp(-rate * options[i].years);
		if (!(fabs(prices[i].call - prices[i].put - parity) <= 1e-9))
			kernel_fail("option %zu: call %g, put %g", i, prices[i].call, prices[i].put);
	}
	return kernel_hash(prices, count * sizeof(*prices));
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return 0;
}
