/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a series: starts all contestants, lets each run once to get warm and to be checked, then gives them turns round
 * by round. Results are compared after every run with those of the serial program, which runs once for that purpose
 * even if nobody asked for its time; where there is none, with the first contestant's.
 *
 * A contestant that fails (wrong result, crash, no answer in time) is ended and told on stderr; the others go on.
 */
#include "bench.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* A turn of fast kernels repeats the run until about this time is over. */
static const double turn_s = 0.05;
enum {
	REPEAT_MAX = 20
};

/* The times of one turn. */
typedef struct runs {
	double seconds[REPEAT_MAX];
	size_t count;
} runs;

static void out_of_memory(void)
{
	fprintf(stderr, "skua-bench: no memory\n");
	raise(SIGTERM); /* the way that ends the kernels too */
	abort();
}

__attribute__((format(printf, 3, 4))) static void fail(const series *s, contestant *c, const char *format, ...)
{
	char how[64] = "";
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(c->problem, sizeof(c->problem), format, arguments);
	va_end(arguments);
	c->failed = true;
	child_end(&c->child, how, sizeof(how));
	fprintf(stderr, "skua-bench: %s %ld, %s, %u workers: %s%s%s\n", s->what->kernel, s->size,
	        runtime_name(c->runtime), c->workers, c->problem, *how ? ": " : "", how);
}

/* The pipe broke or stayed silent. */
static void fail_by(const series *s, contestant *c, int error, const options *o)
{
	if (error == -ETIMEDOUT)
		fail(s, c, "no answer within %u s", o->timeout_s);
	else if (error == -EPIPE)
		fail(s, c, "it ended early");
	else
		fail(s, c, "%s", strerror(-error));
}

static void add_sample(contestant *c, const char *name, double value)
{
	for (unsigned i = 0; i < SAMPLE_NAMES_MAX; i++) {
		samples *to = &c->sample[i];
		if (!*to->name)
			snprintf(to->name, sizeof(to->name), "%s", name);
		if (strcmp(to->name, name) != 0)
			continue;
		if (to->count == to->capacity) {
			to->capacity = to->capacity ? 2 * to->capacity : 64;
			to->value = realloc(to->value, to->capacity * sizeof(*to->value));
			if (!to->value)
				out_of_memory();
		}
		to->value[to->count++] = value;
		return;
	}
}

/* Checks a run against the series' reference. Returns: whether it agrees. */
static bool agrees(const series *s, contestant *c)
{
	for (unsigned i = 0; i < s->entries; i++) {
		const contestant *reference = &s->entry[i];
		if (reference == c)
			return true; /* nobody before: it is the reference */
		if (reference->failed)
			continue;
		if (reference->checksum == c->checksum)
			return true;
		fail(s, c, "wrong: checksum %" PRIu64 ", but %s has %" PRIu64, c->checksum,
		     runtime_name(reference->runtime), reference->checksum);
		return false;
	}
	return true;
}

/* One line of a turn. Returns: 1 the turn goes on, 0 it is over, -1 failed. */
static int take_report(const series *s, contestant *c, const char *line, bool counts, runs *done)
{
	char name[24];
	double value;
	uint64_t ns;
	if (sscanf(line, "run %" SCNu64 " %" SCNu64 " %" SCNu64, &ns, &c->checksum, &c->tasks) == 3) {
		if (done->count < REPEAT_MAX)
			done->seconds[done->count++] = (double)ns / 1e9;
		return agrees(s, c) ? 1 : -1;
	}
	if (sscanf(line, "sample %23s %lf", name, &value) == 2) {
		if (counts)
			add_sample(c, name, value);
		return 1;
	}
	if (strcmp(line, "end") == 0)
		return 0;
	fail(s, c, "%s", strncmp(line, "fail ", 5) == 0 ? line + 5 : line);
	return -1;
}

/* Lets a contestant run. Returns: the median time of the runs, negative if it failed. */
static double turn(const series *s, contestant *c, unsigned repeat, bool counts, const options *o)
{
	char line[512];
	runs done = { .count = 0 };
	snprintf(line, sizeof(line), "go %u\n", repeat);
	int error = child_resume(&c->child);
	if (error == 0)
		error = child_write(&c->child, line);
	while (error == 0 && (error = child_read_line(&c->child, line, sizeof(line), o->timeout_s)) == 0) {
		int more = take_report(s, c, line, counts, &done);
		if (more < 0)
			return -1;
		if (more == 0)
			break;
	}
	if (error == 0)
		error = child_pause(&c->child);
	if (error < 0) {
		fail_by(s, c, error, o);
		return -1;
	}
	return report_summarise(done.seconds, done.count).median;
}

/* Starts a contestant's process up to its greeting and makes it stand still. */
static void start(const series *s, contestant *c, const options *o)
{
	char line[512];
	char told[32];
	uint64_t start_ns;
	int at = 0;
	int error = child_start(&c->child, s->what, s->size, c->runtime, c->workers);
	if (error == 0)
		error = child_read_line(&c->child, line, sizeof(line), o->timeout_s);
	if (error == 0 && (sscanf(line, "ready %" SCNu64 " %31s %n", &start_ns, told, &at) != 2 || at == 0)) {
		fail(s, c, "%s", strncmp(line, "fail ", 5) == 0 ? line + 5 : line);
		return;
	}
	if (error == 0)
		error = child_pause(&c->child);
	if (error < 0) {
		fail_by(s, c, error, o);
		return;
	}
	c->start_s = (double)start_ns / 1e9;
	snprintf(c->compiler, sizeof(c->compiler), "%s", line + at);
}

/* The first run: gets warm, is checked, and tells how often to repeat. */
static void warm_up(const series *s, contestant *c, const options *o)
{
	c->repeat = 1;
	if (s->what->no_warm_up && !c->silent)
		return;
	double first_s = turn(s, c, 1, false, o);
	if (first_s < 0)
		return;
	c->first_s = first_s;
	if (s->what->shows != SHOWS_SAMPLES && !o->tiny)
		c->repeat = first_s * REPEAT_MAX <= turn_s ? REPEAT_MAX : 1 + (unsigned)(turn_s / first_s);
	if (c->silent)
		child_end(&c->child, NULL, 0);
}

static void rounds(series *s, const options *o)
{
	for (unsigned round = 0; round < s->rounds; round++) {
		for (unsigned i = 0; i < s->entries; i++) {
			contestant *c = &s->entry[(i + round) % s->entries];
			if (c->failed || c->silent)
				continue;
			double seconds = turn(s, c, c->repeat, true, o);
			if (seconds >= 0)
				c->seconds[c->rounds++] = seconds;
		}
	}
}

static void add(series *s, runtime r, unsigned workers, bool silent)
{
	contestant *c = &s->entry[s->entries++];
	*c = (contestant){ .runtime = r, .workers = workers, .silent = silent };
	c->seconds = calloc(s->rounds, sizeof(*c->seconds));
	if (!c->seconds)
		out_of_memory();
}

unsigned measure_series(series *s, const options *o)
{
	unsigned failed = 0;
	s->entry = calloc(1 + (RUNTIMES - 1) * o->worker_counts, sizeof(*s->entry));
	if (!s->entry)
		out_of_memory();
	if (child_exists(s->what->problem, SERIAL))
		add(s, SERIAL, 1, !o->runtime_asked[SERIAL]);
	for (runtime r = SKUA; r < RUNTIMES; r++)
		if (o->runtime_asked[r] && child_exists(s->what->problem, r))
			for (unsigned i = 0; i < o->worker_counts; i++)
				add(s, r, o->workers[i], false);
	for (unsigned i = 0; i < s->entries; i++) {
		start(s, &s->entry[i], o);
		if (!s->entry[i].failed)
			warm_up(s, &s->entry[i], o);
	}
	rounds(s, o);
	for (unsigned i = 0; i < s->entries; i++) {
		child_end(&s->entry[i].child, NULL, 0);
		failed += s->entry[i].failed;
	}
	return failed;
}

void measure_free(series *s)
{
	for (unsigned i = 0; i < s->entries; i++) {
		for (unsigned k = 0; k < SAMPLE_NAMES_MAX; k++)
			free(s->entry[i].sample[k].value);
		free(s->entry[i].seconds);
	}
	free(s->entry);
}
