/* SPDX-License-Identifier: Apache-2.0 */
/* Misuse by the program, in the checked build: it ends in abort, with a message that says what and where. */
#undef SKUA_CHECK
#define SKUA_CHECK 1

#include "cases.h"

#include <sched.h>
#include <stdatomic.h>

SKUA_TASK(int, one, int, value)
{
	return value;
}

SKUA_TASK(int, other, int, value)
{
	return value;
}

static void start(unsigned workers)
{
	skua_config config = { .workers = workers, .bind = "none" };
	int error = skua_start(&config);
	CASES_REQUIRE(error == 0, "%s", skua_start_problem());
}

/* --- a return with spawns --- */

/* The message names the line of the definition, since a return can be anywhere. */
enum { LEAVES_LINE = __LINE__ + 1 };
SKUA_TASK(int, leaves, int, value)
{
	SKUA_SPAWN(one, value);
	return value;
}

enum { LEAVES_VOID_LINE = __LINE__ + 1 };
SKUA_TASK(void, leaves_void)
{
	SKUA_SPAWN(one, 1);
	SKUA_SPAWN(one, 2);
	SKUA_SYNC(one);
}

SKUA_TASK(int, calls_leaves)
{
	return SKUA_CALL(leaves, 1);
}

SKUA_TASK(int, spawns_leaves)
{
	SKUA_SPAWN(one, 1);
	SKUA_SPAWN(leaves, 1);
	int result = SKUA_SYNC(leaves);
	return SKUA_SYNC(one) + result;
}

static atomic_bool begun;

enum { LEAVES_STOLEN_LINE = __LINE__ + 1 };
SKUA_TASK(int, leaves_stolen)
{
	SKUA_SPAWN(one, 1);
	atomic_store(&begun, true);
	return 1;
}

SKUA_TASK(int, waits_for_thief)
{
	SKUA_SPAWN(leaves_stolen);
	while (!atomic_load(&begun))
		sched_yield();
	return SKUA_SYNC(leaves_stolen);
}

static void return_with_spawn_run(void)
{
	SKUA_RUN(leaves, 1);
}

static void return_with_spawn_void(void)
{
	SKUA_RUN(leaves_void);
}

static void return_with_spawn_called(void)
{
	SKUA_RUN(calls_leaves);
}

static void return_with_spawn_synced(void)
{
	start(1);
	SKUA_RUN(spawns_leaves);
}

static void return_with_spawn_published(void)
{
	skua_config config = { .workers = 1, .bind = "none", .no_membarrier = 1 };
	CASES_REQUIRE(skua_start(&config) == 0, "%s", skua_start_problem());
	SKUA_RUN(spawns_leaves);
}

static void return_with_spawn_stolen(void)
{
	start(2);
	SKUA_RUN(waits_for_thief);
}

/* --- wrong syncs --- */

enum { WRONG_SYNC_LINE = __LINE__ + 4 };
SKUA_TASK(int, syncs_wrong)
{
	SKUA_SPAWN(one, 1);
	return SKUA_SYNC(other);
}

static void wrong_sync(void)
{
	SKUA_RUN(syncs_wrong);
}

enum { CROSSED_SYNC_LINE = __LINE__ + 5 };
SKUA_TASK(int, syncs_crossed)
{
	SKUA_SPAWN(one, 1);
	SKUA_SPAWN(other, 1);
	int first = SKUA_SYNC(one);
	return SKUA_SYNC(other) + first;
}

static void crossed_sync(void)
{
	SKUA_RUN(syncs_crossed);
}

enum { NO_SPAWN_LINE = __LINE__ + 3 };
SKUA_TASK(int, syncs_nothing)
{
	return SKUA_SYNC(one);
}

static void sync_without_spawn(void)
{
	SKUA_RUN(syncs_nothing);
}

enum { ONE_TOO_MANY_LINE = __LINE__ + 5 };
SKUA_TASK(int, syncs_twice)
{
	SKUA_SPAWN(one, 1);
	SKUA_SYNC(one);
	return SKUA_SYNC(one);
}

static void sync_too_often(void)
{
	SKUA_RUN(syncs_twice);
}

/* The called function takes the caller's spawn; that shows at the caller's sync. */
SKUA_TASK(int, takes_callers)
{
	return SKUA_SYNC(one);
}

enum { ROBBED_LINE = __LINE__ + 5 };
SKUA_TASK(int, is_robbed)
{
	SKUA_SPAWN(one, 1);
	SKUA_CALL(takes_callers);
	return SKUA_SYNC(one);
}

static void sync_of_callers_spawn(void)
{
	SKUA_RUN(is_robbed);
}

/* --- overflows --- */

SKUA_TASK(void, spawns_many, int, count)
{
	for (int i = 0; i < count; i++)
		SKUA_SPAWN(one, i);
	for (int i = 0; i < count; i++)
		SKUA_SYNC(one);
}

SKUA_TASK(int, spawns_nested, int, depth)
{
	if (depth == 0)
		return 0;
	SKUA_SPAWN(one, depth);
	int below = SKUA_CALL(spawns_nested, depth - 1);
	return SKUA_SYNC(one) + below;
}

static void slots_full(void)
{
	setenv("SKUA_TASK_SLOTS", "16", 1);
	SKUA_RUN(spawns_many, 16); /* just fits */
	SKUA_RUN(spawns_many, 17);
}

static void slots_full_without_membarrier(void)
{
	setenv("SKUA_TASK_SLOTS", "5000", 1);
	setenv("SKUA_MEMBARRIER", "0", 1);
	SKUA_RUN(spawns_many, 5000);
	SKUA_RUN(spawns_many, 5001);
}

static void slots_full_by_depth(void)
{
	skua_config config = { .workers = 2, .bind = "none", .task_slots = 300 };
	CASES_REQUIRE(skua_start(&config) == 0, "%s", skua_start_problem());
	SKUA_RUN(spawns_nested, 300);
	SKUA_RUN(spawns_nested, 301);
}

/* Endless, but no compiler may say so. */
static __attribute__((noinline)) int deeper(int depth)
{
	volatile char space[200];
	space[0] = (char)depth;
	return depth < 0 ? 0 : deeper(depth + 1) + space[0];
}

SKUA_TASK(int, overflows)
{
	return deeper(1);
}

SKUA_TASK(int, overflows_stolen)
{
	atomic_store(&begun, true);
	return deeper(1);
}

SKUA_TASK(int, waits_for_overflow)
{
	SKUA_SPAWN(overflows_stolen);
	while (!atomic_load(&begun))
		sched_yield();
	return SKUA_SYNC(overflows_stolen);
}

SKUA_TASK(int, overflows_by_tasks, int, depth)
{
	volatile char space[200];
	space[0] = (char)depth;
	if (depth < 0)
		return 0;
	SKUA_SPAWN(overflows_by_tasks, depth + 1);
	return SKUA_SYNC(overflows_by_tasks) + space[0];
}

static void stack_full(void)
{
	setenv("SKUA_STACK", "256K", 1);
	SKUA_RUN(overflows);
}

/* Where the kernel has guard pages without mappings, this takes the other way. */
static void stack_full_with_mprotect(void)
{
	setenv("SKUA_GUARD", "mprotect", 1);
	setenv("SKUA_STACK", "256K", 1);
	SKUA_RUN(overflows);
}

static void stack_full_on_thief(void)
{
	skua_config config = { .workers = 2, .bind = "none", .stack_bytes = (size_t)256 << 10 };
	CASES_REQUIRE(skua_start(&config) == 0, "%s", skua_start_problem());
	SKUA_RUN(waits_for_overflow);
}

static void stack_full_by_tasks(void)
{
	setenv("SKUA_STACK", "256K", 1);
	SKUA_RUN(overflows_by_tasks, 1);
}

/* --- calls from the wrong place --- */

SKUA_TASK(void, stops)
{
	skua_stop();
}

static void stop_in_task(void)
{
	SKUA_RUN(stops);
}

SKUA_TASK(int, starts)
{
	return skua_start(NULL);
}

static void start_in_task(void)
{
	int error = SKUA_RUN(starts);
	CASES_REQUIRE(error == -EDEADLK, "it gave %d", error);
	skua_stop();
}

/* --- loops, and what belongs to workers --- */

static void nothing_to_do(size_t begin, size_t end, void *arg)
{
	(void)begin, (void)end, (void)arg;
}

static void schedule_of_none(void)
{
	const skua_loop how = { .schedule = (skua_schedule)17 };
	skua_for_with(&how, 0, 10, nothing_to_do, NULL);
}

static void local_outside(void)
{
	start(2);
	skua_local_mine(skua_local_create(8, NULL, NULL));
}

static void take_mine(size_t begin, size_t end, void *local)
{
	skua_local_mine(local);
	(void)begin, (void)end;
	usleep(1000); /* in the worker, so that others come */
}

static void local_of_fewer_workers(void)
{
	start(2);
	skua_local *local = skua_local_create(8, NULL, NULL);
	skua_stop();
	start(4);
	const skua_loop one_each = { .schedule = SKUA_FIXED, .grain = 1 };
	for (;;) /* until one of the new workers takes part */
		skua_for_with(&one_each, 0, 64, take_mine, local);
}

/* --- synchronisation objects, in a library that checks --- */

#if SK_CHECK_LEVEL >= 1

static skua_mutex mutex = SKUA_MUTEX_INIT;

static void unlock_unlocked(void)
{
	skua_mutex_unlock(&mutex);
}

/* It is unlocked by plain stores by then. */
static void *unlocks_unlocked(void *arg)
{
	for (int i = 0; i < 17000; i++) {
		skua_mutex_lock(&mutex);
		skua_mutex_unlock(&mutex);
	}
	unlock_unlocked();
	return arg;
}

static void unlock_unlocked_kept(void)
{
	skua_await(skua_async(unlocks_unlocked, NULL));
}

static void lock_twice(void)
{
	skua_mutex_lock(&mutex);
	skua_mutex_lock(&mutex);
}

static void *locks_twice(void *arg)
{
	lock_twice();
	return arg;
}

static void lock_twice_in_task(void)
{
	skua_await(skua_async(locks_twice, NULL));
}

static void wait_without_mutex(void)
{
	skua_cond changed = SKUA_COND_INIT;
	skua_cond_wait(&changed, &mutex);
}

static void *receives(void *channel)
{
	int value;
	skua_channel_recv(channel, &value);
	return NULL;
}

static void *same(void *arg)
{
	return arg;
}

static void destroy_with_waiter(void)
{
	start(1);
	skua_channel *channel = skua_channel_create(0, sizeof(int));
	skua_drop(skua_async(receives, channel));
	skua_await(skua_async(same, NULL)); /* the only worker comes to it when the first one waits */
	skua_channel_destroy(channel);
}

static void unlock_unread(void)
{
	skua_rwlock lock = SKUA_RWLOCK_INIT;
	skua_rwlock_rdunlock(&lock);
}

static void done_too_often(void)
{
	skua_wait_group group = SKUA_WAIT_GROUP_INIT;
	skua_wait_group_done(&group);
}
#endif

#define RETURNED "returned with spawns that it had not synced"
#define OTHER_TASK "the youngest un-synced spawn is of another task"

int main(int argc, char **argv)
{
	static const cases_case all[] = {
		{ "return_with_spawn_run", return_with_spawn_run, CASES_ABORTS, { "task leaves " RETURNED },
		  LEAVES_LINE },
		{ "return_with_spawn_void", return_with_spawn_void, CASES_ABORTS, { "task leaves_void " RETURNED },
		  LEAVES_VOID_LINE },
		{ "return_with_spawn_called", return_with_spawn_called, CASES_ABORTS, { "task leaves " RETURNED },
		  LEAVES_LINE },
		{ "return_with_spawn_synced", return_with_spawn_synced, CASES_ABORTS, { "task leaves " RETURNED },
		  LEAVES_LINE },
		{ "return_with_spawn_published", return_with_spawn_published, CASES_ABORTS, { "task leaves " RETURNED },
		  LEAVES_LINE },
		{ "return_with_spawn_stolen", return_with_spawn_stolen, CASES_ABORTS,
		  { "task leaves_stolen " RETURNED },
		  LEAVES_STOLEN_LINE },
		{ "wrong_sync", wrong_sync, CASES_ABORTS, { "SKUA_SYNC(other)", OTHER_TASK }, WRONG_SYNC_LINE },
		{ "crossed_sync", crossed_sync, CASES_ABORTS, { "SKUA_SYNC(one)", OTHER_TASK }, CROSSED_SYNC_LINE },
		{ "sync_without_spawn", sync_without_spawn, CASES_ABORTS, { "SKUA_SYNC(one) with nothing spawned" },
		  NO_SPAWN_LINE },
		{ "sync_too_often", sync_too_often, CASES_ABORTS, { "SKUA_SYNC(one) with nothing spawned" },
		  ONE_TOO_MANY_LINE },
		{ "sync_of_callers_spawn", sync_of_callers_spawn, CASES_ABORTS,
		  { "SKUA_SYNC(one) with nothing spawned" },
		  ROBBED_LINE },
		{ "slots_full", slots_full, CASES_ABORTS, { "fiber ", " 16 ", "SKUA_TASK_SLOTS" }, 0 },
		{ "slots_full_without_membarrier", slots_full_without_membarrier, CASES_ABORTS,
		  { "fiber ", " 5000 ", "SKUA_TASK_SLOTS" }, 0 },
		{ "slots_full_by_depth", slots_full_by_depth, CASES_ABORTS,
		  { "fiber ", " 300 ", "SKUA_TASK_SLOTS" }, 0 },
		{ "stack_full", stack_full, CASES_ABORTS, { "stack overflow of fiber ", " 256 KiB", "SKUA_STACK" }, 0 },
		{ "stack_full_with_mprotect", stack_full_with_mprotect, CASES_ABORTS,
		  { "stack overflow of fiber ", " 256 KiB", "SKUA_STACK" }, 0 },
		{ "stack_full_on_thief", stack_full_on_thief, CASES_ABORTS,
		  { "stack overflow of fiber ", " 256 KiB", "SKUA_STACK" }, 0 },
		{ "stack_full_by_tasks", stack_full_by_tasks, CASES_ABORTS,
		  { "stack overflow of fiber ", " 256 KiB", "SKUA_STACK" }, 0 },
		{ "stop_in_task", stop_in_task, CASES_ABORTS, { "skua_stop", "inside a task" }, 0 },
		{ "start_in_task", start_in_task, CASES_EXITS, { NULL }, 0 },
		{ "schedule_of_none", schedule_of_none, CASES_ABORTS, { "skua_for_with", "17" }, 0 },
		{ "local_outside", local_outside, CASES_ABORTS, { "skua_local_mine", "outside of tasks" }, 0 },
		{ "local_of_fewer_workers", local_of_fewer_workers, CASES_ABORTS,
		  { "skua_local_mine", "more workers (4)", "made (2)" }, 0 },
#if SK_CHECK_LEVEL >= 1
		{ "unlock_unlocked", unlock_unlocked, CASES_ABORTS, { "skua_mutex_unlock", "not locked" }, 0 },
		{ "unlock_unlocked_kept", unlock_unlocked_kept, CASES_ABORTS,
		  { "skua_mutex_unlock", "not locked" }, 0 },
		{ "lock_twice", lock_twice, CASES_ABORTS, { "skua_mutex_lock", "locked it already" }, 0 },
		{ "lock_twice_in_task", lock_twice_in_task, CASES_ABORTS,
		  { "skua_mutex_lock", "locked it already" }, 0 },
		{ "wait_without_mutex", wait_without_mutex, CASES_ABORTS, { "skua_cond_wait" }, 0 },
		{ "destroy_with_waiter", destroy_with_waiter, CASES_ABORTS, { "skua_channel_destroy" }, 0 },
		{ "unlock_unread", unlock_unread, CASES_ABORTS, { "skua_rwlock_rdunlock" }, 0 },
		{ "done_too_often", done_too_often, CASES_ABORTS, { "skua_wait_group_done" }, 0 },
#endif
	};
	return cases_main(all, sizeof all / sizeof all[0], argc, argv);
}
