/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is told about a series: a table for people, lines of JSON for programs, and the demo's one table. Ratios compare
 * the fastest rounds, since whatever else runs on the machine can only make a round slower.
 */
#include "bench.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;
	return (x > y) - (x < y);
}

summary report_summarise(const double *value, size_t count)
{
	summary s = { .count = count };
	double *sorted = malloc((count + 1) * sizeof(*sorted));
	if (!sorted || count == 0) {
		free(sorted);
		return s;
	}
	memcpy(sorted, value, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), ascending);
	s.min = sorted[0];
	s.max = sorted[count - 1];
	s.median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
	s.p99 = sorted[(size_t)ceil((double)count * 0.99) - 1];
	s.spread = s.median > 0 ? (s.max - s.min) / s.median : 0;
	free(sorted);
	return s;
}

/* The fastest round; 0 if there is none. */
static double best(const contestant *c)
{
	return c && c->rounds ? report_summarise(c->seconds, c->rounds).min : 0;
}

static const contestant *find(const series *s, runtime r, unsigned workers)
{
	for (unsigned i = 0; i < s->entries; i++)
		if (s->entry[i].runtime == r && s->entry[i].workers == workers && s->entry[i].rounds)
			return &s->entry[i];
	return NULL;
}

/* The same runtime's entry with the fewest workers. */
static const contestant *fewest(const series *s, const contestant *c)
{
	const contestant *few = c;
	for (unsigned i = 0; i < s->entries; i++)
		if (s->entry[i].runtime == c->runtime && s->entry[i].rounds && s->entry[i].workers < few->workers)
			few = &s->entry[i];
	return few;
}

static double ratio(double a, double b)
{
	return b > 0 ? a / b : 0;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static void json_text(FILE *to, const char *key, const char *text)
{
	fprintf(to, ",\"%s\":\"", key);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', to);
		fputc((unsigned char)*text < 0x20 ? ' ' : *text, to);
	}
	fputc('"', to);
}

static void json_summary(FILE *to, const char *name, const double *value, size_t count)
{
	summary s = report_summarise(value, count);
	fprintf(to, "\"%s\":{\"count\":%zu,\"min\":%.9g,\"median\":%.9g,\"p99\":%.9g,\"max\":%.9g,\"spread\":%.4f}",
	        name, s.count, s.min, s.median, s.p99, s.max, s.spread);
}

static void json_samples(FILE *to, const contestant *c)
{
	if (!*c->sample[0].name)
		return;
	fputs(",\"samples\":{", to);
	for (unsigned i = 0; i < SAMPLE_NAMES_MAX && *c->sample[i].name; i++) {
		if (i > 0)
			fputc(',', to);
		json_summary(to, c->sample[i].name, c->sample[i].value, c->sample[i].count);
	}
	fputc('}', to);
}

static void json_times(FILE *to, const series *s, const contestant *c)
{
	double serial = best(find(s, SERIAL, 1));
	fputc(',', to);
	json_summary(to, "seconds", c->seconds, c->rounds);
	fprintf(to, ",\"start_seconds\":%.9g,\"first_seconds\":%.9g", c->start_s, c->first_s);
	if (serial > 0)
		fprintf(to, ",\"over_serial\":%.4f", best(c) / serial);
	fprintf(to, ",\"speedup\":%.4f", ratio(best(fewest(s, c)), best(c)));
	if (c->tasks)
		fprintf(to, ",\"tasks\":%" PRIu64 ",\"ns_per_task\":%.4f", c->tasks, best(c) * 1e9 / (double)c->tasks);
}

static void json_line(FILE *to, const series *s, const contestant *c, const machine *m)
{
	fprintf(to, "{\"kernel\":\"%s\",\"variant\":\"%s\",\"size\":%ld,\"runtime\":\"%s\",\"workers\":%u",
	        s->what->kernel, s->what->variant, s->size, runtime_name(c->runtime), c->workers);
	fprintf(to, ",\"rounds\":%u,\"repeat\":%u", c->rounds, c->repeat);
	if (c->failed)
		json_text(to, "failed", c->problem);
	if (c->rounds)
		json_times(to, s, c);
	json_samples(to, c);
	fprintf(to, ",\"checked\":%s,\"checksum\":\"%" PRIx64 "\"", c->failed ? "false" : "true", c->checksum);
	json_text(to, "pinning", runtime_pinning(c->runtime));
	json_text(to, "compiler", c->compiler);
	json_text(to, "machine", m->cpu);
	json_text(to, "topology", m->topology);
	json_text(to, "system", m->kernel);
	json_text(to, "commit", m->commit);
	fputs("}\n", to);
}

void report_json(FILE *to, const series *s, const machine *m)
{
	for (unsigned i = 0; i < s->entries; i++)
		if (!s->entry[i].silent || s->entry[i].failed)
			json_line(to, s, &s->entry[i], m);
	fflush(to);
}

/* ---- a table for each series ------------------------------------------------------------------------------------ */

/* Seconds in the unit that suits them. */
static const char *duration(double seconds, char *text, size_t size)
{
	if (seconds >= 0.9995)
		snprintf(text, size, "%.3f s", seconds);
	else if (seconds >= 0.9995e-3)
		snprintf(text, size, "%.3g ms", seconds * 1e3);
	else if (seconds >= 0.9995e-6)
		snprintf(text, size, "%.3g us", seconds * 1e6);
	else
		snprintf(text, size, "%.3g ns", seconds * 1e9);
	return text;
}

static void row_times(const series *s, const contestant *c)
{
	char text[3][24];
	summary time = report_summarise(c->seconds, c->rounds);
	double serial = best(find(s, SERIAL, 1));
	printf(" %10s %10s %5.0f %%", duration(time.min, text[0], sizeof(text[0])),
	       duration(time.median, text[1], sizeof(text[1])), time.spread * 100);
	if (serial > 0)
		printf(" %9.2fx", time.min / serial);
	else
		printf(" %10s", "-");
	if (fewest(s, c) != c)
		printf(" %8.2fx", best(fewest(s, c)) / time.min);
	else
		printf(" %9s", "-");
	if (s->what->shows == SHOWS_TASK && c->tasks)
		printf(" %10s", duration(time.min / (double)c->tasks, text[2], sizeof(text[2])));
	else
		printf(" %10s", "-");
	printf(" %10s\n", duration(c->first_s, text[2], sizeof(text[2])));
}

static void row_samples(const contestant *c)
{
	bool first = true;
	for (unsigned i = 0; i < SAMPLE_NAMES_MAX && *c->sample[i].name; i++) {
		summary s = report_summarise(c->sample[i].value, c->sample[i].count);
		if (!first)
			printf("  %-11s %7s", "", "");
		printf(" %-10s %10.4g %10.4g %10.4g %10.4g %7zu\n", c->sample[i].name, s.min, s.median, s.p99, s.max,
		       s.count);
		first = false;
	}
	if (first)
		printf(" -\n");
}

void report_checked(const series *s)
{
	unsigned right = 0;
	for (unsigned i = 0; i < s->entries; i++)
		right += !s->entry[i].failed;
	printf("%-12s %u of %u right\n", s->what->kernel, right, s->entries);
	fflush(stdout);
}

void report_series(const series *s)
{
	bool by_sample = s->what->shows == SHOWS_SAMPLES;
	printf("\n%s %ld: %s\n", s->what->kernel, s->size, s->what->summary);
	if (by_sample)
		printf("  %-11s %7s %-10s %10s %10s %10s %10s %7s\n", "runtime", "workers", "sample", "min", "median",
		       "p99", "max", "count");
	else
		printf("  %-11s %7s %10s %10s %7s %10s %9s %10s %10s\n", "runtime", "workers", "min", "median",
		       "spread", "/ serial", "speedup", "each task", "first run");
	for (unsigned i = 0; i < s->entries; i++) {
		const contestant *c = &s->entry[i];
		if (c->silent && !c->failed)
			continue;
		printf("  %-11s %7u", runtime_name(c->runtime), c->workers);
		if (c->failed)
			printf(" FAILED: %s\n", c->problem);
		else if (by_sample)
			row_samples(c);
		else
			row_times(s, c);
	}
	fflush(stdout);
}

/* ---- the demo's table ------------------------------------------------------------------------------------------- */

enum {
	DEMO_NAME = 18,
	DEMO_SERIAL = 10,
	DEMO_CELL = 18
};

static void demo_rule(unsigned counts)
{
	for (unsigned i = 0; i < DEMO_NAME + DEMO_SERIAL + counts * (2 * DEMO_CELL + 2); i++)
		putchar('-');
	putchar('\n');
}

void report_demo_head(const machine *m, const unsigned *workers, unsigned counts)
{
	char text[32];
	printf("%s, %s\n\n%-*s%*s", m->cpu, m->topology, DEMO_NAME, "", DEMO_SERIAL, "");
	for (unsigned i = 0; i < counts; i++) {
		snprintf(text, sizeof(text), "%u worker%s", workers[i], workers[i] == 1 ? "" : "s");
		printf("  %*s", 2 * DEMO_CELL, text);
	}
	printf("\n%-*s%*s", DEMO_NAME, "program", DEMO_SERIAL, "serial C");
	for (unsigned i = 0; i < counts; i++)
		printf("  %*s%*s", DEMO_CELL, "skua", DEMO_CELL, "OpenMP");
	putchar('\n');
	demo_rule(counts);
	fflush(stdout);
}

static void demo_cell(const series *s, runtime r, unsigned workers)
{
	char time[24];
	char text[48] = "-";
	const contestant *c = find(s, r, workers);
	double over = ratio(best(c), best(find(s, SERIAL, 1)));
	if (c)
		snprintf(text, sizeof(text), "%s %6.*fx", duration(best(c), time, sizeof(time)), over < 9.995 ? 2 : 1,
		         over);
	printf("%*s", DEMO_CELL, text);
}

void report_demo_row(const series *s, const unsigned *workers, unsigned counts)
{
	char name[32];
	char time[24];
	snprintf(name, sizeof(name), "%s %ld", s->what->kernel, s->size);
	duration(best(find(s, SERIAL, 1)), time, sizeof(time));
	printf("%-*s%*s", DEMO_NAME, name, DEMO_SERIAL, time);
	for (unsigned i = 0; i < counts; i++) {
		printf("  ");
		demo_cell(s, SKUA, workers[i]);
		demo_cell(s, OPENMP_GCC, workers[i]);
	}
	putchar('\n');
	fflush(stdout);
}

void report_demo_foot(void)
{
	puts("\n"
	     "How to read it: each program computes the same thing as plain serial C and with its parallel parts given "
	     "to\n"
	     "skua or to gcc's OpenMP tasks, on one core and on all cores. A cell is the time it took and that time "
	     "divided\n"
	     "by the serial program's: 0.50x is twice as fast as serial, 2.00x half as fast. With 1 worker nothing "
	     "runs in\n"
	     "parallel, so the ratio shows what the runtime itself costs. fib does nothing but make tasks, the worst "
	     "case;\n"
	     "nqueens and uts_t1 do some 100 ns of work in each; mergesort and matmul do microseconds.\n"
	     "Times are the fastest of several rounds in which the programs took turns. perf/README.md says more.");
}
