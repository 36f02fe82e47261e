/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checker's program.
 *
 *     check litmus                    the checker's own tests
 *     check protocols [NAME]          explores all scenarios, or those that begin with NAME
 *     check mutants FILE              weakens each ordered operation in turn; FILE says what must come of it
 *     check mutant NAME               prints the interleaving in which a mutant, as FILE names it, fails
 *     check replay NAME CHOICES       repeats one execution of a scenario, and prints it if it fails
 *     check sites                     lists the operations that a mutant could weaken
 *
 * The exit status is 0 when everything is as it should be.
 */
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

static unsigned protocols(const char *beginning)
{
	unsigned wrong = 0, count = 0;
	printf("%-18s %12s %12s %8s\n", "scenario", "executions", "redundant", "seconds");
	for (unsigned i = 0; scenario_lists[i]; i++)
		for (const model_scenario *it = scenario_lists[i]; it->name; it++) {
			if (strncmp(it->name, beginning, strlen(beginning)) != 0 ||
			    (it->is_large && strcmp(it->name, beginning) != 0))
				continue;
			model_result result;
			double begin = seconds();
			model_explore(it, MOST, NULL, &result);
			printf("%-18s %12llu %12llu %8.1f  %s%s\n", it->name, (unsigned long long)result.executions,
			       (unsigned long long)result.redundant, seconds() - begin, it->about,
			       result.is_complete ? ""
			       : result.is_failed ? ": FAILED"
			                          : ": NOT FINISHED");
			fflush(stdout);
			if (result.is_failed)
				print_failure(it, &result);
			wrong += !result.is_complete;
			count++;
			model_result_free(&result);
		}
	printf("%u scenarios, %u failed\n", count, wrong);
	return wrong + (count == 0);
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
	if (strcmp(what, "protocols") == 0)
		return protocols(argc > 2 ? argv[2] : "") != 0;
	if (strcmp(what, "mutants") == 0 && argc > 2)
		return mutants_run(argv[2]) != 0;
	if (strcmp(what, "mutant") == 0 && argc > 2)
		return mutants_show(argv[2]) != 0;
	if (strcmp(what, "replay") == 0 && argc > 3)
		return replay(argv[2], argv[3]) != 0;
	if (strcmp(what, "sites") == 0)
		return mutants_list() != 0;
	fprintf(stderr,
	        "usage: %s litmus | protocols [NAME] | mutants FILE | mutant NAME | replay NAME CHOICES | sites\n",
	        argv[0]);
	return 2;
}
