/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skua/task.h: the macros with all shapes of arguments and results, by each of the ways in which a task can run: as a
 * call, as a root, taken back by its owner, and stolen. Each test runs its scenario in all of them.
 */
#include "crowd.h"
#include "sched/task_stack.h"
#include "started.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <skua/skua.h>
#include <string.h>

/* --- the ways --- */

static bool must_be_stolen; /* the scenario's tasks wait until somebody has taken what they spawned */

static ptrdiff_t stolen_from(sk_fiber *fiber)
{
	return sk_task_stack_look((sk_task_thief){ fiber }).top;
}

/* Between spawn and sync of a task: waits until a thief has taken it, if that is asked for. */
static void await_thief(sk_fiber *fiber, const sk_slot *slot)
{
	while (must_be_stolen && stolen_from(fiber) <= slot - fiber->slots)
		sched_yield();
}

static void in_all_ways(void (*scenario)(void))
{
	must_be_stolen = false;
	with_workers(1, 2, scenario);
	must_be_stolen = true;
	with_workers(2, 3, scenario);
}

/* Spawns and syncs a task; the result is in `result`. */
#define SPAWN_AND_SYNC(result, name, ...)                                                                              \
	do {                                                                                                           \
		const sk_slot *spawned = sk_head_;                                                                     \
		SKUA_SPAWN(name, ##__VA_ARGS__);                                                                       \
		await_thief(sk_fiber_, spawned);                                                                       \
		result = SKUA_SYNC(name);                                                                              \
	} while (0)

/* --- 0 to 8 arguments --- */

SKUA_TASK(int, args0)
{
	return 7;
}

SKUA_TASK(int, args1, int, a)
{
	return a;
}

SKUA_TASK(int, args2, int, a, int, b)
{
	return a * 10 + b;
}

SKUA_TASK(int, args3, int, a, int, b, int, c)
{
	return (a * 10 + b) * 10 + c;
}

SKUA_TASK(int, args4, int, a, int, b, int, c, int, d)
{
	return ((a * 10 + b) * 10 + c) * 10 + d;
}

SKUA_TASK(int, args5, int, a, int, b, int, c, int, d, int, e)
{
	return (((a * 10 + b) * 10 + c) * 10 + d) * 10 + e;
}

SKUA_TASK(int, args6, int, a, int, b, int, c, int, d, int, e, int, f)
{
	return ((((a * 10 + b) * 10 + c) * 10 + d) * 10 + e) * 10 + f;
}

SKUA_TASK(int, args7, int, a, int, b, int, c, int, d, int, e, int, f, int, g)
{
	return (((((a * 10 + b) * 10 + c) * 10 + d) * 10 + e) * 10 + f) * 10 + g;
}

SKUA_TASK(int, args8, int, a, int, b, int, c, int, d, int, e, int, f, int, g, int, h)
{
	return ((((((a * 10 + b) * 10 + c) * 10 + d) * 10 + e) * 10 + f) * 10 + g) * 10 + h;
}

SKUA_TASK(int, counts_arguments)
{
	int r, wrong = 0;
	SPAWN_AND_SYNC(r, args0);
	wrong += r != 7;
	SPAWN_AND_SYNC(r, args1, 1);
	wrong += r != 1;
	SPAWN_AND_SYNC(r, args2, 1, 2);
	wrong += r != 12;
	SPAWN_AND_SYNC(r, args3, 1, 2, 3);
	wrong += r != 123;
	SPAWN_AND_SYNC(r, args4, 1, 2, 3, 4);
	wrong += r != 1234;
	SPAWN_AND_SYNC(r, args5, 1, 2, 3, 4, 5);
	wrong += r != 12345;
	SPAWN_AND_SYNC(r, args6, 1, 2, 3, 4, 5, 6);
	wrong += r != 123456;
	SPAWN_AND_SYNC(r, args7, 1, 2, 3, 4, 5, 6, 7);
	wrong += r != 1234567;
	SPAWN_AND_SYNC(r, args8, 1, 2, 3, 4, 5, 6, 7, 8);
	wrong += r != 12345678;
	wrong += SKUA_CALL(args0) != 7;
	wrong += SKUA_CALL(args8, 8, 7, 6, 5, 4, 3, 2, 1) != 87654321;
	return wrong;
}

static void count_arguments(void)
{
	cr_assert_eq(SKUA_RUN(counts_arguments), 0);
	cr_assert_eq(SKUA_RUN(args0), 7);
	cr_assert_eq(SKUA_RUN(args1, 1), 1);
	cr_assert_eq(SKUA_RUN(args8, 1, 2, 3, 4, 5, 6, 7, 8), 12345678);
}

Test(task, a_task_has_0_to_8_arguments)
{
	in_all_ways(count_arguments);
}

/* --- types --- */

typedef struct six {
	uint64_t word[6];
} six;
_Static_assert(sizeof(six) == 48, "all that fits a slot");

SKUA_TASK(six, turns_around, six, in)
{
	six out;
	for (int i = 0; i < 6; i++)
		out.word[i] = ~in.word[5 - i];
	return out;
}

SKUA_TASK(int, passes_structs)
{
	const six in = { { 1, 2, 3, 4, 5, 6 } };
	six out;
	int wrong = 0;
	SPAWN_AND_SYNC(out, turns_around, in);
	for (int i = 0; i < 6; i++)
		wrong += out.word[i] != ~in.word[5 - i];
	out = SKUA_CALL(turns_around, in);
	wrong += out.word[0] != ~UINT64_C(6);
	return wrong;
}

static void pass_structs(void)
{
	const six in = { { 10, 20, 30, 40, 50, 60 } };
	cr_assert_eq(SKUA_RUN(passes_structs), 0);
	cr_assert_eq(SKUA_RUN(turns_around, in).word[5], ~UINT64_C(10));
}

Test(task, a_struct_of_48_bytes_goes_in_and_out_by_value)
{
	in_all_ways(pass_structs);
}

typedef struct three {
	char letter;
	double number;
} three;

static int negate(int i)
{
	return -i;
}

typedef int (*function)(int);

SKUA_TASK(double, mixes, char, letter, double, number, const char *, text, three, t, unsigned char, byte)
{
	return number * letter + (double)strlen(text) + t.number + t.letter + byte;
}

SKUA_TASK(function, hands_back, function, f)
{
	return f;
}

SKUA_TASK(int, keeps_const, const int, i, const char *const, text, const six *, s)
{
	return i + text[0] + (int)s->word[2];
}

SKUA_TASK(float, halves, float, x)
{
	return x / 2;
}

SKUA_TASK(_Bool, is_odd_number, int64_t, i)
{
	return i % 2 != 0;
}

SKUA_TASK(const char *, gives_text, int, i)
{
	return i ? "one" : "none";
}

SKUA_TASK(long double, is_long, long double, x, long double, y)
{
	return x - y;
}

SKUA_TASK(int, passes_types)
{
	int wrong = 0, i;
	double d;
	float f;
	function g;
	_Bool b;
	const char *text;
	long double l;
	const six s = { { 0, 0, 1000, 0, 0, 0 } };
	SPAWN_AND_SYNC(d, mixes, 2, 1.25, "four", ((three){ 1, 0.5 }), 255);
	wrong += d != 2.5 + 4 + 0.5 + 1 + 255;
	SPAWN_AND_SYNC(g, hands_back, negate);
	wrong += g(5) != -5;
	SPAWN_AND_SYNC(i, keeps_const, 7, "A", &s);
	wrong += i != 7 + 'A' + 1000;
	SPAWN_AND_SYNC(f, halves, 3);
	wrong += f != 1.5f;
	SPAWN_AND_SYNC(b, is_odd_number, INT64_MAX);
	wrong += !b;
	SPAWN_AND_SYNC(text, gives_text, 1);
	wrong += strcmp(text, "one") != 0;
	SPAWN_AND_SYNC(l, is_long, 1.0L, 0.25L);
	wrong += l != 0.75L;
	return wrong;
}

static void pass_types(void)
{
	cr_assert_eq(SKUA_RUN(passes_types), 0);
	cr_assert_eq(SKUA_RUN(hands_back, negate), negate);
	cr_assert_eq(SKUA_RUN(halves, 5), 2.5f);
}

Test(task, arguments_and_results_have_any_type)
{
	in_all_ways(pass_types);
}

SKUA_TASK(void, adds_to, long *, sum, int, i)
{
	__atomic_fetch_add(sum, i, __ATOMIC_RELAXED);
}

SKUA_TASK(void, adds_many, long *, sum)
{
	for (int i = 1; i <= 50; i++)
		SKUA_SPAWN(adds_to, sum, i);
	await_thief(sk_fiber_, sk_head_ - 50);
	for (int i = 1; i <= 50; i++)
		SKUA_SYNC(adds_to);
	SKUA_CALL(adds_to, sum, 1000);
}

static void add_many(void)
{
	long sum = 0;
	SKUA_RUN(adds_many, &sum);
	cr_assert_eq(sum, 50 * 51 / 2 + 1000);
}

Test(task, a_task_may_be_void)
{
	in_all_ways(add_many);
}

/* --- shapes --- */

SKUA_TASK_FORWARD(int, is_odd, int, n);

SKUA_TASK(int, is_even, int, n)
{
	int odd;
	if (n == 0)
		return 1;
	SPAWN_AND_SYNC(odd, is_odd, n - 1);
	return odd;
}

SKUA_TASK(int, is_odd, int, n)
{
	int even;
	if (n == 0)
		return 0;
	SPAWN_AND_SYNC(even, is_even, n - 1);
	return even;
}

static void call_each_other(void)
{
	cr_assert_eq(SKUA_RUN(is_even, 40), 1);
	cr_assert_eq(SKUA_RUN(is_even, 41), 0);
	cr_assert_eq(SKUA_RUN(is_odd, 41), 1);
}

Test(task, two_tasks_may_call_each_other)
{
	in_all_ways(call_each_other);
}

/* Spawns of two tasks, in turns, are synced in reverse. */
SKUA_TASK(int, interleaves, int, count)
{
	int wrong = 0;
	for (int i = 0; i < count; i++) {
		SKUA_SPAWN(args1, i);
		SKUA_SPAWN(args2, i, i % 10);
	}
	await_thief(sk_fiber_, sk_head_ - 2 * count);
	for (int i = count; i-- > 0;) {
		wrong += SKUA_SYNC(args2) != i * 10 + i % 10;
		wrong += SKUA_SYNC(args1) != i;
	}
	return wrong;
}

static void interleave(void)
{
	cr_assert_eq(SKUA_RUN(interleaves, 100), 0);
}

Test(task, spawns_of_different_tasks_are_synced_in_reverse)
{
	in_all_ways(interleave);
}

SKUA_TASK(long, fib, int, n)
{
	if (n < 2)
		return n;
	SKUA_SPAWN(fib, n - 1);
	long y = SKUA_CALL(fib, n - 2);
	return SKUA_SYNC(fib) + y;
}

/* One that may return early, with its spawns synced on each way out. */
SKUA_TASK(int, returns_early, int, n)
{
	SKUA_SPAWN(args1, n);
	if (n % 2)
		return SKUA_SYNC(args1);
	SKUA_SPAWN(args1, -n);
	int below = SKUA_SYNC(args1);
	return SKUA_SYNC(args1) - below;
}

SKUA_TASK(int, many_return_early, int, count)
{
	int wrong = 0;
	for (int i = 0; i < count; i++)
		SKUA_SPAWN(returns_early, i);
	for (int i = count; i-- > 0;)
		wrong += SKUA_SYNC(returns_early) != (i % 2 ? i : 2 * i);
	return wrong;
}

static void return_early(void)
{
	cr_assert_eq(SKUA_RUN(many_return_early, 1000), 0);
	cr_assert_eq(SKUA_RUN(fib, 20), 6765);
}

Test(task, a_task_may_return_from_anywhere)
{
	with_workers(1, 4, return_early);
}

/* --- SKUA_RUN inside a task --- */

/* A plain function, which has no hidden parameters. */
static __attribute__((noinline)) long plain(int n)
{
	return SKUA_RUN(fib, n);
}

SKUA_TASK(long, runs_inside, int, n)
{
	for (int i = 0; i < 5; i++)
		SKUA_SPAWN(fib, i);
	await_thief(sk_fiber_, sk_head_ - 5);
	long sum = plain(n);
	for (int i = 0; i < 5; i++)
		sum += 1000 * SKUA_SYNC(fib);
	return sum;
}

/* Spawned tasks that run a plain function that runs a task, each with spawns of its own pending. */
SKUA_TASK(long, runs_inside_many, int, count)
{
	long sum = 0;
	for (int i = 0; i < count; i++)
		SKUA_SPAWN(runs_inside, i % 8);
	sum += plain(3);
	for (int i = 0; i < count; i++)
		sum += SKUA_SYNC(runs_inside);
	return sum;
}

static void run_inside(void)
{
	static const int fibs[] = { 0, 1, 1, 2, 3, 5, 8, 13 };
	cr_assert_eq(SKUA_RUN(runs_inside, 15), 610 + 7000);
	long sum = 2;
	for (int i = 0; i < 40; i++)
		sum += fibs[i % 8] + 7000;
	bool before = must_be_stolen;
	must_be_stolen = false;
	cr_assert_eq(SKUA_RUN(runs_inside_many, 40), sum);
	must_be_stolen = before;
}

Test(task, a_plain_function_in_a_task_with_pending_spawns_may_run_a_task)
{
	in_all_ways(run_inside);
}

/* --- misuse, which the checked build reports --- */

#if SKUA_CHECK
SKUA_TASK(int, syncs_too_much)
{
	return SKUA_SYNC(args0);
}

Test(task, a_sync_without_a_spawn_ends_the_program, .signal = SIGABRT)
{
	start(1, false);
	SKUA_RUN(syncs_too_much);
}

SKUA_TASK(int, syncs_another)
{
	SKUA_SPAWN(args1, 1);
	return SKUA_SYNC(args0);
}

Test(task, a_sync_of_another_task_ends_the_program, .signal = SIGABRT)
{
	start(1, false);
	SKUA_RUN(syncs_another);
}

SKUA_TASK(int, forgets_its_sync)
{
	SKUA_SPAWN(args1, 1);
	return 0;
}

SKUA_TASK(int, calls_the_forgetful)
{
	return SKUA_CALL(forgets_its_sync);
}

SKUA_TASK(int, spawns_the_forgetful)
{
	SKUA_SPAWN(forgets_its_sync);
	return SKUA_SYNC(forgets_its_sync);
}

Test(task, a_root_that_forgets_a_sync_ends_the_program, .signal = SIGABRT)
{
	start(1, false);
	SKUA_RUN(forgets_its_sync);
}

Test(task, a_called_task_that_forgets_a_sync_ends_the_program, .signal = SIGABRT)
{
	start(1, false);
	SKUA_RUN(calls_the_forgetful);
}

Test(task, a_spawned_task_that_forgets_a_sync_ends_the_program, .signal = SIGABRT)
{
	start(1, false);
	SKUA_RUN(spawns_the_forgetful);
}
#endif
