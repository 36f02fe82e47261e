/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contexts: what a switch keeps (registers, floating-point modes, the stack), that contexts move between threads, and
 * that a stack walk inside one comes to an end.
 */
#include "sys/context.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if UNIT_UNWINDER
#include <unwind.h>
#endif

#include "sys/memory.h"

#define STACK_BYTES ((size_t)256 * 1024)

static sk_context home;

/* A context with its stack, for one test. */
struct place {
	sk_context context;
	char *stack;
	long count;
};

static void make(struct place *place, void (*entry)(void *))
{
	place->stack = sk_memory_map(STACK_BYTES);
	cr_assert_not_null(place->stack);
	place->count = 0;
	sk_context_make(&place->context, place->stack, STACK_BYTES, entry, place);
}

static void drop(struct place *place)
{
	sk_context_destroy(&place->context);
	sk_memory_release(place->stack, STACK_BYTES);
}

static void count_up(void *arg)
{
	struct place *place = arg;

	for (;;) {
		place->count++;
		sk_context_switch(&place->context, &home);
	}
}

Test(context, a_switch_goes_there_and_comes_back)
{
	struct place place;

	sk_context_thread(&home);
	make(&place, count_up);
	for (long i = 1; i <= 10000; i++) {
		sk_context_switch(&home, &place.context);
		cr_assert_eq(place.count, i);
	}
	drop(&place);
}

/* ---- registers ---- */

/* Enough values that live across the switch to fill every register that a call preserves. */
static uint64_t mix_over_switches(sk_context *from, sk_context *to, uint64_t seed)
{
	uint64_t a = seed, b = seed * 3, c = seed * 5, d = seed * 7, e = seed * 11, f = seed * 13, g = seed * 17;
	double x = (double)seed, y = x * 0.5, z = x * 0.25;

	for (int i = 0; i < 100; i++) {
		a += b ^ (uint64_t)i;
		b += c * 3;
		c ^= d + a;
		d += e;
		e ^= f << 1;
		f += g;
		g += a >> 3;
		x += y;
		y += z;
		z += 1;
		if (to)
			sk_context_switch(from, to);
	}
	return a ^ b ^ c ^ d ^ e ^ f ^ g ^ (uint64_t)x ^ (uint64_t)y ^ (uint64_t)z;
}

static uint64_t mixed_there;

static void mix_there(void *arg)
{
	struct place *place = arg;

	mixed_there = mix_over_switches(&place->context, &home, 99);
	for (;;)
		sk_context_switch(&place->context, &home);
}

Test(context, values_in_registers_survive_on_both_sides)
{
	struct place place;

	sk_context_thread(&home);
	make(&place, mix_there);
	uint64_t mixed_here = mix_over_switches(&home, &place.context, 12345);
	sk_context_switch(&home, &place.context);
	cr_assert_eq(mixed_here, mix_over_switches(NULL, NULL, 12345));
	cr_assert_eq(mixed_there, mix_over_switches(NULL, NULL, 99));
	drop(&place);
}

/* ---- floating-point modes ---- */

#if defined(__x86_64__)
#define DEFAULT_MODES 0x037f1f80u
#define OTHER_MODES 0x0f7f7f80u /* both units round to zero */

static uint32_t read_modes(void)
{
	uint32_t mxcsr;
	uint16_t control_word;

	__asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(mxcsr), "=m"(control_word));
	return (uint32_t)control_word << 16 | (mxcsr & 0xffc0);
}

static void write_modes(uint32_t modes)
{
	uint32_t mxcsr = modes & 0xffff;
	uint16_t control_word = (uint16_t)(modes >> 16);

	__asm__ volatile("ldmxcsr %0; fldcw %1" : : "m"(mxcsr), "m"(control_word));
}
#elif defined(__aarch64__)
#define DEFAULT_MODES 0u
#define OTHER_MODES 0x00c00000u /* round to zero */

static uint32_t read_modes(void)
{
	uint64_t fpcr;

	__asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
	return (uint32_t)fpcr;
}

static void write_modes(uint32_t modes)
{
	uint64_t fpcr = modes;

	__asm__ volatile("msr fpcr, %0" : : "r"(fpcr));
}
#endif

#ifdef DEFAULT_MODES
static uint32_t modes_there[3];

static void change_modes(void *arg)
{
	struct place *place = arg;

	modes_there[0] = read_modes();
	write_modes(OTHER_MODES);
	sk_context_switch(&place->context, &home);
	modes_there[1] = read_modes();
	write_modes(DEFAULT_MODES);
	sk_context_switch(&place->context, &home);
	modes_there[2] = read_modes();
	for (;;)
		sk_context_switch(&place->context, &home);
}

Test(context, each_context_has_its_own_floating_point_modes)
{
	struct place place;
	uint32_t here[3];

	sk_context_thread(&home);
	write_modes(OTHER_MODES);
	make(&place, change_modes);
	sk_context_switch(&home, &place.context);
	here[0] = read_modes();
	write_modes(DEFAULT_MODES);
	sk_context_switch(&home, &place.context);
	here[1] = read_modes();
	write_modes(OTHER_MODES);
	sk_context_switch(&home, &place.context);
	here[2] = read_modes();
	write_modes(DEFAULT_MODES);
	cr_assert_eq(modes_there[0], DEFAULT_MODES, "a new context starts with the default modes: %#x", modes_there[0]);
	cr_assert_eq(here[0], OTHER_MODES);
	cr_assert_eq(modes_there[1], OTHER_MODES);
	cr_assert_eq(here[1], DEFAULT_MODES);
	cr_assert_eq(modes_there[2], DEFAULT_MODES);
	cr_assert_eq(here[2], OTHER_MODES);
	drop(&place);
}
#endif

/* ---- the stack ---- */

static uintptr_t frame_there;
static volatile char *local_there;
static long depth_reached;

static long __attribute__((noinline)) recurse(long depth)
{
	volatile char room[256];

	room[0] = (char)depth;
	long below = depth == 0 ? 0 : recurse(depth - 1);
	return below + 1 + (room[0] != (char)depth);
}

static void use_the_stack(void *arg)
{
	struct place *place = arg;
	volatile char local = 1;

	frame_there = (uintptr_t)__builtin_frame_address(0);
	local_there = &local;
	/* Frames of sanitizers are larger by far. */
	depth_reached = recurse(100);
	for (;;)
		sk_context_switch(&place->context, &home);
}

Test(context, the_entry_function_runs_aligned_on_the_given_stack)
{
	struct place place;

	sk_context_thread(&home);
	make(&place, use_the_stack);
	sk_context_switch(&home, &place.context);
	cr_assert_eq(frame_there % 16, 0);
	cr_assert_geq(frame_there, (uintptr_t)place.stack);
	cr_assert_lt(frame_there, (uintptr_t)place.stack + STACK_BYTES);
	cr_assert_eq(depth_reached, 101);
	drop(&place);
}

Test(context, a_stack_that_ends_at_an_odd_address_is_aligned_all_the_same)
{
	struct place place;

	sk_context_thread(&home);
	place.stack = sk_memory_map(STACK_BYTES);
	cr_assert_not_null(place.stack);
	sk_context_make(&place.context, place.stack, STACK_BYTES - 40, use_the_stack, &place);
	sk_context_switch(&home, &place.context);
	cr_assert_eq(frame_there % 16, 0);
	drop(&place);
}

Test(context, the_smallest_stack_holds_the_first_frame)
{
	struct place place;

	sk_context_thread(&home);
	place.stack = sk_memory_map(STACK_BYTES);
	cr_assert_not_null(place.stack);
	memset(place.stack, 7, STACK_BYTES);
	sk_context_make(&place.context, place.stack + STACK_BYTES - SK_CONTEXT_STACK_MIN, SK_CONTEXT_STACK_MIN,
			use_the_stack, &place);
	for (size_t i = 0; i < STACK_BYTES - SK_CONTEXT_STACK_MIN; i++)
		cr_assert_eq(place.stack[i], 7);
	drop(&place);
}

/* ---- leaving for good ---- */

static void count_and_leave(void *arg)
{
	struct place *place = arg;

	place->count++;
	sk_context_leave(&place->context, &home);
}

Test(context, a_context_that_was_left_can_be_made_anew_on_its_stack)
{
	struct place place;

	sk_context_thread(&home);
	make(&place, count_and_leave);
	for (int i = 1; i <= 1000; i++) {
		sk_context_switch(&home, &place.context);
		cr_assert_eq(place.count, i);
		sk_context_destroy(&place.context);
		sk_context_make(&place.context, place.stack, STACK_BYTES, count_and_leave, &place);
	}
	drop(&place);
}

/* ---- a ring of many ---- */

enum { RING = 50, LAPS = 100 };

static struct place ring[RING];
static long steps;

static void go_round(void *arg)
{
	struct place *self = arg;
	long index = self - ring;

	for (;;) {
		cr_assert_eq(steps % RING, index);
		steps++;
		if (steps == (long)RING * LAPS)
			sk_context_switch(&self->context, &home);
		sk_context_switch(&self->context, &ring[(index + 1) % RING].context);
	}
}

Test(context, many_contexts_hand_over_to_each_other)
{
	sk_context_thread(&home);
	for (int i = 0; i < RING; i++)
		make(&ring[i], go_round);
	sk_context_switch(&home, &ring[0].context);
	cr_assert_eq(steps, (long)RING * LAPS);
	for (int i = 0; i < RING; i++)
		drop(&ring[i]);
}

/* ---- threads ---- */

static struct place traveller;
static sk_context *station; /* the context of the thread that runs the traveller */
static pthread_t seen_on[2];

static void travel(void *arg)
{
	struct place *place = arg;

	for (int i = 0; i < 2; i++) {
		seen_on[i] = pthread_self();
		place->count++;
		sk_context_switch(&place->context, station);
	}
	abort();
}

static void *run_the_traveller(void *arg)
{
	sk_context own;

	(void)arg;
	sk_context_thread(&own);
	station = &own;
	sk_context_switch(&own, &traveller.context);
	sk_context_destroy(&own);
	return NULL;
}

Test(context, a_context_goes_on_on_another_thread)
{
	pthread_t threads[2];

	make(&traveller, travel);
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(pthread_create(&threads[i], NULL, run_the_traveller, NULL), 0);
		pthread_join(threads[i], NULL);
		cr_assert_eq(traveller.count, i + 1);
		cr_assert(pthread_equal(seen_on[i], threads[i]));
	}
	drop(&traveller);
}

/* ---- walks ---- */

#if UNIT_UNWINDER
static long frames;

static _Unwind_Reason_Code count_frame(struct _Unwind_Context *context, void *arg)
{
	(void)context;
	(void)arg;
	return ++frames < 1000 ? _URC_NO_REASON : _URC_NORMAL_STOP;
}

static void walk(void *arg)
{
	struct place *place = arg;

	for (;;) {
		frames = 0;
		_Unwind_Backtrace(count_frame, NULL);
		sk_context_switch(&place->context, &home);
	}
}

Test(context, a_stack_walk_inside_a_context_ends_at_its_entry)
{
	struct place place;

	sk_context_thread(&home);
	make(&place, walk);
	for (int i = 0; i < 2; i++) {
		sk_context_switch(&home, &place.context);
		cr_assert_gt(frames, 0);
		cr_assert_lt(frames, 10);
	}
	drop(&place);
}
#endif

Test(context, a_root_region_is_added_and_removed)
{
	char *memory = sk_memory_map(STACK_BYTES);

	cr_assert_not_null(memory);
	sk_context_root_add(memory, STACK_BYTES);
	*(void **)(void *)memory = malloc(100);
	sk_context_root_remove(memory, STACK_BYTES);
	free(*(void **)(void *)memory);
	sk_memory_release(memory, STACK_BYTES);
}
