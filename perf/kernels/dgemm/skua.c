/* SPDX-License-Identifier: Apache-2.0 */
/* dgemm under skua. */
#include "problem.h"

#include <skua/skua.h>

KERNEL("skua");

uint64_t kernel_run(const kernel_params *params)
{
	(void)params;
	skua_for(0, dgemm_panels(), dgemm_pack, NULL);
	skua_for_2d(dgemm_tiles(), dgemm_tiles(), dgemm_multiply, NULL);
	return 0;
}
