/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loops of all kinds, nested at random, from several threads at once, with bodies that spawn and take uneven time; each
 * result is known. With 1, 2, 3 and 8 workers.
 */
#include "stress.h"

#define THREADS 3
#define DEPTH 3

/* What a thread's row of decisions depends on: not on timing. */
typedef struct mix {
	uint64_t seed;
	unsigned depth;
	size_t count;
	_Atomic uint64_t sum;
} mix;

static uint64_t expected_of(uint64_t seed, unsigned depth, size_t i);

/* The value of one iteration, computed by loops. */
static uint64_t value_of(uint64_t seed, unsigned depth, size_t i);

static size_t count_of(uint64_t *state, unsigned depth)
{
	static const size_t most[DEPTH + 1] = { 3000, 60, 20, 10 };
	uint64_t chance = stress_step(state);
	return chance % 11 == 0 ? 0 : stress_step(state) % most[depth];
}

SKUA_TASK(uint64_t, add_range, uint64_t, begin, uint64_t, end)
{
	if (end - begin < 3)
		return end > begin ? begin + (end - begin > 1 ? begin + 1 : 0) : 0;
	uint64_t middle = begin + (end - begin) / 2;
	SKUA_SPAWN(add_range, begin, middle);
	uint64_t high = SKUA_CALL(add_range, middle, end);
	return SKUA_SYNC(add_range) + high;
}

static void sum_body(size_t begin, size_t end, void *arg)
{
	mix *m = arg;
	uint64_t sum = 0;
	for (size_t i = begin; i < end; i++)
		sum += value_of(m->seed, m->depth, i);
	atomic_fetch_add(&m->sum, sum);
}

static void plane_body(size_t r0, size_t r1, size_t c0, size_t c1, void *arg)
{
	mix *m = arg;
	uint64_t sum = 0;
	for (size_t r = r0; r < r1; r++)
		for (size_t c = c0; c < c1; c++)
			sum += value_of(m->seed, m->depth, r * m->count + c);
	atomic_fetch_add(&m->sum, sum);
}

static void reduce_body(size_t begin, size_t end, void *partial, void *arg)
{
	mix *m = arg;
	for (size_t i = begin; i < end; i++)
		*(uint64_t *)partial += value_of(m->seed, m->depth, i);
}

static void join(void *into, const void *from, void *arg)
{
	(void)arg;
	*(uint64_t *)into += *(const uint64_t *)from;
}

static uint64_t by_scan(mix *m)
{
	uint64_t zero = 0, *values = malloc((m->count + 1) * sizeof *values);
	for (size_t i = 0; i < m->count; i++)
		values[i] = expected_of(m->seed, m->depth, i);
	skua_scan(values, values, m->count, sizeof *values, &zero, join, NULL);
	uint64_t last = m->count ? values[m->count - 1] : 0;
	free(values);
	return last;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static uint64_t by_sort(mix *m)
{
	uint64_t sum = 0, *values = malloc((m->count + 1) * sizeof *values);
	for (size_t i = 0; i < m->count; i++)
		values[i] = expected_of(m->seed, m->depth, i);
	skua_sort(values, m->count, sizeof *values, by_value);
	for (size_t i = 0; i < m->count; i++) {
		STRESS_REQUIRE(i == 0 || values[i - 1] <= values[i], "not sorted at %zu", i);
		sum += values[i];
	}
	free(values);
	return sum;
}

/* The sum of all iterations of a loop whose kind and length the seed decides. */
static uint64_t sum_of(uint64_t seed, unsigned depth)
{
	uint64_t state = seed;
	mix m = { .seed = seed, .depth = depth, .count = count_of(&state, depth) };
	skua_loop how[] = { { SKUA_ADAPTIVE, stress_step(&state) % 5 },
			    { SKUA_FIXED, 1 + stress_step(&state) % 9 },
			    { SKUA_STATIC, stress_step(&state) % 3 } };
	uint64_t result = 0, kind = stress_step(&state) % 8;
	switch (kind) {
	case 0:
	case 1:
	case 2:
		skua_for_with(&how[kind], 0, m.count, sum_body, &m);
		return m.sum;
	case 3: {
		size_t rows = m.count / 7;
		m.count = 7;
		skua_for_2d(rows, 7, plane_body, &m);
		m.count = count_of(&(uint64_t){ seed }, depth);
		for (size_t i = rows * 7; i < m.count; i++)
			m.sum += expected_of(seed, depth, i);
		return m.sum;
	}
	case 4:
		skua_reduce(0, m.count, &result, sizeof result, reduce_body, join, &m);
		return result;
	case 5:
		skua_reduce_ordered(0, m.count, &result, sizeof result, reduce_body, join, &m);
		return result;
	case 6:
		return by_scan(&m);
	default:
		return by_sort(&m);
	}
}

static uint64_t mixed(uint64_t seed, size_t i)
{
	uint64_t state = seed ^ (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
	return stress_step(&state);
}

static uint64_t value_of(uint64_t seed, unsigned depth, size_t i)
{
	uint64_t own = mixed(seed, i);
	if (depth < DEPTH && own % 13 == 0)
		return sum_of(own, depth + 1);
	if (own % 17 == 0)
		return SKUA_RUN(add_range, 0, own % 200);
	for (volatile uint64_t spin = own % 31 == 0 ? own % 5000 : 0; spin > 0; spin--)
		;
	return own % 1000;
}

static uint64_t expected_of(uint64_t seed, unsigned depth, size_t i)
{
	uint64_t own = mixed(seed, i), sum = 0;
	if (depth < DEPTH && own % 13 == 0) {
		uint64_t state = own;
		for (size_t count = count_of(&state, depth + 1), j = 0; j < count; j++)
			sum += expected_of(own, depth + 1, j);
		return sum;
	}
	if (own % 17 == 0) {
		uint64_t n = own % 200;
		return n * (n - 1) / 2 * (n > 0);
	}
	return own % 1000;
}

typedef struct thread {
	pthread_t id;
	uint64_t seed;
	uint64_t got, expected;
} thread;

static void *run(void *argument)
{
	thread *t = argument;
	t->got = sum_of(t->seed, 0);
	return NULL;
}

static void run_case(unsigned workers)
{
	thread threads[THREADS];
	stress_case("%u workers", workers);
	for (int i = 0; i < THREADS; i++) {
		uint64_t state = threads[i].seed = stress_random(UINT64_MAX);
		threads[i].expected = 0;
		for (size_t count = count_of(&state, 0), j = 0; j < count; j++)
			threads[i].expected += expected_of(threads[i].seed, 0, j);
		STRESS_REQUIRE(pthread_create(&threads[i].id, NULL, run, &threads[i]) == 0, "no thread");
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i].id, NULL);
		STRESS_REQUIRE(threads[i].got == threads[i].expected, "sum %" PRIu64 ", not %" PRIu64, threads[i].got,
			       threads[i].expected);
	}
}

int main(int argc, char **argv)
{
	static const unsigned workers[] = { 1, 2, 3, 8 };
	unsigned long cases = 0;
	stress_begin(argc, argv);
	for (unsigned w = 0; w < 4; w++) {
		skua_config config = { .workers = workers[w], .bind = "none", .no_membarrier = w == 2 };
		STRESS_REQUIRE(skua_start(&config) == 0, "%s", skua_start_problem());
		do {
			run_case(workers[w]);
			cases++;
		} while (stress_time_used() < (w + 1) / 4.0);
		skua_stop();
	}
	printf("%lu cases\n", cases);
	return stress_end();
}
