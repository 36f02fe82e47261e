/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of an execution, as they are remembered and printed. */
#ifndef MODEL_EVENT_H
#define MODEL_EVENT_H

#include "model.h"

#include <stdio.h>

typedef struct model_event {
	model_site *site;
	enum model_kind kind;
	enum model_order order;
	uint8_t thread, word, read, written, from; /* from: who stored what was read */
	bool done, is_stale;
	uint64_t result, value;
} model_event; /* read is the option that was taken */

/* Those of the last execution: none, and one more. */
void model_events_clear(void);
model_event *model_event_add(void);

/* A line for each; and the choices that repeat them. */
void model_events_print(FILE *out);
void model_events_print_choices(FILE *out);

#endif
