/* SPDX-License-Identifier: Apache-2.0 */
/* Read-write locks: who may be there together, fairness, giving up and what it lets in. */
#include "strands.h"

#define COUNT 8u

typedef struct shared {
	skua_rwlock lock;
	crowd_counter readers, writers, most;
	unsigned long value;
	unsigned next, order[COUNT];
	flag over;
	uint32_t seed;
} shared;

static void as_reader(shared *all, bool dawdles)
{
	sk_add_relaxed(&all->readers, 1);
	EXPECT(sk_load_relaxed(&all->writers) == 0);
	unsigned long value = all->value;
	if (dawdles)
		skua_yield();
	EXPECT(all->value == value);
	sk_add_relaxed(&all->readers, (uint32_t)-1);
}

static void as_writer(shared *all, bool dawdles)
{
	EXPECT(sk_add_relaxed(&all->writers, 1) == 0);
	EXPECT(sk_load_relaxed(&all->readers) == 0);
	unsigned long value = all->value;
	if (dawdles)
		skua_yield();
	all->value = value + 1;
	EXPECT(sk_add_relaxed(&all->writers, (uint32_t)-1) == 1);
}

static void read_and_write(void *arg, unsigned index)
{
	shared *all = arg;
	for (unsigned i = 0; i < CROWD_ROUNDS(1000); i++) {
		bool dawdles = (i + index) % 31 == 0;
		if ((i + index) % 5 == 0) {
			EXPECT(skua_rwlock_wrlock(&all->lock) == 0);
			as_writer(all, dawdles);
			skua_rwlock_wrunlock(&all->lock);
		} else {
			EXPECT(skua_rwlock_rdlock(&all->lock) == 0);
			as_reader(all, dawdles);
			skua_rwlock_rdunlock(&all->lock);
		}
	}
}

static void excludes(enum strands kind)
{
	shared all = { .lock = SKUA_RWLOCK_INIT };
	unsigned long writes = 0;
	for (unsigned index = 0; index < COUNT; index++)
		for (unsigned i = 0; i < CROWD_ROUNDS(1000); i++)
			writes += (i + index) % 5 == 0;
	strands_run(kind, COUNT, read_and_write, &all);
	cr_assert_eq(all.value, writes);
	cr_assert_eq(word_of(&all.lock), 0);
}

Test(rwlock, many_readers_or_one_writer)
{
	with_strands(excludes);
}

Test(rwlock, is_tried)
{
	skua_rwlock lock = SKUA_RWLOCK_INIT;
	cr_assert_eq(skua_rwlock_tryrdlock(&lock), 0);
	cr_assert_eq(skua_rwlock_tryrdlock(&lock), 0);
	cr_assert_eq(skua_rwlock_trywrlock(&lock), -EBUSY);
	skua_rwlock_rdunlock(&lock);
	skua_rwlock_rdunlock(&lock);
	cr_assert_eq(skua_rwlock_trywrlock(&lock), 0);
	cr_assert_eq(skua_rwlock_tryrdlock(&lock), -EBUSY);
	cr_assert_eq(skua_rwlock_trywrlock(&lock), -EBUSY);
	skua_rwlock_wrunlock(&lock);
	cr_assert_eq(word_of(&lock), 0);
}

/* --- readers meet each other --- */

static void meets_others(void *arg, unsigned index)
{
	(void)index;
	shared *all = arg;
	EXPECT(skua_rwlock_rdlock(&all->lock) == 0);
	sk_add_acq_rel(&all->readers, 1);
	while (sk_load_acquire(&all->readers) < 4)
		skua_sleep_ns(10000);
	skua_rwlock_rdunlock(&all->lock);
}

static void readers_share(enum strands kind)
{
	shared all = { .lock = SKUA_RWLOCK_INIT };
	strands_run(kind, 4, meets_others, &all);
	cr_assert_eq(word_of(&all.lock), 0);
}

Test(rwlock, readers_are_there_together)
{
	with_strands(readers_share);
}

/* --- order --- */

/* R R W R W W R R, one after the other */
static bool is_writer_at(unsigned index)
{
	return index == 2 || index == 4 || index == 5;
}

static void stands_in_row(void *arg, unsigned index)
{
	shared *all = arg;
	while (queue_length(&all->lock) != index)
		skua_sleep_ns(10000);
	if (is_writer_at(index)) {
		EXPECT(skua_rwlock_wrlock(&all->lock) == 0);
		all->order[sk_add_relaxed(&all->most, 1)] = index;
		as_writer(all, true);
		skua_rwlock_wrunlock(&all->lock);
	} else {
		EXPECT(skua_rwlock_rdlock(&all->lock) == 0);
		all->order[sk_add_relaxed(&all->most, 1)] = index;
		as_reader(all, true);
		skua_rwlock_rdunlock(&all->lock);
	}
}

static void keeps_order(enum strands kind)
{
	if (kind == STRANDS_SPAWNED)
		return;
	shared all = { .lock = SKUA_RWLOCK_INIT };
	strand strands[COUNT];
	cr_assert_eq(skua_rwlock_wrlock(&all.lock), 0);
	for (unsigned i = 0; i < COUNT; i++) {
		strands[i] = (strand){ .body = stands_in_row, .arg = &all, .index = i };
		strand_start(kind, &strands[i]);
	}
	await_queue_length(&all.lock, COUNT);
	cr_assert_eq(skua_rwlock_tryrdlock(&all.lock), -EBUSY);
	skua_rwlock_wrunlock(&all.lock);
	for (unsigned i = 0; i < COUNT; i++)
		strand_end(&strands[i]);
	cr_assert_eq(all.order[2], 2, "two readers, then the writer");
	cr_assert_eq(all.order[3], 3);
	cr_assert_eq(all.order[4], 4);
	cr_assert_eq(all.order[5], 5);
	cr_assert_eq(word_of(&all.lock), 0);
}

Test(rwlock, first_come_first_served)
{
	with_strands(keeps_order);
}

static void stream(void *arg, unsigned index)
{
	shared *all = arg;
	if (index == 0) {
		skua_sleep_ns(MS / 2);
		for (int i = 0; i < 5; i++) {
			EXPECT(skua_rwlock_wrlock(&all->lock) == 0);
			skua_rwlock_wrunlock(&all->lock);
		}
		flag_raise(&all->over);
	}
	while (!sk_load_acquire(&all->over)) {
		EXPECT(skua_rwlock_rdlock(&all->lock) == 0);
		skua_sleep_ns(20000 * index);
		skua_rwlock_rdunlock(&all->lock);
	}
}

static void writers_get_through(enum strands kind)
{
	shared all = { .lock = SKUA_RWLOCK_INIT };
	strands_run(kind, 4, stream, &all);
	cr_assert_eq(word_of(&all.lock), 0);
}

Test(rwlock, a_stream_of_readers_does_not_starve_a_writer)
{
	with_strands(writers_get_through);
}

/* --- giving up --- */

static void writer_leaves(void *arg, unsigned index)
{
	shared *all = arg;
	if (index == 0) {
		uint64_t until = skua_now_ns() + 3 * MS;
		EXPECT(skua_rwlock_wrlock_until(&all->lock, until) == -ETIMEDOUT);
		EXPECT(skua_now_ns() >= until);
		flag_raise(&all->over);
		return;
	}
	while (!sk_load_acquire(&all->over) && queue_length(&all->lock) == 0)
		skua_sleep_ns(10000);
	flag_raise(&all->over);
	EXPECT(skua_rwlock_rdlock(&all->lock) == 0); /* the test's own thread reads all the time */
	skua_rwlock_rdunlock(&all->lock);
}

static void lets_readers_in(enum strands kind)
{
	shared all = { .lock = SKUA_RWLOCK_INIT };
	cr_assert_eq(skua_rwlock_rdlock(&all.lock), 0);
	cr_assert_eq(skua_rwlock_wrlock_until(&all.lock, 0), -ETIMEDOUT);
	strands_run(kind, 4, writer_leaves, &all);
	skua_rwlock_rdunlock(&all.lock);
	cr_assert_eq(word_of(&all.lock), 0);
}

Test(rwlock, a_writer_who_gives_up_lets_the_readers_behind_him_in)
{
	with_strands(lets_readers_in);
}

static void impatient(void *arg, unsigned index)
{
	shared *all = arg;
	uint32_t random = all->seed + index;
	for (unsigned i = 0; i < CROWD_ROUNDS(400); i++) {
		uint64_t until = skua_now_ns() + strands_random(&random) % 30000;
		bool dawdles = strands_random(&random) % 8 == 0;
		if (strands_random(&random) % 3 == 0) {
			if (skua_rwlock_wrlock_until(&all->lock, until) == 0) {
				as_writer(all, dawdles);
				skua_rwlock_wrunlock(&all->lock);
			}
		} else if (skua_rwlock_rdlock_until(&all->lock, until) == 0) {
			as_reader(all, dawdles);
			skua_rwlock_rdunlock(&all->lock);
		}
	}
}

static void gives_up_at_random(enum strands kind)
{
	shared all = { .lock = SKUA_RWLOCK_INIT, .seed = strands_seed() };
	strands_run(kind, COUNT, impatient, &all);
	cr_assert_eq(word_of(&all.lock), 0);
}

Test(rwlock, deadlines_race_with_unlocks)
{
	with_strands(gives_up_at_random);
}

static int locks_until_cancelled(void *arg)
{
	shared *all = arg;
	for (;;) {
		if (skua_rwlock_rdlock(&all->lock) < 0)
			return 0;
		as_reader(all, true);
		skua_rwlock_rdunlock(&all->lock);
		if (skua_rwlock_wrlock(&all->lock) < 0)
			return 0;
		as_writer(all, true);
		skua_rwlock_wrunlock(&all->lock);
		if (skua_cancelled())
			return 0;
	}
}

static void cancelling_races(enum strands kind)
{
	if (kind != STRANDS_TASKS)
		return;
	uint32_t random = strands_seed();
	for (unsigned round = 0; round < CROWD_ROUNDS(100); round++) {
		shared all = { .lock = SKUA_RWLOCK_INIT };
		skua_group group = SKUA_GROUP_INIT;
		for (unsigned i = 0; i < 6; i++)
			skua_group_run(&group, locks_until_cancelled, &all);
		skua_sleep_ns(strands_random(&random) % 50000);
		skua_group_cancel(&group);
		cr_assert_eq(skua_group_wait(&group), -ECANCELED);
		cr_assert_eq(word_of(&all.lock), 0);
	}
}

Test(rwlock, cancelling_races_with_unlocks)
{
	with_strands(cancelling_races);
}
