/* SPDX-License-Identifier: Apache-2.0 */
/* The exploration; see explore.h. */
#include "explore.h"

#include "decisions.h"
#include "event.h"
#include "execution.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static model_result *into;

void model_result_free(model_result *result)
{
	free(result->trace);
	free(result->choices);
}

void model_outcome(const char *format, ...)
{
	char text[sizeof into->outcome[0]];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	for (unsigned i = 0; i < into->outcome_count; i++)
		if (strcmp(into->outcome[i], text) == 0)
			return;
	model_check(into->outcome_count < MODEL_OUTCOMES, "too many outcomes");
	strcpy(into->outcome[into->outcome_count++], text);
}

static void report(const char *failure, model_result *result)
{
	size_t bytes;
	result->is_failed = true;
	snprintf(result->failure, sizeof result->failure, "%s", failure);
	FILE *out = open_memstream(&result->trace, &bytes);
	model_events_print(out);
	fprintf(out, "      %s\n", failure);
	fclose(out);
	out = open_memstream(&result->choices, &bytes);
	model_events_print_choices(out);
	fclose(out);
}

static void begin_anew(model_result *result)
{
	result->executions = result->redundant = 0;
	result->outcome_count = 0;
	model_decisions_forget();
}

/*
 * Drawn executions, until so many in a row have taught nothing new. Depth first, what is wrongly taken for local shows
 * late, and all that was explored before is explored anew. Returns false when one has failed.
 */
#define DRAWN_QUIET 4000u

static bool learn_by_lot(model_result *result)
{
	bool has_learned_now = false;
	model_decisions_be(MODEL_DRAWN, NULL);
	for (unsigned quiet = 0; quiet < DRAWN_QUIET; quiet++) {
		model_execution_run();
		if (model_execution_has_learned()) {
			has_learned_now = true;
			quiet = 0;
		} else if (model_execution_failure()) {
			break;
		}
	}
	model_decisions_be(MODEL_IN_ORDER, NULL);
	if (model_execution_failure()) {
		report(model_execution_failure(), result);
		return false;
	}
	if (has_learned_now)
		begin_anew(result);
	return true;
}

/* Small scenarios are over before it pays to learn. */
#define SMALL 3000u

void model_explore(const model_scenario *what, uint64_t most, const char *replay, model_result *result)
{
	memset(result, 0, sizeof *result);
	into = result;
	model_execution_of(what);
	model_decisions_be(replay ? MODEL_GIVEN : MODEL_IN_ORDER, replay);
	begin_anew(result);
	for (uint64_t done = 0; done < most; done++) {
		if (done == SMALL && !replay && !learn_by_lot(result))
			return;
		bool is_new = model_execution_run();
		if (model_execution_has_learned()) {
			begin_anew(result);
			continue;
		}
		if (model_execution_failure())
			report(model_execution_failure(), result);
		else if (is_new)
			result->executions++;
		else
			result->redundant++;
		if (result->is_failed || replay)
			return;
		if (!model_decisions_advance()) {
			result->is_complete = true;
			return;
		}
	}
}
