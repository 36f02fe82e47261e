/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads from outside: one takes the seat of worker 0, the others hand in, and each comes back on itself with its own
 * result, whatever happened to the fibers.
 */
#include "sched/seat.h"

#include "crowd.h"
#include "sched/root.h"
#include "started.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <skua/skua.h>

static event gate;
static flag begun, ended;

SKUA_TASK(uint64_t, tree, uint64_t, number, unsigned, depth)
{
	if (depth == 0)
		return number;
	SKUA_SPAWN(tree, 2 * number, depth - 1);
	uint64_t right = SKUA_CALL(tree, 2 * number + 1, depth - 1);
	return SKUA_SYNC(tree) + right;
}

/* The sum of the 2^depth leaves below a number. */
static uint64_t tree_sum(uint64_t number, unsigned depth)
{
	uint64_t leaves = UINT64_C(1) << depth, first = number * leaves;
	return first * leaves + leaves * (leaves - 1) / 2;
}

/* --- several outside threads --- */

typedef struct visit {
	unsigned rounds, depth;
	crowd_counter wrong;
} visit;

static _Thread_local unsigned who; /* tells a thread from another by what it holds itself */

static void run_trees(void *arg, unsigned index)
{
	visit *v = arg;
	pthread_t self = pthread_self();
	who = index + 1;
	for (unsigned i = 1; i <= v->rounds; i++) {
		uint64_t number = (uint64_t)(index + 1) << 20 | i;
		unsigned depth = (i + index) % v->depth;
		bool good = SKUA_RUN(tree, number, depth) == tree_sum(number, depth);
		good = good && pthread_equal(self, pthread_self()) && who == index + 1 && skua_worker_index() == -1;
		if (!good)
			sk_add_relaxed(&v->wrong, 1);
	}
}

static void visit_with(unsigned threads, unsigned rounds, unsigned depth)
{
	visit v = { .rounds = rounds, .depth = depth };
	crowd visitors;
	crowd_start(&visitors, threads, run_trees, &v);
	crowd_join(&visitors);
	cr_assert_eq(sk_load_relaxed(&v.wrong), 0, "of %u threads' roots", threads);
	cr_assert_eq(total().roots, threads * rounds);
}

static void two_visitors(void)
{
	visit_with(2, CROWD_ROUNDS(2000), 8);
}

static void eight_visitors(void)
{
	visit_with(8, CROWD_ROUNDS(500), 6);
}

Test(seat, two_outside_threads_run_their_roots_at_the_same_time)
{
	with_workers(1, 3, two_visitors);
}

Test(seat, eight_outside_threads_run_their_roots_at_the_same_time)
{
	with_workers(1, 4, eight_visitors);
}

static void come_and_go(void)
{
	visit v = { .rounds = CROWD_ROUNDS(3000), .depth = 1 };
	run_trees(&v, 0);
	cr_assert_eq(sk_load_relaxed(&v.wrong), 0);
}

Test(seat, one_thread_may_enter_and_leave_thousands_of_times)
{
	with_workers(1, 3, come_and_go);
}

static void *run_in_thread(void *arg)
{
	visit *v = arg;
	run_trees(v, 5);
	return NULL;
}

/* Main is no worker while it only waits for its thread; nobody waits for it. */
static void only_join(void)
{
	visit v = { .rounds = 20, .depth = 6 };
	pthread_t thread;
	cr_assert_eq(pthread_create(&thread, NULL, run_in_thread, &v), 0);
	pthread_join(thread, NULL);
	cr_assert_eq(sk_load_relaxed(&v.wrong), 0);
}

Test(seat, a_thread_of_main_may_run_while_main_only_joins_it)
{
	with_workers(1, 2, only_join);
}

Test(seat, a_thread_of_main_may_run_while_main_which_has_run_before_only_joins_it)
{
	start(1, false);
	cr_assert_eq(SKUA_RUN(tree, 1, 8), tree_sum(1, 8));
	only_join();
	cr_assert_eq(SKUA_RUN(tree, 1, 8), tree_sum(1, 8));
	only_join();
	stop_settled();
}

Test(seat, a_thread_of_main_may_start_the_runtime_and_end_before_main_uses_it)
{
	visit v = { .rounds = 20, .depth = 6 };
	pthread_t thread;
	cr_assert_eq(pthread_create(&thread, NULL, run_in_thread, &v), 0);
	pthread_join(thread, NULL);
	cr_assert_eq(sk_load_relaxed(&v.wrong), 0);
	cr_assert_eq(SKUA_RUN(tree, 3, 8), tree_sum(3, 8));
	stop_settled();
}

/* --- a root handed in while the seat changes hands --- */

SKUA_TASK(int, is_short)
{
	return 1;
}

/* Does not end before the other root, so that one must not be forgotten. */
SKUA_TASK(int, outlasts_the_other, sk_root *, other)
{
	while (!sk_root_done(other)) {
		SKUA_SPAWN(is_short);
		SKUA_SYNC(is_short);
	}
	return 1;
}

/*
 * As if another thread had handed in a root while nobody sat in the seat: its notice calls the stand-in, but main is
 * in the seat before that wakes up.
 */
static void overtake_the_standin(void)
{
	sk_pool *pool = sk_pool_try_enter();
	for (unsigned i = 0; i < CROWD_ROUNDS(300); i++) {
		sk_slot slot = { .run = is_short_sk_run };
		sk_root other = { .slot = &slot };
		other.node.entry = sk_entry_make(SK_ENTRY_ROOT, &other);
		sk_add_seq_cst(&pool->active, 1);
		sk_inbox_push(&pool->inbox, &other.node);
		sk_monitor_notify(pool);
		SURELY(SKUA_RUN(outlasts_the_other, &other) == 1, "round %u", i);
	}
	sk_pool_leave(pool);
}

Test(seat, a_root_is_not_forgotten_when_main_takes_the_seat_before_the_stand_in)
{
	with_workers(1, 2, overtake_the_standin);
}

/* --- roots that wait while the seat is held --- */

SKUA_TASK(int, opens, int, none)
{
	(void)none;
	event_fire(&gate);
	return 1;
}

static void *run_opens(void *arg)
{
	(void)arg;
	flag_await(&begun);
	return (void *)(intptr_t)SKUA_RUN(opens, 0); /* NOLINT: a number */
}

SKUA_TASK(int, waits_at_the_gate, int, id)
{
	flag_raise(&begun);
	event_await(sk_fiber_, &gate);
	return id;
}

/* The holder's root sleeps until another thread's root, which must run on somebody's worker, wakes it. */
static void meet_at_the_gate(void)
{
	for (int id = 0; id < 100; id++) {
		pthread_t thread;
		void *opened;
		sk_store_release(&gate, 0);
		sk_store_release(&begun, 0);
		SURELY(pthread_create(&thread, NULL, run_opens, NULL) == 0, "a thread");
		SURELY(SKUA_RUN(waits_at_the_gate, id) == id, "root %d", id);
		pthread_join(thread, &opened);
		SURELY((intptr_t)opened == 1, "the other root of %d", id);
	}
}

Test(seat, a_root_that_waits_leaves_its_worker_to_the_root_of_another_thread)
{
	with_workers(1, 3, meet_at_the_gate);
}

/* --- a root that ends on another worker than it began on --- */

static flag elsewhere;

SKUA_TASK(int, goes_on_elsewhere, const sk_slot *, slot)
{
	flag_raise(&elsewhere);
	while (state_of(slot) == 0)
		sched_yield();
	return skua_worker_index();
}

SKUA_TASK(int, wanders, int, id)
{
	int before = skua_worker_index();
	SKUA_SPAWN(goes_on_elsewhere, sk_head_);
	flag_await(&elsewhere);
	int there = SKUA_SYNC(goes_on_elsewhere);
	return there != before && there == skua_worker_index() ? id : -1;
}

static void wander(void)
{
	pthread_t self = pthread_self();
	for (int id = 0; id < 200; id++) {
		sk_store_release(&elsewhere, 0);
		SURELY(SKUA_RUN(wanders, id) == id, "root %d ended where it began", id);
		SURELY(pthread_equal(self, pthread_self()), "main is another thread");
		SURELY(skua_worker_index() == -1, "main is a worker");
	}
}

Test(seat, the_thread_comes_back_on_itself_when_its_root_ends_on_another_worker)
{
	with_workers(2, 3, wander);
}

/*
 * Main's root ends elsewhere while main's thread, in its seat, is in a task of another root that does not end until
 * main has come back: at that task's next spawn the seat is left, and the task goes on on another worker.
 */
SKUA_TASK(int, nothing, int, i)
{
	return i;
}

SKUA_TASK(int, spawns_until_ended, int, id)
{
	int sum = 0;
	flag_raise(&begun);
	while (!sk_load_acquire(&ended)) {
		SKUA_SPAWN(nothing, 0);
		sum += SKUA_SYNC(nothing);
		sched_yield();
	}
	return sum + id;
}

static void *run_until_ended(void *arg)
{
	(void)arg;
	return (void *)(intptr_t)SKUA_RUN(spawns_until_ended, 77); /* NOLINT: a number */
}

SKUA_TASK(int, ends_after_the_gate, int, id)
{
	event_await(sk_fiber_, &gate);
	return id;
}

typedef struct opener {
	SK_ATOMIC(sk_pool *) pool;
} opener;

static void *open_when_busy(void *arg)
{
	opener *o = arg;
	flag_await(&begun);
	event_fire_outside(sk_load_acquire(&o->pool), &gate);
	return NULL;
}

static void leave_a_foreign_task(void)
{
	pthread_t foreign, opening;
	opener o;
	void *result;
	sk_pool *pool = sk_pool_try_enter();
	sk_store_release(&o.pool, pool);
	sk_store_release(&gate, 0);
	sk_store_release(&begun, 0);
	sk_store_release(&ended, 0);
	cr_assert_eq(pthread_create(&foreign, NULL, run_until_ended, NULL), 0);
	cr_assert_eq(pthread_create(&opening, NULL, open_when_busy, &o), 0);
	cr_assert_eq(SKUA_RUN(ends_after_the_gate, 5), 5);
	flag_raise(&ended);
	pthread_join(opening, NULL);
	pthread_join(foreign, &result);
	sk_pool_leave(pool);
	cr_assert_eq((intptr_t)result, 77);
}

static void leave_foreign_tasks(void)
{
	for (int i = 0; i < 20; i++)
		leave_a_foreign_task();
}

SKUA_TASK(int, does_not_spawn_until_ended, int, id)
{
	flag_raise(&begun);
	flag_await(&ended);
	return id;
}

static void *run_without_spawns(void *arg)
{
	(void)arg;
	return (void *)(intptr_t)SKUA_RUN(does_not_spawn_until_ended, 78); /* NOLINT: a number */
}

/* The root of another thread keeps its worker until main has come back: main must not be the one that runs it. */
static void do_not_be_caught(void)
{
	opener o;
	sk_pool *pool = sk_pool_try_enter();
	sk_store_release(&o.pool, pool);
	for (int i = 0; i < 50; i++) {
		pthread_t foreign, opening;
		void *result;
		sk_store_release(&gate, 0);
		sk_store_release(&begun, 0);
		sk_store_release(&ended, 0);
		cr_assert_eq(pthread_create(&foreign, NULL, run_without_spawns, NULL), 0);
		cr_assert_eq(pthread_create(&opening, NULL, open_when_busy, &o), 0);
		SURELY(SKUA_RUN(ends_after_the_gate, i) == i, "round %d", i);
		flag_raise(&ended);
		pthread_join(opening, NULL);
		pthread_join(foreign, &result);
		SURELY((intptr_t)result == 78, "round %d", i);
	}
	sk_pool_leave(pool);
}

Test(seat, a_thread_is_not_caught_in_the_root_of_another)
{
	with_workers(2, 3, do_not_be_caught);
}

Test(seat, a_thread_leaves_the_task_of_another_root_when_its_own_is_done)
{
	with_workers(1, 3, leave_foreign_tasks);
}

/*
 * What main's root has started is ready on the same worker and runs on main's thread too: tasks that wait for each
 * other without end, and never spawn. When the root ends on another worker, the thread leaves at one of their waits;
 * and when the root is woken from outside and there is no other worker, it hands over.
 */
typedef struct pair {
	skua_sem ball[2];
	skua_future *player[2];
} pair;

typedef struct player {
	pair *both;
	unsigned side;
} player;

static void *plays_until_ended(void *arg)
{
	const player *mine = arg;
	while (!sk_load_acquire(&ended)) {
		skua_sem_wait(&mine->both->ball[mine->side]);
		flag_raise(&begun);
		skua_sem_post(&mine->both->ball[!mine->side], 1);
	}
	return NULL;
}

SKUA_TASK(int, starts_players, player *, players, int, id)
{
	pair *both = players->both;
	for (unsigned side = 0; side < 2; side++)
		both->player[side] = skua_async(plays_until_ended, &players[side]);
	skua_sem_post(&both->ball[0], 1);
	event_await(sk_fiber_, &gate); /* on this worker the players go on */
	return id;
}

static void leave_the_players(void)
{
	opener o;
	sk_pool *pool = sk_pool_try_enter();
	sk_store_release(&o.pool, pool);
	for (int i = 0; i < 20; i++) {
		pair both = { .player = { NULL } };
		player players[2] = { { &both, 0 }, { &both, 1 } };
		pthread_t opening;
		sk_store_release(&gate, 0);
		sk_store_release(&begun, 0);
		sk_store_release(&ended, 0);
		cr_assert_eq(pthread_create(&opening, NULL, open_when_busy, &o), 0);
		SURELY(SKUA_RUN(starts_players, players, i) == i, "round %d", i);
		flag_raise(&ended);
		skua_sem_post(&both.ball[0], 1); /* for the one that waits while the other has ended */
		skua_sem_post(&both.ball[1], 1);
		for (unsigned side = 0; side < 2; side++)
			skua_await(both.player[side]);
		pthread_join(opening, NULL);
	}
	sk_pool_leave(pool);
}

Test(seat, a_thread_leaves_what_its_root_has_started_when_that_is_done)
{
	with_workers(1, 3, leave_the_players);
}
