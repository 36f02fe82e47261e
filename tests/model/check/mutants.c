/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each order of each operation is weakened in turn, and the checker must find a failure in one of the scenarios, or the
 * file of expectations says why none is to be found there.
 *
 *   seq_cst    becomes acq_rel (acquire for a load, release for a store; a fence becomes none)
 *   acquire    is dropped: acquire becomes relaxed, acq_rel and seq_cst become release
 *   release    is dropped: release becomes relaxed, acq_rel and seq_cst become acquire
 *   failure    the order of a compare-and-swap that fails becomes relaxed
 *   fence      becomes nothing; a membarrier as well
 *
 * A line of the file:  file : operation : #number : what : found, or the argument
 * The number tells operations of the same text in one file apart, by line.
 */
#include "mutants.h"

#include "explore.h"
#include "scenarios.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST UINT64_C(3000000)
#define SITES 512u
#define MUTANTS 512u
#define LINES 512u
#define SCENARIOS 128u

extern model_site __start_model_sites[], __stop_model_sites[];

/* One operation in the text; there are copies of it, one for each object file with that header. */
typedef struct operation {
	model_site *copy[64];
	unsigned count;
	unsigned number; /* among those of the same text */
	bool is_reached_by[SCENARIOS];
} operation;

static operation operations[SITES];
static unsigned operation_count;

enum what {
	SEQ_CST,
	ACQUIRE,
	RELEASE,
	FAILURE,
	FENCE,
	WHATS
};
static const char *const what_names[] = { "seq_cst", "acquire", "release", "failure", "fence" };

static const char *base_name(const char *file)
{
	const char *slash = strrchr(file, '/');
	return slash ? slash + 1 : file;
}

/* The fast path is expanded where it is used: one operation of each kind. */
static bool is_of_fast_path(const model_site *site)
{
	return strncmp(site->name, "SK_DOOR_", 8) == 0;
}

static bool is_of_runtime(const model_site *site)
{
	return is_of_fast_path(site) || strstr(site->file, "runtime/") || strstr(site->file, "twins.c");
}

static void gather(void)
{
	operation_count = 0;
	for (model_site *site = __start_model_sites; site < __stop_model_sites; site++) {
		if (!is_of_runtime(site))
			continue;
		operation *found = NULL;
		for (unsigned i = 0; i < operation_count && !found; i++) {
			const model_site *other = operations[i].copy[0];
			if (is_of_fast_path(site) && strcmp(other->name, site->name) == 0)
				found = &operations[i];
			if (other->line == site->line && strcmp(other->file, site->file) == 0 &&
			    strcmp(other->text, site->text) == 0 && strcmp(other->name, site->name) == 0)
				found = &operations[i];
		}
		if (!found)
			found = &operations[operation_count++];
		if (operation_count == SITES || found->count == 64)
			abort();
		found->copy[found->count++] = site;
	}
	for (unsigned i = 0; i < operation_count; i++) {
		const model_site *site = operations[i].copy[0];
		operations[i].number = 1;
		for (unsigned k = 0; k < operation_count; k++) {
			const model_site *other = operations[k].copy[0];
			if (strcmp(other->file, site->file) == 0 && strcmp(other->text, site->text) == 0 &&
			    strcmp(other->name, site->name) == 0 && other->line < site->line && !is_of_fast_path(site))
				operations[i].number++;
		}
	}
}

static enum model_order without_acquire(enum model_order order)
{
	return order == MODEL_ACQUIRE ? MODEL_RELAXED : order == MODEL_RELAXED ? MODEL_RELAXED : MODEL_RELEASE;
}

static enum model_order without_release(enum model_order order)
{
	return order == MODEL_RELEASE ? MODEL_RELAXED : order == MODEL_RELAXED ? MODEL_RELAXED : MODEL_ACQUIRE;
}

/* The weaker orders; false: it makes no sense here. */
static bool weaken(const model_site *site, enum what what, enum model_order *order, enum model_order *failure)
{
	enum model_order o = site->order, f = site->failure;
	bool reads = site->kind != MODEL_STORE, writes = site->kind != MODEL_LOAD;
	*order = o;
	*failure = f;
	if (site->kind == MODEL_FENCE || site->kind == MODEL_MEMBARRIER) {
		*order = MODEL_NONE;
		return what == FENCE;
	}
	if (what == SEQ_CST) {
		*order = !writes ? MODEL_ACQUIRE : !reads ? MODEL_RELEASE : MODEL_ACQ_REL;
		*failure = f == MODEL_SEQ_CST ? MODEL_ACQUIRE : f;
		return o == MODEL_SEQ_CST;
	}
	if (what == ACQUIRE && reads && (o == MODEL_ACQUIRE || o == MODEL_ACQ_REL || o == MODEL_SEQ_CST)) {
		*order = writes ? without_acquire(o) : MODEL_RELAXED;
		return true;
	}
	if (what == RELEASE && writes && (o == MODEL_RELEASE || o == MODEL_ACQ_REL || o == MODEL_SEQ_CST)) {
		*order = reads ? without_release(o) : MODEL_RELAXED;
		return true;
	}
	*failure = MODEL_RELAXED;
	return what == FAILURE && f != MODEL_RELAXED && f != MODEL_NONE;
}

static void set(const operation *it, enum model_order order, enum model_order failure)
{
	for (unsigned i = 0; i < it->count; i++) {
		it->copy[i]->order = order;
		it->copy[i]->failure = failure;
	}
}

static void name_of(const operation *it, enum what what, char *out, size_t size)
{
	const model_site *site = it->copy[0];
	snprintf(out, size, "%s : %s%s%s : #%u : %s", is_of_fast_path(site) ? "door.h" : base_name(site->file),
	         site->name, *site->text ? " " : "", site->text, it->number, what_names[what]);
}

unsigned mutants_list(void)
{
	gather();
	for (unsigned i = 0; i < operation_count; i++)
		for (unsigned w = 0; w < WHATS; w++) {
			enum model_order order, failure;
			char name[200];
			if (!weaken(operations[i].copy[0], (enum what)w, &order, &failure))
				continue;
			name_of(&operations[i], (enum what)w, name, sizeof name);
			printf("%s\n", name);
		}
	return 0;
}

/* The scenarios that mutants are tried on. */
static const model_scenario *tried[SCENARIOS];
static unsigned tried_count;
/* Indices of them, those of the fewest executions first: most mutants are found by a small one. */
static unsigned by_size[SCENARIOS];
static uint64_t executions[SCENARIOS];

static void rank(unsigned i)
{
	unsigned at = i;
	for (; at > 0 && executions[by_size[at - 1]] > executions[i]; at--)
		by_size[at] = by_size[at - 1];
	by_size[at] = i;
}

static bool is_reached(const operation *it)
{
	for (unsigned k = 0; k < it->count; k++)
		if (it->copy[k]->is_reached)
			return true;
	return false;
}

/*
 * Which scenarios come to which operation. A mutant is like the original up to its first execution, so it need not be
 * tried on others.
 */
static void reach(void)
{
	for (unsigned i = 0; scenario_lists[i]; i++)
		for (const model_scenario *scenario = scenario_lists[i]; scenario->name; scenario++) {
			if (scenario->is_large || scenario->is_long)
				continue;
			if (tried_count == SCENARIOS)
				abort();
			for (model_site *site = __start_model_sites; site < __stop_model_sites; site++)
				site->is_reached = false;
			model_result result;
			model_explore(scenario, MOST, NULL, &result);
			executions[tried_count] = result.executions;
			rank(tried_count);
			model_result_free(&result);
			for (unsigned k = 0; k < operation_count; k++)
				operations[k].is_reached_by[tried_count] = is_reached(&operations[k]);
			tried[tried_count++] = scenario;
		}
}

/* Which scenario finds it; NULL: none. */
static const model_scenario *find(const operation *it, char *failure_text, size_t size)
{
	for (unsigned k = 0; k < tried_count; k++) {
		unsigned i = by_size[k];
		if (!it->is_reached_by[i])
			continue;
		model_result result;
		model_explore(tried[i], MOST, NULL, &result);
		bool failed = result.is_failed;
		if (failed)
			snprintf(failure_text, size, "%s", result.failure);
		model_result_free(&result);
		if (failed)
			return tried[i];
	}
	return NULL;
}

/* Puts the mutant of that name in place. NULL: there is none. */
static const operation *apply(const char *wanted)
{
	for (unsigned i = 0; i < operation_count; i++)
		for (unsigned w = 0; w < WHATS; w++) {
			enum model_order order, failure;
			char name[200];
			if (!weaken(operations[i].copy[0], (enum what)w, &order, &failure))
				continue;
			name_of(&operations[i], (enum what)w, name, sizeof name);
			if (strcmp(name, wanted) == 0) {
				set(&operations[i], order, failure);
				return &operations[i];
			}
		}
	fprintf(stderr, "there is no mutant '%s'\n", wanted);
	return NULL;
}

unsigned mutants_show(char **names, int count)
{
	operation all = { .count = 0 };
	char text[400];
	gather();
	reach();
	for (int k = 0; k < count; k++) {
		const operation *it = apply(names[k]);
		if (!it)
			return 1;
		for (unsigned i = 0; i < tried_count; i++)
			all.is_reached_by[i] |= it->is_reached_by[i];
	}
	const model_scenario *scenario = find(&all, text, sizeof text);
	if (!scenario) {
		printf("not found\n");
		return 0;
	}
	model_result result;
	model_explore(scenario, MOST, NULL, &result);
	printf("%s\n%s", scenario->name, result.trace);
	model_result_free(&result);
	return 0;
}

typedef struct expectation {
	char name[200];
	char text[400];
	bool is_used;
} expectation;

static expectation expectations[LINES];
static unsigned expectation_count;

static bool read_expectations(const char *path)
{
	FILE *in = fopen(path, "r");
	char line[700];
	if (!in) {
		perror(path);
		return false;
	}
	while (fgets(line, sizeof line, in)) {
		line[strcspn(line, "\n")] = 0;
		if (*line == '#' || !*line)
			continue;
		char *at = line;
		for (int i = 0; i < 3 && at; i++)
			at = strstr(at + (i > 0), " : ");
		char *end = at ? strstr(at + 3, " : ") : NULL;
		if (!end || expectation_count == LINES) {
			fprintf(stderr, "%s: not a line of expectations: %s\n", path, line);
			fclose(in);
			return false;
		}
		expectation *it = &expectations[expectation_count++];
		snprintf(it->name, sizeof it->name, "%.*s", (int)(end - line), line);
		snprintf(it->text, sizeof it->text, "%s", end + 3);
	}
	fclose(in);
	return true;
}

static expectation *expectation_of(const char *name)
{
	for (unsigned i = 0; i < expectation_count; i++)
		if (strcmp(expectations[i].name, name) == 0)
			return &expectations[i];
	return NULL;
}

/* A reason has to hold in each of them. */
static void print_reaching(const operation *it)
{
	const char *before = ", reached by ";
	for (unsigned i = 0; i < tried_count; i++) {
		if (!it->is_reached_by[i])
			continue;
		printf("%s%s", before, tried[i]->name);
		before = " ";
	}
	if (*before == ',')
		printf(", not reached");
}

/* What came of one mutant: by whom it was found, and how that failed. Shared between the processes that try them. */
typedef struct verdict {
	const model_scenario *scenario; /* NULL: not found */
	char text[64];
	bool is_given;
} verdict;

static verdict (*verdicts)[WHATS]; /* of each operation */

static bool is_wanted(const operation *it, enum what what, const char *beginning, char *name, size_t size)
{
	enum model_order order, failure;
	if (!weaken(it->copy[0], what, &order, &failure))
		return false;
	name_of(it, what, name, size);
	return strncmp(name, beginning, strlen(beginning)) == 0;
}

static void try(const operation *it, enum what what, const char *beginning, verdict *out)
{
	model_site *site = it->copy[0];
	enum model_order order = site->order, failure = site->failure, weak, weak_failure;
	char name[200], text[400] = "";
	if (!is_wanted(it, what, beginning, name, sizeof name))
		return;
	(void)weaken(site, what, &weak, &weak_failure);
	set(it, weak, weak_failure);
	out->scenario = find(it, text, sizeof text);
	set(it, order, failure);
	snprintf(out->text, sizeof out->text, "%.60s", text);
	out->is_given = true;
}

/* Tries the mutants whose turn it is; next is shared with the other processes. */
static void try_in_turn(atomic_uint *next, const char *beginning)
{
	for (;;) {
		unsigned turn = atomic_fetch_add(next, 1);
		if (turn >= operation_count * WHATS)
			return;
		unsigned i = turn / WHATS, w = turn % WHATS;
		try(&operations[i], (enum what)w, beginning, &verdicts[i][w]);
	}
}

/* One process for each processor, as the checker is of one thread. False: the system refuses, or one has crashed. */
static bool try_all(const char *beginning)
{
	size_t size = operation_count * sizeof *verdicts + sizeof(atomic_uint);
	cpu_set_t processors;
	int count = sched_getaffinity(0, sizeof processors, &processors) == 0 ? CPU_COUNT(&processors) : 1;
	bool is_well = true;
	verdicts = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (verdicts == MAP_FAILED) {
		perror("mmap");
		return false;
	}
	atomic_uint *next = (atomic_uint *)(verdicts + operation_count);
	fflush(stdout);
	for (int i = 0; i < count; i++) {
		pid_t child = fork();
		if (child < 0) {
			perror("fork");
			is_well = false;
		}
		if (child == 0) {
			try_in_turn(next, beginning);
			_exit(0);
		}
	}
	int status;
	while (wait(&status) > 0)
		if (status != 0) {
			printf("WRONG: a process that tried mutants has ended with status %d\n", status);
			is_well = false;
		}
	return is_well;
}

static unsigned judge(const operation *it, enum what what, const char *beginning)
{
	const verdict *given = &verdicts[it - operations][what];
	char name[200];
	if (!is_wanted(it, what, beginning, name, sizeof name))
		return 0;
	expectation *expected = expectation_of(name);
	bool must_be_found = expected && strcmp(expected->text, "found") == 0;
	if (expected)
		expected->is_used = true;
	printf("%s : ", name);
	if (!given->is_given)
		printf("not tried\n");
	else if (given->scenario)
		printf("found by %s: %s\n", given->scenario->name, given->text);
	else {
		printf("not found");
		print_reaching(it);
		printf("%s%s\n", expected && !must_be_found ? ": " : "",
		       expected && !must_be_found ? expected->text : "");
	}
	if (!expected) {
		printf("    WRONG: there is no line for it\n");
		return 1;
	}
	if (!given->is_given || must_be_found != (given->scenario != NULL)) {
		printf("    WRONG: the file says: %s\n", expected->text);
		return 1;
	}
	return 0;
}

unsigned mutants_run(const char *path, const char *beginning)
{
	unsigned wrong = 0;
	gather();
	if (!read_expectations(path))
		return 1;
	reach();
	if (!try_all(beginning))
		return 1;
	for (unsigned i = 0; i < operation_count; i++)
		for (unsigned w = 0; w < WHATS; w++)
			wrong += judge(&operations[i], (enum what)w, beginning);
	for (unsigned i = 0; i < expectation_count; i++)
		if (!expectations[i].is_used && !*beginning) {
			printf("%s\n    WRONG: there is no such operation any more\n", expectations[i].name);
			wrong++;
		}
	printf("%u wrong\n", wrong);
	return wrong;
}
