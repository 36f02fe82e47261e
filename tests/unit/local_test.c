/* SPDX-License-Identifier: Apache-2.0 */
/* skua_local: one instance for each worker, far enough apart, complete when they are combined. */
#include "base/align.h"

#include "crowd.h"
#include "started.h"

#include <criterion/criterion.h>
#include <skua/skua.h>
#include <stdlib.h>

typedef struct counters {
	uint32_t of[17];
} counters;

static void count_in(size_t begin, size_t end, void *arg)
{
	counters *mine = skua_local_mine(arg);
	for (size_t i = begin; i < end; i++)
		mine->of[i % 17]++;
}

static void add_up(void *instance, void *arg)
{
	counters *sum = arg;
	for (size_t i = 0; i < 17; i++)
		sum->of[i] += ((const counters *)instance)->of[i];
}

static void histogram(void)
{
	skua_local *local = skua_local_create(sizeof(counters), NULL, NULL);
	cr_assert(local);
	for (int i = 0; i < 50; i++)
		skua_for(0, 17000, count_in, local);
	counters sum = { { 0 } };
	skua_local_each(local, add_up, &sum);
	for (size_t i = 0; i < 17; i++)
		cr_assert_eq(sum.of[i], 50000);
	skua_local_destroy(local);
}

Test(local, nothing_is_lost)
{
	with_workers(1, 4, histogram);
}

static void set_address(void *instance, void *arg)
{
	*(void **)instance = arg;
}

typedef struct seen {
	unsigned count;
	char *at[8];
} seen;

static void look(void *instance, void *arg)
{
	seen *s = arg;
	s->at[s->count++] = instance;
	cr_assert_eq(*(void **)instance, arg, "init has filled it");
}

Test(local, instances_share_no_line)
{
	start(4, false);
	seen s = { 0 };
	skua_local *local = skua_local_create(sizeof(void *), set_address, &s);
	skua_local_each(local, look, &s);
	cr_assert_eq(s.count, 4);
	for (unsigned i = 0; i < 4; i++) {
		cr_assert_eq((uintptr_t)s.at[i] % SK_CACHE_LINE, 0);
		for (unsigned j = 0; j < i; j++)
			cr_assert_geq(s.at[i] - s.at[j], (ptrdiff_t)SK_FALSE_SHARING);
	}
	skua_local_destroy(local);
	skua_stop();
}

Test(local, starts_the_runtime_and_destroys_nothing)
{
	skua_local *local = skua_local_create(1, NULL, NULL);
	cr_assert(local);
	cr_assert_gt(skua_workers(), 0);
	skua_local_destroy(local);
	skua_local_destroy(NULL);
	skua_stop();
}

Test(local, too_large_is_no_memory)
{
	start(2, false);
	cr_assert_null(skua_local_create(SIZE_MAX, NULL, NULL));
	cr_assert_null(skua_local_create(SIZE_MAX / 2, NULL, NULL));
	skua_stop();
}

Test(local, without_a_runtime_there_is_none)
{
	setenv("SKUA_WORKERS", "many", 1);
	cr_assert_null(skua_local_create(8, NULL, NULL));
	unsetenv("SKUA_WORKERS");
	skua_local *local = skua_local_create(8, NULL, NULL);
	cr_assert_not_null(local);
	skua_local_destroy(local);
	skua_stop();
}
