/* SPDX-License-Identifier: Apache-2.0 */
/* What the doors and the twins of sys/ call, as operations for the exploration; see model.h. */
#include "execution.h"

#include <errno.h>

uint64_t model_access(model_site *site, void *word, unsigned size, uint64_t value)
{
	site->is_reached = true;
	model_op op = { .kind = site->kind, .site = site, .location = model_location_of(word, size), .value = value };
	model_perform(&op);
	return op.result;
}

bool model_cas(model_site *site, void *word, unsigned size, uint64_t *expected, uint64_t value)
{
	site->is_reached = true;
	model_op op = {
		.kind = MODEL_CAS,
		.site = site,
		.location = model_location_of(word, size),
		.value = value,
		.expected = *expected,
	};
	model_perform(&op);
	*expected = op.result;
	return op.done;
}

void model_fence(model_site *site)
{
	site->is_reached = true;
	if (site->order == MODEL_NONE)
		return; /* a mutant */
	model_op op = { .kind = MODEL_FENCE, .site = site };
	model_perform(&op);
}

void model_membarrier(model_site *site)
{
	site->is_reached = true;
	model_op op = { .kind = MODEL_MEMBARRIER, .site = site };
	model_perform(&op);
}

void model_yield(void)
{
	model_op op = { .kind = MODEL_YIELD };
	model_perform(&op);
}

int model_wait(model_site *site, void *word, uint32_t expected, bool has_deadline)
{
	model_op op = { .kind = MODEL_WAIT, .site = site, .location = model_location_of(word, sizeof expected) };
	model_check(!model_is_alone(), "a wait before or after the threads");
	model_perform(&op);
	if ((uint32_t)op.result != expected)
		return -EAGAIN;
	model_op asleep = { .kind = MODEL_ASLEEP, .location = op.location };
	model_sleep(&asleep, has_deadline);
	return -(int)asleep.result;
}

int model_wake(model_site *site, void *word, int count)
{
	model_op op = {
		.kind = MODEL_WAKE,
		.site = site,
		.location = model_location_of(word, sizeof(uint32_t)),
		.count = count,
	};
	model_perform(&op);
	return (int)op.result;
}
