/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merge sort of 32-bit keys between two arrays, the merges divided too. Every runtime divides at the same sizes and
 * calls the same leaves, which problem.c owns together with the data.
 */
#ifndef PERF_MERGESORT_H
#define PERF_MERGESORT_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
	SORT_LEAF = 1024,
	MERGE_LEAF = 4096
};

extern uint32_t *mergesort_data;  /* the input, and the sorted output */
extern uint32_t *mergesort_spare; /* as long */

/* Sorts a leaf in place. */
void mergesort_leaf(uint32_t *data, size_t count);
/* Merges two sorted ranges. */
void mergesort_merge(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count, uint32_t *out);
/* The number of elements in a sorted range that are below the key. */
size_t mergesort_below(const uint32_t *sorted, size_t count, uint32_t key);

#ifdef __cplusplus
}
#endif

/* Two sorted ranges and where they go. 40 bytes: fits a slot. */
typedef struct merge_job {
	const uint32_t *a;
	size_t a_count;
	const uint32_t *b;
	size_t b_count;
	uint32_t *out;
} merge_job;

/* Divides a job at the middle of its longer range: *left keeps what is below the key there. */
static inline void merge_split(merge_job job, merge_job *left, merge_job *right)
{
	merge_job j = job;
	if (j.a_count < j.b_count)
		j = (merge_job){ job.b, job.b_count, job.a, job.a_count, job.out };
	size_t middle = j.a_count / 2;
	size_t below = mergesort_below(j.b, j.b_count, j.a[middle]);
	*left = (merge_job){ j.a, middle, j.b, below, j.out };
	uint32_t *out = j.out + middle + below;
	*right = (merge_job){ j.a + middle, j.a_count - middle, j.b + below, j.b_count - below, out };
}

static inline void merge_leaf(const merge_job *job)
{
	mergesort_merge(job->a, job->a_count, job->b, job->b_count, job->out);
}

/* A range to sort: the result lands in data, or in spare if to_spare is set. 32 bytes. */
typedef struct sort_job {
	uint32_t *data;
	uint32_t *spare;
	size_t count;
	int to_spare;
} sort_job;

/* The halves, which land in the other array, and the merge that brings them back. */
static inline void sort_split(sort_job job, sort_job *left, sort_job *right, merge_job *merge)
{
	size_t half = job.count / 2;
	uint32_t *from = job.to_spare ? job.data : job.spare;
	uint32_t *to = job.to_spare ? job.spare : job.data;
	*left = (sort_job){ job.data, job.spare, half, !job.to_spare };
	*right = (sort_job){ job.data + half, job.spare + half, job.count - half, !job.to_spare };
	*merge = (merge_job){ from, half, from + half, job.count - half, to };
}

static inline void sort_leaf(const sort_job *job)
{
	mergesort_leaf(job->data, job->count);
	if (job->to_spare)
		__builtin_memcpy(job->spare, job->data, job->count * sizeof(*job->data));
}

#endif
