// SPDX-License-Identifier: Apache-2.0
//
// Starts oneTBB: global_control sets the number of threads and a stack that deep recursion does not exhaust (threads
// that wait run other tasks on top of their stack), and an observer pins each thread when it first comes into the
// arena, since oneTBB itself binds to whole NUMA nodes at most. The main thread makes and unmakes all of it.
#include "arena.hpp"
#include "kernel.h"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_group.h>
#include <oneapi/tbb/task_scheduler_observer.h>

#include <memory>
#include <sched.h>
#include <vector>

namespace
{

class pinner : public tbb::task_scheduler_observer
{
      public:
	pinner(tbb::task_arena &where, std::vector<int> cores)
	    : tbb::task_scheduler_observer(where), cores_(std::move(cores))
	{
		observe(true);
	}
	~pinner() override
	{
		observe(false);
	}
	void on_scheduler_entry(bool) override
	{
		thread_local bool pinned = false; // the main thread comes in at each execute()
		int index = tbb::this_task_arena::current_thread_index();
		if (pinned || index < 0 || cores_.empty())
			return;
		pinned = true;
		cpu_set_t set;
		CPU_ZERO(&set);
		CPU_SET(static_cast<unsigned>(cores_[static_cast<unsigned>(index) % cores_.size()]), &set);
		sched_setaffinity(0, sizeof(set), &set);
	}

      private:
	std::vector<int> cores_;
};

struct machinery {
	tbb::global_control threads;
	tbb::global_control stack;
	tbb::task_arena arena;
	pinner observer;

	machinery(unsigned workers, std::vector<int> cores)
	    : threads(tbb::global_control::max_allowed_parallelism, workers),
	      stack(tbb::global_control::thread_stack_size, std::size_t{ 256 } << 20), arena(static_cast<int>(workers)),
	      observer(arena, std::move(cores))
	{
		arena.initialize();
	}
};

std::unique_ptr<machinery> the;

std::vector<int> usable_cores()
{
	std::vector<int> cores(CPU_SETSIZE);
	unsigned count = kernel_cores(cores.data(), CPU_SETSIZE);
	cores.resize(count < CPU_SETSIZE ? count : CPU_SETSIZE);
	return cores;
}

} // namespace

tbb::task_arena &arena()
{
	return the->arena;
}

void arena_start(unsigned workers)
{
	static const std::vector<int> cores = usable_cores(); // before anything is pinned
	the = std::make_unique<machinery>(workers, cores);
	arena().execute([] {
		tbb::task_group group;
		group.run([] {});
		group.wait();
	});
}

void arena_stop()
{
	the.reset();
}

extern "C" void kernel_start(const kernel_params *params)
{
	arena_start(params->workers);
}
