// SPDX-License-Identifier: Apache-2.0
// sort by the parallel mode of gcc's C++ library: a multiway merge sort on OpenMP. With one thread it is std::sort.
#include "problem.h"

#include <parallel/algorithm>

KERNEL("openmp");

uint64_t kernel_run(const kernel_params *)
{
	sort_data data = sort_input();
	if (data.key)
		__gnu_parallel::sort(data.key, data.key + data.count);
	else
		__gnu_parallel::sort(data.word, data.word + data.count, sort_word_less);
	return 0;
}
