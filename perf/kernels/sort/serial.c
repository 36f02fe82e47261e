/* SPDX-License-Identifier: Apache-2.0 */
/* sort by the C library's qsort. */
#include "problem.h"

#include <stdlib.h>

KERNEL("serial");

static int compare_keys(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

uint64_t kernel_run(const kernel_params *params)
{
	sort_data data = sort_input();
	(void)params;
	if (data.key)
		qsort(data.key, data.count, sizeof(*data.key), compare_keys);
	else
		qsort(data.word, data.count, sizeof(*data.word), compare_words);
	return 0;
}
