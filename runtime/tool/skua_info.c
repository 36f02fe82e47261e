/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skua-info: what to look at before trusting the scheduler on a machine. It prints the machine's tree, what of it may
 * be used and why the rest is not, the place and the victims of each worker, and which facilities of the kernel are in
 * use. It starts no worker.
 *
 * One thread. Exit status: 0; 1 the environment or the machine does not allow to start (the text names the setting); 2
 * an option is wrong.
 */
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <skua/skua.h>

#include "io/reactor.h"
#include "sched/settings.h"
#include "sys/features.h"
#include "sys/memory.h"
#include "sys/topology.h"

enum { EXIT_PROBLEM = 1, EXIT_USAGE = 2 };

static const char help_text[] =
	"usage: skua-info [--synthetic MACHINE] [--workers N] [--bind HOW]\n"
	"Shows the machine and the workers as the runtime would use them.\n"
	"\n"
	"  --synthetic MACHINE  an invented machine in hwloc's words, from the outside in:\n"
	"                       \"package:2 numa:2 l3:4 core:4 pu:2\"\n"
	"  --workers N          as SKUA_WORKERS=N\n"
	"  --bind HOW           as SKUA_BIND=HOW: core, pu, none, or PUs like 0,2,4-7\n"
	"  --help, --version\n"
	"\n"
	"Victims are the other workers in the order in which a worker steals from them:\n"
	"  cache    the same core or L2, or the same L3 of its NUMA node\n"
	"  near     the same node and package\n"
	"  region   the same node or the same package\n"
	"  far      the rest\n";

static void print_worker_ranges(const uint16_t *victims, unsigned count)
{
	/* The list is in stealing order; people want to see which ones, so it is marked by number first. */
	static unsigned char is_in[SK_TOPOLOGY_WORKERS_MAX];
	const char *separator = "";
	memset(is_in, 0, sizeof is_in);
	for (unsigned i = 0; i < count; i++)
		is_in[victims[i]] = 1;
	for (unsigned first = 0; first < SK_TOPOLOGY_WORKERS_MAX; first++) {
		unsigned last = first;
		if (!is_in[first])
			continue;
		while (last + 1 < SK_TOPOLOGY_WORKERS_MAX && is_in[last + 1])
			last++;
		printf(last > first ? "%s%u-%u" : "%s%u", separator, first, last);
		separator = ",";
		first = last;
	}
}

static void print_known(const char *what, int number)
{
	if (number >= 0)
		printf(" %s %d,", what, number);
}

static void print_worker(const sk_topology *topology, unsigned worker)
{
	static const char *const ring_name[SK_RINGS] = { "cache", "near", "region", "far" };
	static uint16_t victims[SK_TOPOLOGY_WORKERS_MAX];
	unsigned ring_end[SK_RINGS], begin = 0;
	const sk_place *place = sk_topology_place(topology, worker);
	int count = sk_topology_victims(topology, worker, victims, ring_end);

	printf("  worker %u:", worker);
	print_known("core", place->core_index);
	print_known("PU", place->pu_os_index);
	print_known("node", place->node);
	printf(" victims:%s", count <= 0 ? " none" : "");
	for (unsigned ring = 0; ring < SK_RINGS; begin = ring_end[ring++]) {
		if (ring_end[ring] == begin)
			continue;
		printf("%s %s ", begin > 0 ? ";" : "", ring_name[ring]);
		print_worker_ranges(victims + begin, ring_end[ring] - begin);
	}
	printf("\n");
}

static void print_system(const sk_topology *topology, const sk_settings *settings)
{
	char kernel[160];
	sk_features_kernel(kernel, sizeof kernel);
	printf("system: %s\n", kernel);
	printf("  topology: %s\n", sk_topology_source(topology));
	printf("  context switch: %s\n", sk_features_context());
	printf("  membarrier: %s\n", sk_features_membarrier(settings->no_membarrier));
	printf("  guard pages: %s\n", sk_features_guard());
	char io[160];
	sk_reactor_describe(settings->io, io, sizeof io);
	printf("  input and output: %s\n", io);
	printf("  page: %zu bytes; vm.overcommit_memory: %d; ", sk_memory_page(), sk_memory_overcommit());
	printf("address space: ");
	if (sk_memory_limit() == SIZE_MAX)
		printf("no limit\n");
	else
		printf("%zu MiB\n", sk_memory_limit() >> 20);
	printf("  fiber: stack of %zu KiB, %zu task slots, reserved and taken at first use\n",
	       settings->fiber.stack_bytes >> 10, settings->fiber.slot_count);
	printf("  starting thread: %s\n", settings->bind_main ? "bound while the runtime runs" : "not bound");
}

static void print_environment(void)
{
	static const char *const name[] = { "SKUA_WORKERS",    "SKUA_BIND",  "SKUA_BIND_MAIN", "SKUA_STACK",
					    "SKUA_TASK_SLOTS", "SKUA_GUARD", "SKUA_VERBOSE",   "SKUA_MEMBARRIER",
					    "SKUA_CGROUP_ROOT", "SKUA_ASYNC_STACK", "SKUA_OFFLOAD", "SKUA_IO" };
	bool is_any = false;
	printf("environment:");
	for (size_t i = 0; i < sizeof name / sizeof name[0]; i++) {
		const char *value = getenv(name[i]);
		if (!value || !*value)
			continue;
		printf(" %s=%s", name[i], value);
		is_any = true;
	}
	printf("%s\n", is_any ? "" : " no SKUA_ variable is set");
}

/* Reads the options. Returns: -1 to go on, or the exit status. */
static int read_options(int argc, char **argv, skua_config *config)
{
	static const struct option known[] = {
		{ "synthetic", required_argument, NULL, 's' }, { "workers", required_argument, NULL, 'w' },
		{ "bind", required_argument, NULL, 'b' },      { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },         { NULL, 0, NULL, 0 },
	};
	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		switch (option) {
		case 's':
			config->synthetic = optarg;
			break;
		case 'b':
			config->bind = optarg;
			break;
		case 'w':
			if (sk_topology_parse_workers(optarg, &config->workers, NULL, 0) == 0)
				break;
			fprintf(stderr, "skua-info: --workers=%s: not a number from 1 to %u\n", optarg,
				SK_TOPOLOGY_WORKERS_MAX);
			return EXIT_USAGE;
		case 'h':
			fputs(help_text, stdout);
			return EXIT_SUCCESS;
		case 'v':
			printf("skua-info " SKUA_VERSION "\n");
			return EXIT_SUCCESS;
		default:
			fprintf(stderr, "Try skua-info --help.\n");
			return EXIT_USAGE;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "skua-info: %s: not an option\nTry skua-info --help.\n", argv[optind]);
	return EXIT_USAGE;
}

static int print_all(const sk_topology *topology, const sk_settings *settings)
{
	printf("skua " SKUA_VERSION "\n");
	sk_topology_describe(topology, stdout);
	for (unsigned worker = 0; worker < sk_topology_workers(topology); worker++)
		print_worker(topology, worker);
	print_system(topology, settings);
	print_environment();
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_SUCCESS;
	perror("skua-info: standard output");
	return EXIT_PROBLEM;
}

/* Says what is wrong, and whether an option or the environment said it. Returns: the exit status. */
static int refuse(const char *problem, const skua_config *config)
{
	bool is_option = strncmp(problem, "synthetic=", 10) == 0 ||
			 (config->bind && strncmp(problem, "SKUA_BIND=", 10) == 0);
	fprintf(stderr, "skua-info: %s\n", problem);
	return is_option ? EXIT_USAGE : EXIT_PROBLEM;
}

int main(int argc, char **argv)
{
	char problem[SK_TOPOLOGY_PROBLEM_BYTES] = "";
	skua_config config = { 0 };
	sk_settings settings;
	sk_topology *topology;
	int status = read_options(argc, argv, &config);
	if (status >= 0)
		return status;
	if (sk_settings_read(&config, &settings, problem, sizeof problem) < 0 ||
	    sk_topology_load(&settings.topology, &topology, problem, sizeof problem) < 0)
		return refuse(problem, &config);
	status = print_all(topology, &settings);
	sk_topology_free(topology);
	return status;
}
