/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checker's program.
 *
 *     check litmus                    the checker's own tests
 *     check protocols [--large] [NAME]  explores all scenarios, or those that begin with NAME; at the end a table of
 *                                     the protocols. --large: those that take too long for every run, and no others
 *     check mutants FILE [NAME]       weakens each ordered operation in turn, or those that begin with NAME; FILE says
 *                                     what must come of it
 *     check mutant NAME               prints the interleaving in which a mutant, as FILE names it, fails
 *     check replay NAME CHOICES       repeats one execution of a scenario, and prints it if it fails
 *     check sites                     lists the operations that a mutant could weaken
 *
 * The exit status is 0 when everything is as it should be.
 */
#include "explore.h"
#include "litmus.h"
#include "mutants.h"
#include "scenarios.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define MOST UINT64_C(100000000)

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void print_failure(const model_scenario *scenario, const model_result *result)
{
	printf("%s", result->trace);
	printf("repeat: check replay %s %s\n", scenario->name, result->choices);
}

/* What a protocol's scenarios were, together. */
typedef struct sum {
	unsigned scenarios, threads, spurious, wrong;
	unsigned bounded, preemptions, stale; /* scenarios with bounds, and the least ones */
	uint64_t executions, redundant;
	double seconds;
} sum;

static unsigned least(unsigned a, unsigned b)
{
	return a == 0 || (b > 0 && b < a) ? b : a;
}

/* In words: everything is explored, but for these. */
static void print_bounds(const char *before, unsigned preemptions, unsigned stale, unsigned spurious)
{
	if (preemptions) {
		printf("%s%u preemption%s", before, preemptions, preemptions == 1 ? "" : "s");
		before = ", ";
	}
	if (stale)
		printf("%s%u older value%s", before, stale, stale == 1 ? "" : "s");
	if (spurious)
		printf("%s%u spurious wake-up%s", before, spurious, spurious == 1 ? "" : "s");
}

static void explore_one(const model_scenario *it, sum *all)
{
	model_result result;
	double begin = seconds();
	model_explore(it, MOST, NULL, &result);
	double took = seconds() - begin;
	printf("%-22s %12llu %12llu %8.1f  %s", it->name, (unsigned long long)result.executions,
	       (unsigned long long)result.redundant, took, it->about);
	print_bounds("; ", it->preemptions, it->stale, it->spurious);
	puts(result.is_complete ? "" : result.is_failed ? ": FAILED" : ": NOT FINISHED");
	fflush(stdout);
	if (result.is_failed)
		print_failure(it, &result);
	all->scenarios++;
	all->threads = it->threads > all->threads ? it->threads : all->threads;
	all->spurious = it->spurious > all->spurious ? it->spurious : all->spurious;
	all->wrong += !result.is_complete;
	all->bounded += it->preemptions > 0;
	all->preemptions = least(all->preemptions, it->preemptions);
	all->stale = least(all->stale, it->stale);
	all->executions += result.executions;
	all->redundant += result.redundant;
	all->seconds += took;
	model_result_free(&result);
}

static void print_sum(const char *name, int length, const sum *it)
{
	printf("%-10.*s %9u %7u %12llu %12llu %8.1f  %u to the end", length, name, it->scenarios, it->threads,
	       (unsigned long long)it->executions, (unsigned long long)it->redundant, it->seconds,
	       it->scenarios - it->bounded - it->wrong);
	if (it->bounded)
		printf(", %u within bounds", it->bounded);
	print_bounds("; at least ", it->preemptions, it->stale, it->spurious);
	printf("%s\n", it->wrong ? "; SOME ARE NOT FINISHED" : "");
}

static void add(sum *into, const sum *it)
{
	into->scenarios += it->scenarios;
	into->threads = it->threads > into->threads ? it->threads : into->threads;
	into->spurious = it->spurious > into->spurious ? it->spurious : into->spurious;
	into->wrong += it->wrong;
	into->bounded += it->bounded;
	into->preemptions = least(into->preemptions, it->preemptions);
	into->stale = least(into->stale, it->stale);
	into->executions += it->executions;
	into->redundant += it->redundant;
	into->seconds += it->seconds;
}

#define PROTOCOLS 32u

static unsigned protocols(const char *beginning, bool is_long)
{
	sum sums[PROTOCOLS] = { 0 }, total = { 0 };
	printf("%-22s %12s %12s %8s\n", "scenario", "executions", "redundant", "seconds");
	for (unsigned i = 0; scenario_lists[i]; i++) {
		for (const model_scenario *it = scenario_lists[i]; it->name; it++)
			if (it->is_long == is_long && strncmp(it->name, beginning, strlen(beginning)) == 0)
				explore_one(it, &sums[i]);
		add(&total, &sums[i]);
	}
	printf("\n%-10s %9s %7s %12s %12s %8s  %s\n", "protocol", "scenarios", "threads", "executions", "redundant",
	       "seconds", "explored");
	for (unsigned i = 0; scenario_lists[i]; i++)
		if (sums[i].scenarios)
			print_sum(scenario_lists[i]->name, (int)strcspn(scenario_lists[i]->name, "."), &sums[i]);
	print_sum("all", 3, &total);
	printf("%u scenarios, %u failed\n", total.scenarios, total.wrong);
	return total.wrong + (total.scenarios == 0);
}

static unsigned replay(const char *name, const char *choices)
{
	for (unsigned i = 0; scenario_lists[i]; i++)
		for (const model_scenario *it = scenario_lists[i]; it->name; it++) {
			if (strcmp(it->name, name) != 0)
				continue;
			model_result result;
			model_explore(it, MOST, choices, &result);
			if (result.is_failed)
				print_failure(it, &result);
			else
				printf("this execution does not fail\n");
			unsigned wrong = result.is_failed;
			model_result_free(&result);
			return wrong;
		}
	fprintf(stderr, "there is no scenario %s\n", name);
	return 1;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	if (strcmp(what, "litmus") == 0)
		return litmus_run() != 0;
	if (strcmp(what, "protocols") == 0) {
		bool is_long = argc > 2 && strcmp(argv[2], "--large") == 0;
		int name = is_long ? 3 : 2;
		return protocols(argc > name ? argv[name] : "", is_long) != 0;
	}
	if (strcmp(what, "mutants") == 0 && argc > 2)
		return mutants_run(argv[2], argc > 3 ? argv[3] : "") != 0;
	if (strcmp(what, "mutant") == 0 && argc > 2)
		return mutants_show(argv + 2, argc - 2) != 0;
	if (strcmp(what, "replay") == 0 && argc > 3)
		return replay(argv[2], argv[3]) != 0;
	if (strcmp(what, "sites") == 0)
		return mutants_list() != 0;
	fprintf(stderr,
	        "usage: %s litmus | protocols [--large] [NAME] | mutants FILE [NAME] | mutant NAME... | replay "
	        "NAME CHOICES | sites\n",
	        argv[0]);
	return 2;
}
