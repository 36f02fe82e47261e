/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places for the slow paths of sched/join.c: a worker with a fiber and its slots. On one of them an owner spawns and
 * syncs as the macros do; its tasks are numbers.
 */
#ifndef MODEL_TWIN_PLACE_H
#define MODEL_TWIN_PLACE_H

#include "sched/pool.h"
#include "twin_fiber.h"

#define TWIN_SLOTS 8u

typedef struct twin_place {
	twin_fiber twin;
	sk_slot slot[TWIN_SLOTS + 1];
	/* the owner's */
	sk_slot *head;
	sk_run run;      /* of each of its tasks */
	uint64_t *times; /* that each was executed; see twin_execute */
} twin_place;

void twin_place_setup(twin_place *place, sk_pool *pool, unsigned index);

/* The task with that number, which is the next one. */
void twin_spawn(twin_place *place, unsigned number);

/* And back: its result must be there, and it must have been executed once. */
void twin_sync(twin_place *place, unsigned number);

/* What run does, whoever runs it: the argument becomes the result. Returns the task's number, of so many. */
unsigned twin_execute(sk_slot *slot, uint64_t *times, unsigned tasks);

#endif
