/* SPDX-License-Identifier: Apache-2.0 */
/* A team; see team.h. */
#include "loop/team.h"

#include "sched/join.h"
#include "sched/mail.h"
#include "sched/pool.h"

#define LEVELS_MAX 10u
_Static_assert(SK_WORKERS_MAX <= 1u << LEVELS_MAX, "all workers are halved so often at most");

static sk_team_run_sk_slot *task_of(sk_letter *letter)
{
	return (sk_team_run_sk_slot *)(void *)&letter->slot;
}

static bool send(sk_fiber *fiber, sk_letter *letter, const sk_team *team, unsigned from, unsigned to)
{
	sk_team_run_sk_slot *task = task_of(letter);
	task->run = sk_team_run_sk_run;
	letter->is_one_of_many = team->whole;
	task->u.a.team = team;
	task->u.a.from = from;
	task->u.a.to = to;
	return sk_mail_send(fiber, letter, &fiber->worker->pool->workers[from]);
}

bool sk_team_is_awake(const sk_worker *worker)
{
	sk_pool *pool = worker->pool;
	if (sk_idle_searching(&pool->idle) > 0)
		return true;
	/* Who has just ended his part of the loop before this one has not declared himself yet. */
	unsigned half = pool->worker_count / 2;
	return sk_mail_is_open(&pool->workers[worker->index < half ? half : 0]);
}

SKUA_TASK_DEFINE(void, sk_team_run, const sk_team *, team, unsigned, from, unsigned, to)
{
	sk_letter letter[LEVELS_MAX];
	sk_join_give_way(sk_fiber_); /* a row of loops whose parts are all sent makes no spawn */
	unsigned sent = 0, spawned = 0, me = sk_fiber_->worker->index;
	while (to - from > 1) {
		unsigned half = (from + to) / 2;
		bool upper = me >= half && me < to;
		unsigned far_from = upper ? from : half, far_to = upper ? half : to;
		from = upper ? half : from;
		to = upper ? to : half;
		if (send(sk_fiber_, &letter[sent], team, far_from, far_to)) {
			sent++;
		} else {
			SKUA_SPAWN(sk_team_run, team, far_from, far_to);
			spawned++;
		}
	}
	team->run(sk_fiber_, sk_head_, team, from);
	while (spawned-- > 0)
		SKUA_SYNC(sk_team_run);
	/* The biggest first, one at a time: while it is run, others may still take the rest. */
	unsigned taken = 0;
	for (unsigned i = 0; i < sent; i++)
		if (sk_mail_take_back(&letter[i]))
			SKUA_CALL(sk_team_run, team, task_of(&letter[i])->u.a.from, task_of(&letter[i])->u.a.to);
		else
			taken |= 1u << i;
	for (unsigned i = 0; i < sent; i++)
		if (taken >> i & 1)
			sk_join_letter(sk_fiber_, &letter[i], team->whole);
}
