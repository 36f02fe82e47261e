/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skua_scan and skua_scan_blocks (skua/loop.h).
 *
 *   |  first part         | block | block | block | ... | block |  last part          |
 *      scanned               summed                                 (rests)              step 1, at the same time
 *                            scanned                                scanned              step 3, at the same time
 *
 *   1  the first part is scanned while the blocks behind it are summed;
 *   2  the sums are scanned, serially: there are few;
 *   3  the blocks and the last part are scanned, each beginning with what comes before it.
 *
 * With w workers the first part and the last one are 1/(w+1) of the range each, so that each step takes as long as one
 * such part: 2/(w+1) of a serial scan. What is between them is gone through twice, in several blocks for each worker,
 * so that uneven ones are shared. With one worker the first part is everything.
 *
 * Call from: anywhere. Blocks: the thread (outside), the fiber (inside).
 */
#include "base/align.h"
#include "base/check.h"
#include "loop/pace.h"
#include "sched/pool.h"
#include "sys/clock.h"

#include <skua/loop.h>
#include <skua/task.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS_PER_WORKER 8u

/* Partial results up to this size lie on the stack. */
#define PARTIAL_INLINE 256u

typedef struct scan {
	/* set once */
	size_t begin, end;
	const void *identity;
	size_t size;
	skua_reduce_body sum, scan;
	skua_combine combine;
	void *arg;
	const void *body; /* for the memory of paces */
	/* set by divide */
	size_t first_end;   /* of the first part */
	size_t last_begin;  /* of the last part */
	size_t blocks;      /* between them */
	size_t stride;      /* bytes from one partial result to the next */
	char *partials;     /* what comes before each block and before the last part; each the runner's of its block */
} scan;

static size_t block_begin(const scan *s, size_t block)
{
	size_t count = s->last_begin - s->first_end;
	return s->first_end + count / s->blocks * block + sk_min(count % s->blocks, block);
}

static void *partial(const scan *s, size_t index)
{
	return s->partials + index * s->stride;
}

/* Blocks [from, to): sums each into the partial result behind it. */
SKUA_TASK(void, sum_blocks, const scan *, s, size_t, from, size_t, to)
{
	unsigned spawned = 0;
	for (; to - from > 1; spawned++) {
		size_t middle = from + (to - from + 1) / 2;
		SKUA_SPAWN(sum_blocks, s, middle, to);
		to = middle;
	}
	memcpy(partial(s, from + 1), s->identity, s->size);
	s->sum(block_begin(s, from), block_begin(s, to), partial(s, from + 1), s->arg);
	while (spawned-- > 0)
		SKUA_SYNC(sum_blocks);
}

/* The first part begins with the identity. */
static void scan_first(const scan *s)
{
	memcpy(partial(s, 0), s->identity, s->size);
	s->scan(s->begin, s->first_end, partial(s, 0), s->arg);
}

/* Blocks [from, to): each begins with the partial result before it, which is its alone by now. */
SKUA_TASK(void, scan_blocks, const scan *, s, size_t, from, size_t, to)
{
	unsigned spawned = 0;
	for (; to - from > 1; spawned++) {
		size_t middle = from + (to - from + 1) / 2;
		SKUA_SPAWN(scan_blocks, s, middle, to);
		to = middle;
	}
	s->scan(block_begin(s, from), block_begin(s, to), partial(s, from), s->arg);
	while (spawned-- > 0)
		SKUA_SYNC(scan_blocks);
}

/* Step 2: partial[i] becomes what comes before block i, and behind the last block before the last part. */
static void scan_sums(const scan *s, void *spare)
{
	for (size_t i = 1; i <= s->blocks; i++) {
		memcpy(spare, partial(s, i - 1), s->size);
		s->combine(spare, partial(s, i), s->arg);
		memcpy(partial(s, i), spare, s->size);
	}
}

/* Decides on the cut. false: everything is the first part. */
static bool divide(scan *s, const sk_pool *pool)
{
	size_t count = s->end - s->begin, workers = pool->worker_count;
	sk_pace_memory memory = sk_pace_recall(s->body);
	if (workers == 1 || count < 4)
		return false;
	if (memory.trusted && sk_pace_ticks(memory.pace, count) <= 2 * pool->alone_ticks)
		return false;
	size_t part = sk_max(count / (workers + 1), 1);
	s->first_end = s->begin + part;
	s->last_begin = s->end - part;
	s->blocks = sk_min((workers - 1) * BLOCKS_PER_WORKER, s->last_begin - s->first_end);
	s->stride = sk_round_up(s->size, SK_FALSE_SHARING);
	if (s->stride >= s->size && s->stride <= SIZE_MAX / (s->blocks + 2))
		s->partials = aligned_alloc(SK_FALSE_SHARING, (s->blocks + 2) * s->stride);
	return s->partials != NULL;
}

static void scan_alone(const scan *s)
{
	_Alignas(SK_CACHE_LINE) char place[PARTIAL_INLINE];
	void *running = s->size <= PARTIAL_INLINE ? place : malloc(s->size);
	if (!running)
		sk_panic("skua_scan: no memory for a partial result of %zu bytes", s->size);
	memcpy(running, s->identity, s->size);
	uint64_t from = sk_clock_ticks();
	s->scan(s->begin, s->end, running, s->arg);
	sk_pace_note(s->body, sk_pace_of(sk_pace_between(from, sk_clock_ticks()), s->end - s->begin));
	if (running != place)
		free(running);
}

SKUA_TASK(void, whole, scan *, s)
{
	if (!divide(s, sk_fiber_->worker->pool)) {
		scan_alone(s);
		return;
	}
	SKUA_SPAWN(sum_blocks, s, 0, s->blocks);
	uint64_t from = sk_clock_ticks();
	scan_first(s);
	uint64_t ticks = sk_pace_between(from, sk_clock_ticks());
	SKUA_SYNC(sum_blocks);
	scan_sums(s, partial(s, s->blocks + 1));
	SKUA_SPAWN(scan_blocks, s, 0, s->blocks);
	s->scan(s->last_begin, s->end, partial(s, s->blocks), s->arg);
	SKUA_SYNC(scan_blocks);
	sk_pace_note(s->body, sk_pace_of(ticks, s->first_end - s->begin));
	free(s->partials);
}

static void scan_range(size_t begin, size_t end, scan s)
{
	s.begin = begin;
	s.end = end;
	if (begin < end)
		SKUA_RUN(whole, &s);
}

void skua_scan_blocks(size_t begin, size_t end, const void *identity, size_t size, skua_reduce_body sum,
		      skua_reduce_body scan_body, skua_combine combine, void *arg)
{
	scan_range(begin, end,
	           (scan){
	                   .identity = identity,
	                   .size = size,
	                   .sum = sum,
	                   .scan = scan_body,
	                   .combine = combine,
	                   .arg = arg,
	                   .body = (const void *)scan_body,
	           });
}

/* --- element by element --- */

typedef struct elements {
	char *out;
	const char *in;
	size_t size;
	skua_combine combine;
	void *arg;
} elements;

static void sum_elements(size_t begin, size_t end, void *running, void *arg)
{
	const elements *e = arg;
	for (size_t i = begin; i < end; i++)
		e->combine(running, e->in + i * e->size, e->arg);
}

static void scan_elements(size_t begin, size_t end, void *running, void *arg)
{
	const elements *e = arg;
	for (size_t i = begin; i < end; i++) {
		e->combine(running, e->in + i * e->size, e->arg);
		memcpy(e->out + i * e->size, running, e->size);
	}
}

static void combine_elements(void *into, const void *from, void *arg)
{
	const elements *e = arg;
	e->combine(into, from, e->arg);
}

void skua_scan(void *out, const void *in, size_t count, size_t size, const void *identity, skua_combine combine,
	       void *arg)
{
	elements e = { out, in, size, combine, arg };
	scan_range(0, count,
	           (scan){
	                   .identity = identity,
	                   .size = size,
	                   .sum = sum_elements,
	                   .scan = scan_elements,
	                   .combine = combine_elements,
	                   .arg = &e,
	                   .body = (const void *)combine,
	           });
}
