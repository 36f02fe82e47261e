/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime: starting and stopping the workers, and looking at them. A program need not call any of it, since the
 * first SKUA_RUN starts the runtime with the defaults and the environment.
 *
 *     #include <skua/skua.h>
 *
 *     int main(void)
 *     {
 *         skua_config config = { .workers = 4 };
 *         int error = skua_start(&config);
 *         if (error < 0)
 *             return 1;                          // skua_strerror(error) says why
 *         ...
 *         skua_stop();
 *     }
 *
 * Not for choosing where a task runs: the scheduler does that.
 *
 * Environment (used where skua_config leaves a field zero):
 *     SKUA_WORKERS=n       number of workers, 1 to 1024. Default: one per usable core, where usable is what the
 *                          affinity mask, the cpuset and the CPU quota of the control group leave.
 *     SKUA_BIND=core       (default) each worker on a core of its own; pu: on a hardware thread; none: not bound;
 *                          or a list of PUs like 0,2,4-7. Where a CPU quota leaves fewer workers than there are
 *                          usable cores, the default is none: else all containers of a machine would choose
 *                          the same cores.
 *     SKUA_BIND_MAIN=1     bind also the thread that starts the runtime, for as long as the runtime runs.
 *     SKUA_STACK=bytes     stack of a fiber (suffixes K, M, G). Default 8M.
 *     SKUA_TASK_SLOTS=n    tasks that may be spawned and not yet synced on one fiber. Default 1000000.
 *     SKUA_ASYNC_STACK=bytes  stack of a task of await.h, of which only what it touches takes memory. Default 256K.
 *     SKUA_OFFLOAD=n       threads for blocking calls (skua_offload), 1 to 4096. Default 64.
 *     SKUA_IO=epoll        do without io_uring for files; SKUA_IO=uring: demand it (io.h).
 *     SKUA_MEMBARRIER=0    do without membarrier(2): each spawn is then published at once, and what only one worker or
 *                          task uses for long, a mutex say, is not made cheaper for it at the others' expense.
 *     SKUA_VERBOSE=1       say on stderr what is decided: workers, binding, fallbacks.
 */
#ifndef SKUA_RUNTIME_H
#define SKUA_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How to start the runtime. A zero field takes the environment's value, or else the default. */
typedef struct skua_config {
	unsigned workers;        /* number of workers */
	const char *bind;        /* as SKUA_BIND; read during skua_start only */
	size_t stack_bytes;      /* stack of a fiber, rounded up to pages */
	size_t task_slots;       /* spawned and un-synced tasks of one fiber, at most 1048575 */
	const char
	        *synthetic; /* an invented machine in hwloc's words, e.g. "numa:2 core:8 pu:2": no binding; for tests */
	unsigned bind_main;      /* 1: bind the starting thread too */
	unsigned no_membarrier;  /* 1: as SKUA_MEMBARRIER=0, but for what was used under another setting before */
	size_t async_stack_bytes; /* stack of a task of await.h, rounded up to pages */
} skua_config;

/*
 * Starts the workers.
 *
 * Call from: an outside thread. Threads: safe; concurrent starts wait for each other and one of them wins. Blocks: the
 * thread, until all workers' threads are created.
 * Returns: 0; -EALREADY it runs already (nothing is changed); -EINVAL config or an environment variable has no
 * sensible value (SKUA_VERBOSE=1 names it; see also skua_start_problem); -EPERM no usable core; -ENOMEM; -EAGAIN no
 * thread can be created; -EDEADLK called from inside a task.
 */
int skua_start(const skua_config *config);

/*
 * Says in words why the last skua_start of this process failed, naming the setting: "SKUA_WORKERS=abc: not a number
 * from 1 to 1024". An empty string if none failed.
 *
 * Call from: anywhere, but not while another thread starts the runtime. Memory: the string is the library's, valid
 * until the next skua_start.
 */
const char *skua_start_problem(void);

/*
 * Waits until all running roots and all tasks of await.h are done, joins the workers and frees all memory. Later use
 * starts a new runtime.
 *
 * Call from: an outside thread (from a task it would wait for itself: reported, then abort). Threads: safe. A SKUA_RUN
 * that comes while it stops waits and then starts the runtime again. If it is not running, nothing happens. Blocks: the
 * thread.
 */
void skua_stop(void);

/* The number of workers; starts nothing. Call from: anywhere. Returns: 0 if the runtime is not running. */
unsigned skua_workers(void);

/*
 * The worker that the caller runs on, 0 to skua_workers() - 1.
 *
 * Call from: anywhere. Returns: the index, or -1 outside of tasks. It can change whenever the task blocks.
 */
int skua_worker_index(void);

/*
 * Counters of one worker, from the start of the runtime. They cost nothing on the fast path, so what the fast path
 * does is not counted: spawns and syncs whose task was never made public, and calls. A program that needs the total
 * number of tasks counts them itself. Each field is exact in its worker's own order, the set of them is a snapshot
 * without a common instant.
 */
typedef struct skua_worker_stats {
	uint64_t spawned_slow;  /* spawns that took the slow path: a hungry thief, a full chunk of slots, or a tick */
	uint64_t published;     /* times that private tasks were made public by their owner */
	uint64_t reclaimed;     /* times that public tasks were taken back by their owner */
	uint64_t stolen;        /* tasks this worker stole */
	uint64_t mailed;        /* parts of loops that were sent to this worker, and that it ran */
	uint64_t steal_failed;  /* attempts on a victim that had nothing or was faster */
	uint64_t forced;        /* forced publications this worker completed on another's tasks */
	uint64_t suspended;     /* fibers that stopped here to wait */
	uint64_t resumed;       /* fibers that went on here */
	uint64_t roots;         /* SKUA_RUN calls begun here */
	uint64_t ready_taken;   /* entries taken from a ready deque: its own and others' */
	uint64_t inbox_taken;   /* entries taken from the inbox */
	uint64_t parked;        /* times the worker slept in the kernel */
	uint64_t woken;         /* wake-ups this worker sent */
	uint64_t busy_ns;       /* time with a task */
	uint64_t idle_ns;       /* time searching or asleep */
	uint64_t fibers;        /* fibers this worker has created; small ones also in advance */
	uint64_t started;       /* tasks of await.h begun here */
} skua_worker_stats;

/* The workers' counters and their sum. */
typedef struct skua_stats {
	unsigned workers;               /* how many there are */
	unsigned capacity;              /* in: elements of worker; not more are filled */
	skua_worker_stats total;        /* the sum over all workers */
	skua_worker_stats *worker;      /* in: the caller's array, or NULL */
} skua_stats;

/*
 * Reads the counters.
 *
 * Call from: anywhere. Blocks: nothing.
 * Returns: 0; -EINVAL out is NULL, or out->worker is NULL with a capacity; -ESRCH the runtime is not running (out is
 * zeroed but for the caller's array).
 */
int skua_stats_read(skua_stats *out);

/* The text of an error of this library: strerror of its absolute value, safe for threads. Call from: anywhere. */
const char *skua_strerror(int error);

#ifdef __cplusplus
}
#endif
#endif
