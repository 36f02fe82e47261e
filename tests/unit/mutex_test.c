/* SPDX-License-Identifier: Apache-2.0 */
/* Mutexes: exclusion, order, giving up, starvation, and locks that are held across spawns, syncs and sleeps. */
#include "mutexes.h"

#define COUNT 8u

typedef struct counted {
	skua_mutex mutex;
	unsigned long value; /* plain: the mutex keeps it */
	crowd_counter taken;
} counted;

/* --- exclusion --- */

static void add(void *arg, unsigned index)
{
	counted *shared = arg;
	for (unsigned i = 0; i < CROWD_ROUNDS(2000); i++) {
		skua_mutex_lock(&shared->mutex);
		unsigned long value = shared->value;
		if ((i + index) % 61 == 0)
			skua_yield();
		shared->value = value + 1;
		skua_mutex_unlock(&shared->mutex);
	}
}

static void excludes(enum strands kind)
{
	counted shared = { .mutex = a_mutex() };
	strands_run(kind, COUNT, add, &shared);
	cr_assert_eq(shared.value, COUNT * CROWD_ROUNDS(2000));
	cr_assert_eq(word_of(&shared.mutex), 0, "nothing is left behind");
}

Test(mutex, one_at_a_time)
{
	with_mutexes(excludes);
}

static void tries(enum strands kind)
{
	(void)kind;
	skua_mutex mutex = a_mutex();
	cr_assert_eq(skua_mutex_trylock(&mutex), 0);
	cr_assert_eq(skua_mutex_trylock(&mutex), -EBUSY);
	skua_mutex_unlock(&mutex);
	cr_assert_eq(skua_mutex_lock_until(&mutex, 0), 0, "a free one is taken, whatever the deadline");
	skua_mutex_unlock(&mutex);
}

Test(mutex, is_tried)
{
	with_mutexes(tries);
}

/* --- order --- */

typedef struct row {
	skua_mutex mutex;
	unsigned next;
	unsigned order[COUNT];
	crowd_counter queued;
} row;

static void stand_in_row(void *arg, unsigned index)
{
	row *shared = arg;
	while (sk_load_acquire(&shared->queued) != index || queue_length(&shared->mutex) != index)
		skua_sleep_ns(10000);
	sk_store_release(&shared->queued, index + 1);
	skua_mutex_lock(&shared->mutex);
	shared->order[shared->next++] = index;
	skua_mutex_unlock(&shared->mutex);
}

static void keeps_order(enum strands kind)
{
	row shared = { .mutex = a_mutex() };
	if (kind == STRANDS_SPAWNED)
		return; /* the starting order of spawned ones is not known */
	strand all[COUNT];
	skua_mutex_lock(&shared.mutex);
	for (unsigned i = 0; i < COUNT; i++) {
		all[i] = (strand){ .body = stand_in_row, .arg = &shared, .index = i };
		strand_start(kind, &all[i]);
	}
	await_queue_length(&shared.mutex, COUNT);
	skua_mutex_unlock(&shared.mutex);
	for (unsigned i = 0; i < COUNT; i++)
		strand_end(&all[i]);
	for (unsigned i = 0; i < COUNT; i++)
		cr_assert_eq(shared.order[i], i);
}

Test(mutex, serves_in_order)
{
	with_mutexes(keeps_order);
}

/* --- giving up --- */

static void too_late(void *arg, unsigned index)
{
	counted *shared = arg;
	EXPECT(skua_mutex_lock_until(&shared->mutex, index) == -ETIMEDOUT);
	uint64_t until = skua_now_ns() + 2 * MS;
	EXPECT(skua_mutex_lock_until(&shared->mutex, until) == -ETIMEDOUT);
	EXPECT(skua_now_ns() >= until);
}

static void times_out(enum strands kind)
{
	counted shared = { .mutex = a_mutex() };
	skua_mutex_lock(&shared.mutex);
	strands_run(kind, 4, too_late, &shared);
	cr_assert_eq(queue_length(&shared.mutex), 0);
	skua_mutex_unlock(&shared.mutex);
	cr_assert_eq(skua_mutex_trylock(&shared.mutex), 0);
}

Test(mutex, a_deadline_ends_the_wait)
{
	with_mutexes(times_out);
}

static void *locks_until(void *arg)
{
	counted *shared = arg;
	EXPECT(skua_mutex_lock_until(&shared->mutex, SKUA_FOREVER) == -ECANCELED);
	return NULL;
}

static void *locks(void *arg)
{
	counted *shared = arg;
	skua_mutex_lock(&shared->mutex);
	EXPECT(skua_cancelled());
	shared->value++;
	skua_mutex_unlock(&shared->mutex);
	return NULL;
}

static void is_cancelled(enum strands kind)
{
	if (kind != STRANDS_TASKS)
		return;
	counted shared = { .mutex = a_mutex() };
	skua_mutex_lock(&shared.mutex);
	skua_future *gives_up = skua_async(locks_until, &shared), *waits_on = skua_async(locks, &shared);
	await_queue_length(&shared.mutex, 2);
	skua_cancel(gives_up);
	skua_cancel(waits_on);
	skua_await(gives_up);
	cr_assert_eq(queue_length(&shared.mutex), 1);
	skua_mutex_unlock(&shared.mutex);
	skua_await(waits_on);
	cr_assert_eq(shared.value, 1);
}

Test(mutex, lock_until_is_cancelled_and_lock_is_not)
{
	with_mutexes(is_cancelled);
}

/* Deadlines and unlocks at about the same time: the mutex never gets lost. */
static void now_or_never(void *arg, unsigned index)
{
	counted *shared = arg;
	uint32_t random = (uint32_t)shared->value + index;
	for (unsigned i = 0; i < CROWD_ROUNDS(400); i++) {
		uint64_t patience = strands_random(&random) % 40000;
		if (skua_mutex_lock_until(&shared->mutex, skua_now_ns() + patience) < 0)
			continue;
		EXPECT(sk_add_relaxed(&shared->taken, 1) == 0);
		if (strands_random(&random) % 4 == 0)
			skua_sleep_ns(patience);
		EXPECT(sk_add_relaxed(&shared->taken, (uint32_t)-1) == 1);
		skua_mutex_unlock(&shared->mutex);
	}
}

static void gives_up_at_random(enum strands kind)
{
	counted shared = { .mutex = a_mutex(), .value = strands_seed() };
	strands_run(kind, COUNT, now_or_never, &shared);
	cr_assert_eq(word_of(&shared.mutex), 0, "nothing is left behind");
}

Test(mutex, deadlines_race_with_unlocks)
{
	with_mutexes(gives_up_at_random);
}

static int locks_or_is_cancelled(void *arg)
{
	counted *shared = arg;
	for (unsigned i = 0; i < 20; i++) {
		if (skua_mutex_lock_until(&shared->mutex, SKUA_FOREVER) < 0)
			return 0;
		skua_yield();
		shared->value++;
		skua_mutex_unlock(&shared->mutex);
	}
	return 0;
}

static void is_cancelled_at_random(enum strands kind)
{
	if (kind != STRANDS_TASKS)
		return;
	uint32_t random = strands_seed();
	for (unsigned round = 0; round < CROWD_ROUNDS(100); round++) {
		counted shared = { .mutex = a_mutex() };
		skua_group group = SKUA_GROUP_INIT;
		for (unsigned i = 0; i < COUNT; i++)
			skua_group_run(&group, locks_or_is_cancelled, &shared);
		skua_sleep_ns(strands_random(&random) % 50000);
		skua_group_cancel(&group);
		cr_assert_eq(skua_group_wait(&group), -ECANCELED);
		cr_assert_eq(word_of(&shared.mutex), 0);
	}
}

Test(mutex, cancelling_races_with_unlocks)
{
	with_mutexes(is_cancelled_at_random);
}

/* --- starvation --- */

typedef struct hog_and_victim {
	skua_mutex mutex;
	flag over;
} hog_and_victim;

static void hog(void *arg, unsigned index)
{
	hog_and_victim *shared = arg;
	if (index == 0) {
		skua_sleep_ns(MS);
		for (int i = 0; i < 5; i++) {
			skua_mutex_lock(&shared->mutex);
			skua_mutex_unlock(&shared->mutex);
		}
		flag_raise(&shared->over);
		return;
	}
	while (!sk_load_acquire(&shared->over)) {
		skua_mutex_lock(&shared->mutex);
		for (uint64_t end = skua_now_ns() + 50000; skua_now_ns() < end;)
			;
		skua_mutex_unlock(&shared->mutex);
		if (index == 2 || skua_workers() == 1)
			skua_yield();
	}
}

static void nobody_starves(enum strands kind)
{
	if (kind == STRANDS_SPAWNED)
		return; /* the hog does not let the others begin on one worker */
	hog_and_victim shared = { .mutex = a_mutex() };
	strands_run(kind, 3, hog, &shared);
}

Test(mutex, nobody_starves)
{
	with_mutexes(nobody_starves);
}

/* --- held across everything --- */

SKUA_TASK(void, wants_it, counted *, shared)
{
	skua_mutex_lock(&shared->mutex);
	shared->value++;
	skua_mutex_unlock(&shared->mutex);
}

SKUA_TASK(long, fib, int, n)
{
	if (n < 2)
		return n;
	SKUA_SPAWN(fib, n - 1);
	long other = SKUA_CALL(fib, n - 2);
	return SKUA_SYNC(fib) + other;
}

/* Has it while others are stolen, run, and want it; syncs and sleeps while it has it. */
SKUA_TASK(void, has_it, counted *, shared)
{
	SKUA_SPAWN(wants_it, shared);
	SKUA_SPAWN(wants_it, shared);
	skua_mutex_lock(&shared->mutex);
	SKUA_SPAWN(fib, 12);
	skua_sleep_ns(100000);
	long result = SKUA_SYNC(fib);
	EXPECT(result == 144);
	result = SKUA_RUN(fib, 10);
	EXPECT(result == 55);
	shared->value++;
	skua_mutex_unlock(&shared->mutex);
	SKUA_SYNC(wants_it);
	SKUA_SYNC(wants_it);
}

static void pieces_want_it(size_t begin, size_t end, void *arg)
{
	counted *shared = arg;
	for (size_t i = begin; i < end; i++) {
		skua_mutex_lock(&shared->mutex);
		shared->value++;
		if (i % 16 == 0)
			skua_yield();
		skua_mutex_unlock(&shared->mutex);
	}
}

static void has_it_and_forks(void *arg, unsigned index)
{
	(void)index;
	counted *shared = arg;
	for (int i = 0; i < 4; i++) {
		SKUA_RUN(has_it, shared);
		skua_for(0, 100, pieces_want_it, shared);
	}
}

static void is_held_across_steals(enum strands kind)
{
	counted shared = { .mutex = a_mutex() };
	strands_run(kind, 6, has_it_and_forks, &shared);
	cr_assert_eq(shared.value, 6 * 4 * 103);
}

Test(mutex, held_across_spawns_syncs_loops_and_sleeps)
{
	with_mutexes(is_held_across_steals);
}

/* --- kept --- */

static void use(skua_mutex *mutex, unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		skua_mutex_lock(mutex);
		skua_mutex_unlock(mutex);
	}
}

static void has_to_queue(void *arg, unsigned index)
{
	counted *shared = arg;
	skua_mutex_lock(&shared->mutex);
	shared->value += index;
	skua_mutex_unlock(&shared->mutex);
}

/* Whoever uses it alone for long has it kept; who queues ends that, and then it takes twice as long. */
SKUA_TASK(void, earns_it, counted *, shared, unsigned, lapses)
{
	sk_mutex *mutex = sk_mutex_of(&shared->mutex);
	mutex->uses = 0; /* the last one to queue has unlocked it once */
	use(&shared->mutex, (SK_MUTEX_KEPT_AFTER << lapses) - 1);
	EXPECT(!mutex->kept);
	use(&shared->mutex, 1);
	EXPECT(mutex->kept);
	use(&shared->mutex, 100);
	EXPECT(mutex->kept && mutex->uses == SK_MUTEX_KEPT_AFTER << lapses);
	skua_mutex_lock(&shared->mutex);
	EXPECT(skua_mutex_trylock(&shared->mutex) == -EBUSY);
	strand other = { .body = has_to_queue, .arg = shared, .index = 1 };
	strand_start(STRANDS_TASKS, &other);
	await_queue_length(&shared->mutex, 1);
	EXPECT(word_of(mutex) == 2u);
	skua_mutex_unlock(&shared->mutex);
	EXPECT(!mutex->kept && mutex->lapses == lapses + 1);
	strand_end(&other);
}

Test(mutex, is_kept_for_who_uses_it_alone)
{
	start(2, false);
	counted shared = { .mutex = a_mutex() };
	if (sk_membarrier_start()) {
		for (unsigned lapses = 0; lapses < 4; lapses++)
			SKUA_RUN(earns_it, &shared, lapses);
		cr_assert_eq(shared.value, 4);
	}
	skua_stop();
	strands_expect_fine();
}

static void *uses_much(void *arg)
{
	use(arg, 4 * SK_MUTEX_KEPT_AFTER);
	return NULL;
}

Test(mutex, is_not_kept_where_membarriers_are_not_to_be_used)
{
	start(1, true);
	skua_mutex mutex = SKUA_MUTEX_INIT;
	skua_await(skua_async(uses_much, &mutex));
	cr_assert_not(sk_mutex_of(&mutex)->kept);
	skua_stop();
}

Test(mutex, is_not_kept_by_threads_alone)
{
	skua_mutex mutex = SKUA_MUTEX_INIT;
	uses_much(&mutex);
	cr_assert_not(sk_mutex_of(&mutex)->kept);
}
