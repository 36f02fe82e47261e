/* SPDX-License-Identifier: Apache-2.0 */
/* Settings; see settings.h. */
#include "sched/settings.h"

#include "base/check.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STACK_MIN ((size_t)16 << 10)
#define STACK_MAX ((size_t)64 << 30)
#define SLOTS_MIN ((size_t)16)
#define SLOTS_MAX ((size_t)1048573) /* 20 bits of index, and two slots above the last */

#define OFFLOAD_MAX ((size_t)4096)
#define OFFLOAD_DEFAULT 64u

typedef struct words {
	char *text;
	size_t bytes;
} words;

static int refuse(const words *problem, const char *name, const char *value, const char *why)
{
	snprintf(problem->text, problem->bytes, "%s=%s: %s", name, value, why);
	return -EINVAL;
}

/* A number with an optional suffix K, M or G; false if it is not one. */
static bool parse_size(const char *text, size_t *out)
{
	if (!isdigit((unsigned char)text[0]))
		return false;
	char *end;
	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	if (errno)
		return false;
	unsigned shift = 0;
	switch (*end) {
	case 'k':
	case 'K':
		shift = 10;
		break;
	case 'm':
	case 'M':
		shift = 20;
		break;
	case 'g':
	case 'G':
		shift = 30;
		break;
	case '\0':
		*out = (size_t)value;
		return true;
	default:
		return false;
	}
	if (end[1] != '\0' || value > SIZE_MAX >> shift)
		return false;
	*out = (size_t)value << shift;
	return true;
}

static const char *environment(const char *name)
{
	const char *value = getenv(name);
	return value && value[0] ? value : NULL;
}

/* A size from config, or from the environment; 0 if neither says anything. */
static int read_size(size_t from_config, const char *name, size_t min, size_t max, size_t *out, const words *problem)
{
	char why[96];
	snprintf(why, sizeof why, "not a number from %zu to %zu", min, max);
	if (from_config) {
		char value[24];
		snprintf(value, sizeof value, "%zu", from_config);
		if (from_config < min || from_config > max)
			return refuse(problem, name, value, why);
		*out = from_config;
		return 0;
	}
	const char *text = environment(name);
	*out = 0;
	if (text && (!parse_size(text, out) || *out < min || *out > max))
		return refuse(problem, name, text, why);
	return 0;
}

/* A switch from the environment: 0 or 1; def if it is not set. */
static int read_switch(const char *name, bool def, bool *out, const words *problem)
{
	const char *text = environment(name);
	*out = def;
	if (!text)
		return 0;
	if (strcmp(text, "0") != 0 && strcmp(text, "1") != 0)
		return refuse(problem, name, text, "not 0 or 1");
	*out = text[0] == '1';
	return 0;
}

static int read_io(unsigned *io, const words *problem)
{
	const char *text = environment("SKUA_IO");
	*io = !text ? SK_IO_AUTO : strcmp(text, "epoll") == 0 ? SK_IO_EPOLL : SK_IO_URING;
	if (*io == SK_IO_URING && strcmp(text, "uring") != 0)
		return refuse(problem, "SKUA_IO", text, "neither epoll nor uring");
	return 0;
}

static int read_switches(const skua_config *config, sk_settings *settings, const words *problem)
{
	bool membarrier;
	int error = read_switch("SKUA_BIND_MAIN", false, &settings->bind_main, problem);
	if (error == 0)
		error = read_switch("SKUA_MEMBARRIER", true, &membarrier, problem);
	if (error < 0)
		return error;
	settings->bind_main |= config->bind_main != 0;
	settings->no_membarrier = config->no_membarrier != 0 || !membarrier;
	return 0;
}

static int read_sizes(const skua_config *config, sk_settings *settings, const words *problem)
{
	int error = read_size(config->stack_bytes, "SKUA_STACK", STACK_MIN, STACK_MAX, &settings->fiber.stack_bytes,
	                      problem);
	if (error == 0)
		error = read_size(config->task_slots, "SKUA_TASK_SLOTS", SLOTS_MIN, SLOTS_MAX,
		                  &settings->fiber.slot_count, problem);
	if (error == 0)
		error = read_size(config->async_stack_bytes, "SKUA_ASYNC_STACK", STACK_MIN, STACK_MAX,
		                  &settings->small_fiber.stack_bytes, problem);
	size_t offload = 0;
	if (error == 0)
		error = read_size(0, "SKUA_OFFLOAD", 1, OFFLOAD_MAX, &offload, problem);
	settings->offload_limit = offload ? (unsigned)offload : OFFLOAD_DEFAULT;
	sk_fiber_sizes_default(&settings->fiber);
	sk_fiber_sizes_small(&settings->small_fiber);
	return error;
}

int sk_settings_read(const skua_config *config, sk_settings *settings, char *problem, size_t problem_bytes)
{
	static const skua_config none;
	const words out = { problem, problem_bytes };
	if (!config)
		config = &none;
	*settings = (sk_settings){ .topology = {
					   .workers = config->workers,
					   .bind = config->bind,
					   .synthetic = config->synthetic,
				   } };
	if (config->workers > SK_TOPOLOGY_WORKERS_MAX) {
		char value[24];
		snprintf(value, sizeof value, "%u", config->workers);
		return refuse(&out, "skua_config.workers", value, "not a number from 1 to 1024");
	}
	int error = sk_topology_request_environment(&settings->topology, problem, problem_bytes);
	if (error == 0)
		error = read_sizes(config, settings, &out);
	if (error == 0)
		error = read_switches(config, settings, &out);
	if (error == 0)
		error = read_io(&settings->io, &out);
	return error;
}
