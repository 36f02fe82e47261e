/* SPDX-License-Identifier: Apache-2.0 */
/* sort by skua's typed sort. */
#include "problem.h"

#include <skua/skua.h>
#include <skua/sort.h>

KERNEL("skua");

SKUA_SORT(sort_keys, uint32_t, a, b, *a < *b)
SKUA_SORT(sort_words, const char *, a, b, sort_word_less(*a, *b))

uint64_t kernel_run(const kernel_params *params)
{
	sort_data data = sort_input();
	(void)params;
	if (data.key)
		sort_keys(data.key, data.count);
	else
		sort_words(data.word, data.count);
	return 0;
}
