/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A correct program, about which no tool may say a word: plain variables are handed over every edge that the headers
 * promise ("Orders:"), from one worker to another. What orders them is skua alone.
 *
 *     correct [rounds]
 *
 * Where it matters that two workers do it, the sides meet by relaxed atomic operations, which order nothing.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <skua/skua.h>

#define LENGTH 4000
#define MEMBERS 6

#define REQUIRE(condition)                                                                                             \
	((condition) ? (void)0 : (fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition), abort()))

static atomic_int begun;

static void begin(void)
{
	atomic_store_explicit(&begun, 1, memory_order_relaxed);
}

static void await_begin(void)
{
	while (!atomic_load_explicit(&begun, memory_order_relaxed))
		sched_yield();
	atomic_store_explicit(&begun, 0, memory_order_relaxed);
}

/* --- spawn -> task, task -> sync --- */

static long given, made;

SKUA_TASK(long, doubles, long *, place)
{
	begin();
	made = 2 * given;
	return *place + 1;
}

SKUA_TASK(void, hands_over, long, round)
{
	long local = round;
	given = round;
	SKUA_SPAWN(doubles, &local);
	await_begin(); /* so another worker has it */
	REQUIRE(SKUA_SYNC(doubles) == round + 1);
	REQUIRE(made == 2 * round);
}

SKUA_TASK(long, fib, int, n)
{
	if (n < 2)
		return n;
	SKUA_SPAWN(fib, n - 1);
	long second = SKUA_CALL(fib, n - 2);
	return SKUA_SYNC(fib) + second;
}

/* --- loops --- */

static long numbers[LENGTH], sums[LENGTH];

static void fills(size_t first, size_t end, void *arg)
{
	for (size_t i = first; i < end; i++)
		numbers[i] = (long)(LENGTH - i) + *(long *)arg;
}

static void adds(size_t first, size_t end, void *partial, void *arg)
{
	(void)arg;
	for (size_t i = first; i < end; i++)
		*(long *)partial += numbers[i];
}

static void combines(void *into, const void *from, void *arg)
{
	(void)arg;
	*(long *)into += *(const long *)from;
}

static int compares(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;
	return (x > y) - (x < y);
}

static void fills_2d(size_t row, size_t row_end, size_t column, size_t column_end, void *arg)
{
	for (size_t i = row; i < row_end; i++)
		for (size_t j = column; j < column_end; j++)
			numbers[i * 50 + j] += *(long *)arg;
}

static void loops(long round)
{
	static const skua_loop schedules[] = { { SKUA_ADAPTIVE, 0 }, { SKUA_STATIC, 0 }, { SKUA_FIXED, 100 } };
	const long expected = (long)LENGTH * (LENGTH + 1) / 2 + LENGTH * round, nothing = 0;
	for (int i = 0; i < 3; i++) {
		skua_for_with(&schedules[i], 0, LENGTH, fills, &round);
		long sum = 0;
		skua_reduce(0, LENGTH, &sum, sizeof sum, adds, combines, NULL);
		REQUIRE(sum == expected);
	}
	skua_scan(sums, numbers, LENGTH, sizeof(long), &nothing, combines, NULL);
	REQUIRE(sums[LENGTH - 1] == expected);
	skua_sort(numbers, LENGTH, sizeof(long), compares);
	REQUIRE(numbers[0] == 1 + round && numbers[LENGTH - 1] == LENGTH + round);
	skua_for_2d(LENGTH / 50, 50, fills_2d, &round);
	REQUIRE(numbers[0] == 1 + 2 * round);
}

/* --- async -> task -> await, drop -> stop --- */

static void *doubles_async(void *arg)
{
	made = 2 * *(long *)arg;
	begin();
	return arg;
}

static void futures(long round)
{
	long local = round;
	skua_future *future = skua_async(doubles_async, &local);
	await_begin();
	REQUIRE(skua_await(future) == &local && made == 2 * round);
	local = round + 1;
	future = skua_async(doubles_async, &local);
	await_begin();
	REQUIRE(skua_await_until(future, SKUA_FOREVER, NULL) == 0 && made == 2 * round + 2);
	local = round + 2;
	future = skua_async(doubles_async, &local);
	await_begin();
	skua_case done[] = { SKUA_ON_FUTURE(future) };
	REQUIRE(skua_select(done, 1, SKUA_FOREVER) == 0 && made == 2 * round + 4);
	skua_await(future);
}

static void *futures_in_task(void *arg)
{
	futures(*(long *)arg);
	return NULL;
}

/* --- a group's members, each with its part --- */

static long parts[MEMBERS];

static int fills_part(void *arg)
{
	*(long *)arg += 1;
	skua_sleep_ns(1000);
	*(long *)arg += 1;
	return 0;
}

static void group(void)
{
	skua_group members = SKUA_GROUP_INIT;
	memset(parts, 0, sizeof parts);
	for (int i = 0; i < MEMBERS; i++)
		REQUIRE(skua_group_run(&members, fills_part, &parts[i]) == 0);
	REQUIRE(skua_group_wait(&members) == 0);
	for (int i = 0; i < MEMBERS; i++)
		REQUIRE(parts[i] == 2);
}

/* --- who owns a block: it goes through a channel --- */

static skua_channel *channel;

static int sends(void *arg)
{
	for (long i = 0; i < *(long *)arg; i++) {
		long *block = malloc(sizeof *block);
		*block = i;
		skua_case cases[] = { SKUA_ON_SEND(channel, &block) };
		REQUIRE((i % 2 ? skua_channel_send(channel, &block) : skua_select(cases, 1, SKUA_FOREVER)) == 0);
	}
	return 0;
}

static int receives(void *arg)
{
	for (long i = 0; i < *(long *)arg; i++) {
		long *block = NULL;
		skua_case cases[] = { SKUA_ON_RECV(channel, &block) };
		REQUIRE((i % 2 ? skua_select(cases, 1, SKUA_FOREVER) : skua_channel_recv(channel, &block)) == 0);
		++*block;
		free(block);
	}
	return 0;
}

static void channels(void)
{
	static const size_t capacities[] = { 0, 1, 8 };
	long count = 50;
	for (int i = 0; i < 3; i++) {
		channel = skua_channel_create(capacities[i], sizeof(long *));
		REQUIRE(channel);
		skua_group both = SKUA_GROUP_INIT;
		skua_group_run(&both, sends, &count);
		skua_group_run(&both, sends, &count);
		skua_group_run(&both, receives, &count);
		skua_group_run(&both, receives, &count);
		REQUIRE(skua_group_wait(&both) == 0);
		skua_channel_destroy(channel);
	}
}

/* --- locks: a plain counter under each --- */

static struct {
	skua_mutex mutex;
	skua_cond changed;
	skua_rwlock rwlock;
	skua_sem sem;
	skua_barrier barrier;
	skua_once once;
	skua_event ready;
	skua_wait_group members;
} shared = { .mutex = SKUA_MUTEX_INIT,
	     .changed = SKUA_COND_INIT,
	     .rwlock = SKUA_RWLOCK_INIT,
	     .once = SKUA_ONCE_INIT,
	     .ready = SKUA_EVENT_INIT,
	     .members = SKUA_WAIT_GROUP_INIT };
static long under_mutex, under_rwlock, under_sem, turn, once_made, before_event;

static void makes_once(void *arg)
{
	(void)arg;
	once_made = 42;
}

static void one_member(long index)
{
	for (int i = 0; i < 20; i++) {
		skua_mutex_lock(&shared.mutex);
		under_mutex++;
		skua_mutex_unlock(&shared.mutex);
		skua_rwlock_rdlock(&shared.rwlock);
		long seen = under_rwlock;
		skua_rwlock_rdunlock(&shared.rwlock);
		skua_rwlock_wrlock(&shared.rwlock);
		REQUIRE(under_rwlock >= seen);
		under_rwlock++;
		skua_rwlock_wrunlock(&shared.rwlock);
		skua_sem_wait(&shared.sem);
		under_sem++;
		skua_sem_post(&shared.sem, 1);
	}
	REQUIRE(skua_once_run(&shared.once, makes_once, NULL) == 0 && once_made == 42);
	/* Each has its turn, by the condition. */
	skua_mutex_lock(&shared.mutex);
	while (turn != index)
		skua_cond_wait(&shared.changed, &shared.mutex);
	turn++;
	skua_cond_broadcast(&shared.changed);
	skua_mutex_unlock(&shared.mutex);
	/* Between two barriers each writes its own part and reads another's. */
	parts[index] = index;
	skua_barrier_wait(&shared.barrier);
	REQUIRE(parts[(index + 1) % MEMBERS] == (index + 1) % MEMBERS);
	skua_barrier_wait(&shared.barrier);
	skua_event_wait(&shared.ready);
	REQUIRE(before_event == 7);
	parts[index] = -index;
}

static int member(void *arg)
{
	one_member((long *)arg - parts);
	skua_wait_group_done(&shared.members);
	return 0;
}

/* The same objects between tasks and a plain thread. */
static void *member_thread(void *arg)
{
	one_member((long *)arg - parts);
	skua_wait_group_done(&shared.members);
	return NULL;
}

static void locks(void)
{
	pthread_t thread;
	under_mutex = under_rwlock = under_sem = turn = before_event = once_made = 0;
	shared.once = (skua_once)SKUA_ONCE_INIT;
	skua_event_clear(&shared.ready);
	REQUIRE(skua_sem_init(&shared.sem, 1) == 0 && skua_barrier_init(&shared.barrier, MEMBERS) == 0);
	REQUIRE(skua_wait_group_add(&shared.members, MEMBERS) == 0);
	skua_group members = SKUA_GROUP_INIT;
	for (int i = 1; i < MEMBERS; i++)
		skua_group_run(&members, member, &parts[i]);
	REQUIRE(pthread_create(&thread, NULL, member_thread, &parts[0]) == 0);
	before_event = 7;
	skua_event_set(&shared.ready);
	REQUIRE(skua_wait_group_wait(&shared.members) == 0);
	for (long i = 0; i < MEMBERS; i++)
		REQUIRE(parts[i] == -i);
	REQUIRE(under_mutex == 20 * MEMBERS && under_rwlock == 20 * MEMBERS && under_sem == 20 * MEMBERS);
	REQUIRE(skua_group_wait(&members) == 0);
	pthread_join(thread, NULL);
}

/* --- what is written before a message through a socket, and what a blocking call does --- */

static int pair[2];

static void *adds_one(void *arg)
{
	++*(long *)arg;
	return arg;
}

static int pings(void *arg)
{
	for (long i = 0; i < 20; i++) {
		char byte = 1;
		*(long *)arg = i;
		skua_offload(adds_one, arg);
		REQUIRE(skua_send(pair[0], &byte, 1, 0) == 1);
		REQUIRE(skua_recv(pair[0], &byte, 1, 0) == 1);
		REQUIRE(*(long *)arg == -i - 1);
	}
	return 0;
}

static int pongs(void *arg)
{
	for (long i = 0; i < 20; i++) {
		char byte;
		REQUIRE(skua_recv(pair[1], &byte, 1, 0) == 1);
		REQUIRE(*(long *)arg == i + 1);
		*(long *)arg = -i - 1;
		REQUIRE(skua_send(pair[1], &byte, 1, 0) == 1);
	}
	return 0;
}

static void sockets(void)
{
	static long message;
	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	skua_group both = SKUA_GROUP_INIT;
	skua_group_run(&both, pings, &message);
	skua_group_run(&both, pongs, &message);
	REQUIRE(skua_group_wait(&both) == 0);
	skua_close(pair[0]);
	skua_close(pair[1]);
}

/* --- roots of other threads, and tasks that nobody awaits --- */

static void *runs_root(void *arg)
{
	*(long *)arg = SKUA_RUN(fib, 10);
	return NULL;
}

static void roots(void)
{
	pthread_t threads[3];
	long results[3];
	for (int i = 0; i < 3; i++)
		REQUIRE(pthread_create(&threads[i], NULL, runs_root, &results[i]) == 0);
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		REQUIRE(results[i] == 55);
	}
}

static void *dropped(void *arg)
{
	skua_sleep_ns(100000);
	*(long *)arg = 5;
	return NULL;
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? atol(argv[1]) : 20;
	for (long round = 1; round <= rounds; round++) {
		skua_config config = { .workers = 2 + (unsigned)round % 2, .bind = "none" };
		long late = 0;
		REQUIRE(skua_start(&config) == 0);
		SKUA_RUN(hands_over, round);
		REQUIRE(SKUA_RUN(fib, 12) == 144);
		loops(round);
		futures(round);
		skua_await(skua_async(futures_in_task, &round));
		group();
		channels();
		locks();
		sockets();
		roots();
		skua_drop(skua_async(dropped, &late));
		skua_stop();
		REQUIRE(late == 5);
	}
	printf("%ld rounds\n", rounds);
	return 0;
}
