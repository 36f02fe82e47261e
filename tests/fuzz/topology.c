/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invented machines and the choice of places on them. The lines of an input:
 *
 *     synthetic=package:2 core:4 pu:2    the machine; none is core:2 pu:2
 *     bind=0,2-3                         as SKUA_BIND
 *     workers=5                          as SKUA_WORKERS
 *     mask=1101                          which PUs the affinity mask has, over and over
 *     cpuset=10                          the same for the cpuset
 *     kind=01                            of which kind the PUs' cores are
 *     real=1                             a machine that is this one, for which fewer excuses count
 *
 * Built twice: with hwloc, and with the flat twin (SK_HWLOC 0), which has a parser of its own. Machines of some
 * thousand PUs and more are left out, since nothing is asked about them but patience; so are the numbers of PUs that
 * make hwloc's bitmaps long.
 */
#include "fuzz.h"
#include "sys/topology_machine.h"

#include <ctype.h>
#include <errno.h>

enum {
	PUS_MAX = 512,
	INDEX_DIGITS_MAX = 4,
	WORKERS_TRIED = 3
};

/* hwloc 2.9 loses 32 bytes when it refuses some descriptions with `(memory=...)`. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libhwloc.so";
}

typedef struct input {
	const char *synthetic, *mask, *cpuset, *kind, *workers;
	bool is_real;
	sk_topology_request request;
} input;

static void take_input(input *in, char *text)
{
	*in = (input){ .synthetic = "core:2 pu:2", .mask = "1", .cpuset = "1", .kind = "" };
	/* No control group of this machine plays a part. */
	in->request.cgroup_root = "/nowhere";
	for (char *line; (line = fuzz_line(&text));) {
		char *value;
		if ((value = fuzz_value(line, "synthetic")))
			in->synthetic = value;
		else if ((value = fuzz_value(line, "bind")))
			in->request.bind = value;
		else if ((value = fuzz_value(line, "workers")))
			in->workers = value;
		else if ((value = fuzz_value(line, "mask")) && *value)
			in->mask = value;
		else if ((value = fuzz_value(line, "cpuset")) && *value)
			in->cpuset = value;
		else if ((value = fuzz_value(line, "kind")))
			in->kind = value;
		else if (fuzz_value(line, "real"))
			in->is_real = true;
	}
}

/* Whether the machine is small: the product of all numbers that may be counts. Others stand in parentheses. */
static bool is_small(const char *text)
{
	unsigned long product = 1;
	bool inside = false;
	if (strstr(text, "0x") || strstr(text, "0X") || strpbrk(text, "+-"))
		return false;
	for (const char *at = text; *at; at++) {
		inside = *at == '(' || (inside && *at != ')');
		if (!isdigit((unsigned char)*at) || (at > text && isalpha((unsigned char)at[-1])))
			continue;
		char *end;
		unsigned long number = strtoul(at, &end, 10);
		if (inside ? end - at > INDEX_DIGITS_MAX : number > PUS_MAX)
			return false;
		if (!inside)
			product *= number ? number : 1;
		if (product > PUS_MAX)
			return false;
		at = end - 1;
	}
	return true;
}

static void mark(sk_machine *machine, const input *in)
{
	size_t mask = strlen(in->mask), cpuset = strlen(in->cpuset), kinds = strlen(in->kind);
	for (unsigned i = 0; i < machine->pu_count; i++) {
		machine->pu[i].in_mask = in->mask[i % mask] != '0';
		machine->pu[i].in_cpuset = in->cpuset[i % cpuset] != '0';
		if (kinds > 0)
			machine->pu[i].place.cpukind = in->kind[i % kinds] % 4;
	}
	machine->is_real = in->is_real;
}

/* Everybody else once, and the rings end one behind the other. */
static void check_victims(const sk_topology *topology, unsigned worker)
{
	static uint16_t victims[SK_TOPOLOGY_WORKERS_MAX];
	bool seen[SK_TOPOLOGY_WORKERS_MAX] = { false };
	unsigned ring_end[SK_RINGS], workers = sk_topology_workers(topology);
	int count = sk_topology_victims(topology, worker, victims, ring_end);
	FUZZ_REQUIRE(count == (int)workers - 1 && ring_end[SK_RINGS - 1] == workers - 1, "%d of %u", count, workers);
	for (unsigned r = 1; r < SK_RINGS; r++)
		FUZZ_REQUIRE(ring_end[r] >= ring_end[r - 1], "ring %u", r);
	for (int i = 0; i < count; i++) {
		FUZZ_REQUIRE(victims[i] < workers && victims[i] != worker && !seen[victims[i]], "victim %u of %u",
		             victims[i], worker);
		seen[victims[i]] = true;
	}
}

/* Places are usable PUs, each of which is taken once before one is shared. */
static void check_places(const sk_topology *topology)
{
	FUZZ_REQUIRE(topology->place_count >= 1 && topology->place_count <= topology->usable_pus, "%u places",
	             topology->place_count);
	for (unsigned i = 0; i < topology->place_count; i++) {
		const sk_place *place = sk_topology_place(topology, i);
		bool usable = topology->bind == SK_BIND_NONE;
		for (unsigned p = 0; p < topology->machine.pu_count; p++)
			usable |= topology->machine.pu[p].place.pu_os_index == place->pu_os_index &&
			          sk_machine_pu_is_usable(&topology->machine.pu[p]);
		FUZZ_REQUIRE(usable, "PU %d", place->pu_os_index);
		for (unsigned k = 0; k < i; k++)
			FUZZ_REQUIRE(sk_topology_place(topology, k)->pu_os_index != place->pu_os_index, "PU %d twice",
			             place->pu_os_index);
	}
}

static void check_text(const sk_topology *topology)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	if (!out)
		abort();
	sk_topology_describe(topology, out);
	fclose(out);
	FUZZ_REQUIRE(bytes > 0 && text[bytes - 1] == '\n' && strlen(text) == bytes, "%zu bytes", bytes);
	FUZZ_REQUIRE(strstr(text, "usable: ") && strstr(text, "workers: "), "%s", text);
	free(text);
}

static void check_chosen(const sk_topology *topology, const sk_topology_request *request)
{
	unsigned workers = sk_topology_workers(topology);
	FUZZ_REQUIRE(workers >= 1 && workers <= SK_TOPOLOGY_WORKERS_MAX, "%u workers", workers);
	FUZZ_REQUIRE(request->workers == 0 || request->workers == workers, "%u workers", workers);
	FUZZ_REQUIRE(sk_topology_usable_cores(topology) >= 1, "no core");
	FUZZ_REQUIRE(sk_topology_bound_pus(topology) <= topology->place_count, "bound to too many");
	(void)sk_topology_is_oversubscribed(topology);
	check_places(topology);
	const unsigned tried[WORKERS_TRIED] = { 0, workers / 2, workers - 1 };
	for (unsigned i = 0; i < WORKERS_TRIED; i++) {
		check_victims(topology, tried[i]);
		(void)sk_topology_memory_node(topology, tried[i]);
	}
	check_text(topology);
}

static void choose(input *in, char *problem, size_t problem_bytes)
{
	sk_machine machine;
	sk_topology *topology = NULL;
	unsigned asked = 0;
	int error = 0;
	if (in->workers)
		error = sk_topology_parse_workers(in->workers, &asked, problem, problem_bytes);
	FUZZ_REQUIRE(error == 0 || error == -EINVAL, "error %d", error);
	in->request.workers = asked;
	if (error == 0)
		error = sk_machine_load(&machine, in->synthetic, problem, problem_bytes);
	if (error == 0) {
		mark(&machine, in);
		error = sk_topology_choose(&machine, &in->request, &topology, problem, problem_bytes);
	}
	FUZZ_REQUIRE((error == 0) == (topology != NULL), "error %d", error);
	FUZZ_REQUIRE(error == 0 || problem[0], "error %d without a word", error);
	if (topology)
		check_chosen(topology, &in->request);
	sk_topology_free(topology);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input in;
	char *text = fuzz_text(data, size);
	char *problem = calloc(1, SK_TOPOLOGY_PROBLEM_BYTES);
	take_input(&in, text);
	if (is_small(in.synthetic))
		choose(&in, problem, SK_TOPOLOGY_PROBLEM_BYTES);
	free(problem);
	free(text);
	return 0;
}
