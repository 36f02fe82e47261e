/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loops over index ranges: for, reduce, scan and sort, shared by all workers.
 *
 *     #include <skua/skua.h>
 *
 *     static double x[1000000], y[1000000];
 *
 *     static void axpy(size_t begin, size_t end, void *arg)
 *     {
 *         double a = *(const double *)arg;
 *         for (size_t i = begin; i < end; i++)
 *             y[i] += a * x[i];
 *     }
 *
 *     int main(void)
 *     {
 *         double a = 2;
 *         skua_for(0, 1000000, axpy, &a);
 *     }
 *
 * The body is called many times, each time for a piece [begin, end) of the range; the pieces are disjoint and together
 * the whole range, and nothing is said of their order, sizes or number. It should be a loop that the compiler can see,
 * so the price of a piece is one call. Pieces are chosen while the loop runs: they are small enough to be shared and
 * long enough (some microseconds) that sharing costs nothing, by what earlier pieces took. There is no grain to tune.
 *
 * Use it for work that is an index range. For recursion use task.h; for work that waits use await.h.
 *
 * What holds for all loops here:
 *   Call from: anywhere. From a thread that is no worker a loop starts the runtime if need be (as SKUA_RUN does, with
 *       the same errors), and the thread takes part in the work. Bodies may spawn by SKUA_RUN, loop again, and wait.
 *   Threads: bodies run on workers only, at the same time; what two pieces both write needs a lock, or a reduction.
 *       No piece may wait for another: a range that is known to be short is run by one worker, in any order.
 *   Blocks: the thread (outside), the fiber (inside), until the whole range is done.
 *   Orders: what the caller did before is visible to all pieces; what they did is visible after the return.
 *   Empty: a range with end <= begin calls no body. A reduction of it leaves the identity, a scan writes nothing.
 *   Undefined if: a body leaves by longjmp. For exceptions use skua.hpp.
 *
 * Sources: lazy binary splitting is Tzannes et al., "Lazy binary-splitting: a run-time adaptive work-stealing
 * scheduler" (PPoPP 2010); here splitting follows measured time, and what a steal takes is the far half of what is
 * left. The order of a static schedule is OpenMP's.
 */
#ifndef SKUA_LOOP_H
#define SKUA_LOOP_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void (*skua_for_body)(size_t begin, size_t end, void *arg);
typedef void (*skua_for_2d_body)(size_t row_begin, size_t row_end, size_t column_begin, size_t column_end, void *arg);
/* Adds the elements of a piece to *partial. */
typedef void (*skua_reduce_body)(size_t begin, size_t end, void *partial, void *arg);
/* *into = *into (op) *from, where everything in into comes before everything in from. */
typedef void (*skua_combine)(void *into, const void *from, void *arg);

/*
 * Calls body for pieces of [begin, end), in parallel.
 *
 * Call from: anywhere. Blocks: the thread (outside), the fiber (inside).
 */
void skua_for(size_t begin, size_t end, skua_for_body body, void *arg);

/* How a loop is divided. */
typedef enum skua_schedule {
	SKUA_ADAPTIVE, /* by what pieces take; the default */
	SKUA_STATIC,   /* one equal part for each worker, the same worker the same part each time */
	SKUA_FIXED     /* pieces of exactly grain iterations (the last one may be shorter) */
} skua_schedule;

typedef struct skua_loop {
	skua_schedule schedule;
	size_t grain; /* 0: 1. Pieces begin at begin + k * grain: at least grain iterations, but for the last piece */
} skua_loop;

/*
 * skua_for with a schedule. how: NULL is the default; read before any body is called.
 *
 * SKUA_STATIC is for loops that follow each other over the same data: with w workers, worker k gets the k-th of w equal
 * parts, so that what it wrote in one loop lies in its cache, or in its NUMA node's memory, for the next one. It is a
 * preference, no promise: the part of a worker that does not come is done by one that is there. A part is one call of
 * the body.
 *
 * Call from: anywhere. Blocks: the thread (outside), the fiber (inside).
 * Undefined if: how->schedule is none of the names above (reported, then abort).
 */
void skua_for_with(const skua_loop *how, size_t begin, size_t end, skua_for_body body, void *arg);

/*
 * Calls body for rectangles of [0, rows) x [0, columns), in parallel. The longer side is halved, so pieces are about
 * square where caches profit from that; a piece has full rows when they are short.
 *
 * Call from: anywhere. Blocks: the thread (outside), the fiber (inside).
 */
void skua_for_2d(size_t rows, size_t columns, skua_for_2d_body body, void *arg);

/*
 * Reduces [begin, end) to one value of any type of size bytes.
 *
 * result: in: the identity of combine; out: the total. body adds a piece to a partial result that began as a copy of
 * the identity (or that holds what comes directly before the piece). combine joins two neighbours, left into right
 * order, so it has to be associative and need not be commutative. How the range is cut is not the same each time: a
 * floating-point sum may differ in its last bits from run to run; skua_reduce_ordered does not.
 *
 * Partial results are copied as bytes.
 *
 * Call from: anywhere. Blocks: the thread (outside), the fiber (inside).
 * Memory: size bytes for each piece that another worker takes; where there is none,
 * the piece is done by its owner.
 */
void skua_reduce(size_t begin, size_t end, void *result, size_t size, skua_reduce_body body, skua_combine combine,
                 void *arg);

/*
 * As skua_reduce, but how the range is cut and combined depends on end - begin only: the same bits for any number of
 * workers, on any machine with the same arithmetic. It costs more on loops of few cheap iterations: there are
 * some 64 + sqrt(end - begin) pieces.
 *
 * Call from: anywhere. Blocks: the thread (outside), the fiber (inside).
 * Memory: size bytes for each level of the cut, some ten of them, for each worker; where there is none for more than
 * 256 bytes, the program ends with a message.
 */
void skua_reduce_ordered(size_t begin, size_t end, void *result, size_t size, skua_reduce_body body,
                         skua_combine combine, void *arg);

/*
 * Inclusive scan (prefix sums): out[i] = in[0] (op) in[1] (op) ... (op) in[i], for count elements of size bytes.
 *
 * identity is the identity of combine, which has to be associative; out == in is allowed, other overlap is not. One
 * call of combine for each element that is passed: where that is much beside the operation, use skua_scan_blocks or
 * the template in skua.hpp. At most two combines for each element with many workers, one with one worker.
 *
 * Call from: anywhere. Blocks: the thread (outside), the fiber (inside).
 * Source: Blelloch, "Prefix sums and their applications" (1990); the cut into one part more than there are workers, the
 * first of which is scanned while the others are summed, saves one pass over a part.
 */
void skua_scan(void *out, const void *in, size_t count, size_t size, const void *identity, skua_combine combine,
               void *arg);

/*
 * The same by blocks, for operations that the compiler should see: sum adds the elements of a block to *partial,
 * writing nothing; scan does the same and writes each prefix as it goes, *partial being what comes before the block
 * on entry and the total up to its end on return. A block may be summed first and is scanned exactly once; to write
 * over the input is allowed, since a block's sum is always taken before its scan.
 *
 * Call from: anywhere. Blocks: the thread (outside), the fiber (inside).
 */
void skua_scan_blocks(size_t begin, size_t end, const void *identity, size_t size, skua_reduce_body sum,
                      skua_reduce_body scan, skua_combine combine, void *arg);

/*
 * Sorts count elements of size bytes, ascending and stable: equal elements keep their order. compare is qsort's. A
 * merge sort: at most count * (log2 count + 2) comparisons in all, one pass if the elements are in order already. A
 * comparator that contradicts itself gives some order; no element is lost. SKUA_SORT in sort.h and skua::sort compile
 * the comparison in and are several times as fast for numbers.
 *
 * Call from: anywhere. Blocks: the thread (outside), the fiber (inside).
 * Memory: count * size bytes more; where there is none, a slower sort in place with none (still stable), on one worker.
 */
void skua_sort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *));

/*
 * The same; compare gets arg as well, as in qsort_r.
 *
 * Call from: anywhere. Blocks: the thread (outside), the fiber (inside).
 */
void skua_sort_with(void *base, size_t count, size_t size, int (*compare)(const void *, const void *, void *),
                    void *arg);

/*
 * One instance for each worker of something that bodies add to: histograms, counters, buffers. Each lies in cache lines
 * of its own.
 */
typedef struct skua_local skua_local;

/*
 * Makes one instance of size bytes for each worker, starting the runtime if need be. init fills one (NULL: zeros) and
 * is called here, by the caller, for one instance after the other.
 *
 * Call from: anywhere. Blocks: nothing.
 * Returns: NULL when there is no memory or the runtime cannot start (skua_start says why).
 * Undefined if: size is 0 or the runtime is stopped while it exists.
 */
skua_local *skua_local_create(size_t size, void (*init)(void *instance, void *arg), void *arg);

/*
 * The calling worker's instance. It stays the caller's until the task next blocks, which a spawn, a sync, a nested loop
 * or a wait may do: get it anew afterwards, and do not leave it half changed.
 *
 * Call from: a task or a body (elsewhere reported, then abort). Blocks: nothing. Orders: nothing.
 */
void *skua_local_mine(skua_local *local);

/*
 * Calls each for all instances in the order of the workers: to combine or to reset them.
 *
 * Call from: anywhere, when no body uses them. Blocks: nothing. Orders: sees what was done in loops and tasks that have
 * ended for the caller.
 */
void skua_local_each(skua_local *local, void (*each)(void *instance, void *arg), void *arg);

/* Frees all instances. NULL is allowed. Call from: anywhere, when no body uses them. */
void skua_local_destroy(skua_local *local);

#ifdef __cplusplus
}
#endif
#endif
