/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The soak program: everything that the library offers, at random and at once, for a given time.
 *
 *     soak [--seconds S] [--seed N]     episodes of that run, one after the other, with all kinds of operations
 *     soak --episode N                  one episode again and again, until it fails or the time is over
 *     soak --self-test                  are planted errors found, and shrunk as far as can be?
 *
 *     --workers N         instead of a number from the seed
 *     --only KIND,...     only these kinds of operations (--list names them; none: only start and stop)
 *     --strands I,...     only these strands of an episode
 *     --steps A-B         only the steps from A to B - 1 of each strand
 *     --episodes N        at most so many
 *     --budget S          seconds for shrinking a failure (default 120, 1200 where everything is slow; 0 with
 *                         --episode)
 *     --tries N           how often a candidate is run at least before it counts as good (default 20)
 *     --patience S        seconds without any progress that are a hang (default 60, 300 where everything is slow)
 *     --keep              a child that hangs is left for a debugger
 *     --plant NAME        plants an error: wrong, hang, crash (plant.c)
 *
 * SKUA_TEST_SECONDS, SKUA_TEST_SEED and SKUA_TEST_PATIENCE say the same as the options. The exit status is 0 if nothing
 * was found, 1 if something was, 2 for arguments that make no sense.
 */
#include "soak.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)
#define CHILD_NS (60 * SECOND) /* after which episodes go on in a fresh process */

typedef struct arguments {
	soak_plan plan;
	uint64_t seed, episodes;
	double seconds, budget, patience;
	unsigned tries;
	bool is_episode, is_self_test, is_list, is_kept;
} arguments;

__attribute__((noreturn)) static void usage(const char *what, const char *value)
{
	fprintf(stderr, "soak: %s: %s; see the head of tests/soak/soak.c\n", what, value ? value : "?");
	exit(2);
}

static uint64_t number(const char *name, const char *text)
{
	char *end;
	errno = 0;
	uint64_t value = strtoull(text, &end, 0);
	if (errno || end == text || *end || *text == '-')
		usage(name, text);
	return value;
}

static double seconds(const char *name, const char *text)
{
	char *end;
	double value = strtod(text, &end);
	if (end == text || *end || !(value >= 0 && value < 1e9))
		usage(name, text);
	return value;
}

static unsigned kind_by_name(const char *name, size_t length)
{
	for (unsigned kind = 0; kind < SOAK_KINDS; kind++)
		if (strlen(soak_kind_name[kind]) == length && memcmp(soak_kind_name[kind], name, length) == 0)
			return kind;
	usage("there is no kind", name);
}

static uint64_t kinds(const char *text)
{
	uint64_t mask = 0;
	if (strcmp(text, "none") == 0)
		return 0;
	for (const char *at = text;; at++) {
		size_t length = strcspn(at, ",");
		mask |= UINT64_C(1) << kind_by_name(at, length);
		at += length;
		if (!*at)
			return mask;
	}
}

static unsigned strands(const char *text)
{
	unsigned mask = 0;
	for (const char *at = text; *at; at++) {
		unsigned which = (unsigned)(*at - '0');
		if (which >= SOAK_STRANDS_MAX || (at[1] && *++at != ','))
			usage("--strands", text);
		mask |= 1u << which;
	}
	return mask;
}

static void steps(const char *text, soak_plan *plan)
{
	char rest;
	if (sscanf(text, "%u-%u%c", &plan->first, &plan->end, &rest) != 2 || plan->end > SOAK_STEPS_MAX)
		usage("--steps", text);
}

enum {
	SEED = 1,
	SECONDS,
	WORKERS,
	ONLY,
	STRANDS,
	STEPS,
	EPISODE,
	EPISODES,
	BUDGET,
	TRIES,
	PATIENCE,
	KEEP,
	PLANT,
	SELF,
	LIST
};

static const struct option options[] = { { "seed", required_argument, NULL, SEED },
	                                 { "seconds", required_argument, NULL, SECONDS },
	                                 { "workers", required_argument, NULL, WORKERS },
	                                 { "only", required_argument, NULL, ONLY },
	                                 { "strands", required_argument, NULL, STRANDS },
	                                 { "steps", required_argument, NULL, STEPS },
	                                 { "episode", required_argument, NULL, EPISODE },
	                                 { "episodes", required_argument, NULL, EPISODES },
	                                 { "budget", required_argument, NULL, BUDGET },
	                                 { "tries", required_argument, NULL, TRIES },
	                                 { "patience", required_argument, NULL, PATIENCE },
	                                 { "keep", no_argument, NULL, KEEP },
	                                 { "plant", required_argument, NULL, PLANT },
	                                 { "self-test", no_argument, NULL, SELF },
	                                 { "list", no_argument, NULL, LIST },
	                                 { NULL, 0, NULL, 0 } };

static void take(arguments *all, int option, const char *value)
{
	switch (option) {
	case SEED:
		all->seed = number("--seed", value);
		break;
	case SECONDS:
		all->seconds = seconds("--seconds", value);
		break;
	case WORKERS:
		all->plan.workers = (unsigned)number("--workers", value);
		break;
	case ONLY:
		all->plan.kinds = kinds(value);
		break;
	case STRANDS:
		all->plan.strands = strands(value);
		break;
	case STEPS:
		steps(value, &all->plan);
		break;
	case EPISODE:
		all->is_episode = true;
		all->plan.seed = number("--episode", value);
		break;
	case EPISODES:
		all->episodes = number("--episodes", value);
		break;
	case BUDGET:
		all->budget = seconds("--budget", value);
		break;
	case TRIES:
		all->tries = (unsigned)number("--tries", value);
		break;
	case PATIENCE:
		all->patience = seconds("--patience", value);
		break;
	case KEEP:
		all->is_kept = true;
		break;
	case PLANT:
		all->plan.plant = soak_plant_by_name(value);
		if (all->plan.plant == SOAK_PLANT_NONE)
			usage("--plant", value);
		break;
	case SELF:
		all->is_self_test = true;
		break;
	case LIST:
		all->is_list = true;
		break;
	default:
		exit(2); /* getopt has said it */
	}
}

static arguments read_arguments(int argc, char **argv)
{
	const char *for_seconds = getenv("SKUA_TEST_SECONDS"), *for_seed = getenv("SKUA_TEST_SEED");
	const char *for_patience = getenv("SKUA_TEST_PATIENCE");
	arguments all = { .plan = { .kinds = SOAK_ALL_KINDS, .strands = SOAK_ALL_STRANDS, .end = SOAK_STEPS_MAX },
		          .seed = (uint64_t)time(NULL) * 1000003u + (uint64_t)getpid(),
		          .episodes = UINT64_MAX,
		          .seconds = 3,
		          .budget = -1,
		          .patience = SOAK_SCALED(60, 300),
		          .tries = 20 };
	if (for_seconds && *for_seconds)
		all.seconds = seconds("SKUA_TEST_SECONDS", for_seconds);
	if (for_seed && *for_seed)
		all.seed = number("SKUA_TEST_SEED", for_seed);
	if (for_patience && *for_patience)
		all.patience = seconds("SKUA_TEST_PATIENCE", for_patience);
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		take(&all, option, optarg);
	if (optind < argc)
		usage("not an option", argv[optind]);
	if (all.budget < 0)
		all.budget = all.is_episode ? 0 : SOAK_SCALED(120, 1200);
	return all;
}

void soak_plan_print(const soak_plan *plan)
{
	printf("soak --episode %#" PRIx64 " --steps %u-%u", plan->seed, plan->first, plan->end);
	if (plan->workers)
		printf(" --workers %u", plan->workers);
	for (unsigned i = 0, count = 0; i < SOAK_STRANDS_MAX && plan->strands != SOAK_ALL_STRANDS; i++)
		if (plan->strands >> i & 1)
			printf("%s%u", count++ ? "," : " --strands ", i);
	for (unsigned kind = 0, count = 0; kind < SOAK_KINDS && plan->kinds != SOAK_ALL_KINDS; kind++)
		if (plan->kinds >> kind & 1)
			printf("%s%s", count++ ? "," : " --only ", soak_kind_name[kind]);
	if (!plan->kinds)
		printf(" --only none");
	if (plan->plant)
		printf(" --plant %s", soak_plant_name(plan->plant));
	putchar('\n');
	fflush(stdout);
}

/* What is a hang while a failure is shrunk: much longer than anything that ended took, but not minutes for each try. */
static uint64_t shrink_patience(const arguments *all)
{
	uint64_t given = (uint64_t)(all->patience * 1e9), seen = 20 * soak_longest_gap_ns();
	uint64_t least = SOAK_SCALED(5, 20) * SECOND;
	uint64_t enough = seen > least ? seen : least;
	return given == 0 || given > enough ? enough : given;
}

static void report(const arguments *all, const soak_outcome *outcome)
{
	soak_plan plan = all->plan;
	uint64_t patience_ns = shrink_patience(all);
	puts("FAILED");
	soak_outcome_print(outcome);
	plan.seed = outcome->seed;
	soak_plan_print(&plan);
	if (all->budget <= 0)
		return;
	uint64_t until_ns = skua_now_ns() + (uint64_t)(all->budget * 1e9);
	plan = soak_shrink(plan, all->tries, until_ns, patience_ns);
	uint64_t tried;
	unsigned failures = soak_failures(&plan, skua_now_ns() + SOAK_SCALED(20, 60) * SECOND, patience_ns, &tried);
	printf("the smallest, which failed %u times in %" PRIu64 " tries:\n", failures, tried);
	soak_plan_print(&plan);
}

static int run(const arguments *all)
{
	uint64_t end_ns = skua_now_ns() + (uint64_t)(all->seconds * 1e9);
	soak_batch batch = { .plan = all->plan,
		             .run_seed = all->seed,
		             .repeats = all->is_episode,
		             .is_kept = all->is_kept,
		             .patience_ns = (uint64_t)(all->patience * 1e9) };
	if (all->is_episode)
		printf("episode %#" PRIx64 ", %g seconds\n", all->plan.seed, all->seconds);
	else
		printf("seed %" PRIu64 ", %g seconds\n", all->seed, all->seconds);
	while (batch.first < all->episodes && skua_now_ns() < end_ns) {
		batch.count = all->episodes - batch.first;
		batch.until_ns = skua_now_ns() + CHILD_NS < end_ns ? skua_now_ns() + CHILD_NS : end_ns;
		soak_outcome outcome = soak_child_run(&batch);
		if (outcome.failed) {
			soak_print_counts();
			report(all, &outcome);
			return EXIT_FAILURE;
		}
		batch.first += outcome.episodes;
	}
	soak_print_counts();
	puts("nothing was found");
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	arguments all = read_arguments(argc, argv);
	soak_driver_begin();
	if (all.is_list) {
		for (unsigned kind = 0; kind < SOAK_KINDS; kind++)
			puts(soak_kind_name[kind]);
		return EXIT_SUCCESS;
	}
	if (all.is_self_test) {
		printf("seed %" PRIu64 "\n", all.seed);
		return soak_self_test(all.seed);
	}
	return run(&all);
}
