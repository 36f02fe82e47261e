/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scaling by a Lanczos filter, first down the columns and then along the row. Each row of the result depends on the
 * picture alone, so the rows are one parallel loop, and the result has the same bits however it is shared.
 *
 * Colours are weighted by their alpha, and divided by it in the end: what cannot be seen does not colour its
 * surroundings. A piece of the loop needs one row of the picture as floats; there is no intermediate picture.
 */
#include "parallel.h"
#include "picture.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	LOBES = 3,     /* of the filter, to each side */
	STRIPE = 2048  /* floats of the row that are summed while they stay in the nearest cache */
};

/* For one direction: where the filter of each pixel begins, and its weights, whose sum is 1. */
struct filter {
	unsigned taps;
	unsigned *first;
	float *weight; /* taps for each pixel */
};

struct scaling {
	const struct picture *from, *to;
	struct filter down, along;
	atomic_bool no_memory;
};

static double lanczos(double x)
{
	const double pi = 3.14159265358979323846;
	if (fabs(x) < 1e-9)
		return 1;
	if (fabs(x) >= LOBES)
		return 0;
	return LOBES * sin(pi * x) * sin(pi * x / LOBES) / (pi * pi * x * x);
}

static bool filter_make(struct filter *filter, unsigned from, unsigned to)
{
	double ratio = (double)from / to;
	unsigned taps = (unsigned)ceil(2 * LOBES * ratio) + 1;
	filter->taps = taps < from ? taps : from;
	filter->first = calloc(to, sizeof(*filter->first));
	filter->weight = calloc((size_t)to * filter->taps, sizeof(*filter->weight));
	if (filter->first == NULL || filter->weight == NULL)
		return false;
	for (unsigned i = 0; i < to; i++) {
		double centre = (i + 0.5) * ratio;
		double first = fmax(0, fmin(floor(centre - LOBES * ratio), from - filter->taps));
		float *weight = filter->weight + (size_t)i * filter->taps;
		filter->first[i] = (unsigned)first;
		double sum = 0;
		for (unsigned k = 0; k < filter->taps; k++)
			sum += lanczos((first + k + 0.5 - centre) / ratio);
		for (unsigned k = 0; k < filter->taps; k++)
			weight[k] = (float)(lanczos((first + k + 0.5 - centre) / ratio) / sum);
	}
	return true;
}

static void filter_free(struct filter *filter)
{
	free(filter->first);
	free(filter->weight);
}

static void add(float *restrict sum, const unsigned char *restrict row, size_t count, float weight)
{
	for (size_t i = 0; i < count; i++)
		sum[i] += weight * row[i];
}

/* The last channel of each pixel is alpha. */
static void add_with_alpha(float *restrict sum, const unsigned char *restrict row, size_t count, unsigned channels,
                           float weight)
{
	for (size_t i = 0; i < count; i += channels) {
		float alpha = weight * row[i + channels - 1];
		for (unsigned c = 0; c + 1 < channels; c++)
			sum[i + c] += alpha / 255 * row[i + c];
		sum[i + channels - 1] += alpha;
	}
}

/* Row y of the result, as wide as the picture still is. */
static void sum_columns(const struct scaling *scaling, unsigned y, float *sum)
{
	const struct picture *from = scaling->from;
	const struct filter *down = &scaling->down;
	const float *weight = down->weight + (size_t)y * down->taps;
	size_t row_count = (size_t)from->width * from->channels;
	size_t stripe = STRIPE / from->channels * from->channels;
	const unsigned char *first = from->pixels + down->first[y] * row_count;
	memset(sum, 0, row_count * sizeof(*sum));
	for (size_t i = 0; i < row_count; i += stripe) {
		size_t count = row_count - i < stripe ? row_count - i : stripe;
		for (unsigned k = 0; k < down->taps; k++) {
			const unsigned char *row = first + k * row_count + i;
			if (from->channels % 2 == 0)
				add_with_alpha(sum + i, row, count, from->channels, weight[k]);
			else
				add(sum + i, row, count, weight[k]);
		}
	}
}

static unsigned char to_byte(float value)
{
	return (unsigned char)(value <= 0 ? 0 : value >= 255 ? 255 : value + 0.5f);
}

static void store(unsigned char *to, float *value, unsigned channels)
{
	bool alpha = channels % 2 == 0;
	float opacity = alpha ? value[channels - 1] : 255;
	for (unsigned c = 0; c + alpha < channels; c++)
		to[c] = opacity <= 0 ? 0 : to_byte(value[c] * (255 / opacity));
	if (alpha)
		to[channels - 1] = to_byte(opacity);
}

static void sum_row(const struct scaling *scaling, unsigned y, const float *wide)
{
	const struct picture *to = scaling->to;
	const struct filter *along = &scaling->along;
	unsigned channels = to->channels;
	unsigned char *pixel = to->pixels + (size_t)y * to->width * channels;
	for (unsigned x = 0; x < to->width; x++, pixel += channels) {
		const float *weight = along->weight + (size_t)x * along->taps;
		const float *from = wide + (size_t)along->first[x] * channels;
		float sum[4] = { 0 };
		for (unsigned k = 0; k < along->taps; k++) {
			for (unsigned c = 0; c < channels; c++)
				sum[c] += weight[k] * *from++;
		}
		store(pixel, sum, channels);
	}
}

static void scale_rows(size_t begin, size_t end, void *arg)
{
	struct scaling *scaling = arg;
	float *wide = malloc((size_t)scaling->from->width * scaling->from->channels * sizeof(*wide));
	if (wide == NULL) {
		atomic_store(&scaling->no_memory, true);
		return;
	}
	for (size_t y = begin; y < end; y++) {
		sum_columns(scaling, (unsigned)y, wide);
		sum_row(scaling, (unsigned)y, wide);
	}
	free(wide);
}

static unsigned fit(unsigned side, unsigned longest, unsigned size)
{
	unsigned fitted = (unsigned)lround((double)side * size / longest);
	return longest <= size ? side : fitted > 0 ? fitted : 1;
}

bool picture_scale(const struct picture *from, struct picture *to, unsigned size, char *problem)
{
	unsigned longest = from->width > from->height ? from->width : from->height;
	*to = (struct picture){ .width = fit(from->width, longest, size),
				.height = fit(from->height, longest, size),
				.channels = from->channels };
	if (!picture_allocate(to, problem))
		return false;
	if (longest <= size) {
		memcpy(to->pixels, from->pixels, (size_t)to->width * to->height * to->channels);
		return true;
	}
	struct scaling scaling = { .from = from, .to = to };
	bool good = filter_make(&scaling.down, from->height, to->height) &&
	            filter_make(&scaling.along, from->width, to->width);
	if (good)
		parallel_rows(to->height, scale_rows, &scaling);
	filter_free(&scaling.down);
	filter_free(&scaling.along);
	good = good && !atomic_load(&scaling.no_memory);
	if (!good) {
		snprintf(problem, PROBLEM_BYTES, "no memory for scaling it");
		free(to->pixels);
		to->pixels = NULL;
	}
	return good;
}
