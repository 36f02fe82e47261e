/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seat of worker 0 when a thread from outside wants it and its stand-in sits in it: it is given back, and what is
 * to be done meanwhile is done.
 */
#include "sched/seat.h"

#include "crowd.h"
#include "started.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <skua/skua.h>

static flag begun;

/* --- who goes on and on --- */

static crowd_counter at_work;
static flag go_home;

static void *works(void *arg)
{
	sk_add_relaxed(&at_work, 1);
	flag_await(&go_home);
	return arg;
}

SKUA_TASK(bool, is_on_thread, const pthread_t *, thread)
{
	return pthread_equal(*thread, pthread_self());
}

/* All workers are busy, so the stand-in sits in the seat; then nothing is left but one root after the other. */
static void go_on(void)
{
	pthread_t self = pthread_self();
	skua_future *future[16];
	unsigned workers = skua_workers(), roots = 0;
	sk_store_release(&at_work, 0);
	sk_store_release(&go_home, 0);
	for (unsigned i = 0; i < workers; i++)
		future[i] = skua_async(works, NULL);
	while (sk_load_relaxed(&at_work) < workers)
		sched_yield();
	flag_raise(&go_home);
	while (!SKUA_RUN(is_on_thread, &self))
		cr_assert_lt(++roots, 10000u, "the seat is never given back");
	for (unsigned i = 0; i < workers; i++)
		skua_await(future[i]);
}

Test(seat_wanted, a_thread_that_goes_on_and_on_gets_the_seat_back_from_the_stand_in)
{
	with_workers(1, 4, go_on);
}

/* --- what only a force brings out, while the seat is wanted --- */

static flag offered, is_patient, taken;

SKUA_TASK(int, is_taken, int, id)
{
	flag_raise(&taken);
	return id;
}

/* Spawns while nobody is hungry, then does not answer until somebody else has begun its task. */
SKUA_TASK(int, does_not_answer, int, id)
{
	SKUA_SPAWN(is_taken, id);
	flag_raise(&offered);
	flag_await(&is_patient);
	uint64_t until = skua_now_ns() + UINT64_C(10000000000);
	while (!sk_load_acquire(&taken) && skua_now_ns() < until)
		sched_yield();
	bool is_late = !sk_load_acquire(&taken);
	return SKUA_SYNC(is_taken) == id && !is_late ? id : -1;
}

static void *run_does_not_answer(void *arg)
{
	flag_await(&begun);
	return (void *)(intptr_t)SKUA_RUN(does_not_answer, *(int *)arg); /* NOLINT: a number */
}

/* Nobody searches now, so that the pool's times can be changed: it forces after 30 ms, and parks after 200. */
SKUA_TASK(int, holds_the_seat, sk_pool *, pool, int, id)
{
	flag_raise(&begun);
	flag_await(&offered);
	pool->force_after_ticks *= 1000;
	pool->search_ticks *= 1000;
	flag_raise(&is_patient);
	return id;
}

/* Main holds the seat, so the other thread wants it and hands in; then the stand-in alone is there to take its task. */
static void force_while_wanted(void)
{
	pthread_t thread;
	void *result;
	int id = 7;
	sk_pool *pool = sk_pool_try_enter();
	sk_store_release(&begun, 0);
	sk_store_release(&offered, 0);
	sk_store_release(&is_patient, 0);
	sk_store_release(&taken, 0);
	cr_assert_eq(pthread_create(&thread, NULL, run_does_not_answer, &id), 0);
	cr_assert_eq(SKUA_RUN(holds_the_seat, pool, id), id);
	pthread_join(thread, &result);
	sk_pool_leave(pool);
	cr_assert_eq((intptr_t)result, id, "the task was left where it was");
}

Test(seat_wanted, a_stand_in_that_is_wanted_forces_a_private_task)
{
	for (int i = 0; i < 4; i++)
		with_workers(2, 2, force_while_wanted);
}
