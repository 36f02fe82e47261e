/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks of await.h: trees of them, groups, selects, blocking calls, variables of their own. */
#include "soak.h"

#include <stdlib.h>

#define LONG_NS UINT64_C(1000000000000) /* a sleep that only a cancellation ends */

/* --- trees of futures: each answers for an interval of numbers, in closed form --- */

typedef struct span {
	soak_op own;
	uint64_t begin, count;
} span;

static uint64_t sum_of(uint64_t begin, uint64_t count)
{
	uint64_t end = begin + count;
	return end * (end - 1) / 2 - begin * (begin - 1) / 2;
}

static void *as_pointer(uint64_t number)
{
	return (void *)(uintptr_t)number; /* NOLINT: a number in a pointer */
}

/* In the ways that there are. */
static uint64_t await_one(soak_op *op, skua_future *task)
{
	void *result = NULL;
	switch (soak_draw(op, 4)) {
	case 0: {
		int error;
		while ((error = skua_await_until(task, soak_soon(op), &result)) != 0)
			SOAK_REQUIRE(error == -ETIMEDOUT, "await: %s", skua_strerror(error));
		break;
	}
	case 1: {
		skua_case cases[] = { SKUA_ON_FUTURE(task) };
		SOAK_REQUIRE(skua_select(cases, 1, SKUA_FOREVER) == 0, "the select ends by the task");
		SOAK_REQUIRE(skua_future_done(task), "the task is done");
		result = skua_await(task);
		break;
	}
	case 2:
		for (unsigned i = 0; i < 20 && !skua_future_done(task); i++)
			skua_yield();
		result = skua_await(task);
		break;
	default:
		result = skua_await(task);
	}
	return (uintptr_t)result;
}

static void *add_span(void *arg)
{
	span *all = arg;
	soak_moment(&all->own);
	if (all->count <= 4) {
		if (soak_chance(&all->own, 64))
			soak_nested(&all->own, all->begin);
		return as_pointer(sum_of(all->begin, all->count));
	}
	uint64_t left = 1 + soak_draw(&all->own, all->count - 1), sum = 0;
	span parts[] = { { .begin = all->begin, .count = left },
		         { .begin = all->begin + left, .count = all->count - left } };
	skua_future *task[2];
	for (unsigned i = 0; i < 2; i++) {
		parts[i].own = all->own;
		parts[i].own.row = soak_step(&all->own.row);
		task[i] = skua_async(add_span, &parts[i]);
		SOAK_REQUIRE(task[i], "no memory for a task");
	}
	for (unsigned i = 2; i-- > 0;) {
		uint64_t got = await_one(&all->own, task[i]);
		SOAK_REQUIRE(got == sum_of(parts[i].begin, parts[i].count), "from %" PRIu64, parts[i].begin);
		sum += got;
	}
	return as_pointer(sum);
}

typedef struct dropped {
	skua_wait_group left;
	atomic_uint done;
} dropped;

static void *runs_unseen(void *arg)
{
	dropped *all = arg;
	skua_yield();
	atomic_fetch_add(&all->done, 1);
	skua_wait_group_done(&all->left);
	return NULL;
}

/* Their results go nowhere, but they are run. */
static void drop_some(unsigned count)
{
	dropped all = { .left = SKUA_WAIT_GROUP_INIT };
	skua_wait_group_add(&all.left, count);
	for (unsigned i = 0; i < count; i++) {
		skua_future *task = skua_async(runs_unseen, &all);
		SOAK_REQUIRE(task, "no memory for a task");
		skua_drop(task);
	}
	SOAK_REQUIRE(skua_wait_group_wait(&all.left) == 0, "nobody is cancelled");
	SOAK_REQUIRE(atomic_load(&all.done) == count, "%u of %u ran", atomic_load(&all.done), count);
}

void soak_op_async(soak_op *op)
{
	span all = { .count = 1 + soak_draw(op, op->size / 8 + 1) };
	all.own = *op;
	uint64_t got = (uintptr_t)add_span(&all);
	SOAK_REQUIRE(got == sum_of(0, all.count), "the sum of %" PRIu64 " is %" PRIu64, all.count, got);
	if (soak_chance(op, 3))
		drop_some((unsigned)soak_draw(op, 16));
}

/* --- groups: members that end, fail, wait for ever, compute, and have groups of their own --- */

enum member_kind {
	MEMBER_ENDS,
	MEMBER_FAILS,
	MEMBER_WAITS,
	MEMBER_COMPUTES,
	MEMBER_NESTS,
	MEMBER_KINDS
};

typedef struct crew crew;

typedef struct member {
	crew *crew;
	soak_op own;
	enum member_kind kind;
	unsigned index;
} member;

struct crew {
	skua_group group;
	atomic_uint begun, ended;
	unsigned count;
	bool has_endless;
	member members[SOAK_TEAM_MAX];
};

#define FAILURE (-5000)

static void run_crew(soak_op *op, bool is_cancelled_outside);

static void compute_till_cancelled(soak_op *own)
{
	while (!skua_cancelled()) {
		(void)soak_work(own->row, 200);
		skua_yield();
	}
}

/* Cancelled before or meanwhile, nothing of it is interrupted. */
static void work_shielded(const soak_op *own, unsigned index)
{
	skua_shield(1);
	soak_nested(own, index);
	skua_shield(0);
}

static int takes_part(void *arg)
{
	member *m = arg;
	int result = 0;
	atomic_fetch_add(&m->crew->begun, 1);
	switch (m->kind) {
	case MEMBER_FAILS:
		soak_moment(&m->own);
		result = FAILURE - (int)m->index;
		break;
	case MEMBER_WAITS:
		result = skua_sleep_ns(LONG_NS);
		SOAK_REQUIRE(result == -ECANCELED, "the sleep gave %d", result);
		break;
	case MEMBER_COMPUTES:
		compute_till_cancelled(&m->own);
		break;
	case MEMBER_NESTS:
		run_crew(&m->own, true);
		break;
	default:
		soak_moment(&m->own);
		if (soak_chance(&m->own, 8))
			work_shielded(&m->own, m->index);
	}
	atomic_fetch_add(&m->crew->ended, 1);
	return result;
}

static bool may_give(const crew *c, int result, bool has_deadline, bool is_cancelled)
{
	if (result == -ETIMEDOUT)
		return has_deadline;
	if (result == -ECANCELED)
		return is_cancelled;
	if (result <= FAILURE && result > FAILURE - (int)c->count)
		return c->members[FAILURE - result].kind == MEMBER_FAILS;
	return result == 0;
}

static void draw_members(soak_op *op, crew *c)
{
	c->count = (unsigned)soak_draw(op, SOAK_TEAM_MAX);
	bool may_nest = op->depth < SOAK_DEPTH_MAX;
	for (unsigned i = 0; i < c->count; i++) {
		member *m = &c->members[i];
		*m = (member){ .crew = c, .own = *op, .index = i, .kind = MEMBER_ENDS };
		m->own.row = soak_step(&op->row);
		m->own.depth++;
		if (soak_chance(op, 3))
			m->kind = (enum member_kind)soak_draw(op, may_nest ? MEMBER_KINDS : MEMBER_NESTS);
		c->has_endless |= m->kind == MEMBER_WAITS || m->kind == MEMBER_COMPUTES;
	}
}

/* Ends by itself, by a failure, by its deadline, or by a cancellation; twice, since a group can be used again. */
static void run_crew(soak_op *op, bool is_cancelled_outside)
{
	crew *c = soak_zeroed(1, sizeof *c);
	draw_members(op, c);
	for (unsigned round = 0; round < 2; round++) {
		bool is_cancelled = c->has_endless || soak_chance(op, 6), has_deadline = soak_chance(op, 4);
		unsigned started = 0;
		bool is_refused = false;
		atomic_store(&c->begun, 0);
		atomic_store(&c->ended, 0);
		skua_group_deadline(&c->group, has_deadline ? soak_soon(op) : SKUA_FOREVER);
		for (unsigned i = 0; i < c->count; i++) {
			int error = skua_group_run(&c->group, takes_part, &c->members[i]);
			SOAK_REQUIRE(error == 0 || error == -ECANCELED, "group_run: %s", skua_strerror(error));
			started += error == 0;
			is_refused |= error != 0;
		}
		if (is_cancelled) {
			soak_moment(op);
			skua_group_cancel(&c->group);
		}
		int result = skua_group_wait(&c->group);
		unsigned begun = atomic_load(&c->begun), ended = atomic_load(&c->ended);
		SOAK_REQUIRE(begun == ended && begun <= started, "%u begun, %u ended, %u started", begun, ended,
		             started);
		SOAK_REQUIRE(may_give(c, result, has_deadline, is_cancelled || is_cancelled_outside),
		             "the group gave %d", result);
		SOAK_REQUIRE(result != 0 || (begun == c->count && !is_refused), "%u of %u ran", begun, c->count);
		SOAK_REQUIRE(result != 0 || !c->has_endless, "the end of what ends by cancelling only goes unseen");
	}
	free(c);
}

void soak_op_group(soak_op *op)
{
	run_crew(op, false);
}

/* --- selects: numbers by channels, tokens by a semaphore, and an event at the end --- */

typedef struct sources {
	skua_channel *channel[2];
	skua_sem tokens;
	skua_event over;
	atomic_uint left; /* who still sends */
	uint64_t rounds;
} sources;

static void feeds(soak_op *own, void *arg, unsigned index)
{
	sources *s = arg;
	for (uint64_t i = 1; i <= s->rounds; i++) {
		if (index == 2) {
			skua_sem_post(&s->tokens, 1);
		} else if (soak_chance(own, 2)) {
			SOAK_REQUIRE(skua_channel_send(s->channel[index], &i) == 0, "the channel is open");
		} else {
			skua_case cases[] = { SKUA_ON_SEND(s->channel[index], &i) };
			SOAK_REQUIRE(skua_select(cases, 1, SKUA_FOREVER) == 0 && cases[0].result == 0, "it is sent");
		}
		soak_moment(own);
	}
	if (atomic_fetch_sub(&s->left, 1) == 1)
		skua_event_set(&s->over);
}

static void picks(soak_op *own, sources *s)
{
	uint64_t value = 0, sum = 0, tokens = 0, all = s->rounds * (s->rounds + 1);
	bool is_over = false;
	while (!is_over || sum < all || tokens < s->rounds) {
		skua_case cases[] = { SKUA_ON_RECV(s->channel[0], &value), SKUA_ON_SEM(&s->tokens),
			              SKUA_ON_RECV(s->channel[1], &value), SKUA_ON_EVENT(&s->over) };
		int which = skua_select(cases, is_over ? 3 : 4, soak_chance(own, 4) ? soak_soon(own) : SKUA_FOREVER);
		SOAK_REQUIRE(which >= 0 || which == -ETIMEDOUT, "select: %s", skua_strerror(which));
		if (which == 0 || which == 2)
			sum += value;
		else if (which == 1)
			tokens++;
		else if (which == 3)
			is_over = true;
	}
	SOAK_REQUIRE(sum == all && tokens == s->rounds, "sum %" PRIu64 ", %" PRIu64 " tokens", sum, tokens);
	SOAK_REQUIRE(skua_sem_trywait(&s->tokens) == -EAGAIN, "no token is left");
}

static void feeds_or_picks(soak_op *own, void *arg, unsigned index)
{
	if (index == 3)
		picks(own, arg);
	else
		feeds(own, arg, index);
}

void soak_op_select(soak_op *op)
{
	sources s = { .tokens = SKUA_SEM_INIT, .over = SKUA_EVENT_INIT, .left = 3 };
	s.rounds = soak_draw(op, op->size / 16 + 2);
	for (unsigned i = 0; i < 2; i++) {
		s.channel[i] = skua_channel_create(soak_draw(op, 3), sizeof(uint64_t));
		SOAK_REQUIRE(s.channel[i], "no memory for a channel");
	}
	soak_team(op, SOAK_ANY, 4, feeds_or_picks, &s);
	for (unsigned i = 0; i < 2; i++)
		skua_channel_destroy(s.channel[i]);
}

/* --- blocking calls --- */

typedef struct call {
	const soak_op *op;
	uint64_t row, result;
} call;

static void *blocks(void *arg)
{
	call *c = arg;
	if (c->row % 8 == 0)
		skua_sleep_ns(c->row % 50000);
	if (c->row % 16 == 1)
		soak_nested(c->op, c->row);
	c->result = soak_work(c->row, c->row % 300);
	return c;
}

static void calls(soak_op *own, void *arg, unsigned index)
{
	(void)arg;
	call c = { .op = own, .row = soak_mix(own->row, index) };
	SOAK_REQUIRE(skua_offload(blocks, &c) == &c, "the call's result");
	SOAK_REQUIRE(c.result == soak_work(c.row, c.row % 300), "what the call did is visible");
}

void soak_op_offload(soak_op *op)
{
	soak_team(op, SOAK_ANY, 1 + (unsigned)soak_draw(op, 8), calls, NULL);
}

/* --- a task's own variables --- */

static skua_key key;
static skua_once key_is_made = SKUA_ONCE_INIT;

typedef struct variable {
	atomic_uint *destroyed;
	unsigned index;
} variable;

static void destroy(void *value)
{
	variable *own = value;
	atomic_fetch_add(own->destroyed, 1);
	free(own);
}

static void make_key(void *arg)
{
	(void)arg;
	SOAK_REQUIRE(skua_key_create(&key, destroy) == 0, "keys are left");
}

static void has_own(soak_op *own, void *arg, unsigned index)
{
	variable *mine = soak_memory(sizeof *mine);
	*mine = (variable){ .destroyed = arg, .index = index };
	SOAK_REQUIRE(skua_key_get(key) == NULL, "at first there is no value");
	SOAK_REQUIRE(skua_key_set(key, mine) == 0, "no memory for a value");
	for (unsigned i = 0; i < 8; i++) {
		soak_moment(own);
		variable *seen = skua_key_get(key);
		SOAK_REQUIRE(seen == mine && seen->index == index, "another one's value");
	}
}

void soak_op_key(soak_op *op)
{
	atomic_uint *destroyed = soak_zeroed(1, sizeof *destroyed);
	unsigned count = 1 + (unsigned)soak_draw(op, 8);
	skua_once_run(&key_is_made, make_key, NULL);
	soak_team(op, SOAK_ANY, count, has_own, destroyed);
	SOAK_REQUIRE(atomic_load(destroyed) == count, "%u of %u values were destroyed", atomic_load(destroyed), count);
	free(destroyed);
}
