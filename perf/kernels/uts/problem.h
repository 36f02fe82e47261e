/* SPDX-License-Identifier: Apache-2.0 */
/* The tree that is searched: that of examples/uts_tree.h whose name is the variant. */
#ifndef PERF_UTS_H
#define PERF_UTS_H

#include "../../../examples/uts_tree.h"
#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Set by the first kernel_setup, read-only from then on. */
extern uts_tree the_tree;

#ifdef __cplusplus
}
#endif
#endif
