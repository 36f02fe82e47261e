/* SPDX-License-Identifier: Apache-2.0 */
/* What is computed beside the connections. */
#ifndef PERF_BESIDE_KERNELS_H
#define PERF_BESIDE_KERNELS_H

typedef struct kernel_choice {
	long (*run)(int size); /* NULL: nothing */
	int size;
	long wanted; /* its result */
} kernel_choice;

/* Returns: 1; 0 there is no such kernel, or its result for this size is not known. */
int kernel_choose(kernel_choice *choice, const char *name, int size);

#endif
