/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Choosing places for workers (see topology.h for the rules), and who is near whom.
 *
 * The machine comes as a row of PUs in the order of its tree (topology_machine.h). So compact is: take them in this
 * order. Everything else is a stable sort in front of it:
 *
 *     core   by hardware thread of the core (all first threads before any second one), then fast kinds first
 *     pu     fast kinds first
 *     list   as the user wrote it
 *     none   one place for all: what all usable PUs have in common, for instance the node
 *
 * Sorting by the thread of the core makes wrapping around right as well: with more workers than cores, the next ones
 * sit on the second threads before anybody has to share one.
 *
 * Owner and threads: see topology.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sys/topology_machine.h"

#define BIND_SYNTAX "not core, pu, none, or a list of PUs like 0,2,4-7"

/* A PU on its way to becoming a place. */
typedef struct candidate {
	sk_place place;
	unsigned thread_of_core; /* how many usable PUs of its core come before it */
	unsigned tree_index;
} candidate;

static int compare_candidates(const void *left, const void *right)
{
	const candidate *a = left, *b = right;
	if (a->thread_of_core != b->thread_of_core)
		return a->thread_of_core < b->thread_of_core ? -1 : 1;
	if (a->place.cpukind != b->place.cpukind)
		return a->place.cpukind > b->place.cpukind ? -1 : 1;
	return a->tree_index < b->tree_index ? -1 : 1;
}

/* Counts what is usable; says why if it is nothing. */
static int count_usable(sk_topology *topology, char *problem, size_t problem_bytes)
{
	const sk_machine *machine = &topology->machine;
	int last_core = -1;
	bool any_in_mask = false;
	for (unsigned i = 0; i < machine->pu_count; i++) {
		const sk_machine_pu *pu = &machine->pu[i];
		any_in_mask |= pu->in_mask;
		if (!sk_machine_pu_is_usable(pu))
			continue;
		topology->usable_pus++;
		topology->usable_cores += pu->place.core_index != last_core;
		last_core = pu->place.core_index;
	}
	if (topology->usable_pus > 0)
		return 0;
	snprintf(problem, problem_bytes, "no usable core: %s",
		 any_in_mask ? "the cpuset has none of the PUs of the affinity mask" : "the affinity mask is empty");
	return -EPERM;
}

static int choose_sorted(sk_topology *topology)
{
	const sk_machine *machine = &topology->machine;
	candidate *row = calloc(topology->usable_pus, sizeof *row);
	if (!row)
		return -ENOMEM;
	unsigned count = 0, thread = 0;
	for (unsigned i = 0; i < machine->pu_count; i++) {
		if (!sk_machine_pu_is_usable(&machine->pu[i]))
			continue;
		const sk_place *place = &machine->pu[i].place;
		bool same_core = count > 0 && row[count - 1].place.core_index == place->core_index;
		thread = same_core && topology->bind == SK_BIND_CORE ? thread + 1 : 0;
		row[count++] = (candidate){ *place, thread, i };
	}
	qsort(row, count, sizeof *row, compare_candidates);
	for (unsigned i = 0; i < count; i++)
		topology->places[i] = row[i].place;
	topology->place_count = count;
	free(row);
	return 0;
}

static int common(int all, int one)
{
	return all == one ? all : -1;
}

static void choose_none(sk_topology *topology)
{
	const sk_machine *machine = &topology->machine;
	sk_place *all = &topology->places[0];
	bool first = true;
	for (unsigned i = 0; i < machine->pu_count; i++) {
		if (!sk_machine_pu_is_usable(&machine->pu[i]))
			continue;
		const sk_place *one = &machine->pu[i].place;
		if (first)
			*all = *one;
		first = false;
		all->node = common(all->node, one->node);
		all->package = common(all->package, one->package);
		all->l3 = common(all->l3, one->l3);
	}
	all->pu_os_index = all->core_index = all->l2 = all->cpukind = -1;
	topology->place_count = 1;
}

/* Appends one PU of the user's list. */
static int append_listed(sk_topology *topology, unsigned long pu_os_index, const char *text, char *problem,
			 size_t problem_bytes)
{
	const sk_machine *machine = &topology->machine;
	const char *why = "does not exist";
	for (unsigned i = 0; i < topology->place_count; i++) {
		if ((unsigned long)topology->places[i].pu_os_index == pu_os_index) {
			snprintf(problem, problem_bytes, "SKUA_BIND=%.120s: PU %lu is named twice", text, pu_os_index);
			return -EINVAL;
		}
	}
	for (unsigned i = 0; i < machine->pu_count; i++) {
		const sk_machine_pu *pu = &machine->pu[i];
		if ((unsigned long)pu->place.pu_os_index != pu_os_index)
			continue;
		if (sk_machine_pu_is_usable(pu)) {
			topology->places[topology->place_count++] = pu->place;
			return 0;
		}
		why = pu->in_mask ? "is not in the cpuset of the process" : "is not in the affinity mask";
	}
	snprintf(problem, problem_bytes, "SKUA_BIND=%.120s: PU %lu %s", text, pu_os_index, why);
	return -EINVAL;
}

/* Reads a number and moves *text behind it. A sign or a space is no number. */
static bool read_number(const char **text, unsigned long *out)
{
	char *end;
	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	*out = strtoul(*text, &end, 10);
	*text = end;
	return errno == 0;
}

static int choose_listed(sk_topology *topology, const char *text, char *problem, size_t problem_bytes)
{
	for (const char *at = text;; at++) {
		unsigned long first, last;
		bool fine = read_number(&at, &first);
		last = first;
		if (fine && *at == '-') {
			at++;
			fine = read_number(&at, &last) && first <= last;
		}
		if (!fine || (*at && *at != ',')) {
			snprintf(problem, problem_bytes, "SKUA_BIND=%.120s: " BIND_SYNTAX, text);
			return -EINVAL;
		}
		/* Each PU may come once, so a range that is too long ends at the first PU that does not exist. */
		for (unsigned long pu = first; pu <= last; pu++) {
			int error = append_listed(topology, pu, text, problem, problem_bytes);
			if (error < 0)
				return error;
		}
		if (!*at)
			return 0;
	}
}

static sk_topology_bind parse_bind(const char *text)
{
	if (strcmp(text, "core") == 0)
		return SK_BIND_CORE;
	if (strcmp(text, "pu") == 0)
		return SK_BIND_PU;
	return strcmp(text, "none") == 0 ? SK_BIND_NONE : SK_BIND_LIST;
}

static int choose_places(sk_topology *topology, const char *bind, char *problem, size_t problem_bytes)
{
	topology->places = calloc(topology->usable_pus, sizeof topology->places[0]);
	if (!topology->places)
		return -ENOMEM;
	topology->bind = parse_bind(bind ? bind : "core");
	topology->quota_unbinds = !bind && topology->machine.is_real && topology->quota.cpus > 0 &&
				  topology->quota.cpus < topology->usable_cores;
	if (topology->quota_unbinds)
		topology->bind = SK_BIND_NONE;
	switch (topology->bind) {
	case SK_BIND_LIST:
		return choose_listed(topology, bind, problem, problem_bytes);
	case SK_BIND_NONE:
		choose_none(topology);
		return 0;
	default:
		return choose_sorted(topology);
	}
}

static void choose_workers(sk_topology *topology, unsigned asked)
{
	bool by_place = topology->bind == SK_BIND_PU || topology->bind == SK_BIND_LIST;
	unsigned count = by_place ? topology->place_count : topology->usable_cores;
	topology->wanted = count;
	topology->workers_asked = asked > 0;
	if (topology->quota.cpus > 0 && topology->quota.cpus < count)
		count = topology->quota.cpus;
	if (count > SK_TOPOLOGY_WORKERS_MAX)
		count = SK_TOPOLOGY_WORKERS_MAX;
	topology->workers = asked > 0 ? asked : count;
}

int sk_topology_choose(sk_machine *machine, const sk_topology_request *request, sk_topology **out, char *problem,
		       size_t problem_bytes)
{
	sk_topology *topology = calloc(1, sizeof *topology);
	*out = NULL;
	if (!topology) {
		sk_machine_free(machine);
		snprintf(problem, problem_bytes, "out of memory");
		return -ENOMEM;
	}
	topology->machine = *machine;
	memset(machine, 0, sizeof *machine);
	/* The real quota says nothing about an invented machine, but somebody who names a faked one wants to see it. */
	const char *faked = getenv("SKUA_CGROUP_ROOT");
	if (topology->machine.is_real || request->cgroup_root || (faked && *faked))
		topology->quota = sk_cgroup_read(request->cgroup_root, NULL);

	int error = count_usable(topology, problem, problem_bytes);
	if (error == 0)
		error = choose_places(topology, request->bind, problem, problem_bytes);
	if (error < 0) {
		if (error == -ENOMEM)
			snprintf(problem, problem_bytes, "out of memory");
		sk_topology_free(topology);
		return error;
	}
	choose_workers(topology, request->workers);
	*out = topology;
	return 0;
}

int sk_topology_load(const sk_topology_request *request, sk_topology **out, char *problem, size_t problem_bytes)
{
	sk_machine machine;
	*out = NULL;
	if (!problem)
		problem_bytes = 0;
	if (problem_bytes > 0)
		problem[0] = '\0';
	if (request->workers > SK_TOPOLOGY_WORKERS_MAX) {
		snprintf(problem, problem_bytes, "SKUA_WORKERS=%u: not a number from 1 to %u", request->workers,
			 SK_TOPOLOGY_WORKERS_MAX);
		return -EINVAL;
	}
	int error = sk_machine_load(&machine, request->synthetic, problem, problem_bytes);
	return error < 0 ? error : sk_topology_choose(&machine, request, out, problem, problem_bytes);
}

void sk_topology_free(sk_topology *topology)
{
	if (!topology)
		return;
	sk_machine_free(&topology->machine);
	free(topology->places);
	free(topology);
}

int sk_topology_parse_workers(const char *text, unsigned *out, char *problem, size_t problem_bytes)
{
	unsigned long number;
	const char *at = text;
	if (read_number(&at, &number) && !*at && number >= 1 && number <= SK_TOPOLOGY_WORKERS_MAX) {
		*out = (unsigned)number;
		return 0;
	}
	snprintf(problem, problem ? problem_bytes : 0, "SKUA_WORKERS=%.120s: not a number from 1 to %u", text,
		 SK_TOPOLOGY_WORKERS_MAX);
	return -EINVAL;
}

int sk_topology_request_environment(sk_topology_request *request, char *problem, size_t problem_bytes)
{
	const char *workers = getenv("SKUA_WORKERS");
	const char *bind = getenv("SKUA_BIND");
	if (!request->bind && bind && *bind)
		request->bind = bind;
	if (request->workers == 0 && workers && *workers)
		return sk_topology_parse_workers(workers, &request->workers, problem, problem_bytes);
	return 0;
}

unsigned sk_topology_workers(const sk_topology *topology)
{
	return topology->workers;
}

const sk_place *sk_topology_place(const sk_topology *topology, unsigned worker)
{
	return &topology->places[worker % topology->place_count];
}

int sk_topology_memory_node(const sk_topology *topology, unsigned worker)
{
	return topology->machine.is_real ? sk_topology_place(topology, worker)->node : -1;
}

static bool is_same(int a, int b)
{
	return a >= 0 && a == b;
}

static bool is_other(int a, int b)
{
	return a >= 0 && b >= 0 && a != b;
}

/* Ring between two places; *inner orders the victims of one ring. */
static unsigned ring_between(const sk_place *a, const sk_place *b, unsigned *inner)
{
	bool same_node = is_same(a->node, b->node), same_package = is_same(a->package, b->package);
	bool other_node = is_other(a->node, b->node), other_package = is_other(a->package, b->package);
	*inner = 0;
	if (is_same(a->core_index, b->core_index) || is_same(a->l2, b->l2))
		return SK_RING_CACHE;
	*inner = 1;
	/* An L3 may serve several nodes of a package; then the node is the nearer neighbourhood. */
	if (is_same(a->l3, b->l3) && !other_node)
		return SK_RING_CACHE;
	if ((same_node && !other_package) || (same_package && !other_node))
		return SK_RING_NEAR;
	return same_node || same_package ? SK_RING_REGION : SK_RING_FAR;
}

int sk_topology_victims(const sk_topology *topology, unsigned worker, uint16_t *victims, unsigned ring_end[SK_RINGS])
{
	const sk_place *own = sk_topology_place(topology, worker);
	unsigned count = topology->workers;
	unsigned filled = 0;
	for (unsigned ring = 0; ring < SK_RINGS; ring++) {
		for (unsigned inner = 0; inner < 2; inner++) {
			for (unsigned step = 1; step < count; step++) {
				unsigned victim = (worker + step) % count;
				unsigned victim_inner;
				const sk_place *place = sk_topology_place(topology, victim);
				if (ring_between(own, place, &victim_inner) == ring && victim_inner == inner)
					victims[filled++] = (uint16_t)victim;
			}
		}
		ring_end[ring] = filled;
	}
	return (int)filled;
}

static bool is_bound(const sk_topology *topology)
{
	return topology->machine.is_real && topology->bind != SK_BIND_NONE;
}

unsigned sk_topology_bound_pus(const sk_topology *topology)
{
	unsigned distinct = topology->workers < topology->place_count ? topology->workers : topology->place_count;
	return is_bound(topology) ? distinct : 0;
}

bool sk_topology_is_oversubscribed(const sk_topology *topology)
{
	unsigned pus = is_bound(topology) ? sk_topology_bound_pus(topology) : topology->usable_pus;
	unsigned quota = topology->quota.cpus;
	return topology->workers > pus || (quota > 0 && topology->workers > quota);
}

unsigned sk_topology_usable_cores(const sk_topology *topology)
{
	return topology->usable_cores;
}

int sk_topology_bind_thread(const sk_topology *topology, unsigned worker)
{
	if (!is_bound(topology))
		return 0;
	return sk_machine_bind(&topology->machine, sk_topology_place(topology, worker)->pu_os_index);
}

int sk_topology_affinity_save(const sk_topology *topology, sk_topology_affinity *saved)
{
	saved->mask = NULL;
	return is_bound(topology) ? sk_machine_affinity_save(&topology->machine, saved) : 0;
}

int sk_topology_affinity_restore(const sk_topology *topology, sk_topology_affinity *saved)
{
	int result = saved->mask ? sk_machine_affinity_give(&topology->machine, saved) : 0;
	sk_topology_affinity_forget(saved);
	return result;
}

void sk_topology_affinity_forget(sk_topology_affinity *saved)
{
	if (saved->mask)
		sk_machine_affinity_free(saved);
}

const char *sk_topology_source(const sk_topology *topology)
{
	return topology->machine.source;
}

const char *sk_topology_binding(const sk_topology *topology)
{
	static const char *const name[] = { "core", "pu", "none", "list" };
	return name[topology->bind];
}

const sk_cgroup_quota *sk_topology_quota(const sk_topology *topology)
{
	return &topology->quota;
}
