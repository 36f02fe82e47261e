/* SPDX-License-Identifier: Apache-2.0 */
/* Groups; see group.h. */
#include "await/group.h"

#include "base/check.h"
#include "base/hostile.h"
#include "sched/pool.h"
#include "sys/clock.h"

#include <errno.h>

static inline sk_group *group_of(skua_group *group)
{
	return (sk_group *)(void *)group;
}

/* Under the lock: all listed tasks are cancelled, with the first failure as the reason. G3: they are told later. */
static void cancel_locked(sk_group *group, int error, sk_pool *pool, sk_won *won)
{
	if (group->error == 0)
		group->error = error;
	if (group->is_cancelled)
		return;
	group->is_cancelled = true;
	for (sk_async *task = group->tasks; task; task = task->group_next)
		sk_scope_win(pool, &task->scope, won);
}

static void open_locked(sk_group *group)
{
	if (group->is_open)
		return;
	group->is_open = true;
	group->error = 0;
	group->is_cancelled = false;
	group->owner = sk_async_self();
	if (group->owner)
		sk_add_relaxed(&group->owner->open_groups, 1); /* relaxed: a count that is read after the syncs */
}

/* opens: also before its first task. Else a group that is not open is left alone. */
static void cancel(sk_group *group, int error, bool opens)
{
	bool entered;
	sk_pool *pool = sk_waiter_pool(&entered);
	sk_won won = { NULL, NULL };
	sk_lock_take(&group->lock);
	if (opens)
		open_locked(group);
	if (group->is_open)
		cancel_locked(group, error, pool, &won);
	sk_lock_give(&group->lock);
	sk_hostile_point();
	sk_won_tell(pool, &won);
	if (entered)
		sk_pool_leave(pool);
}

/* --- tasks --- */

static void link_locked(sk_group *group, sk_async *async)
{
	async->group = group;
	async->group_next = group->tasks;
	async->group_link = &group->tasks;
	if (group->tasks)
		group->tasks->group_link = &async->group_next;
	group->tasks = async;
	group->count++;
}

static void unlink_locked(sk_group *group, sk_async *async)
{
	*async->group_link = async->group_next;
	if (async->group_next)
		async->group_next->group_link = async->group_link;
	group->count--;
}

/* Takes the task out, and wakes who waits if it was the last. The group is not touched after the unlock. */
static void leave(sk_group *group, sk_async *async)
{
	sk_lock_take(&group->lock);
	unlink_locked(group, async);
	sk_ticket waiter = group->count == 0 ? group->waiter : 0;
	sk_lock_give(&group->lock);
	if (!waiter)
		return;
	bool entered;
	sk_pool *pool = sk_waiter_pool(&entered);
	sk_waiter_fire(pool, waiter, SK_CAUSE_EVENT);
	if (entered)
		sk_pool_leave(pool);
}

int skua_group_run(skua_group *public_group, int (*fn)(void *), void *arg)
{
	sk_group *group = group_of(public_group);
	sk_async *async = sk_async_new();
	if (!async)
		return -ENOMEM;
	async->fn = (void *(*)(void *))(void (*)(void))fn; /* called as what it is: sk_group_task_run */
	async->arg = arg;
	sk_store_relaxed(&async->state, SK_ASYNC_DROPPED); /* relaxed: the start publishes it */
	sk_lock_take(&group->lock);
	open_locked(group);
	bool is_cancelled = group->is_cancelled;
	if (!is_cancelled)
		link_locked(group, async);
	sk_lock_give(&group->lock);
	int error = is_cancelled ? -ECANCELED : sk_async_start(async);
	if (error == 0)
		return 0;
	if (!is_cancelled)
		leave(group, async);
	sk_async_free(async);
	return error;
}

void sk_group_task_run(sk_async *async)
{
	if (sk_scope_is_cancelled(&async->scope))
		return; /* G1 */
	int (*fn)(void *) = (int (*)(void *))(void (*)(void))async->fn;
	int result = fn(async->arg);
	if (result < 0)
		cancel(async->group, result, false);
}

void sk_group_task_ended(sk_async *async)
{
	sk_hostile_point();
	leave(async->group, async);
}

/* --- waiting --- */

static bool enlist(void *arg, sk_ticket ticket)
{
	sk_group *group = arg;
	sk_lock_take(&group->lock);
	bool waits = group->count > 0;
	group->waiter = waits ? ticket : 0;
	sk_lock_give(&group->lock);
	return waits;
}

/* Returns why it ended: by the tasks' end, the deadline, or the caller's cancellation. */
static uint32_t await_tasks(sk_group *group, uint64_t deadline_ns, bool cancellable)
{
	const sk_wait_for what = {
		.enlist = enlist,
		.arg = group,
		.deadline_ns = deadline_ns,
		.why = SK_WAIT_GROUP,
		.cancellable = cancellable,
	};
	return sk_wait(&what);
}

int skua_group_wait(skua_group *public_group)
{
	sk_group *group = group_of(public_group);
	/* The deadline that a plain thread has set is its wait's; another one has a timer of its own. */
	uint64_t deadline_ns = group->thread_deadline_ns ? group->thread_deadline_ns : SK_TIMERS_NEVER;
	uint32_t cause = await_tasks(group, deadline_ns, true);
	if (cause == SK_CAUSE_CANCEL || cause == SK_CAUSE_TIMEOUT) {
		/* Also one that is not open: who is cancelled is told so, as by every wait. */
		cancel(group, cause == SK_CAUSE_CANCEL ? -ECANCELED : -ETIMEDOUT, true);
		await_tasks(group, SK_TIMERS_NEVER, false);
	}
	if (group->is_timed)
		sk_timers_remove(&group->deadline);
	sk_lock_take(&group->lock); /* 3: behind the last one that is still in it */
	SK_INVARIANT(group->count == 0, "a group's wait ends after its tasks");
	int error = group->error;
	if (group->is_open && group->owner)
		sk_add_relaxed(&group->owner->open_groups, (uint32_t)-1); /* relaxed: as above */
	group->is_open = group->is_cancelled = group->is_timed = false;
	group->error = 0;
	group->waiter = 0;
	group->thread_deadline_ns = 0;
	group->owner = NULL;
	sk_lock_give(&group->lock);
	return error;
}

void skua_group_cancel(skua_group *public_group)
{
	cancel(group_of(public_group), -ECANCELED, true); /* also before its first task: that one is not to run */
}

/* --- deadlines --- */

static void deadline_reached(sk_timer *timer)
{
	cancel(sk_container_of(timer, sk_group, deadline), -ETIMEDOUT, false);
}

int skua_group_deadline(skua_group *public_group, uint64_t at_ns)
{
	sk_group *group = group_of(public_group);
	if (group->is_timed)
		sk_timers_remove(&group->deadline);
	sk_worker *worker = sk_worker_self();
	sk_lock_take(&group->lock);
	open_locked(group);
	group->is_timed = worker && at_ns != SKUA_FOREVER;
	/* A plain thread has no wheel, and the pool may be gone before its group is over. */
	group->thread_deadline_ns = worker || at_ns == SKUA_FOREVER ? 0 : at_ns;
	sk_lock_give(&group->lock);
	if (at_ns <= sk_clock_ns())
		cancel(group, -ETIMEDOUT, false);
	if (!group->is_timed)
		return 0;
	group->deadline.run = deadline_reached;
	if (sk_timers_set(&worker->timers, &group->deadline, at_ns))
		sk_monitor_expect(worker->pool, at_ns);
	return 0;
}
