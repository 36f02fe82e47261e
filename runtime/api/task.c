/* SPDX-License-Identifier: Apache-2.0 */
/* The slow paths behind skua/task.h. */
#include "base/check.h"
#include "base/hot.h"
#include "sched/join.h"
#include "sched/pool.h"
#include "sched/root.h"
#include "sched/start.h"
#include "sched/way.h"

#include <string.h>

void sk_spawn_slow(struct sk_fiber *fiber, struct sk_slot *slot)
{
	sk_join_spawn(fiber, slot);
}

int sk_sync_slow(struct sk_fiber *fiber, struct sk_slot *slot)
{
	return sk_join_sync(fiber, slot);
}

SK_HOT static void run_here(sk_worker *worker, struct sk_slot *slot)
{
	sk_fiber *fiber = worker->current;
	if (SK_UNLIKELY(fiber->is_small))
		sk_hop_run(fiber, slot);
	else
		slot->run(slot, fiber, sk_task_stack_head(fiber));
}

/*
 * In its first lines it asks for all that follows: after a sleep each of them would be waited for by itself. Aligned to
 * a page, and linked before all others of the way (CMakeLists.txt), so that the way is in one.
 */
SK_HOT __attribute__((aligned(SK_WAY_ALIGNMENT))) void sk_run_root(struct sk_slot *slot)
{
	sk_worker *worker = sk_worker_self_once();
	if (worker) {
		run_here(worker, slot);
		return;
	}
	sk_way_warm_up();
	sk_pool *pool = sk_pool_enter();
	if (!pool)
		sk_panic("SKUA_RUN cannot start the runtime: %s", sk_pool_problem());
	sk_root_run(pool, slot);
	sk_pool_leave(pool);
}

void sk_misuse_sync(struct sk_slot *slot, const char *task, const char *file, int line)
{
	if (!slot->run)
		sk_panic("%s:%d: SKUA_SYNC(%s) with nothing spawned", file, line, task);
	sk_panic("%s:%d: SKUA_SYNC(%s), but the youngest un-synced spawn is of another task", file, line, task);
}

void sk_misuse_return(const char *task, const char *file, int line)
{
	sk_panic("%s:%d: task %s returned with spawns that it had not synced", file, line, task);
}
