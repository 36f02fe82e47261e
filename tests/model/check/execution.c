/* SPDX-License-Identifier: Apache-2.0 */
/* An execution; see execution.h. */
#include "execution.h"

#include "decisions.h"
#include "event.h"
#include "known.h"
#include "memory.h"
#include "plain.h"
#include "sys/context.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>


/* Options of what is no access. */
#define GO_ON UINT64_C(1)
#define BY_WAKE UINT64_C(1)
#define BY_NOTHING UINT64_C(2)
#define BY_DEADLINE UINT64_C(4)

typedef struct model_thread {
	sk_context context;
	model_op op; /* what it does next, when it has stopped */
	bool is_over;
	uint64_t asleep; /* options of op that need not be explored */
	uint64_t spun;   /* words that it has read since it yielded last, by location (the first 64) */
	uint8_t spun_on[MODEL_LOCATIONS];
	bool was_woken, had_deadline;
	uint64_t sleeps_since; /* WAIT: its place among the sleepers */
} model_thread;

static const model_scenario *scenario;
static model_thread threads[MODEL_THREADS];
static sk_context main_context;
static jmp_buf main_failed;
static bool alone, is_failed, on_fiber;
static unsigned current;
static char failure[400];

static bool knows_membarrier, has_learned;
static unsigned spurious_left, preemptions_left, stale_left;
static bool is_bounded;
static uint64_t sleep_count;

bool model_is_alone(void)
{
	return alone;
}

unsigned model_self(void)
{
	return current;
}

/* --- the end by a finding --- */

_Noreturn void model_fail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(failure, sizeof failure, format, arguments);
	va_end(arguments);
	is_failed = true;
	if (!on_fiber)
		longjmp(main_failed, 1);
	on_fiber = false;
	sk_context_leave(&threads[current].context, &main_context);
}

/* --- watched words --- */

static struct {
	uintptr_t address;
	bool (*is_good)(uint64_t value);
	const char *text;
} watched;

void model_watch(const void *word, bool (*is_good)(uint64_t value), const char *text)
{
	watched.address = (uintptr_t)word;
	watched.is_good = is_good;
	watched.text = text;
}

static void look_at_watched(const model_op *op)
{
	const model_location *location = op->location;
	if (location->address != watched.address || (op->kind != MODEL_STORE && !model_is_rmw(op->kind)) || !op->done)
		return;
	model_check(watched.is_good(location->message[op->written].value), "%s", watched.text);
}

/* --- events, for the trace --- */

static void note(const model_op *op)
{
	model_event *event = model_event_add();
	*event = (model_event){
		.site = op->site,
		.kind = op->kind,
		.order = op->site ? op->site->order : MODEL_NONE,
		.thread = (uint8_t)current,
		.read = op->read,
		.written = op->written,
		.done = op->done,
		.result = op->result,
		.value = op->value,
	};
	if (!op->location)
		return;
	look_at_watched(op);
	event->word = (uint8_t)(op->location - model_locations);
	event->from = op->location->message[op->read].thread;
	event->is_stale = op->kind == MODEL_LOAD && op->read != model_newest(op->location);
	model_thread *self = &threads[current];
	if (op->kind == MODEL_STORE || (model_is_rmw(op->kind) && op->done)) {
		self->spun = 0; /* no loop of looking on */
	} else if (op->kind != MODEL_WAKE) {
		self->spun |= UINT64_C(1) << event->word;
		self->spun_on[event->word] = op->read;
	}
}

/* --- thread-locals --- */

static struct {
	void **pointer;
	void *values[MODEL_THREADS];
} own;

void model_thread_local(void **pointer, void *const values[MODEL_THREADS])
{
	own.pointer = pointer;
	memcpy(own.values, values, sizeof own.values);
}

/* --- decisions --- */

static unsigned bit_number(uint64_t options)
{
	return (unsigned)__builtin_ctzll(options);
}

/* Whether the access stands before the newest message. */
static bool is_stale(const model_op *op, unsigned message)
{
	return (op->kind <= MODEL_AND || op->kind == MODEL_WAIT) && message != model_newest(op->location);
}

/* A choice of the running thread alone. */
static unsigned decide_alone(const model_op *op)
{
	uint64_t options = model_options(current, op);
	if (is_bounded && stale_left == 0)
		options &= UINT64_C(1) << model_newest(op->location);
	for (unsigned skip = model_decide((unsigned)__builtin_popcountll(options)); skip > 0; skip--)
		options &= options - 1;
	stale_left -= is_bounded && is_stale(op, bit_number(options));
	return bit_number(options);
}

/* --- steps --- */

static void stop(void)
{
	on_fiber = false;
	sk_context_switch(&threads[current].context, &main_context);
}

static void go_on(unsigned t)
{
	current = t;
	on_fiber = true;
	if (own.pointer)
		*own.pointer = own.values[t];
	sk_context_switch(&main_context, &threads[t].context);
	if (own.pointer)
		own.values[t] = *own.pointer;
}

/* The operation is done by the time it returns. */
void model_perform(model_op *op)
{
	/* a wake of an address touches no memory */
	if (op->location && !alone && op->kind != MODEL_WAKE)
		model_plain_atomic((void *)op->location->address, op->location->size); /* NOLINT: its address */
	if (alone) {
		model_apply(0, op, op->location ? model_newest(op->location) : 0);
		return;
	}
	if (model_decisions_are() == MODEL_GIVEN) {
		/* every step is given */
	} else if (op->kind <= MODEL_AND) {
		bool local = model_known_is_local(op, &has_learned);
		bool early = op->kind == MODEL_STORE && op->site->order != MODEL_SEQ_CST && !knows_membarrier;
		if (local || early) {
			model_apply(current, op, decide_alone(op));
			note(op);
			return;
		}
	} else if (op->kind == MODEL_FENCE && op->site->order != MODEL_SEQ_CST) {
		model_apply(current, op, 0);
		note(op);
		return;
	} else if (op->kind == MODEL_MEMBARRIER && !knows_membarrier) {
		knows_membarrier = has_learned = true;
	}
	threads[current].op = *op;
	threads[current].asleep = 0;
	stop();
	*op = threads[current].op;
}

void model_sleep(model_op *op, bool has_deadline)
{
	model_thread *self = &threads[current];
	self->had_deadline = has_deadline;
	self->was_woken = false;
	self->sleeps_since = sleep_count++;
	model_perform(op);
}

static bool has_news(const model_thread *thread)
{
	for (unsigned i = 0; i < model_location_count; i++)
		if (thread->spun >> i & 1 && model_newest(&model_locations[i]) != thread->spun_on[i])
			return true;
	return false;
}

static uint64_t options_of(unsigned t)
{
	const model_thread *thread = &threads[t];
	if (thread->is_over)
		return 0;
	switch (thread->op.kind) {
	case MODEL_FENCE:
	case MODEL_MEMBARRIER:
	case MODEL_WAKE:
		return GO_ON;
	case MODEL_YIELD:
		return has_news(thread) ? GO_ON : 0;
	case MODEL_ASLEEP:
		return (thread->was_woken ? BY_WAKE
		        : spurious_left   ? BY_NOTHING
		                          : 0) |
		       (thread->had_deadline ? BY_DEADLINE : 0);
	default:
		return model_options(t, &thread->op);
	}
}

/* Wakes sleepers, the longest asleep first. */
static int wake(const model_op *op)
{
	int woken = 0;
	while (woken < op->count) {
		model_thread *first = NULL;
		for (unsigned t = 0; t < scenario->threads; t++) {
			model_thread *it = &threads[t];
			if (!it->is_over && it->op.kind == MODEL_ASLEEP && it->op.location == op->location &&
			    !it->was_woken && (!first || it->sleeps_since < first->sleeps_since))
				first = it;
		}
		if (!first)
			break;
		first->was_woken = true;
		woken++;
	}
	return woken;
}

/* Raises the view above what the thread has read in vain. */
static void see_news(model_thread *thread, unsigned t)
{
	for (unsigned i = 0; i < model_location_count; i++) {
		model_location *location = &model_locations[i];
		unsigned rank = location->message[thread->spun_on[i]].rank;
		if (!(thread->spun >> i & 1) || rank + 1u >= location->count)
			continue;
		uint8_t *at = &model_view_of(t)->current.at[i];
		if (model_is_newer(location, location->order[rank + 1], *at))
			*at = location->order[rank + 1];
	}
	thread->spun = 0;
}

/* Does the other thread's pending operation depend on what was just done? */
static bool depends(const model_op *pending, const model_op *done)
{
	enum model_kind kind = done->kind;
	if (kind == MODEL_MEMBARRIER || pending->kind == MODEL_MEMBARRIER)
		return true;
	if (pending->kind == MODEL_YIELD)
		return kind == MODEL_STORE || model_is_rmw(kind);
	if (pending->kind >= MODEL_WAIT && kind >= MODEL_WAIT)
		return true;
	if (pending->kind == MODEL_STORE && pending->location == done->location &&
	    (kind == MODEL_STORE || model_is_rmw(kind)))
		return true; /* it stands elsewhere */
	if (!pending->site || !done->site)
		return false;
	bool both = (pending->site->order == MODEL_SEQ_CST || pending->site->failure == MODEL_SEQ_CST) &&
	            (done->site->order == MODEL_SEQ_CST || done->site->failure == MODEL_SEQ_CST);
	return both && (pending->kind == MODEL_FENCE || kind == MODEL_FENCE || pending->location == done->location);
}

static void wake_dependent(const model_op *done)
{
	for (unsigned t = 0; t < scenario->threads; t++)
		if (t != current && threads[t].asleep && depends(&threads[t].op, done))
			threads[t].asleep = 0;
}

/* A fiber's step; the thread runs on until it stops before its next decision. */
static void step(unsigned t, unsigned option)
{
	model_thread *thread = &threads[t];
	current = t;
	model_op *op = &thread->op;
	if (op->kind == MODEL_ASLEEP) {
		op->result = option == 0 ? 0 : option == 1 ? 0 : ETIMEDOUT;
		if (option == 1)
			spurious_left--;
		thread->was_woken = false;
	}
	model_apply(t, op, option);
	if (op->kind == MODEL_WAKE)
		op->result = (uint64_t)wake(op);
	if (op->kind == MODEL_YIELD)
		see_news(thread, t);
	note(op);
	wake_dependent(op);
	thread->asleep = 0;
	go_on(t);
}

static void thread_main(void *argument)
{
	unsigned t = (unsigned)(uintptr_t)argument;
	scenario->thread(t);
	threads[t].is_over = true;
	for (;;)
		stop();
}

static void describe_deadlock(void)
{
	char text[200] = "";
	for (unsigned t = 0; t < scenario->threads; t++) {
		const model_thread *it = &threads[t];
		if (it->is_over)
			continue;
		size_t at = strlen(text);
		snprintf(text + at, sizeof text - at, "; thread %u %s", t,
		         it->op.kind == MODEL_ASLEEP ? "sleeps" : "waits for a change");
	}
	model_fail("a deadlock%s", text);
}

static bool is_proper_end(void)
{
	if (!scenario->rests)
		return false;
	alone = true;
	bool rests = scenario->rests();
	alone = false;
	return rests;
}

/*
 * What could be next; asleep: leave out what need not be explored. Returns how many pairs. is_resting: nobody can go
 * on, and need not.
 */
static unsigned collect(model_pair *pairs, unsigned first, bool all, bool *is_resting)
{
	unsigned count = 0, running = 0;
	bool can_go_on = false;
	for (unsigned i = 0; i < scenario->threads; i++) {
		unsigned t = (first + i) % scenario->threads;
		uint64_t options = options_of(t);
		running += !threads[t].is_over;
		can_go_on |= threads[t].op.kind == MODEL_ASLEEP ? (options & ~BY_NOTHING) != 0 : options != 0;
		if (!all)
			options &= ~threads[t].asleep;
		for (; options; options &= options - 1)
			pairs[count++] = (model_pair){ (uint8_t)t, (uint8_t)bit_number(options) };
	}
	*is_resting = running > 0 && !can_go_on;
	if (*is_resting && !is_proper_end())
		describe_deadlock();
	return count;
}

static bool wants_to_go_on(unsigned t)
{
	const model_thread *thread = &threads[t];
	return !thread->is_over && thread->op.kind != MODEL_YIELD && thread->op.kind != MODEL_ASLEEP &&
	       options_of(t) != 0;
}

/* Without those that the bounds forbid: steps of others, while the last thread could go on; older values. */
static unsigned within_bounds(model_pair *pairs, unsigned count, unsigned last)
{
	bool others = preemptions_left > 0 || !wants_to_go_on(last);
	unsigned kept = 0;
	for (unsigned i = 0; i < count; i++)
		if ((others || pairs[i].thread == last) &&
		    (stale_left > 0 || !is_stale(&threads[pairs[i].thread].op, pairs[i].option)))
			pairs[kept++] = pairs[i];
	return kept;
}

static bool all_over(void)
{
	for (unsigned t = 0; t < scenario->threads; t++)
		if (!threads[t].is_over)
			return false;
	return true;
}

/* Returns false when the execution is redundant. */
static bool run_threads(void)
{
	for (unsigned t = 0; t < scenario->threads && !is_failed; t++)
		go_on(t);
	unsigned last = 0;
	bool all = is_bounded || model_decisions_are() != MODEL_IN_ORDER; /* no sleep sets */
	while (!is_failed && !all_over()) {
		model_pair pairs[MODEL_THREADS * 64];
		bool is_resting;
		unsigned count = collect(pairs, last, all, &is_resting);
		if (is_resting)
			return true;
		if (count == 0)
			return false;
		if (is_bounded)
			count = within_bounds(pairs, count, last);
		unsigned chosen = model_decide_step(pairs, count);
		if (is_bounded) {
			preemptions_left -= pairs[chosen].thread != last && wants_to_go_on(last);
			stale_left -= is_stale(&threads[pairs[chosen].thread].op, pairs[chosen].option);
		}
		for (unsigned i = 0; i < chosen && !all; i++)
			if (pairs[i].thread != pairs[chosen].thread)
				threads[pairs[i].thread].asleep |= UINT64_C(1) << pairs[i].option;
		last = pairs[chosen].thread;
		step(last, pairs[chosen].option);
	}
	return true;
}

bool model_execution_run(void)
{
	is_failed = on_fiber = false;
	model_events_clear();
	model_decisions_rewind();
	spurious_left = scenario->spurious;
	preemptions_left = scenario->preemptions;
	stale_left = scenario->stale ? scenario->stale : UINT_MAX;
	is_bounded = scenario->preemptions > 0 && model_decisions_are() == MODEL_IN_ORDER;
	sleep_count = 0;
	watched.address = 0;
	own.pointer = NULL;
	model_plain_reset();
	model_memory_reset(scenario->threads);
	for (unsigned t = 0; t < scenario->threads; t++) {
		threads[t] = (model_thread){ .is_over = false };
		sk_context_make(&threads[t].context, model_stack(t), MODEL_STACK_BYTES, thread_main,
		                (void *)(uintptr_t)t); /* NOLINT: a number */
	}
	volatile bool is_new = true;
	alone = true;
	current = 0;
	if (setjmp(main_failed) != 0) {
		alone = true;
		return true;
	}
	if (scenario->setup)
		scenario->setup();
	model_memory_begin();
	alone = false;
	is_new = run_threads();
	alone = true;
	current = 0;
	if (is_new && !is_failed && scenario->finish) {
		model_join_all();
		scenario->finish();
	}
	return is_new;
}

void model_execution_of(const model_scenario *what)
{
	model_known_reset();
	knows_membarrier = has_learned = false;
	scenario = what;
	sk_context_thread(&main_context);
}

bool model_execution_has_learned(void)
{
	bool learned = has_learned;
	has_learned = false;
	return learned;
}

const char *model_execution_failure(void)
{
	return is_failed ? failure : NULL;
}
