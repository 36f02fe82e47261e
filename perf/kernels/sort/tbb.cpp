// SPDX-License-Identifier: Apache-2.0
// sort by oneTBB's parallel_sort, a quicksort.
#include "problem.h"

#include "../../harness/arena.hpp"

#include <oneapi/tbb/parallel_sort.h>

KERNEL("tbb");

uint64_t kernel_run(const kernel_params *)
{
	arena().execute([] {
		sort_data data = sort_input();
		if (data.key)
			tbb::parallel_sort(data.key, data.key + data.count);
		else
			tbb::parallel_sort(data.word, data.word + data.count, sort_word_less);
	});
	return 0;
}
