/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reductions and scans. The operation is the composition of affine maps x -> a x + b modulo 2^64: associative, not
 * commutative, and one piece that is lost, doubled or misplaced changes the total.
 */
#include "soak.h"

#include <stdlib.h>
#include <string.h>

typedef struct affine {
	uint64_t a, b;
	uint64_t padding[36]; /* more than the library keeps on a stack */
} affine;

#define SMALL_BYTES (2 * sizeof(uint64_t))

typedef struct series {
	const soak_op *op;
	uint64_t row;
	size_t bytes;
	affine *out; /* of a scan by blocks */
} series;

static affine map_of(uint64_t row, size_t i)
{
	uint64_t draw = soak_mix(row, i);
	return (affine){ .a = draw | 1, .b = draw >> 17 };
}

/* First what is in into, then what is in from. */
static void compose(affine *into, const affine *from)
{
	into->b = from->a * into->b + from->b;
	into->a *= from->a;
}

static void compose_bytes(void *into, const void *from, void *arg)
{
	const series *s = arg;
	affine left = { 0 }, right = { 0 };
	memcpy(&left, into, s->bytes);
	memcpy(&right, from, s->bytes);
	compose(&left, &right);
	memcpy(into, &left, s->bytes);
}

static void compose_piece(size_t begin, size_t end, void *partial, void *arg)
{
	const series *s = arg;
	for (size_t i = begin; i < end; i++) {
		affine next = map_of(s->row, i);
		if (next.b % 997 == 0)
			soak_nested(s->op, i);
		compose_bytes(partial, &next, arg);
	}
}

static affine serial(uint64_t row, size_t begin, size_t end)
{
	affine sum = { .a = 1 };
	for (size_t i = begin; i < end; i++) {
		affine next = map_of(row, i);
		compose(&sum, &next);
	}
	return sum;
}

void soak_op_reduce(soak_op *op)
{
	affine sum = { .a = 1 };
	series s = { .op = op, .bytes = soak_chance(op, 4) ? sizeof sum : SMALL_BYTES };
	size_t begin = soak_draw(op, 100), end = begin + soak_draw(op, op->size * 4);
	bool is_ordered = soak_chance(op, 2);
	s.row = soak_step(&op->row);
	if (is_ordered)
		skua_reduce_ordered(begin, end, &sum, s.bytes, compose_piece, compose_bytes, &s);
	else
		skua_reduce(begin, end, &sum, s.bytes, compose_piece, compose_bytes, &s);
	affine expected = serial(s.row, begin, end);
	SOAK_REQUIRE(sum.a == expected.a && sum.b == expected.b, "the total of %zu to %zu is wrong", begin, end);
}

/* --- ordered: the bits of a sum of doubles depend on the length only, whatever else goes on --- */

static double term(size_t i)
{
	uint64_t draw = soak_mix(77, i);
	return (double)(int64_t)draw / (double)(1 + (draw & 0xfff));
}

static void add_terms(size_t begin, size_t end, void *partial, void *arg)
{
	const soak_op *op = arg;
	double sum = *(double *)partial;
	for (size_t i = begin; i < end; i++)
		sum += term(i);
	*(double *)partial = sum;
	if (soak_mix(op->row, begin) % 101 == 0)
		soak_nested(op, begin);
}

static void add_doubles(void *into, const void *from, void *arg)
{
	(void)arg;
	*(double *)into += *(const double *)from;
}

void soak_op_ordered(soak_op *op)
{
	double sum = 0;
	uint64_t bits, none = 0, which = soak_draw(op, 16);
	size_t count = (size_t)(which * which * SOAK_SCALED(60, 12) + 1);
	skua_reduce_ordered(0, count, &sum, sizeof sum, add_terms, add_doubles, op);
	memcpy(&bits, &sum, sizeof bits);
	long double exact = 0;
	for (size_t i = 0; i < count; i++)
		exact += (long double)term(i);
	long double off = exact - (long double)sum;
	SOAK_REQUIRE(off < 1e9L && off > -1e9L, "the sum of %zu is off by %Lg", count, off);
	/* The first one decides, with whatever number of workers it had; the sum is never all zeros. */
	atomic_compare_exchange_strong(&soak_board_->ordered_bits[which], &none, bits);
	SOAK_REQUIRE(none == 0 || none == bits, "the sum of %zu has other bits than before", count);
}

/* --- scans --- */

static void scan_piece(size_t begin, size_t end, void *partial, void *arg)
{
	const series *s = arg;
	affine *sum = partial;
	for (size_t i = begin; i < end; i++) {
		affine next = map_of(s->row, i);
		compose(sum, &next);
		s->out[i] = *sum;
	}
}

static void sum_piece(size_t begin, size_t end, void *partial, void *arg)
{
	const series *s = arg;
	for (size_t i = begin; i < end; i++) {
		affine next = map_of(s->row, i);
		compose(partial, &next);
	}
}

static void scan_blocks(series *s, size_t count)
{
	const affine identity = { .a = 1 };
	s->bytes = sizeof(affine);
	s->out = soak_zeroed(count, sizeof(affine));
	skua_scan_blocks(0, count, &identity, sizeof identity, sum_piece, scan_piece, compose_bytes, s);
	affine expected = identity;
	for (size_t i = 0; i < count; i++) {
		affine next = map_of(s->row, i);
		compose(&expected, &next);
		SOAK_REQUIRE(s->out[i].a == expected.a && s->out[i].b == expected.b, "prefix %zu of %zu", i, count);
	}
	free(s->out);
}

/* Pairs {a, b} side by side. */
static void scan_pairs(series *s, size_t count, bool in_place)
{
	const uint64_t identity[2] = { 1, 0 };
	uint64_t *in = soak_memory(count * SMALL_BYTES), *out = in_place ? in : soak_memory(count * SMALL_BYTES);
	for (size_t i = 0; i < count; i++) {
		affine next = map_of(s->row, i);
		memcpy(&in[2 * i], &next, SMALL_BYTES);
	}
	s->bytes = SMALL_BYTES;
	skua_scan(out, in, count, SMALL_BYTES, identity, compose_bytes, s);
	affine expected = { .a = 1 };
	for (size_t i = 0; i < count; i++) {
		affine next = map_of(s->row, i);
		compose(&expected, &next);
		SOAK_REQUIRE(out[2 * i] == expected.a && out[2 * i + 1] == expected.b, "prefix %zu of %zu", i, count);
	}
	if (!in_place)
		free(out);
	free(in);
}

void soak_op_scan(soak_op *op)
{
	series s = { .op = op, .row = soak_step(&op->row) };
	size_t count = soak_draw(op, op->size * 4);
	switch (soak_draw(op, 3)) {
	case 0:
		scan_blocks(&s, count / 8);
		break;
	case 1:
		scan_pairs(&s, count, true);
		break;
	default:
		scan_pairs(&s, count, false);
	}
}
