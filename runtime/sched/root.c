/* SPDX-License-Identifier: Apache-2.0 */
/* Roots; see root.h. */
#include "sched/root.h"

#include "base/check.h"
#include "base/hot.h"
#include "sched/pool.h"
#include "sched/task_stack.h"
#include "sched/waiter.h"

sk_values_end_place sk_root_values_end;

/* root->done. The thread that waits says so before it sleeps; else the finisher has no system call to make. */
enum { RUNS, DONE, ASLEEP };

SK_HOT bool sk_root_done(sk_root *root)
{
	return sk_load_acquire(&root->done) == DONE; /* edge -> root.done : the result */
}

/* The last act for a root; it may be gone when done is set. */
SK_HOT static void finish(sk_pool *pool, sk_worker *worker, sk_root *root)
{
	bool in_seat = root->in_seat, own = worker->seat_root == root; /* own: this very thread waits for it */
	sk_sub_acq_rel(&pool->active, 1); /* edge pool.done -> : no task of it runs */
	sk_park_word *done = &root->done;
	if (own) {
		sk_store_release(done, DONE); /* edge root.done -> : the result in the slot */
		return;
	}
	/* edge root.done -> : the result in the slot. Acquire is not needed: nothing of the waiter's is read. */
	if (sk_exchange_acq_rel(done, DONE) == ASLEEP)
		sk_park_wake(done, 1); /* an address only: nobody waits there if the root is gone */
	if (in_seat)
		sk_seat_root_done(pool);
}

SK_HOT void sk_root_begin(sk_root *root, sk_fiber *fiber)
{
	sk_worker *worker = fiber->worker;
	sk_slot *slot = root->slot;
	sk_stats_add(worker, roots, 1);
	SK_TRACE_EVENT(&worker->trace, RUN, fiber->index, (uintptr_t)slot->run);
	sk_store_relaxed(&fiber->root, root); /* relaxed: a preference of thieves */
	fiber->scope = NULL;
	fiber->is_branch = false;
	sk_task_stack_begin(fiber);
	slot->run(slot, fiber, fiber->slots);
	if (SK_UNLIKELY(root->values != NULL))
		sk_load_relaxed(&sk_root_values_end)(&root->values); /* relaxed: it was set before the values */
	worker = fiber->worker; /* perhaps another one */
	finish(worker->pool, worker, root);
}

static void hand_in(sk_pool *pool, sk_root *root)
{
	root->node.entry = sk_entry_make(SK_ENTRY_ROOT, root);
	sk_inbox_push(&pool->inbox, &root->node);
	sk_monitor_notify(pool);
}

static SK_ASIDE void await(sk_root *root)
{
	sk_wait_hook *hook = sk_load_relaxed(&sk_wait_thread_hook); /* relaxed: whom it concerns was made after it */
	uint32_t runs = RUNS;
	if (hook)
		hook(true);
	sk_cas_relaxed(&root->done, &runs, ASLEEP); /* relaxed: a word to the finisher, without data */
	while (!sk_root_done(root))
		sk_park_wait(&root->done, ASLEEP, SK_PARK_FOREVER);
	if (hook)
		hook(false);
}

SK_HOT void sk_root_run(sk_pool *pool, sk_slot *slot)
{
	sk_root root = { .slot = slot };
	sk_add_seq_cst(&pool->active, 1); /* edge seat.leave -> : a leaving thread sees that there is work */
	root.in_seat = sk_seat_enter(pool);
	if (root.in_seat) {
		sk_seat_run(pool, &root);
		sk_seat_leave(pool);
	} else {
		hand_in(pool, &root);
	}
	if (SK_UNLIKELY(!sk_root_done(&root)))
		await(&root);
}
