/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who was let go on frees the object at once, while the call that let him go on may still be on its way out: sync.h
 * promises that this call does not touch it any more.
 *
 * A meeting is one use of one object: its roles run as tasks or as plain threads, step by step where the order matters
 * and at the same time where it is to race. AddressSanitizer sees a late touch; in other builds the memory is filled
 * with a pattern and looked at later.
 */
#include "stress.h"

#define ROLES_MAX 4u
#define GRAVES 256u
#define PATTERN 0xdb

/* --- the memory of objects --- */

static struct {
	pthread_mutex_t lock;
	unsigned char *memory[GRAVES];
	size_t bytes[GRAVES];
	unsigned next;
} graves = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void *object_new(size_t bytes)
{
	void *memory = calloc(1, bytes);
	STRESS_REQUIRE(memory, "no memory");
	return memory;
}

static void look_and_free(unsigned char *memory, size_t bytes)
{
	for (size_t i = 0; memory && i < bytes; i++)
		STRESS_REQUIRE(memory[i] == PATTERN, "byte %zu of a freed object is %u", i, memory[i]);
	free(memory);
}

/* Frees it; without AddressSanitizer some time later, when nobody has touched it. */
static void object_free(void *memory, size_t bytes)
{
	if (STRESS_ASAN) {
		free(memory);
		return;
	}
	memset(memory, PATTERN, bytes);
	pthread_mutex_lock(&graves.lock);
	unsigned at = graves.next++ % GRAVES;
	unsigned char *old = graves.memory[at];
	size_t old_bytes = graves.bytes[at];
	graves.memory[at] = memory;
	graves.bytes[at] = bytes;
	pthread_mutex_unlock(&graves.lock);
	look_and_free(old, old_bytes);
}

static void clear_graves(void)
{
	for (unsigned i = 0; i < GRAVES; i++) {
		look_and_free(graves.memory[i], graves.bytes[i]);
		graves.memory[i] = NULL;
	}
}

/* --- meetings --- */

typedef union object {
	skua_mutex mutex;
	struct {
		skua_mutex mutex;
		skua_cond changed;
	} condition;
	skua_rwlock rwlock;
	skua_sem sem;
	skua_event event;
	skua_barrier barrier;
	skua_wait_group wait_group;
	skua_once once;
	skua_group group;
} object;

typedef struct meeting {
	const struct scenario *scenario;
	object *at;
	skua_channel *channel;
	uint64_t seed;
	bool is_slow;    /* whoever may wait, does: the others come late */
	atomic_uint step; /* how far it has come */
	atomic_uint gone; /* who has done with the object */
} meeting;

typedef struct scenario {
	const char *name;
	unsigned roles;
	void (*play)(meeting *mine, unsigned role);
	void (*prepare)(meeting *mine);
} scenario;

static void come_to(meeting *mine, unsigned step)
{
	while (atomic_load(&mine->step) < step)
		skua_yield();
}

static void step(meeting *mine)
{
	atomic_fetch_add(&mine->step, 1);
}

/* A moment that differs from meeting to meeting and from role to role. */
static void moment(meeting *mine, unsigned role)
{
	uint64_t state = mine->seed + role;
	uint64_t draw = stress_step(&state);
	stress_work(draw, draw % 256);
	if (mine->is_slow)
		skua_sleep_ns(draw % 20000);
}

static void finish(meeting *mine)
{
	object_free(mine->at, sizeof *mine->at);
}

/* The last of so many frees it. */
static void leave(meeting *mine, unsigned count)
{
	if (atomic_fetch_add(&mine->gone, 1) + 1 == count)
		finish(mine);
}

/* --- mutex: 0 has it and unlocks, 1 waits for it --- */

/* In some meetings nobody else has wanted it for so long that it is unlocked by plain stores. */
static void lock_first(meeting *mine)
{
	skua_mutex *mutex = &mine->at->mutex;
	for (unsigned i = 0; mine->seed % 8 == 0 && i < 17000; i++) {
		skua_mutex_lock(mutex);
		skua_mutex_unlock(mutex);
	}
	skua_mutex_lock(mutex);
}

static void mutex_play(meeting *mine, unsigned role)
{
	skua_mutex *mutex = &mine->at->mutex;
	if (role == 0) {
		lock_first(mine);
		step(mine);
		moment(mine, role);
		skua_mutex_unlock(mutex);
		return;
	}
	come_to(mine, 1);
	skua_mutex_lock(mutex);
	skua_mutex_unlock(mutex);
	finish(mine);
}

/* Two wait for it: the first one's unlock is the other's cause to go on and free it. */
static void convoy_play(meeting *mine, unsigned role)
{
	skua_mutex *mutex = &mine->at->mutex;
	if (role == 0) {
		lock_first(mine);
		step(mine);
		moment(mine, role);
		skua_mutex_unlock(mutex);
		return;
	}
	come_to(mine, 1);
	moment(mine, role);
	skua_mutex_lock(mutex);
	bool is_last = atomic_fetch_add(&mine->gone, 1) == 1;
	skua_mutex_unlock(mutex);
	if (is_last)
		finish(mine);
}

/* --- condition: 0 waits and frees, 1 signals without having the mutex, 2 has the mutex meanwhile --- */

static void condition_wait(meeting *mine)
{
	skua_mutex *mutex = &mine->at->condition.mutex;
	skua_mutex_lock(mutex);
	step(mine);
	/* No wait ends without a signal, so that this needs no state to ask for. */
	STRESS_REQUIRE(skua_cond_wait(&mine->at->condition.changed, mutex) == 0, "the wait ends by the signal");
	bool is_last = atomic_fetch_add(&mine->gone, 1) + 3 == mine->scenario->roles;
	skua_mutex_unlock(mutex);
	if (is_last)
		finish(mine);
}

/* Whoever waits has said so with the mutex, so after it he stands at the condition. */
static void behind_waiters(meeting *mine, unsigned waiters)
{
	come_to(mine, waiters);
	skua_mutex_lock(&mine->at->condition.mutex);
	skua_mutex_unlock(&mine->at->condition.mutex);
}

static void condition_play(meeting *mine, unsigned role)
{
	unsigned waiters = mine->scenario->roles - 2;
	if (role >= 2) {
		condition_wait(mine);
	} else if (role == 1) {
		behind_waiters(mine, waiters);
		step(mine);
		come_to(mine, waiters + 2);
		moment(mine, role);
		if (waiters == 1)
			skua_cond_signal(&mine->at->condition.changed);
		else
			skua_cond_broadcast(&mine->at->condition.changed);
	} else {
		come_to(mine, waiters + 1);
		skua_mutex_lock(&mine->at->condition.mutex);
		step(mine);
		moment(mine, role);
		skua_mutex_unlock(&mine->at->condition.mutex);
	}
}

/* Nobody has the mutex: the signal itself lets him go on. */
static void bare_signal_play(meeting *mine, unsigned role)
{
	skua_mutex *mutex = &mine->at->condition.mutex;
	if (role == 0) {
		skua_mutex_lock(mutex);
		step(mine);
		STRESS_REQUIRE(skua_cond_wait(&mine->at->condition.changed, mutex) == 0, "it ends by the signal");
		skua_mutex_unlock(mutex);
		finish(mine);
		return;
	}
	behind_waiters(mine, 1);
	moment(mine, role);
	skua_cond_signal(&mine->at->condition.changed);
}

/* --- read-write lock: 0 and 1 read, 2 writes after them, 3 writes before and reads behind --- */

static void readers_play(meeting *mine, unsigned role)
{
	skua_rwlock *rwlock = &mine->at->rwlock;
	if (role < 2) {
		skua_rwlock_rdlock(rwlock);
		step(mine);
		come_to(mine, 2);
		moment(mine, role);
		skua_rwlock_rdunlock(rwlock);
		return;
	}
	come_to(mine, 2);
	skua_rwlock_wrlock(rwlock);
	skua_rwlock_wrunlock(rwlock);
	finish(mine);
}

static void writer_play(meeting *mine, unsigned role)
{
	skua_rwlock *rwlock = &mine->at->rwlock;
	if (role == 0) {
		skua_rwlock_wrlock(rwlock);
		step(mine);
		moment(mine, role);
		skua_rwlock_wrunlock(rwlock);
		return;
	}
	come_to(mine, 1);
	moment(mine, role);
	skua_rwlock_rdlock(rwlock);
	skua_rwlock_rdunlock(rwlock);
	leave(mine, 2);
}

/* --- semaphore: 0 posts two, 1 and 2 take one each, by waiting or trying --- */

static void semaphore_play(meeting *mine, unsigned role)
{
	skua_sem *sem = &mine->at->sem;
	if (role == 0) {
		moment(mine, role);
		skua_sem_post(sem, 2);
		return;
	}
	if (mine->seed & role)
		while (skua_sem_trywait(sem) < 0)
			skua_yield();
	else
		skua_sem_wait(sem);
	leave(mine, 2);
}

/* --- event: 0 sets it, 1 waits, 2 asks --- */

static void event_play(meeting *mine, unsigned role)
{
	skua_event *event = &mine->at->event;
	if (role == 0) {
		moment(mine, role);
		skua_event_set(event);
		return;
	}
	if (role == 1)
		skua_event_wait(event);
	else
		while (!skua_event_is_set(event))
			skua_yield();
	leave(mine, 2);
}

/* The waiter stands in a select. */
static void select_play(meeting *mine, unsigned role)
{
	skua_sem *sem = &mine->at->sem;
	if (role == 0) {
		moment(mine, role);
		skua_sem_post(sem, 1);
		return;
	}
	skua_case cases[] = { SKUA_ON_SEM(sem) };
	STRESS_REQUIRE(skua_select(cases, 1, SKUA_FOREVER) == 0, "the select ends by the post");
	finish(mine);
}

/* --- barrier: whoever comes out of it first frees it --- */

static void barrier_prepare(meeting *mine)
{
	skua_barrier_init(&mine->at->barrier, mine->scenario->roles);
}

static void barrier_play(meeting *mine, unsigned role)
{
	moment(mine, role);
	int result = skua_barrier_wait(&mine->at->barrier);
	STRESS_REQUIRE(result >= 0, "nobody is cancelled");
	if (atomic_fetch_add(&mine->gone, 1) == 0)
		finish(mine);
}

/* --- wait group: 0 waits, the others are done --- */

static void wait_group_prepare(meeting *mine)
{
	skua_wait_group_add(&mine->at->wait_group, mine->scenario->roles - 1);
}

static void wait_group_play(meeting *mine, unsigned role)
{
	if (role == 0) {
		skua_wait_group_wait(&mine->at->wait_group);
		finish(mine);
		return;
	}
	moment(mine, role);
	skua_wait_group_done(&mine->at->wait_group);
}

/* --- once: 0 runs the function, the others come meanwhile or after it --- */

static void runs_once(void *arg)
{
	meeting *mine = arg;
	step(mine);
	moment(mine, 0);
}

static void not_again(void *arg)
{
	(void)arg;
	STRESS_REQUIRE(false, "the function is run once");
}

static void once_play(meeting *mine, unsigned role)
{
	if (role == 0) {
		skua_once_run(&mine->at->once, runs_once, mine);
		return;
	}
	come_to(mine, 1);
	skua_once_run(&mine->at->once, not_again, NULL);
	leave(mine, 2);
}

/* --- channels: the one who has received the last element, or the end, destroys --- */

static void channel_prepare(meeting *mine)
{
	finish(mine);
	mine->channel = skua_channel_create(mine->seed % 3, sizeof(uint64_t));
	STRESS_REQUIRE(mine->channel, "no memory");
}

static void channel_play(meeting *mine, unsigned role)
{
	uint64_t value = role;
	if (role < 2) {
		moment(mine, role);
		STRESS_REQUIRE(skua_channel_send(mine->channel, &value) == 0, "it is open");
		return;
	}
	for (int i = 0; i < 2; i++)
		STRESS_REQUIRE(skua_channel_recv(mine->channel, &value) == 0, "two were sent");
	skua_channel_destroy(mine->channel);
}

static void close_play(meeting *mine, unsigned role)
{
	uint64_t value;
	if (role == 0) {
		moment(mine, role);
		skua_channel_close(mine->channel);
		return;
	}
	STRESS_REQUIRE(skua_channel_recv(mine->channel, &value) == -EPIPE, "nothing was sent");
	if (atomic_fetch_add(&mine->gone, 1) == 1)
		skua_channel_destroy(mine->channel);
}

/* --- groups: the owner frees it after the wait --- */

static int take_part(void *arg)
{
	meeting *mine = arg;
	moment(mine, 1);
	return 0;
}

static void group_play(meeting *mine, unsigned role)
{
	(void)role;
	for (unsigned i = 0; i < 3; i++)
		skua_group_run(&mine->at->group, take_part, mine);
	STRESS_REQUIRE(skua_group_wait(&mine->at->group) == 0, "nobody fails");
	finish(mine);
}

static const scenario scenarios[] = {
	{ "mutex", 2, mutex_play, NULL },
	{ "mutex, two wait", 3, convoy_play, NULL },
	{ "condition, signal", 3, condition_play, NULL },
	{ "condition, broadcast", 4, condition_play, NULL },
	{ "condition, mutex free", 2, bare_signal_play, NULL },
	{ "rwlock, readers", 3, readers_play, NULL },
	{ "rwlock, writer", 3, writer_play, NULL },
	{ "semaphore", 3, semaphore_play, NULL },
	{ "event", 3, event_play, NULL },
	{ "select", 2, select_play, NULL },
	{ "barrier", 3, barrier_play, barrier_prepare },
	{ "wait group", 4, wait_group_play, wait_group_prepare },
	{ "once", 3, once_play, NULL },
	{ "channel", 3, channel_play, channel_prepare },
	{ "channel, close", 3, close_play, channel_prepare },
	{ "group", 1, group_play, NULL },
};
#define SCENARIOS (sizeof scenarios / sizeof scenarios[0])

/* --- playing them --- */

typedef struct actor {
	meeting *mine;
	unsigned role;
	skua_future *task; /* NULL: a thread */
	pthread_t thread;
} actor;

static void *act(void *arg)
{
	actor *one = arg;
	one->mine->scenario->play(one->mine, one->role);
	return NULL;
}

static void meet(const scenario *what, unsigned threads, bool is_slow)
{
	meeting mine = { .scenario = what, .seed = stress_random(UINT64_MAX), .is_slow = is_slow };
	actor actors[ROLES_MAX];
	mine.at = object_new(sizeof *mine.at);
	if (what->prepare)
		what->prepare(&mine);
	for (unsigned role = 0; role < what->roles; role++) {
		actors[role] = (actor){ .mine = &mine, .role = role };
		if (!(threads & 1u << role))
			actors[role].task = skua_async(act, &actors[role]);
		if (!actors[role].task)
			STRESS_REQUIRE(pthread_create(&actors[role].thread, NULL, act, &actors[role]) == 0,
				       "no thread");
	}
	for (unsigned role = 0; role < what->roles; role++) {
		if (actors[role].task)
			skua_await(actors[role].task);
		else
			pthread_join(actors[role].thread, NULL);
	}
}

/* Every eighth meeting has threads in it. */
static void try_workers(unsigned workers, double until)
{
	uint64_t meetings = 0;
	stress_start((skua_config){ .workers = workers, .bind = "none" });
	do {
		for (size_t i = 0; i < SCENARIOS; i++) {
			stress_case("%s, %u workers", scenarios[i].name, workers);
			for (unsigned turn = 0; turn < 16; turn++)
				meet(&scenarios[i], turn % 8 == 7 ? (unsigned)stress_random(16) : 0, turn % 4 == 3);
		}
		meetings += SCENARIOS * 16;
	} while ((double)(stress_now_ns() - stress.begin_ns) / 1e9 < until);
	skua_stop();
	printf("%u workers: %" PRIu64 " meetings\n", workers, meetings);
}

int main(int argc, char **argv)
{
	static const unsigned workers[] = { 1, 2, 4 };
	stress_begin(argc, argv);
	for (size_t i = 0; i < 3; i++)
		try_workers(workers[i], stress.seconds * (double)(i + 1) / 3);
	clear_graves();
	return stress_end();
}
