/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver's concepts. The driver has one thread and computes nothing: it starts kernel processes, lets one of them
 * run at a time, and writes down what they report.
 *
 *     case         a row of the table in cases.c: a kernel with its sizes
 *     contestant   one runtime with one number of workers: one process, alive for the whole series
 *     series       one case at one size, and all its contestants, who take turns
 *     round        every contestant's turn once, each round beginning with another one
 *     turn         one "go": a few runs, whose median is the contestant's time in this round
 */
#ifndef PERF_BENCH_H
#define PERF_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum {
	WORKERS_MAX = 1024, /* most workers of a contestant */
	COUNTS_MAX = 16,    /* most different numbers of workers in one call */
	CASES_MAX = 64,
	ROUNDS_MAX = 10000,
	SAMPLE_NAMES_MAX = 4, /* most different samples of a kernel */
};

typedef enum runtime {
	SERIAL,
	SKUA,
	OPENMP_GCC,
	OPENMP_LLVM,
	TBB,
	OPENBLAS, /* takes part in dgemm only */
	RUNTIMES
} runtime;

typedef enum shows {
	SHOWS_SECONDS,
	SHOWS_TASK,
	SHOWS_SAMPLES
} shows;

typedef struct bench_case {
	const char *kernel;  /* as --kernel names it */
	const char *problem; /* executables are <problem>-<runtime> */
	const char *variant;
	long size;
	long peer_size; /* where a peer would need more than about 10 s at size: everybody runs at this too; or 0 */
	long tiny_size; /* with --tiny */
	unsigned rounds_most; /* 0: as many as asked for */
	shows shows;
	bool oversubscribes; /* all cores and four times as many workers, instead of 1 and all */
	bool peers_spin;     /* OpenMP's threads wait actively, however long */
	bool no_warm_up;     /* the first run is measured: it is slow, and nothing gets warm */
	bool in_demo;
	const char *summary;
} bench_case;

typedef struct options {
	bool kernel_asked[CASES_MAX]; /* by index in bench_cases */
	bool runtime_asked[RUNTIMES];
	unsigned workers[COUNTS_MAX];
	unsigned worker_counts; /* 0: the default of the case */
	unsigned rounds;
	long size;          /* 0: the default of the case */
	unsigned timeout_s; /* for one turn */
	bool tiny;
	bool demo;
	bool list;
	bool help;
	FILE *json; /* or NULL */
} options;

typedef struct child {
	pid_t pid; /* 0: none */
	int to;
	int from;
	char buffer[4096];
	size_t filled;
} child;

typedef struct samples {
	char name[24];
	double *value;
	size_t count;
	size_t capacity;
} samples;

typedef struct contestant {
	runtime runtime;
	unsigned workers;
	bool silent; /* runs once, for the checksum only */
	bool failed;
	char problem[160]; /* what went wrong */
	child child;
	char compiler[128];
	unsigned repeat; /* runs in one turn */
	double start_s;  /* the runtime's start */
	double first_s;  /* the first run; 0 if there is no warm-up */
	double *seconds; /* in each round */
	unsigned rounds;
	samples sample[SAMPLE_NAMES_MAX];
	uint64_t checksum;
	uint64_t tasks;
} contestant;

typedef struct series {
	const bench_case *what;
	long size;
	unsigned rounds;
	contestant *entry;
	unsigned entries;
} series;

/* What is said about the place of the measurement. */
typedef struct machine {
	char cpu[128];
	char kernel[128];
	char topology[160];
	char commit[96];
	unsigned cores;
} machine;

/* The answer of what a sample of numbers says. */
typedef struct summary {
	size_t count;
	double min;
	double median;
	double p99;
	double max;
	double spread; /* (max - min) / median */
} summary;

/* cases.c */
extern const bench_case bench_cases[];
extern const unsigned bench_case_count;
const char *runtime_name(runtime r);
bool runtime_is_peer(runtime r);
const char *runtime_pinning(runtime r);

/* machine.c */
void machine_read(machine *m);

/* options.c: returns 0, or 2 for bad arguments, which it has told on stderr. */
int options_read(options *o, int argc, char **argv);
void options_help(FILE *to);

/* child.c */
void child_watch_signals(void);
bool child_exists(const char *problem, runtime r);
int child_start(child *c, const bench_case *what, long size, runtime r, unsigned workers);
int child_read_line(child *c, char *line, size_t size, unsigned timeout_s);
int child_write(child *c, const char *text);
int child_pause(child *c);
int child_resume(child *c);
void child_end(child *c, char *how, size_t size);

/* measure.c: returns the number of contestants that failed. */
unsigned measure_series(series *s, const options *o);
void measure_free(series *s);

/* report.c */
summary report_summarise(const double *value, size_t count);
void report_json(FILE *to, const series *s, const machine *m);
void report_checked(const series *s);
void report_series(const series *s);
void report_demo_head(const machine *m, const unsigned *workers, unsigned counts);
void report_demo_row(const series *s, const unsigned *workers, unsigned counts);
void report_demo_foot(void);

#endif
