/* SPDX-License-Identifier: Apache-2.0 */
/* The Mandelbrot set on size x size pixels. An iteration is a row. problem.c owns the picture and the leaf. */
#ifndef PERF_MANDELBROT_H
#define PERF_MANDELBROT_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Computes rows [begin, end). arg is not used. */
void mandelbrot_leaf(size_t begin, size_t end, void *arg);

#ifdef __cplusplus
}
#endif
#endif
