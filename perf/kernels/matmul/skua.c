/* SPDX-License-Identifier: Apache-2.0 */
/* matmul under skua. */
#include "problem.h"

#include <skua/skua.h>

KERNEL("skua");

SKUA_TASK(void, multiply, product, p)
{
	product first;
	product second;
	switch (product_split(p, &first, &second)) {
	case SPLIT_NONE:
		matmul_leaf(&p);
		return;
	case SPLIT_PARALLEL:
		SKUA_SPAWN(multiply, first);
		SKUA_CALL(multiply, second);
		SKUA_SYNC(multiply);
		return;
	case SPLIT_SERIAL:
		SKUA_CALL(multiply, first);
		SKUA_CALL(multiply, second);
	}
}

uint64_t kernel_run(const kernel_params *params)
{
	(void)params;
	SKUA_RUN(multiply, matmul_whole());
	return 0;
}
