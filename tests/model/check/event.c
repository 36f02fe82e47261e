/* SPDX-License-Identifier: Apache-2.0 */
/* Steps, and their words; see event.h. */
#include "event.h"

#include "memory.h"

#include <string.h>

static const char *const order_names[] = { "", "relaxed", "acquire", "release", "acq_rel", "seq_cst" };
static const char *const kind_names[] = { "load", "store", "exchange",   "cas",   "add",  "sub",    "or",
	                                  "and",  "fence", "membarrier", "yield", "wait", "asleep", "wake" };

#define EVENTS 4096u

static model_event events[EVENTS];
static unsigned count;

void model_events_clear(void)
{
	count = 0;
}

model_event *model_event_add(void)
{
	if (count == EVENTS)
		model_fail("an execution of more than %u steps: it does not end", EVENTS);
	return &events[count++];
}

/* One line. */
static void print(FILE *out, unsigned number, const model_event *event)
{
	const char *slash = event->site ? strrchr(event->site->file, '/') : NULL;
	char where[64] = "";
	if (event->site)
		snprintf(where, sizeof where, "%s:%d", slash ? slash + 1 : event->site->file, event->site->line);
	fprintf(out, "%4u  thread %u  %-22s %s", number, event->thread, where, kind_names[event->kind]);
	if (event->order != MODEL_NONE)
		fprintf(out, " %s", order_names[event->order]);
	if (event->site && event->kind <= MODEL_AND)
		fprintf(out, "  %s", event->site->text);
	bool reads = event->kind != MODEL_STORE && event->kind <= MODEL_AND;
	if (reads) {
		fprintf(out, "  = 0x%llx", (unsigned long long)event->result);
		if (event->from != MODEL_NO_THREAD)
			fprintf(out, " (of thread %u)", event->from);
		if (event->is_stale)
			fprintf(out, " (an older value)");
	}
	if (event->kind == MODEL_CAS && !event->done)
		fprintf(out, ", failed");
	else if (event->kind == MODEL_STORE || event->kind == MODEL_EXCHANGE || event->kind == MODEL_CAS)
		fprintf(out, "  <- 0x%llx", (unsigned long long)event->value);
	fputc('\n', out);
}

void model_events_print(FILE *out)
{
	for (unsigned i = 0; i < count; i++)
		print(out, i, &events[i]);
}

void model_events_print_choices(FILE *out)
{
	for (unsigned i = 0; i < count; i++)
		fprintf(out, "%s%u.%u", i ? "-" : "", events[i].thread, events[i].read);
}
