/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decisions of an execution: taken in every way, depth first, where each execution repeats the ones before the last
 * that has another way; drawn; or given, as the steps of an execution that is to be repeated.
 */
#ifndef MODEL_DECISIONS_H
#define MODEL_DECISIONS_H

#include <stdbool.h>
#include <stdint.h>

enum model_decisions {
	MODEL_IN_ORDER,
	MODEL_DRAWN,
	MODEL_GIVEN
};

/* A step: who, and which of its options. */
typedef struct model_pair {
	uint8_t thread, option;
} model_pair;

/* How those to come are taken. In order: they go on where they stood. choices: those that are given. */
void model_decisions_be(enum model_decisions how, const char *choices);
enum model_decisions model_decisions_are(void);

/* An execution begins. */
void model_decisions_rewind(void);

/* In order: from the first one. */
void model_decisions_forget(void);

/* In order: the next way. false: there is none. */
bool model_decisions_advance(void);

/* One of so many, and one of these; the index. */
unsigned model_decide(unsigned count);
unsigned model_decide_step(const model_pair *pairs, unsigned count);

#endif
