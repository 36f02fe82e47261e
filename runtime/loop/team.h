/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A team: one part of a loop for each worker, part i for worker i, brought to the workers that look for work by mail
 * (sched/mail.h), and left to thieves for the others.
 *
 *   span [0,8)                         on worker 0: sends [4,8) to worker 4, [2,4) to worker 2, [1,2) to worker 1,
 *   [4,8) on 4: sends [6,8) to 6 ...   and runs part 0; a letter goes on in the same way, so that all have theirs
 *                                      after a number of steps that grows with the logarithm of the workers
 *
 * Who runs a span keeps the half in which its own worker is. What could not be sent is spawned. Each part is run
 * once, in any order.
 *
 * Call from: a task, on a big fiber. Blocks: the fiber.
 */
#ifndef SK_LOOP_TEAM_H
#define SK_LOOP_TEAM_H

#include <stdbool.h>
#include <stddef.h>
#include <skua/task.h>

struct sk_worker;

typedef struct sk_team {
	/* the body of a task (const sk_team *, unsigned part), as skua/task.h names it: NAME_sk_body */
	void (*run)(struct sk_fiber *fiber, struct sk_slot *head, const struct sk_team *team, unsigned part);
	bool whole; /* parts are not divided any more: who is done with his can only wait for the others */
} sk_team;

/* Runs the parts from `from` to below `to`, which are workers. */
SKUA_TASK_DECLARE(void, sk_team_run, const sk_team *, team, unsigned, from, unsigned, to);

/* Does anybody look for work who would come at once? (a guess) */
bool sk_team_is_awake(const struct sk_worker *worker);

/* Where part `index` of `count` parts of so many units begins. */
static inline size_t sk_team_part_begin(size_t units, unsigned count, unsigned index)
{
	size_t longer = units % count;
	return units / count * index + (index < longer ? index : longer);
}

#endif
