/* SPDX-License-Identifier: Apache-2.0 */
/* Prices of European options by the formula of Black and Scholes. problem.c owns the options and the leaf. */
#ifndef PERF_BLACKSCHOLES_H
#define PERF_BLACKSCHOLES_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Prices options [begin, end). arg is not used. */
void blackscholes_leaf(size_t begin, size_t end, void *arg);

#ifdef __cplusplus
}
#endif
#endif
