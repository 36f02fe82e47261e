/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checker checked: the classic litmus tests must end in exactly the ways that C11 allows.
 *
 * Each line of the table: the outcomes that C11 allows, and of them those that the checker's memory does not produce,
 * which is none but for load buffering (memory.h). Registers are printed in the order of the threads' loads.
 */
#include "litmus.h"

#include "base/atomic.h"
#include "explore.h"

#include <stdio.h>
#include <string.h>

typedef struct shared {
	SK_ATOMIC(uint32_t) x, y;
	uint64_t plain, r[4]; /* a granule each */
} shared;

static shared *s;

static void setup(void)
{
	s = model_new(sizeof *s);
}

static void two_registers(void)
{
	model_outcome("%d%d", (int)s->r[0], (int)s->r[1]);
}

static void four_registers(void)
{
	model_outcome("%d%d%d%d", (int)s->r[0], (int)s->r[1], (int)s->r[2], (int)s->r[3]);
}

static void last_values(void)
{
	model_outcome("%u%u", sk_load_relaxed(&s->x), sk_load_relaxed(&s->y));
}

#define exchange(a, v) ((void)sk_exchange_seq_cst(a, v))

/* SB: each stores its word and loads the other's. */
#define STORE_BUFFERING(name, store, between, load)                                                                    \
	static void name(unsigned thread)                                                                              \
	{                                                                                                              \
		store(thread ? &s->y : &s->x, 1);                                                                      \
		between;                                                                                               \
		s->r[thread] = load(thread ? &s->x : &s->y);                                                           \
	}
STORE_BUFFERING(sb_relaxed, sk_store_relaxed, (void)0, sk_load_relaxed)
STORE_BUFFERING(sb_release, sk_store_release, (void)0, sk_load_acquire)
STORE_BUFFERING(sb_seq_cst, sk_store_seq_cst, (void)0, sk_load_seq_cst)
STORE_BUFFERING(sb_fences, sk_store_relaxed, sk_fence_seq_cst(), sk_load_relaxed)
STORE_BUFFERING(sb_exchange, exchange, (void)0, sk_load_seq_cst)

static void sb_one_fence(unsigned thread)
{
	sk_store_relaxed(thread ? &s->y : &s->x, 1);
	if (thread)
		sk_fence_seq_cst();
	s->r[thread] = sk_load_relaxed(thread ? &s->x : &s->y);
}

/* One thread pays for both. */
static void sb_membarrier(unsigned thread)
{
	sk_store_relaxed(thread ? &s->y : &s->x, 1);
	if (thread)
		model_membarrier(MODEL_SITE("membarrier", MODEL_MEMBARRIER, MODEL_SEQ_CST, MODEL_NONE, ""));
	s->r[thread] = sk_load_relaxed(thread ? &s->x : &s->y);
}

/* A fence on one side, seq_cst accesses on the other: C++20 forbids 00. */
static void sb_fence_and_access(unsigned thread)
{
	if (thread) {
		sk_store_relaxed(&s->y, 1);
		sk_fence_seq_cst();
		s->r[1] = sk_load_relaxed(&s->x);
	} else {
		sk_store_seq_cst(&s->x, 1);
		s->r[0] = sk_load_seq_cst(&s->y);
	}
}

/* MP: data, then a flag; the reader looks at the flag, then at the data. */
#define MESSAGE_PASSING(name, store, before, load, after)                                                              \
	static void name(unsigned thread)                                                                              \
	{                                                                                                              \
		if (thread == 0) {                                                                                     \
			sk_store_relaxed(&s->x, 1);                                                                    \
			before;                                                                                        \
			store(&s->y, 1);                                                                               \
		} else {                                                                                               \
			s->r[0] = load(&s->y);                                                                         \
			after;                                                                                         \
			s->r[1] = sk_load_relaxed(&s->x);                                                              \
		}                                                                                                      \
	}
MESSAGE_PASSING(mp_relaxed, sk_store_relaxed, (void)0, sk_load_relaxed, (void)0)
MESSAGE_PASSING(mp_release, sk_store_release, (void)0, sk_load_acquire, (void)0)
MESSAGE_PASSING(mp_release_only, sk_store_release, (void)0, sk_load_relaxed, (void)0)
MESSAGE_PASSING(mp_acquire_only, sk_store_relaxed, (void)0, sk_load_acquire, (void)0)
MESSAGE_PASSING(mp_fences, sk_store_relaxed, sk_fence_release(), sk_load_relaxed, sk_fence_acquire())
MESSAGE_PASSING(mp_fence_acquire, sk_store_relaxed, sk_fence_release(), sk_load_acquire, (void)0)

/* The flag is changed by a read-modify-write of a third thread on the way: the release sequence goes on. */
static void mp_sequence(unsigned thread)
{
	if (thread == 0) {
		sk_store_relaxed(&s->x, 1);
		sk_store_release(&s->y, 1);
	} else if (thread == 1) {
		sk_add_relaxed(&s->y, 1);
	} else {
		s->r[0] = sk_load_acquire(&s->y);
		s->r[1] = sk_load_relaxed(&s->x);
	}
}

/* LB: each loads the other's word, then stores its own. */
#define LOAD_BUFFERING(name, load, store)                                                                              \
	static void name(unsigned thread)                                                                              \
	{                                                                                                              \
		s->r[thread] = load(thread ? &s->x : &s->y);                                                           \
		store(thread ? &s->y : &s->x, 1);                                                                      \
	}
LOAD_BUFFERING(lb_relaxed, sk_load_relaxed, sk_store_relaxed)
LOAD_BUFFERING(lb_acquire, sk_load_acquire, sk_store_release)

/* IRIW: two write, two read both in opposite order. */
#define INDEPENDENT(name, store, load, between)                                                                        \
	static void name(unsigned thread)                                                                              \
	{                                                                                                              \
		if (thread < 2) {                                                                                      \
			store(thread ? &s->y : &s->x, 1);                                                              \
			return;                                                                                        \
		}                                                                                                      \
		s->r[2 * thread - 4] = load(thread == 2 ? &s->x : &s->y);                                              \
		between;                                                                                               \
		s->r[2 * thread - 3] = load(thread == 2 ? &s->y : &s->x);                                              \
	}
INDEPENDENT(iriw_relaxed, sk_store_relaxed, sk_load_relaxed, (void)0)
INDEPENDENT(iriw_acquire, sk_store_release, sk_load_acquire, (void)0)
INDEPENDENT(iriw_seq_cst, sk_store_seq_cst, sk_load_seq_cst, (void)0)
INDEPENDENT(iriw_fences, sk_store_relaxed, sk_load_relaxed, sk_fence_seq_cst())

/* 2+2W: each stores both words, in opposite order; what is left? */
#define TWO_WRITES(name, store, between)                                                                               \
	static void name(unsigned thread)                                                                              \
	{                                                                                                              \
		store(thread ? &s->y : &s->x, 1);                                                                      \
		between;                                                                                               \
		store(thread ? &s->x : &s->y, 2);                                                                      \
	}
TWO_WRITES(ww_relaxed, sk_store_relaxed, (void)0)
TWO_WRITES(ww_release, sk_store_release, (void)0)
TWO_WRITES(ww_seq_cst, sk_store_seq_cst, (void)0)
TWO_WRITES(ww_fences, sk_store_relaxed, sk_fence_seq_cst())

/* CoRR: two loads of one word, of one thread, do not go back. */
static void corr(unsigned thread)
{
	if (thread == 0) {
		sk_store_relaxed(&s->x, 1);
		return;
	}
	s->r[0] = sk_load_relaxed(&s->x);
	s->r[1] = sk_load_relaxed(&s->x);
}

/* Two increments are two. */
static void add(unsigned thread)
{
	s->r[thread] = sk_add_relaxed(&s->x, 1);
}

/* A plain word behind a flag. */
#define PLAIN(name, store, load)                                                                                       \
	static void name(unsigned thread)                                                                              \
	{                                                                                                              \
		if (thread == 0) {                                                                                     \
			s->plain = 7;                                                                                  \
			store(&s->x, 1);                                                                               \
		} else if (load(&s->x)) {                                                                              \
			s->r[0] = s->plain;                                                                            \
		}                                                                                                      \
	}
PLAIN(plain_release, sk_store_release, sk_load_acquire)
PLAIN(plain_relaxed, sk_store_relaxed, sk_load_relaxed)

/* sys/park: a sleeper that looks at the word and sleeps, a waker that changes it; and one who forgets to wake. */
static void park(unsigned thread)
{
	if (thread == 0) {
		sk_store_release(&s->x, 1);
		model_wake(NULL, &s->x, 1);
		return;
	}
	while (!sk_load_acquire(&s->x))
		model_wait(NULL, &s->x, 0, false);
}

static void park_without_wake(unsigned thread)
{
	if (thread == 0)
		sk_store_release(&s->x, 1);
	else
		while (!sk_load_acquire(&s->x))
			model_wait(NULL, &s->x, 0, false);
}

static void spin(unsigned thread)
{
	if (thread == 0) {
		s->plain = 7;
		sk_store_release(&s->x, 1);
		return;
	}
	while (!sk_load_acquire(&s->x))
		model_yield();
	s->r[0] = s->plain;
}

static void spin_for_nothing(unsigned thread)
{
	if (thread == 1)
		while (!sk_load_acquire(&s->x))
			model_yield();
}

typedef struct litmus {
	const char *name;
	unsigned threads;
	void (*thread)(unsigned);
	void (*finish)(void);
	const char *allowed; /* what C11 allows */
	const char *missing; /* of it, what the checker does not show */
	const char *finding; /* or a part of what it must find */
} litmus;

#define IRIW_ALL "0000 0001 0010 0011 0100 0101 0110 0111 1000 1001 1010 1011 1100 1101 1110 1111"
#define IRIW_SC "0000 0001 0010 0011 0100 0101 0110 0111 1000 1001 1011 1100 1101 1110 1111"

static const litmus tests[] = {
	{ "SB relaxed", 2, sb_relaxed, two_registers, "00 01 10 11", "", NULL },
	{ "SB release, acquire", 2, sb_release, two_registers, "00 01 10 11", "", NULL },
	{ "SB seq_cst", 2, sb_seq_cst, two_registers, "01 10 11", "", NULL },
	{ "SB seq_cst exchange", 2, sb_exchange, two_registers, "01 10 11", "", NULL },
	{ "SB fences", 2, sb_fences, two_registers, "01 10 11", "", NULL },
	{ "SB one fence", 2, sb_one_fence, two_registers, "00 01 10 11", "", NULL },
	{ "SB one membarrier", 2, sb_membarrier, two_registers, "01 10 11", "", NULL },
	{ "SB fence, seq_cst access", 2, sb_fence_and_access, two_registers, "01 10 11", "", NULL },
	{ "MP relaxed", 2, mp_relaxed, two_registers, "00 01 10 11", "", NULL },
	{ "MP release, acquire", 2, mp_release, two_registers, "00 01 11", "", NULL },
	{ "MP release, relaxed", 2, mp_release_only, two_registers, "00 01 10 11", "", NULL },
	{ "MP relaxed, acquire", 2, mp_acquire_only, two_registers, "00 01 10 11", "", NULL },
	{ "MP fences", 2, mp_fences, two_registers, "00 01 11", "", NULL },
	{ "MP fence, acquire", 2, mp_fence_acquire, two_registers, "00 01 11", "", NULL },
	{ "MP release sequence", 3, mp_sequence, two_registers, "00 01 10 11 21", "", NULL },
	{ "LB relaxed", 2, lb_relaxed, two_registers, "00 01 10 11", "11", NULL },
	{ "LB acquire, release", 2, lb_acquire, two_registers, "00 01 10", "", NULL },
	{ "IRIW relaxed", 4, iriw_relaxed, four_registers, IRIW_ALL, "", NULL },
	{ "IRIW release, acquire", 4, iriw_acquire, four_registers, IRIW_ALL, "", NULL },
	{ "IRIW seq_cst", 4, iriw_seq_cst, four_registers, IRIW_SC, "", NULL },
	{ "IRIW fences", 4, iriw_fences, four_registers, IRIW_SC, "", NULL },
	{ "2+2W relaxed", 2, ww_relaxed, last_values, "11 12 21 22", "", NULL },
	{ "2+2W release", 2, ww_release, last_values, "11 12 21 22", "", NULL },
	{ "2+2W seq_cst", 2, ww_seq_cst, last_values, "12 21 22", "", NULL },
	{ "2+2W fences", 2, ww_fences, last_values, "12 21 22", "", NULL },
	{ "CoRR", 2, corr, two_registers, "00 01 11", "", NULL },
	{ "two increments", 2, add, two_registers, "01 10", "", NULL },
	{ "plain, release, acquire", 2, plain_release, two_registers, "00 70", "", NULL },
	{ "plain, relaxed", 2, plain_relaxed, NULL, "", "", "data race" },
	{ "spin", 2, spin, two_registers, "70", "", NULL },
	{ "spin for nothing", 2, spin_for_nothing, NULL, "", "", "deadlock" },
	{ "park", 2, park, last_values, "10", "", NULL },
	{ "park without wake", 2, park_without_wake, NULL, "", "", "deadlock" },
};

static bool lists(const char *list, const char *outcome)
{
	const char *at = strstr(list, outcome);
	return at && strcspn(at, " ") == strlen(outcome);
}

/* Every outcome is allowed, and all that are allowed but the missing ones were seen. */
static bool is_exact(const litmus *test, const model_result *result)
{
	if (test->finding)
		return result->is_failed && strstr(result->failure, test->finding);
	if (!result->is_complete)
		return false;
	unsigned wanted = 0;
	char list[200];
	snprintf(list, sizeof list, "%s", test->allowed);
	for (char *outcome = strtok(list, " "); outcome; outcome = strtok(NULL, " "))
		wanted += !lists(test->missing, outcome);
	for (unsigned i = 0; i < result->outcome_count; i++)
		if (!lists(test->allowed, result->outcome[i]) || lists(test->missing, result->outcome[i]))
			return false;
	return wanted == result->outcome_count;
}

/* What was found is found again by its choices alone. */
static bool is_repeated(const model_scenario *scenario, const model_result *result)
{
	model_result again;
	model_explore(scenario, 100, result->choices, &again);
	bool good = again.is_failed && strcmp(again.failure, result->failure) == 0;
	model_result_free(&again);
	return good;
}

unsigned litmus_run(void)
{
	unsigned wrong = 0;
	printf("%-26s %10s  %s\n", "litmus test", "executions", "outcomes");
	for (unsigned i = 0; i < sizeof tests / sizeof tests[0]; i++) {
		const litmus *test = &tests[i];
		const model_scenario scenario = {
			.name = test->name,
			.threads = test->threads,
			.setup = setup,
			.thread = test->thread,
			.finish = test->finish,
			.spurious = 1,
		};
		model_result result;
		model_explore(&scenario, 1000000, NULL, &result);
		bool good = is_exact(test, &result) && (!test->finding || is_repeated(&scenario, &result));
		wrong += !good;
		printf("%-26s %10llu  ", test->name, (unsigned long long)result.executions);
		for (unsigned k = 0; k < result.outcome_count; k++)
			printf("%s ", result.outcome[k]);
		if (result.is_failed)
			printf("%s ", result.failure);
		if (*test->missing)
			printf("(C11 also allows %s, which needs load buffering) ", test->missing);
		printf("%s\n", good ? "" : "WRONG");
		if (!good && result.trace)
			printf("%s", result.trace);
		if (!good)
			printf("    allowed: %s\n", test->allowed);
		model_result_free(&result);
	}
	return wrong;
}
