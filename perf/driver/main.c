/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skua-bench: chooses the series that were asked for and runs one after the other. bench.h explains the words.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

static unsigned failures;

/* Whether any runtime of this group that was asked for is built for the problem. */
static bool any_runtime(const options *o, const char *problem, bool peers)
{
	for (runtime r = SERIAL; r < RUNTIMES; r++)
		if (runtime_is_peer(r) == peers && o->runtime_asked[r] && child_exists(problem, r))
			return true;
	return false;
}

static void run_series(const bench_case *what, long size, const options *o, const machine *m)
{
	series s = { .what = what, .size = size, .rounds = o->rounds };
	if (what->rounds_most && s.rounds > what->rounds_most)
		s.rounds = what->rounds_most;
	failures += measure_series(&s, o);
	if (o->json)
		report_json(o->json, &s, m);
	if (o->json == stdout)
		; /* no tables between the lines */
	else if (o->demo)
		report_demo_row(&s, o->workers, o->worker_counts);
	else if (o->tiny)
		report_checked(&s);
	else
		report_series(&s);
	measure_free(&s);
}

/* The workers of a case where none were asked for. */
static void default_workers(options *o, const bench_case *what, const machine *m)
{
	o->workers[0] = what->oversubscribes ? m->cores : 1;
	o->workers[1] = what->oversubscribes ? 4 * m->cores : m->cores;
	for (unsigned i = 0; i < 2; i++)
		o->workers[i] = o->workers[i] < WORKERS_MAX ? o->workers[i] : WORKERS_MAX;
	o->worker_counts = o->workers[0] == o->workers[1] ? 1 : 2;
}

static void run_case(const bench_case *what, const options *asked, const machine *m)
{
	options o = *asked;
	if (!o.worker_counts)
		default_workers(&o, what, m);
	if (o.tiny) {
		run_series(what, what->tiny_size, &o, m);
		return;
	}
	if (o.size || !what->peer_size) {
		run_series(what, o.size ? o.size : what->size, &o, m);
		return;
	}
	/* At its own size without the peers, then, with them, at one that they finish in time. */
	if (any_runtime(&o, what->problem, false) && !o.demo) {
		options own = o;
		for (runtime r = SERIAL; r < RUNTIMES; r++)
			own.runtime_asked[r] &= !runtime_is_peer(r);
		run_series(what, what->size, &own, m);
	}
	if (any_runtime(&o, what->problem, true) || o.demo)
		run_series(what, what->peer_size, &o, m);
}

static void list(void)
{
	printf("%-12s %10s  %-62s built for\n", "kernel", "size", "");
	for (unsigned i = 0; i < bench_case_count; i++) {
		const bench_case *what = &bench_cases[i];
		printf("%-12s %10ld  %-62s", what->kernel, what->size, what->summary);
		for (runtime r = SERIAL; r < RUNTIMES; r++)
			if (child_exists(what->problem, r))
				printf(" %s", runtime_name(r));
		putchar('\n');
	}
}

int main(int argc, char **argv)
{
	options o;
	machine m;
	int status = options_read(&o, argc, argv);
	if (status)
		return status;
	if (o.help) {
		options_help(stdout);
		return 0;
	}
	if (o.list) {
		list();
		return 0;
	}
	child_watch_signals();
	machine_read(&m);
	if (o.demo && !o.worker_counts)
		default_workers(&o, &bench_cases[0], &m);
	if (o.demo && o.json != stdout) {
		report_demo_head(&m, o.workers, o.worker_counts);
	} else if (o.json != stdout) {
		printf("%s, %s, %s, commit %s; %u rounds\n", m.cpu, m.topology, m.kernel, m.commit, o.rounds);
	}
	for (unsigned i = 0; i < bench_case_count; i++) {
		if (!o.kernel_asked[i])
			continue;
		if (!any_runtime(&o, bench_cases[i].problem, false) && !any_runtime(&o, bench_cases[i].problem, true)) {
			fprintf(stderr, "skua-bench: %s is not built for any of these runtimes: left out\n",
			        bench_cases[i].kernel);
			continue;
		}
		run_case(&bench_cases[i], &o, &m);
	}
	if (o.demo && o.json != stdout)
		report_demo_foot();
	if (failures)
		fprintf(stderr, "skua-bench: %u failed\n", failures);
	return failures ? 1 : 0;
}
