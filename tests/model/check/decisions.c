/* SPDX-License-Identifier: Apache-2.0 */
/* See decisions.h. */
#include "decisions.h"

#include "model.h"

#include <stdio.h>

#define NODES 4096u
#define GIVEN 4096u

/* A decision that was made: the index-th of count. */
typedef struct node {
	uint16_t index, count;
} node;

static enum model_decisions how;
static node nodes[NODES];
static unsigned node_count, node_at;
static model_pair given[GIVEN];
static unsigned given_count, given_at;
static uint64_t draw_state;

static void read_choices(const char *choices)
{
	given_count = 0;
	unsigned t, option;
	int length;
	while (given_count < GIVEN && sscanf(choices, "%u.%u%n", &t, &option, &length) == 2) {
		given[given_count++] = (model_pair){ (uint8_t)t, (uint8_t)option };
		choices += length;
		choices += *choices == '-';
	}
}

void model_decisions_be(enum model_decisions how_, const char *choices)
{
	how = how_;
	draw_state = UINT64_C(0x9e3779b97f4a7c15);
	if (how == MODEL_GIVEN)
		read_choices(choices);
}

enum model_decisions model_decisions_are(void)
{
	return how;
}

void model_decisions_rewind(void)
{
	node_at = given_at = 0;
}

void model_decisions_forget(void)
{
	node_count = 0;
}

bool model_decisions_advance(void)
{
	while (node_count && nodes[node_count - 1].index + 1 == nodes[node_count - 1].count)
		node_count--;
	if (node_count == 0)
		return false;
	nodes[node_count - 1].index++;
	return true;
}

/* xorshift64 */
static unsigned draw(unsigned count)
{
	draw_state ^= draw_state << 13;
	draw_state ^= draw_state >> 7;
	draw_state ^= draw_state << 17;
	return (unsigned)((draw_state >> 32) % count);
}

unsigned model_decide(unsigned count)
{
	if (count == 1)
		return 0;
	if (how == MODEL_DRAWN)
		return draw(count);
	if (node_at == node_count) {
		model_check(node_count < NODES, "more than %u decisions", NODES);
		nodes[node_count++] = (node){ 0, (uint16_t)count };
	}
	model_check(nodes[node_at].count == count,
	            "an execution is not repeated: the scenario depends on something else");
	return nodes[node_at++].index;
}

static unsigned find_given(const model_pair *pairs, unsigned count)
{
	if (given_at == given_count)
		return 0;
	model_pair want = given[given_at++];
	for (unsigned i = 0; i < count; i++)
		if (pairs[i].thread == want.thread && pairs[i].option == want.option)
			return i;
	model_fail("the choices do not fit: step %u cannot be %u.%u", given_at - 1, want.thread, want.option);
}

unsigned model_decide_step(const model_pair *pairs, unsigned count)
{
	return how == MODEL_GIVEN ? find_given(pairs, count) : model_decide(count);
}
