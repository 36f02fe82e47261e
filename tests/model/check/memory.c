/* SPDX-License-Identifier: Apache-2.0 */
/* The shared memory; see memory.h. */
#include "memory.h"

#include <string.h>

model_location model_locations[MODEL_LOCATIONS];
unsigned model_location_count;
static model_thread_view views[MODEL_THREADS];
static unsigned thread_count;

void model_memory_reset(unsigned threads)
{
	thread_count = threads;
	model_location_count = 0;
	memset(views, 0, sizeof views);
	for (unsigned t = 0; t < threads; t++)
		views[t].current.clock[t] = 1;
}

void model_memory_begin(void)
{
	for (unsigned i = 0; i < model_location_count; i++) {
		model_location *location = &model_locations[i];
		for (unsigned m = 0; m < location->count; m++)
			location->message[m].thread = MODEL_NO_THREAD;
		for (unsigned t = 0; t < thread_count; t++)
			views[t].current.at[i] = (uint8_t)model_newest(location);
	}
	views[0].current.clock[0]++;
	for (unsigned t = 0; t < thread_count; t++)
		views[t].acquired = views[t].current;
}

model_thread_view *model_view_of(unsigned thread)
{
	return &views[thread];
}

model_location *model_location_of(void *word, unsigned size)
{
	for (unsigned i = 0; i < model_location_count; i++)
		if (model_locations[i].address == (uintptr_t)word)
			return &model_locations[i];
	if (model_location_count == MODEL_LOCATIONS)
		model_fail("the scenario has more than %u shared words", MODEL_LOCATIONS);
	model_location *location = &model_locations[model_location_count++];
	location->address = (uintptr_t)word;
	location->size = size;
	location->count = 1;
	location->sc = location->fenced = location->woken = 0;
	location->order[0] = 0;
	model_message *first = &location->message[0];
	memset(first, 0, sizeof *first);
	memcpy(&first->value, word, size); /* little-endian */
	first->thread = MODEL_NO_THREAD;
	return location;
}

bool model_is_newer(const model_location *location, unsigned message, unsigned than)
{
	return location->message[message].rank > location->message[than].rank;
}

static void raise(const model_location *location, uint8_t *message, uint8_t to)
{
	if (model_is_newer(location, to, *message))
		*message = to;
}

unsigned model_newest(const model_location *location)
{
	return location->order[location->count - 1];
}

static void join_words(model_view *into, const model_view *from)
{
	for (unsigned i = 0; i < model_location_count; i++)
		if (into->at[i] != from->at[i])
			raise(&model_locations[i], &into->at[i], from->at[i]);
}

static void join(model_view *into, const model_view *from)
{
	join_words(into, from);
	for (unsigned t = 0; t < thread_count; t++)
		if (into->clock[t] < from->clock[t])
			into->clock[t] = from->clock[t];
}

void model_join_all(void)
{
	for (unsigned t = 1; t < thread_count; t++)
		join(&views[0].current, &views[t].current);
	for (unsigned t = 1; t < thread_count; t++)
		views[t].current = views[0].current;
}

static bool acquires(enum model_order order)
{
	return order == MODEL_ACQUIRE || order == MODEL_ACQ_REL || order == MODEL_SEQ_CST;
}

static bool releases(enum model_order order)
{
	return order == MODEL_RELEASE || order == MODEL_ACQ_REL || order == MODEL_SEQ_CST;
}

/* The oldest message that an access of this order may read or follow. */
static unsigned floor_of(unsigned thread, const model_location *location, enum model_order order)
{
	uint8_t floor = views[thread].current.at[location - model_locations];
	if (order == MODEL_SEQ_CST) {
		raise(location, &floor, location->sc);
		raise(location, &floor, location->fenced);
	}
	return floor;
}

uint64_t model_options(unsigned thread, const model_op *op)
{
	const model_location *location = op->location;
	enum model_order order = op->site ? op->site->order : MODEL_RELAXED;
	enum model_order failure = op->site ? op->site->failure : MODEL_RELAXED;
	uint8_t from = (uint8_t)floor_of(thread, location, order);
	uint8_t from_failed = (uint8_t)floor_of(thread, location, failure);
	if (op->kind == MODEL_WAIT)
		raise(location, &from, location->woken);
	uint64_t options = 0;
	for (unsigned rank = 0; rank < location->count; rank++) {
		unsigned m = location->order[rank];
		const model_message *message = &location->message[m];
		bool writes = op->kind == MODEL_STORE || model_is_rmw(op->kind);
		if (op->kind == MODEL_CAS && message->value != op->expected) {
			if (!model_is_newer(location, from_failed, m))
				options |= UINT64_C(1) << m;
			continue;
		}
		if (model_is_newer(location, from, m) || (writes && message->is_followed))
			continue;
		options |= UINT64_C(1) << m;
	}
	return options;
}

static void read_message(unsigned thread, model_location *location, unsigned m, enum model_order order)
{
	model_thread_view *view = &views[thread];
	size_t index = (size_t)(location - model_locations);
	raise(location, &view->current.at[index], (uint8_t)m);
	if (acquires(order))
		join(&view->current, &location->message[m].view);
	join(&view->acquired, &view->current);
	join(&view->acquired, &location->message[m].view);
	if (order == MODEL_SEQ_CST)
		raise(location, &location->sc, (uint8_t)m);
}

/* A new message behind message m; follows: it is a read-modify-write of that one. */
static unsigned write_message(unsigned thread, model_location *location, unsigned m, enum model_order order,
                              uint64_t value, bool follows)
{
	if (location->count == MODEL_MESSAGES)
		model_fail("more than %u values of one word", MODEL_MESSAGES);
	model_thread_view *view = &views[thread];
	size_t index = (size_t)(location - model_locations);
	unsigned fresh = location->count, rank = location->message[m].rank + 1u;
	for (unsigned i = location->count; i > rank; i--) {
		location->order[i] = location->order[i - 1];
		location->message[location->order[i]].rank = (uint8_t)i;
	}
	location->count++;
	location->order[rank] = (uint8_t)fresh;
	model_message *message = &location->message[fresh];
	message->value = location->size == 8 ? value : value & ((UINT64_C(1) << 8 * location->size) - 1);
	message->rank = (uint8_t)rank;
	message->thread = (uint8_t)thread;
	message->is_followed = false;
	message->view = view->released;
	view->current.at[index] = view->acquired.at[index] = (uint8_t)fresh;
	if (releases(order))
		message->view = view->current;
	message->view.at[index] = (uint8_t)fresh;
	if (follows) {
		location->message[m].is_followed = true;
		join(&message->view, &location->message[m].view);
	}
	if (releases(order))
		view->current.clock[thread]++;
	if (order == MODEL_SEQ_CST)
		raise(location, &location->sc, (uint8_t)fresh);
	return fresh;
}

static uint64_t changed(const model_op *op, uint64_t old)
{
	switch (op->kind) {
	case MODEL_ADD:
		return old + op->value;
	case MODEL_SUB:
		return old - op->value;
	case MODEL_OR:
		return old | op->value;
	case MODEL_AND:
		return old & op->value;
	default:
		return op->value;
	}
}

static void fence(unsigned thread, enum model_order order)
{
	model_thread_view *view = &views[thread];
	if (acquires(order))
		join(&view->current, &view->acquired);
	if (order == MODEL_SEQ_CST)
		for (unsigned i = 0; i < model_location_count; i++) {
			raise(&model_locations[i], &view->current.at[i], model_locations[i].fenced);
			raise(&model_locations[i], &view->current.at[i], model_locations[i].sc);
			model_locations[i].fenced = view->current.at[i];
		}
	join(&view->acquired, &view->current);
	if (releases(order)) {
		view->released = view->current;
		view->current.clock[thread]++;
	}
}

static void membarrier(unsigned thread, enum model_order order)
{
	if (order != MODEL_SEQ_CST)
		return; /* a mutant */
	fence(thread, MODEL_SEQ_CST);
	for (unsigned t = 0; t < thread_count; t++)
		fence(t, MODEL_SEQ_CST);
	fence(thread, MODEL_SEQ_CST);
}

void model_apply(unsigned thread, model_op *op, unsigned m)
{
	model_location *location = op->location;
	enum model_order order = op->site ? op->site->order : MODEL_RELAXED;
	op->read = op->written = (uint8_t)m;
	op->done = true;
	switch (op->kind) {
	case MODEL_LOAD:
	case MODEL_WAIT:
		read_message(thread, location, m, order);
		op->result = location->message[m].value;
		return;
	case MODEL_STORE:
		op->written = (uint8_t)write_message(thread, location, m, order, op->value, false);
		return;
	case MODEL_FENCE:
		fence(thread, order);
		return;
	case MODEL_MEMBARRIER:
		membarrier(thread, order);
		return;
	case MODEL_WAKE:
		raise(location, &location->woken, views[thread].current.at[location - model_locations]);
		return;
	case MODEL_YIELD:
	case MODEL_ASLEEP:
		return;
	default:
		break;
	}
	op->result = location->message[m].value;
	op->done = op->kind != MODEL_CAS || op->result == op->expected;
	read_message(thread, location, m, op->done ? order : op->site->failure);
	if (op->done)
		op->written = (uint8_t)write_message(thread, location, m, order, changed(op, op->result), true);
}
