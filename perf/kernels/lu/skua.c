/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lu under skua: each task goes on with what it has set free. A factor calls the update that leads to the next factor
 * and spawns the others, so that its worker follows the chain and thieves take what lies beside it.
 */
#include "problem.h"

#include <skua/skua.h>

KERNEL("skua");

SKUA_TASK_FORWARD(void, factor, int, k);

SKUA_TASK(void, update, int, k, int, j)
{
	lu_update(k, j);
	if (j == k + 1)
		SKUA_CALL(factor, j);
	else if (lu_release(k + 1, j))
		SKUA_CALL(update, k + 1, j);
}

SKUA_TASK(void, factor, int, k)
{
	int panels = lu_panels();
	int spawned = 0;
	lu_factor(k);
	for (int j = panels - 1; j > k + 1; j--) {
		if (lu_release(k, j)) {
			SKUA_SPAWN(update, k, j);
			spawned++;
		}
	}
	if (k + 1 < panels && lu_release(k, k + 1))
		SKUA_CALL(update, k, k + 1);
	while (spawned--)
		SKUA_SYNC(update);
}

uint64_t kernel_run(const kernel_params *params)
{
	(void)params;
	SKUA_RUN(factor, 0);
	skua_for(0, (size_t)lu_panels(), lu_finish, NULL);
	return 0;
}
