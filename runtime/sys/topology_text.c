/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A loaded topology in words: the machine's tree, what of it is usable, and why the rest is not used.
 *
 * The tree is not hwloc's: it is made of the row of PUs, by printing a heading wherever package or node changes from
 * one PU to the next, so that both twins give the same text. Package and node may contain each other either way; the
 * one of which there are fewer is printed outside. Cores of one L3 and one kind share a line.
 *
 * Owner and threads: see topology.h.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "sys/topology_machine.h"

/* Why the scheduler does or does not run on a PU; each but the first has a line of its own. */
typedef enum pu_state {
	PU_USED,
	PU_NOT_IN_MASK,
	PU_NOT_IN_CPUSET,
	PU_SIBLING, /* another PU of its core is used */
	PU_SPARE    /* usable, but there are fewer workers */
} pu_state;

typedef struct printer {
	const sk_topology *topology;
	FILE *out;
	int *numbers;    /* room for one number of each PU */
	pu_state *state; /* of each PU */
} printer;

#define FIELD(name) offsetof(sk_place, name)

static int field(const sk_place *place, size_t offset)
{
	return *(const int *)(const void *)((const char *)place + offset);
}

static int compare_numbers(const void *left, const void *right)
{
	int a = *(const int *)left, b = *(const int *)right;
	return a < b ? -1 : a > b;
}

/* Collects a field of the PUs in [begin, end), sorted, each number once, unknown ones left out. Returns: how many. */
static unsigned collect(printer *p, size_t offset, unsigned begin, unsigned end)
{
	unsigned count = 0, distinct = 0;
	for (unsigned i = begin; i < end; i++) {
		int number = field(&p->topology->machine.pu[i].place, offset);
		if (number >= 0)
			p->numbers[count++] = number;
	}
	qsort(p->numbers, count, sizeof p->numbers[0], compare_numbers);
	for (unsigned i = 0; i < count; i++) {
		if (i == 0 || p->numbers[i] != p->numbers[i - 1])
			p->numbers[distinct++] = p->numbers[i];
	}
	return distinct;
}

/* Prints the collected numbers as `PU 3` or `PUs 0-3,7`. */
static void print_collected(printer *p, const char *what, unsigned count)
{
	fprintf(p->out, "%s%s ", what, count == 1 ? "" : "s");
	for (unsigned begin = 0, end; begin < count; begin = end) {
		for (end = begin + 1; end < count && p->numbers[end] == p->numbers[end - 1] + 1; end++)
			;
		fprintf(p->out, "%s%d", begin > 0 ? "," : "", p->numbers[begin]);
		if (end > begin + 1)
			fprintf(p->out, "-%d", p->numbers[end - 1]);
	}
}

static unsigned count_all(printer *p, size_t offset)
{
	return collect(p, offset, 0, p->topology->machine.pu_count);
}

/* Prints `2 packages, ` if the machine says how many. */
static void print_count(printer *p, const char *what, size_t offset)
{
	unsigned count = count_all(p, offset);
	if (count > 0)
		fprintf(p->out, "%u %s%s, ", count, what, count == 1 ? "" : "s");
}

/* The end of the run of PUs that share a line of the tree with the PU `begin`. */
static unsigned line_end(const sk_machine *machine, unsigned begin)
{
	const sk_place *a = &machine->pu[begin].place;
	unsigned end = begin + 1;
	for (; end < machine->pu_count; end++) {
		const sk_place *b = &machine->pu[end].place;
		if (a->package != b->package || a->node != b->node || a->l3 != b->l3 || a->cpukind != b->cpukind)
			break;
	}
	return end;
}

static void print_tree(printer *p)
{
	const sk_machine *machine = &p->topology->machine;
	bool node_outside = count_all(p, FIELD(node)) < count_all(p, FIELD(package));
	const struct {
		const char *name;
		size_t offset;
	} level[2] = { { node_outside ? "node" : "package", node_outside ? FIELD(node) : FIELD(package) },
		       { node_outside ? "package" : "node", node_outside ? FIELD(package) : FIELD(node) } };
	int shown[2] = { -1, -1 };
	for (unsigned begin = 0, end; begin < machine->pu_count; begin = end) {
		const sk_place *place = &machine->pu[begin].place;
		int depth = 1;
		for (unsigned d = 0; d < 2; d++) {
			int number = field(place, level[d].offset);
			if (number >= 0 && number != shown[d]) {
				fprintf(p->out, "%*s%s %d\n", 2 * depth, "", level[d].name, number);
				shown[1] = -1; /* what is inside the outer level begins anew */
			}
			shown[d] = number;
			depth += number >= 0;
		}
		end = line_end(machine, begin);
		fprintf(p->out, "%*s", 2 * depth, "");
		if (place->l3 >= 0)
			fprintf(p->out, "L3 %d: ", place->l3);
		print_collected(p, "core", collect(p, FIELD(core_index), begin, end));
		print_collected(p, ", PU", collect(p, FIELD(pu_os_index), begin, end));
		if (place->cpukind >= 0)
			fprintf(p->out, " (kind %d of core; higher is faster)", place->cpukind);
		fputc('\n', p->out);
	}
}

static void find_states(printer *p)
{
	const sk_topology *topology = p->topology;
	const sk_machine *machine = &topology->machine;
	unsigned taken = topology->workers < topology->place_count ? topology->workers : topology->place_count;
	bool anywhere = topology->bind == SK_BIND_NONE;
	for (unsigned i = 0; i < machine->pu_count; i++) {
		const sk_machine_pu *pu = &machine->pu[i];
		p->state[i] = !pu->in_mask ? PU_NOT_IN_MASK : !pu->in_cpuset ? PU_NOT_IN_CPUSET : PU_SPARE;
		if (p->state[i] != PU_SPARE)
			continue;
		if (anywhere)
			p->state[i] = PU_USED;
		for (unsigned w = 0; w < taken && !anywhere; w++) {
			if (topology->places[w].pu_os_index == pu->place.pu_os_index)
				p->state[i] = PU_USED;
			else if (topology->places[w].core_index == pu->place.core_index && p->state[i] == PU_SPARE)
				p->state[i] = PU_SIBLING;
		}
	}
}

/* Prints `  not used: PUs 4-7 (reason)` if there are any. */
static void print_unused(printer *p, pu_state state, const char *reason)
{
	const sk_machine *machine = &p->topology->machine;
	unsigned count = 0;
	for (unsigned i = 0; i < machine->pu_count; i++) {
		if (p->state[i] == state)
			p->numbers[count++] = machine->pu[i].place.pu_os_index;
	}
	if (count == 0)
		return;
	qsort(p->numbers, count, sizeof p->numbers[0], compare_numbers);
	fprintf(p->out, "  not used: ");
	/* Second threads are often every other number, which has no short form and tells nothing. */
	if (state == PU_SIBLING && count > 8)
		fprintf(p->out, "%u PUs", count);
	else
		print_collected(p, "PU", count);
	fprintf(p->out, " (%s)\n", reason);
}

/* Why there are fewer workers than the setting of SKUA_BIND alone would give. */
static const char *why_fewer(const sk_topology *topology)
{
	if (topology->workers_asked)
		return "only so many workers were asked for";
	if (topology->quota.cpus > 0 && topology->workers == topology->quota.cpus)
		return "the CPU quota allows fewer workers";
	if (topology->bind == SK_BIND_LIST)
		return "not in the list of SKUA_BIND";
	return "more than the most workers there can be";
}

static void print_use(printer *p)
{
	const sk_topology *topology = p->topology;
	const sk_cgroup_quota *quota = &topology->quota;
	fprintf(p->out, "usable: %u core%s, %u PU%s\n", topology->usable_cores, topology->usable_cores == 1 ? "" : "s",
		topology->usable_pus, topology->usable_pus == 1 ? "" : "s");
	if (topology->machine.offline_count > 0)
		fprintf(p->out, "  not used: %u more PU(s) that are offline\n", topology->machine.offline_count);
	print_unused(p, PU_NOT_IN_MASK, "not in the affinity mask");
	print_unused(p, PU_NOT_IN_CPUSET, "not in the cpuset");
	print_unused(p, PU_SIBLING,
		     topology->bind == SK_BIND_LIST ? "not in the list of SKUA_BIND"
						    : "hardware threads beside used ones; SKUA_BIND=pu takes them");
	print_unused(p, PU_SPARE, why_fewer(topology));
	if (topology->bind == SK_BIND_NONE && topology->workers < topology->wanted)
		fprintf(p->out, "  fewer workers than cores (%s)\n", why_fewer(topology));
	if (quota->cpus > 0)
		fprintf(p->out, "quota: %" PRIu64 ".%02" PRIu64 " CPUs (%s)\n", quota->quota_us / quota->period_us,
			quota->quota_us % quota->period_us * 100 / quota->period_us, quota->where);
	else
		fprintf(p->out, "quota: none\n");
}

static void print_binding(printer *p)
{
	const sk_topology *topology = p->topology;
	unsigned pus = sk_topology_bound_pus(topology);
	fprintf(p->out, "workers: %u, ", topology->workers);
	if (!topology->machine.is_real)
		fprintf(p->out, "not bound, since the machine is invented");
	else if (pus > 0)
		fprintf(p->out, "bound by `%s` to %u PU%s", sk_topology_binding(topology), pus, pus == 1 ? "" : "s");
	else if (topology->quota_unbinds)
		fprintf(p->out, "not bound, since the quota is smaller than the machine and others may share it");
	else
		fprintf(p->out, "not bound");
	fprintf(p->out, "%s\n", sk_topology_is_oversubscribed(topology) ? " (oversubscribed)" : "");
}

void sk_topology_describe(const sk_topology *topology, FILE *out)
{
	const sk_machine *machine = &topology->machine;
	printer p = { .topology = topology, .out = out };
	p.numbers = calloc(machine->pu_count, sizeof p.numbers[0]);
	p.state = calloc(machine->pu_count, sizeof p.state[0]);
	if (p.numbers && p.state) {
		find_states(&p);
		fprintf(out, "machine: ");
		print_count(&p, "package", FIELD(package));
		print_count(&p, "NUMA node", FIELD(node));
		print_count(&p, "L3 cache", FIELD(l3));
		print_count(&p, "core", FIELD(core_index));
		fprintf(out, "%u PU%s (%s%s)\n", machine->pu_count, machine->pu_count == 1 ? "" : "s", machine->source,
			machine->is_real ? "" : ", invented");
		print_tree(&p);
		print_use(&p);
		print_binding(&p);
	} else {
		fprintf(out, "machine: out of memory\n");
	}
	free(p.numbers);
	free(p.state);
}
