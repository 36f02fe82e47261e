/* SPDX-License-Identifier: Apache-2.0 */
/* See twin_place.h. */
#include "twin_place.h"

#include "model.h"
#include "sched/join.h"

void twin_place_setup(twin_place *place, sk_pool *pool, unsigned index)
{
	sk_fiber *fiber = &place->twin.fiber;
	place->twin.worker.pool = pool;
	place->twin.worker.index = index;
	fiber->worker = &place->twin.worker;
	fiber->slots = place->slot + 1;
	fiber->slot_capacity = TWIN_SLOTS - 1;
	fiber->poll_end = fiber->slots + TWIN_SLOTS - 2;
	fiber->fast.limit = fiber->slots;
	sk_store_relaxed(&fiber->committed, TWIN_SLOTS);
	place->head = fiber->slots;
}

static uint64_t *argument_of(sk_slot *slot)
{
	return (uint64_t *)(void *)slot->bytes;
}

unsigned twin_execute(sk_slot *slot, uint64_t *times, unsigned tasks)
{
	uint64_t argument = *argument_of(slot);
	model_check(argument >= 1 && argument <= tasks, "a task's argument is not there");
	times[argument - 1]++;
	*argument_of(slot) = 100 + argument;
	return (unsigned)argument - 1;
}

void twin_spawn(twin_place *place, unsigned number)
{
	sk_fiber *fiber = &place->twin.fiber;
	sk_slot *slot = place->head++;
	*argument_of(slot) = number + 1;
	SK_DOOR_STORE_RUN(slot, place->run);
	if (slot >= SK_DOOR_LOAD_POLL(&fiber->fast))
		sk_join_spawn(fiber, slot);
}

void twin_sync(twin_place *place, unsigned number)
{
	sk_fiber *fiber = &place->twin.fiber;
	sk_slot *slot = --place->head;
	SK_DOOR_CLEAR_RUN(slot);
	if (slot >= SK_DOOR_LOAD_LIMIT(&fiber->fast) || sk_join_sync(fiber, slot))
		place->run(slot, fiber, place->head);
	model_check(*argument_of(slot) == 101 + number, "the result of task %u is not there", number);
	model_check(place->times[number] == 1, "task %u was executed %u times", number,
	            (unsigned)place->times[number]);
}
