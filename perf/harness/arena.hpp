// SPDX-License-Identifier: Apache-2.0
//
// oneTBB's workers as a measurement wants them: as many as asked for, each pinned to a core. start_tbb.cpp owns the
// arena; kernel_start makes it, and the kernels run inside it by execute().
#pragma once

#include <oneapi/tbb/task_arena.h>

tbb::task_arena &arena();
void arena_start(unsigned workers);
void arena_stop();
