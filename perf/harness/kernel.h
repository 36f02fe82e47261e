/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a kernel is: one problem under one runtime, an executable of its own. It is made of three parts:
 *
 *     kernels/<problem>/problem.c     data, leaf code, the check: compiled once, linked into every runtime's
 *                                     executable, so that all of them run the same machine code in the leaves
 *     kernels/<problem>/<runtime>.c   kernel_run: how this runtime expresses the parallelism, and KERNEL("runtime")
 *     harness/start_<runtime>.c       kernel_start: starts the runtime's workers with the settings that suit it best
 *
 * harness.c holds main. It speaks with the driver over stdin and stdout, one line each way:
 *
 *     kernel -> driver   ready <start ns> <runtime> <compiler and flags>     after kernel_start
 *     driver -> kernel   go <repeat>
 *     kernel -> driver   sample <name> <value>                               from kernel_sample, any number
 *                        run <ns> <checksum> <tasks>                         one per repetition
 *                        end
 *                        fail <text>                                         the result is wrong; the process ends
 *
 * At the end of its stdin a kernel exits. All functions are called by the main thread, kernel_sample only by it.
 */
#ifndef PERF_KERNEL_H
#define PERF_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the command line of the kernel asks for. Set once. */
typedef struct kernel_params {
	long size;           /* what it means is the problem's business */
	const char *variant; /* as above; an empty string if none */
	unsigned workers;    /* number of threads that compute, the main thread included */
} kernel_params;

/* problem.c. Setup is called before each run and check after it; neither is timed. */
extern const char kernel_name[];
void kernel_setup(const kernel_params *params);
uint64_t kernel_check(const kernel_params *params, uint64_t result); /* the checksum; same for every runtime */
uint64_t kernel_tasks(const kernel_params *params, uint64_t result); /* spawned in one run; 0: not told */

/* <runtime>.c: the timed part. */
extern const char kernel_runtime[];
extern const char kernel_compiler[];
uint64_t kernel_run(const kernel_params *params);

/* start_<runtime>.c: called once. */
void kernel_start(const kernel_params *params);

/* harness.c: for kernels that measure inside of a run; value in the unit that ends the name, as in "wait_us". */
void kernel_sample(const char *name, double value);
/* Says that the result is wrong and ends the process. */
void kernel_fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t kernel_now_ns(void);
/* For results that are arrays: as FNV-1a, but by words of 8 bytes, since arrays are as large as 80 MB. */
uint64_t kernel_hash(const void *data, size_t bytes);
/* For the problems' arrays: memory at the start of a page, so that they lie alike in all processes; never NULL. */
void *kernel_memory(size_t count, size_t size);
/*
 * cores.c: the cores the process may use, as the first usable hardware thread of each. Call before anything is pinned.
 * Returns: how many there are; cpu[] gets the first max of them.
 */
unsigned kernel_cores(int *cpu, unsigned max);

#ifdef __cplusplus
}
#endif

#ifndef KERNEL_FLAGS
#define KERNEL_FLAGS ""
#endif
#if defined(__clang__)
#define KERNEL_COMPILER __VERSION__ " " KERNEL_FLAGS
#else
#define KERNEL_COMPILER "gcc " __VERSION__ " " KERNEL_FLAGS
#endif

/* Names the runtime; once in <runtime>.c. */
#define KERNEL(runtime)                                                                                                \
	const char kernel_runtime[] = runtime;                                                                         \
	const char kernel_compiler[] = KERNEL_COMPILER

#endif
