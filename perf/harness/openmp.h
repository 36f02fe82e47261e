/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How regular loops under OpenMP are divided: each thread has one part of the range, the one that schedule(static)
 * would give it, and calls the leaf once. Irregular ones use schedule(runtime) and schedule.h.
 */
#ifndef PERF_OPENMP_H
#define PERF_OPENMP_H

#include <omp.h>
#include <stddef.h>

typedef struct openmp_range {
	size_t begin;
	size_t end;
} openmp_range;

/* One of several equal parts of [begin, end). */
static inline openmp_range openmp_part(size_t begin, size_t end, unsigned index, unsigned parts)
{
	size_t each = (end - begin) / parts;
	size_t longer = (end - begin) % parts; /* the first ones have one more */
	size_t from = begin + index * each + (index < longer ? index : longer);
	return (openmp_range){ from, from + each + (index < longer) };
}

/* The part of the calling thread, in a parallel region. */
static inline openmp_range openmp_mine(size_t begin, size_t end)
{
	return openmp_part(begin, end, (unsigned)omp_get_thread_num(), (unsigned)omp_get_num_threads());
}

#endif
