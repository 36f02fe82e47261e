/* SPDX-License-Identifier: Apache-2.0 */
/* A task's own variables: each task's, each thread's, destroyed at the end. */
#include "started.h"

#include <errno.h>
#include <pthread.h>

static skua_key key, other;
static SK_ATOMIC(uint32_t) destroyed;

static void destroy(void *value)
{
	sk_add_relaxed(&destroyed, (uint32_t)(uintptr_t)value);
}

static void *number(uintptr_t n)
{
	return (void *)n; /* NOLINT: a number in a pointer */
}

static void *uses(void *arg)
{
	cr_assert_null(skua_key_get(key), "nothing at first");
	cr_assert_eq(skua_key_set(key, arg), 0);
	for (int i = 0; i < 20; i++) {
		if (i % 2)
			skua_sleep_ns(10000);
		else
			skua_yield();
		cr_assert_eq(skua_key_get(key), arg);
		cr_assert_null(skua_key_get(other));
	}
	return arg;
}

SKUA_TASK(void, uses_as_root, uintptr_t, n)
{
	uses(number(n));
}

static void tasks_and_roots(void)
{
	sk_store_relaxed(&destroyed, 0);
	skua_future *f[20];
	for (uintptr_t i = 0; i < 20; i++)
		f[i] = skua_async(uses, number(i + 1));
	for (int i = 0; i < 20; i++)
		skua_await(f[i]);
	SKUA_RUN(uses_as_root, (uintptr_t)1000);
	cr_assert_eq(sk_load_relaxed(&destroyed), 20 * 21 / 2 + 1000);
}

static void make_keys(void)
{
	cr_assert_eq(skua_key_create(&key, destroy), 0);
	cr_assert_eq(skua_key_create(&other, NULL), 0);
}

Test(key, each_task_has_its_own, .init = make_keys)
{
	with_workers(1, 4, tasks_and_roots);
}

static void *thread(void *arg)
{
	return uses(arg);
}

Test(key, each_thread_has_its_own, .init = make_keys)
{
	sk_store_relaxed(&destroyed, 0);
	pthread_t t[3];
	for (uintptr_t i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, thread, number(i + 1));
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	cr_assert_eq(sk_load_relaxed(&destroyed), 6);
}

Test(key, they_end_somewhere)
{
	skua_key k;
	int made = 0;
	while (skua_key_create(&k, NULL) == 0)
		made++;
	cr_assert_eq(made, 64);
	cr_assert_eq(skua_key_create(&k, NULL), -EAGAIN);
	cr_assert_eq(skua_key_set(64, NULL), -EINVAL);
	cr_assert_null(skua_key_get(1000));
}

static void sets_again(void *value)
{
	uintptr_t left = (uintptr_t)value - 1;
	sk_add_relaxed(&destroyed, 1);
	if (left)
		skua_key_set(key, number(left));
}

static void *sets_two(void *arg)
{
	skua_key_set(key, number(2));
	return arg;
}

static void *sets_many(void *arg)
{
	skua_key_set(key, number(1000));
	return arg;
}

Test(key, a_destructor_that_sets_values_without_end_is_left_alone_at_last)
{
	sk_store_relaxed(&destroyed, 0);
	cr_assert_eq(skua_key_create(&key, sets_again), 0);
	skua_await(skua_async(sets_many, NULL));
	skua_stop();
	cr_assert_eq(sk_load_relaxed(&destroyed), 4);
}

Test(key, a_destructor_may_set_a_value)
{
	sk_store_relaxed(&destroyed, 0);
	cr_assert_eq(skua_key_create(&key, sets_again), 0);
	skua_await(skua_async(sets_two, NULL));
	skua_stop();
	cr_assert_eq(sk_load_relaxed(&destroyed), 2);
}
