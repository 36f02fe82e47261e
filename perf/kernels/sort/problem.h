/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sorting by what each runtime or its library has for that: here the sort is not the problem's but the runtime's. The
 * order is compiled in where the runtime's sort is a template or a macro; qsort calls it. problem.c owns the data.
 */
#ifndef PERF_SORT_H
#define PERF_SORT_H

#include "../../harness/kernel.h"

#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What is sorted: keys, or words if there are no keys. */
typedef struct sort_data {
	uint32_t *key;
	const char **word;
	size_t count;
} sort_data;

sort_data sort_input(void);

#ifdef __cplusplus
}
#endif

static inline int sort_word_less(const char *a, const char *b)
{
	return strcmp(a, b) < 0;
}

#endif
