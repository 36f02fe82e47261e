/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transforms 2^size complex numbers: recursion and loops inside of each other, the loops bound by memory and the
 * leaves, of some 50 microseconds, by arithmetic.
 *
 * Decimation in frequency with radix 4; where the number of bits is odd, the last step is one of radix 2. The quarters
 * are laid down in the order 0, 2, 1, 3, so that the result is in bit-reversed order as with radix 2:
 *
 *     a b c d     elements j, j + n/4, j + n/2, j + 3n/4 of a block of n, w = exp(-2 pi i / n)
 *     quarter 0   (a + c) + (b + d)
 *     quarter 1   ((a + c) - (b + d)) w^2j
 *     quarter 2   ((a - c) - i (b - d)) w^j
 *     quarter 3   ((a - c) + i (b - d)) w^3j
 */
#include "problem.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const char kernel_name[] = "fft";

enum {
	BITS_MAX = 28,
	CORNER_BITS = 3 /* of the squares that the last loop turns */
};

typedef struct complex_number {
	double re;
	double im;
} complex_number;

/* w^j, w^2j and w^3j, beside each other. */
typedef struct twiddles {
	complex_number w1;
	complex_number w2;
	complex_number w3;
} twiddles;

static complex_number *input;
static complex_number *data;
static complex_number *output;
static twiddles *table[BITS_MAX + 1]; /* for blocks of 2^index, a quarter as many */
static unsigned bits;

fft_block fft_whole(void)
{
	return (fft_block){ 0, bits };
}

static inline complex_number plus(complex_number x, complex_number y)
{
	return (complex_number){ x.re + y.re, x.im + y.im };
}

static inline complex_number minus(complex_number x, complex_number y)
{
	return (complex_number){ x.re - y.re, x.im - y.im };
}

static inline complex_number times(complex_number x, complex_number y)
{
	return (complex_number){ x.re * y.re - x.im * y.im, x.re * y.im + x.im * y.re };
}

static inline complex_number times_i(complex_number x)
{
	return (complex_number){ -x.im, x.re };
}

static inline void pass(complex_number *x, unsigned block_bits, size_t begin, size_t end)
{
	const twiddles *w = table[block_bits];
	size_t quarter = (size_t)1 << (block_bits - 2);
	for (size_t j = begin; j < end; j++) {
		complex_number a = x[j];
		complex_number b = x[j + quarter];
		complex_number c = x[j + 2 * quarter];
		complex_number d = x[j + 3 * quarter];
		complex_number even = plus(a, c);
		complex_number odd = plus(b, d);
		complex_number across = minus(a, c);
		complex_number turned = times_i(minus(b, d));
		x[j] = plus(even, odd);
		x[j + quarter] = times(minus(even, odd), w[j].w2);
		x[j + 2 * quarter] = times(minus(across, turned), w[j].w1);
		x[j + 3 * quarter] = times(plus(across, turned), w[j].w3);
	}
}

void fft_pass(size_t begin, size_t end, void *block)
{
	const fft_block *b = block;
	pass(data + b->first, b->bits, begin, end);
}

/* Level by level: all of it is in the cache. */
void fft_leaf(fft_block block)
{
	complex_number *x = data + block.first;
	size_t count = (size_t)1 << block.bits;
	unsigned level = block.bits;
	for (; level >= 2; level -= 2)
		for (size_t at = 0; at < count; at += (size_t)1 << level)
			pass(x + at, level, 0, (size_t)1 << (level - 2));
	for (size_t at = 0; level == 1 && at < count; at += 2) {
		complex_number a = x[at];
		x[at] = plus(a, x[at + 1]);
		x[at + 1] = minus(a, x[at + 1]);
	}
}

static size_t reversed(size_t value, unsigned of_bits)
{
	size_t result = 0;
	for (unsigned i = 0; i < of_bits; i++, value >>= 1)
		result = result << 1 | (value & 1);
	return result;
}

/* An index is high, middle, low, with CORNER_BITS in high and low; an item is a middle. */
size_t fft_reorder_items(void)
{
	return bits > 2 * CORNER_BITS ? (size_t)1 << (bits - 2 * CORNER_BITS) : 1;
}

/* Squares of 8 rows go through a small one, so that memory is read and written in rows of two cache lines. */
void fft_reorder(size_t begin, size_t end, void *unused)
{
	enum {
		CORNER = 1 << CORNER_BITS
	};
	static const unsigned char swapped[CORNER] = { 0, 4, 2, 6, 1, 5, 3, 7 };
	complex_number square[CORNER][CORNER];
	(void)unused;
	if (bits < 2 * CORNER_BITS) {
		for (size_t i = 0; i < (size_t)1 << bits; i++)
			output[reversed(i, bits)] = data[i];
		return;
	}
	size_t row = (size_t)1 << (bits - CORNER_BITS);
	for (size_t middle = begin; middle < end; middle++) {
		const complex_number *from = data + (middle << CORNER_BITS);
		complex_number *to = output + (reversed(middle, bits - 2 * CORNER_BITS) << CORNER_BITS);
		for (size_t high = 0; high < CORNER; high++)
			for (size_t low = 0; low < CORNER; low++)
				square[swapped[low]][swapped[high]] = from[high * row + low];
		for (size_t high = 0; high < CORNER; high++)
			memcpy(to + high * row, square[high], sizeof(square[high]));
	}
}

static complex_number unit(size_t numerator, unsigned of_bits)
{
	double angle = -2 * 3.14159265358979323846 * (double)numerator / (double)((size_t)1 << of_bits);
	return (complex_number){ cos(angle), sin(angle) };
}

static void make_tables(void)
{
	for (unsigned level = bits; level >= 2 && level <= bits; level -= 2) {
		size_t quarter = (size_t)1 << (level - 2);
		table[level] = kernel_memory(quarter, sizeof(twiddles));
		for (size_t j = 0; j < quarter; j++)
			table[level][j] = (twiddles){ unit(j, level), unit(2 * j, level), unit(3 * j, level) };
	}
}

void kernel_setup(const kernel_params *params)
{
	if (!input) {
		uint64_t state = 3;
		if (params->size < 1 || params->size > BITS_MAX)
			kernel_fail("size %ld is not from 1 to %d", params->size, BITS_MAX);
		bits = (unsigned)params->size;
		size_t count = (size_t)1 << bits;
		input = kernel_memory(count, sizeof(*input));
		data = kernel_memory(count, sizeof(*data));
		output = kernel_memory(count, sizeof(*output));
		make_tables();
		for (size_t i = 0; i < count; i++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			input[i] = (complex_number){ (double)(int32_t)(state >> 32) / 2147483648.0,
				                     (double)(int32_t)state / 2147483648.0 };
		}
	}
	memcpy(data, input, ((size_t)1 << bits) * sizeof(*data));
	memset(output, 0xff, ((size_t)1 << bits) * sizeof(*output)); /* no number */
}

/* Some frequencies by their definition, and Parseval's theorem for all of them. */
static void check_frequencies(void)
{
	size_t count = (size_t)1 << bits;
	double before = 0;
	double after = 0;
	for (size_t i = 0; i < count; i++) {
		before += input[i].re * input[i].re + input[i].im * input[i].im;
		after += output[i].re * output[i].re + output[i].im * output[i].im;
	}
	if (!(fabs(after / (double)count - before) <= 1e-9 * before))
		kernel_fail("the energy of the transform is wrong");
	for (size_t k = 1; k < count; k = 3 * k + 1) {
		complex_number sum = { 0, 0 };
		for (size_t i = 0; i < count; i++)
			sum = plus(sum, times(input[i], unit((i * k) & (count - 1), bits)));
		sum = minus(sum, output[k]);
		if (!(fabs(sum.re) + fabs(sum.im) <= 1e-9 * sqrt((double)count) * bits))
			kernel_fail("frequency %zu is wrong", k);
	}
}

/* The first run is checked in full, the others by their checksum. */
uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	static bool checked;
	(void)params;
	(void)result;
	if (!checked)
		check_frequencies();
	checked = true;
	return kernel_hash(output, ((size_t)1 << bits) * sizeof(*output));
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return 0;
}
