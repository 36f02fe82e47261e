/* SPDX-License-Identifier: Apache-2.0 */
/* See known.h. */
#include "known.h"

#include <string.h>

#define KNOWN 4096u

typedef struct model_known {
	uintptr_t address;
	uint8_t readers, writers;
} model_known;

static model_known knowledge[KNOWN];

void model_known_reset(void)
{
	memset(knowledge, 0, sizeof knowledge);
}

static model_known *known_of(uintptr_t address)
{
	size_t at = address / 4 * UINT64_C(0x9e3779b97f4a7c15) >> 52;
	for (size_t i = 0; i < KNOWN; i++) {
		model_known *known = &knowledge[(at + i) % KNOWN];
		if (known->address == address || known->address == 0) {
			known->address = address;
			return known;
		}
	}
	model_fail("more than %u words", KNOWN);
}

bool model_known_is_local(const model_op *op, bool *has_learned)
{
	model_known *known = known_of(op->location->address);
	uint8_t self = (uint8_t)(1u << model_self()), readers = known->readers, writers = known->writers;
	if (op->kind != MODEL_STORE)
		known->readers |= self;
	if (op->kind != MODEL_LOAD)
		known->writers |= self;
	if (known->readers != readers || known->writers != writers)
		*has_learned = true;
	uint8_t others = (uint8_t)~self;
	return op->kind == MODEL_LOAD ? !(writers & others) : !((readers | writers) & others);
}
