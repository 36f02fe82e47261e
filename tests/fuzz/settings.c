/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings: the lines of an input are the environment (`SKUA_STACK=64K`), fields of skua_config
 * (`config.workers=5`) and the room for the problem's text (`problem=17`). What comes out keeps its limits, or a text
 * names the setting that does not.
 */
#include "sched/settings.h"
#include "fuzz.h"

#include <errno.h>
#include <unistd.h>

static const char *const names[] = { "SKUA_WORKERS", "SKUA_BIND",       "SKUA_BIND_MAIN",
	                             "SKUA_STACK",   "SKUA_TASK_SLOTS", "SKUA_ASYNC_STACK",
	                             "SKUA_OFFLOAD", "SKUA_MEMBARRIER", "SKUA_IO" };

enum {
	NAMES = sizeof names / sizeof names[0]
};

typedef struct input {
	char *environment[NAMES + 1];
	skua_config config;
	size_t problem_bytes;
} input;

static void take_config(input *in, char *line)
{
	const char *value;
	if ((value = fuzz_value(line, "config.workers")))
		in->config.workers = (unsigned)strtoul(value, NULL, 10);
	else if ((value = fuzz_value(line, "config.bind")))
		in->config.bind = value;
	else if ((value = fuzz_value(line, "config.synthetic")))
		in->config.synthetic = value;
	else if ((value = fuzz_value(line, "config.stack_bytes")))
		in->config.stack_bytes = strtoul(value, NULL, 10);
	else if ((value = fuzz_value(line, "config.task_slots")))
		in->config.task_slots = strtoul(value, NULL, 10);
	else if ((value = fuzz_value(line, "config.async_stack_bytes")))
		in->config.async_stack_bytes = strtoul(value, NULL, 10);
	else if (fuzz_value(line, "config.bind_main"))
		in->config.bind_main = 1;
	else if (fuzz_value(line, "config.no_membarrier"))
		in->config.no_membarrier = 1;
	else if ((value = fuzz_value(line, "problem")))
		in->problem_bytes = 1 + strtoul(value, NULL, 10) % SK_TOPOLOGY_PROBLEM_BYTES;
}

/* The first line for a variable counts; each variable has its place in the list, so that there are not too many. */
static void take_input(input *in, char *text)
{
	char *of_name[NAMES] = { 0 };
	unsigned count = 0;
	for (char *line; (line = fuzz_line(&text));) {
		take_config(in, line);
		for (unsigned i = 0; i < NAMES; i++) {
			if (!of_name[i] && fuzz_value(line, names[i]))
				of_name[i] = line;
		}
	}
	for (unsigned i = 0; i < NAMES; i++) {
		if (of_name[i])
			in->environment[count++] = of_name[i];
	}
}

/* What a variable says, read in another way: digits and a letter. 0 if it is not set or empty. */
static unsigned __int128 in_environment(const input *in, const char *name)
{
	unsigned __int128 number = 0;
	for (char *const *line = in->environment; *line; line++) {
		const char *value = fuzz_value(*line, name);
		for (; value && *value; value++) {
			if (*value >= '0' && *value <= '9')
				number = number * 10 + (unsigned)(*value - '0');
			else
				number <<= strchr("kK", *value) ? 10 : strchr("mM", *value) ? 20 : 30;
		}
	}
	return number;
}

static void check_size(size_t read, size_t config, const input *in, const char *name)
{
	unsigned __int128 said = config ? config : in_environment(in, name);
	FUZZ_REQUIRE(said == 0 || said == read, "%s is %zu", name, read);
}

static void check_sizes(const sk_fiber_sizes *sizes, size_t slots_min)
{
	FUZZ_REQUIRE(sizes->stack_bytes >= (size_t)16 << 10 && sizes->stack_bytes <= (size_t)64 << 30, "stack of %zu",
	             sizes->stack_bytes);
	FUZZ_REQUIRE(sizes->slot_count >= slots_min && sizes->slot_count <= 1048573, "%zu slots", sizes->slot_count);
}

static void check_good(const input *in, const sk_settings *settings)
{
	FUZZ_REQUIRE(settings->topology.workers <= SK_TOPOLOGY_WORKERS_MAX, "%u workers", settings->topology.workers);
	const char *bind = settings->topology.bind;
	FUZZ_REQUIRE(!bind || bind == in->config.bind || bind[0], "an empty variable counts as set");
	FUZZ_REQUIRE(settings->offload_limit >= 1 && settings->offload_limit <= 4096, "%u threads",
	             settings->offload_limit);
	FUZZ_REQUIRE(settings->io <= SK_IO_URING, "io %u", settings->io);
	check_size(settings->fiber.stack_bytes, in->config.stack_bytes, in, "SKUA_STACK");
	check_size(settings->fiber.slot_count, in->config.task_slots, in, "SKUA_TASK_SLOTS");
	check_size(settings->small_fiber.stack_bytes, in->config.async_stack_bytes, in, "SKUA_ASYNC_STACK");
	check_size(settings->offload_limit, 0, in, "SKUA_OFFLOAD");
	check_size(settings->topology.workers, in->config.workers, in, "SKUA_WORKERS");
	check_sizes(&settings->fiber, 16);
	check_sizes(&settings->small_fiber, 0);
}

static void check_refused(const input *in, const char *problem, int error)
{
	FUZZ_REQUIRE(error == -EINVAL, "error %d", error);
	FUZZ_REQUIRE(strnlen(problem, in->problem_bytes) < in->problem_bytes, "no end of the text");
	if (in->problem_bytes < 64)
		return;
	bool named = strncmp(problem, "skua_config.workers=", 20) == 0;
	for (unsigned i = 0; i < NAMES; i++)
		named |= strncmp(problem, names[i], strlen(names[i])) == 0 && problem[strlen(names[i])] == '=';
	FUZZ_REQUIRE(named, "'%s'", problem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input in = { .problem_bytes = SK_TOPOLOGY_PROBLEM_BYTES };
	sk_settings settings;
	char *text = fuzz_text(data, size);
	take_input(&in, text);
	char *problem = calloc(1, in.problem_bytes);

	/* Not by setenv, which keeps every string that a variable has ever had. */
	char **before = environ;
	environ = in.environment;
	int error = sk_settings_read(&in.config, &settings, problem, in.problem_bytes);
	environ = before;

	if (error == 0)
		check_good(&in, &settings);
	else
		check_refused(&in, problem, error);
	free(problem);
	free(text);
	return 0;
}
