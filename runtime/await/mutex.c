/* SPDX-License-Identifier: Apache-2.0 */
/* The mutex; see mutex.h. */
#include "await/mutex.h"

#include "base/check.h"
#include "base/hot.h"
#include "base/hostile.h"
#include "sched/pool.h"
#include "sys/clock.h"
#include "sys/membarrier.h"

#include <errno.h>

#define LOCKED 2u
#define WOKEN 4u
#define GIVING 8u
/* Who was passed over for so long becomes the owner. */
#define STARVED_NS UINT64_C(1000000)
#ifndef SK_MUTEX_SPINS /* the model checker looks once */
#define SK_MUTEX_SPINS 30u
#endif

#define LAPSES_MAX 5u

/* --- who owns it, in checked builds --- */

static SK_THREAD_LOCAL char thread_identity;

static __attribute__((noinline)) uintptr_t self(void)
{
	sk_fiber *fiber = sk_fiber_self();
	__asm__ volatile("");
	return fiber ? (uintptr_t)fiber : (uintptr_t)&thread_identity;
}

static inline void owned(sk_mutex *mutex)
{
	if (SK_CHECK_LEVEL >= 1)
		sk_store_relaxed(&mutex->owner, self()); /* relaxed: only the owner's own value matters to anybody */
}

static inline void not_owned(sk_mutex *mutex)
{
	if (SK_CHECK_LEVEL >= 1)
		sk_store_relaxed(&mutex->owner, 0); /* relaxed: as above */
}

void sk_mutex_require_held(sk_mutex *mutex)
{
	/* relaxed: own, if it is so */
	SK_REQUIRE(sk_load_relaxed(&mutex->owner) == self(),
		   "skua_cond_wait with a mutex that the caller does not have");
}

/* --- keeping it --- */

/* Takes it if LOCKED is clear. is_woken: the caller holds WOKEN, and gives it up with the taking. */
static bool try_lock(sk_mutex *mutex, bool is_woken)
{
	uint32_t word = sk_load_relaxed(&mutex->base.word); /* relaxed: the CAS decides */
	while (!(word & LOCKED)) {
		uint32_t next = (word | LOCKED) & ~(is_woken ? WOKEN : 0u);
		if (sk_cas_acquire(&mutex->base.word, &word, next)) /* edge -> mutex.hold : what was done under it */
			return true;
	}
	return false;
}

/* Call from: the owner, under the lock of the queue. */
static void keep_no_more(sk_mutex *mutex)
{
	uint32_t waiters = mutex->base.queue.first ? SK_WAITERS : 0;
	mutex->kept = false;
	mutex->uses = 0;
	if (mutex->lapses < LAPSES_MAX)
		mutex->lapses++;
	sk_store_relaxed(&mutex->claimed, 0); /* relaxed: whoever reads it has the lock or the mutex */
	sk_store_relaxed(&mutex->base.word, LOCKED | waiters); /* relaxed: it is changed by the owner alone (K5) */
}

/* G5, its first half. Call from: the owner. */
static void care_for_claims(sk_mutex *mutex)
{
	sk_lock_take(&mutex->base.lock);
	keep_no_more(mutex);
	sk_lock_give(&mutex->base.lock);
}

/* C2 and C3: from now on the owner comes to the queue. Call from: under its lock. */
static void claim(sk_mutex *mutex)
{
	uint32_t word;
	if (sk_load_relaxed(&mutex->claimed)) /* relaxed: under the lock */
		return;
	sk_store_relaxed(&mutex->claimed, 1); /* C2. edge mutex.claim -> : by the membarrier */
	sk_membarrier();
	/* C3. edge -> mutex.claim : GIVING, or claimed is seen. relaxed: who takes it acquires */
	for (unsigned round = 0; (word = sk_load_relaxed(&mutex->base.word)) & GIVING; round++)
		sk_lock_back_off(&mutex->base.word, word, round);
}

/* C1 to C4. true: the caller has it. Call from: who has to queue for what is kept, under the lock of the queue. */
static bool take_or_claim(sk_mutex *mutex)
{
	if (try_lock(mutex, false))
		return true;
	claim(mutex);
	sk_hostile_point();
	return try_lock(mutex, false);
}

/* G1 to G4. false: somebody has claimed it, and the caller still has it. */
static inline bool unlock_kept(sk_mutex *mutex)
{
	SK_REQUIRE(sk_load_relaxed(&mutex->base.word) == LOCKED, /* relaxed: own, if it is so */
		   "skua_mutex_unlock of a mutex that is not locked");
	sk_store_relaxed(&mutex->base.word, LOCKED | GIVING); /* G1. edge mutex.claim -> : by the membarrier */
	sk_compiler_fence();
	sk_hostile_point();
	if (SK_UNLIKELY(sk_load_relaxed(&mutex->claimed))) { /* G3. edge -> mutex.claim */
		sk_store_relaxed(&mutex->base.word, LOCKED); /* relaxed: not given up yet */
		return false;
	}
	sk_hostile_point();
	sk_store_release(&mutex->base.word, 0); /* G4, K8. edge mutex.hold -> : what was done under it */
	return true;
}

static inline bool is_to_be_considered(uint32_t uses)
{
	return uses % SK_MUTEX_KEPT_AFTER == 0;
}

/* Has it earned to be kept? Only on a worker of a pool that may use membarriers. Call from: the owner. */
static bool begin_to_keep(sk_mutex *mutex)
{
	if (mutex->kept || !is_to_be_considered(mutex->uses) ||
	    mutex->uses / SK_MUTEX_KEPT_AFTER >> mutex->lapses == 0)
		return false;
	sk_worker *worker = sk_worker_self();
	if (!worker || !worker->pool->membarrier || !sk_pool_may_disturb(worker->pool))
		return false;
	sk_lock_take(&mutex->base.lock);
	/* relaxed: own, and nobody changes it where it is LOCKED without WAITERS and WOKEN, but under the lock */
	mutex->kept = !mutex->base.queue.first && sk_load_relaxed(&mutex->base.word) == LOCKED;
	sk_lock_give(&mutex->base.lock);
	return mutex->kept;
}

/* --- locking --- */

/* The owner may be about to unlock. Only while nobody sleeps for it, and if the core has nothing else to do. */
static bool spin(sk_mutex *mutex)
{
	sk_fiber *fiber = sk_fiber_self();
	sk_worker *worker = fiber ? fiber->worker : NULL;
	if (worker && (worker->pool->worker_count == 1 || worker->pool->oversubscribed ||
		       !sk_ready_deque_seen_empty((sk_ready_thief){ &worker->ready })))
		return false;
	for (unsigned i = 0; i < SK_MUTEX_SPINS; i++) {
		uint32_t word = sk_load_relaxed(&mutex->base.word); /* relaxed: a hint */
		if (!(word & LOCKED) && try_lock(mutex, false))
			return true;
		if (word & SK_WAITERS)
			return false;
		sk_spin_hint();
	}
	return false;
}

typedef struct mutex_wait {
	sk_mutex *mutex;
	sk_queue_node *node;
	bool is_woken; /* WOKEN is ours */
	bool is_taken; /* by enlist */
} mutex_wait;

/* Under the lock of the queue, if it is not kept: takes it, or sets WAITERS; and gives up WOKEN. */
static bool take_or_announce(sk_mutex *mutex, bool is_woken)
{
	uint32_t word = sk_load_relaxed(&mutex->base.word), next; /* relaxed: the CAS decides */
	uint32_t woken = is_woken ? WOKEN : 0;
	do {
		next = (word | (word & LOCKED ? SK_WAITERS : LOCKED)) & ~woken;
		sk_hostile_point();
	} while (!sk_cas_acquire(&mutex->base.word, &word, next)); /* edge -> mutex.hold : what was done under it */
	return !(word & LOCKED);
}

static bool enlist(void *arg, sk_ticket ticket)
{
	mutex_wait *wait = arg;
	sk_mutex *mutex = wait->mutex;
	sk_lock_take(&mutex->base.lock);
	SK_INVARIANT(!(mutex->kept && wait->is_woken), "K5: a mutex that is kept has woken nobody");
	bool waits = !(mutex->kept ? take_or_claim(mutex) : take_or_announce(mutex, wait->is_woken));
	wait->is_taken = !waits;
	wait->node->ticket = ticket;
	if (waits && wait->is_woken)
		sk_queue_push_first(&mutex->base.queue, wait->node);
	else if (waits)
		sk_queue_push(&mutex->base.queue, wait->node);
	wait->is_woken = false;
	sk_lock_give(&mutex->base.lock);
	return waits;
}

/*
 * Takes the node out of the queue, and WOKEN back; true: the mutex is free and others wait, so it was taken for them.
 */
static bool leave(mutex_wait *wait)
{
	sk_mutex *mutex = wait->mutex;
	sk_lock_take(&mutex->base.lock);
	if (wait->node->is_queued)
		sk_queue_remove(&mutex->base.queue, wait->node);
	uint32_t word = sk_load_relaxed(&mutex->base.word), next; /* relaxed: the CAS decides */
	bool takes;
	do {
		next = word & ~(wait->is_woken ? WOKEN : 0u);
		if (!mutex->base.queue.first)
			next &= ~SK_WAITERS;
		takes = (next & (SK_WAITERS | LOCKED | WOKEN)) == SK_WAITERS;
		next |= takes ? LOCKED : 0u;
	} while (!sk_cas_acquire(&mutex->base.word, &word, next)); /* edge -> mutex.hold : what was done under it */
	sk_lock_give(&mutex->base.lock);
	return takes;
}

static int give_up(mutex_wait *wait, uint32_t cause)
{
	if (leave(wait))
		skua_mutex_unlock((skua_mutex *)(void *)wait->mutex);
	return cause == SK_CAUSE_TIMEOUT ? -ETIMEDOUT : -ECANCELED;
}

static int wait_for(mutex_wait *wait, uint64_t deadline_ns, bool cancellable)
{
	const sk_wait_for what = {
		.enlist = enlist,
		.arg = wait,
		.deadline_ns = deadline_ns,
		.why = SK_WAIT_MUTEX,
		.cancellable = cancellable,
	};
	for (;;) {
		wait->node->is_handed = false;
		uint32_t cause = sk_wait(&what);
		if (wait->is_taken || (cause == SK_CAUSE_EVENT && wait->node->is_handed))
			return 0;
		if (cause != SK_CAUSE_EVENT)
			return give_up(wait, cause);
		wait->is_woken = true;
		if (try_lock(wait->mutex, true))
			return 0;
	}
}

static __attribute__((noinline)) int lock_slow(sk_mutex *mutex, uint64_t deadline_ns, bool cancellable)
{
	/* relaxed: own, if it is so */
	SK_REQUIRE(sk_load_relaxed(&mutex->owner) != self(), "skua_mutex_lock by the task that has locked it already");
	if (spin(mutex) || try_lock(mutex, false))
		return 0;
	if (sk_deadline_is_past(deadline_ns))
		return -ETIMEDOUT;
	sk_queue_node node;
	sk_queue_node_init(&node, sk_fiber_self(), SK_CAUSE_EVENT, NULL);
	mutex_wait wait = { .mutex = mutex, .node = &node };
	return wait_for(&wait, deadline_ns, cancellable);
}

void skua_mutex_lock(skua_mutex *public_mutex)
{
	sk_mutex *mutex = sk_mutex_of(public_mutex);
	uint32_t free = 0;
	if (SK_UNLIKELY(!sk_cas_acquire(&mutex->base.word, &free, LOCKED))) /* edge -> mutex.hold : what was done */
		lock_slow(mutex, SK_TIMERS_NEVER, false);
	owned(mutex);
}

int skua_mutex_trylock(skua_mutex *public_mutex)
{
	sk_mutex *mutex = sk_mutex_of(public_mutex);
	if (!try_lock(mutex, false))
		return -EBUSY;
	owned(mutex);
	return 0;
}

int skua_mutex_lock_until(skua_mutex *public_mutex, uint64_t at_ns)
{
	sk_mutex *mutex = sk_mutex_of(public_mutex);
	int error = try_lock(mutex, false) ? 0 : lock_slow(mutex, at_ns, true);
	if (error == 0)
		owned(mutex);
	return error;
}

/* --- unlocking --- */

static bool is_starved(sk_queue_node *node)
{
	uint64_t now = sk_clock_ns();
	if (node->since_ns == 0)
		node->since_ns = now;
	return now - node->since_ns > STARVED_NS;
}

/* Wins the first waiter; true: as the owner. Call from: the owner; it still is, unless true. */
static bool win_next(sk_mutex *mutex, sk_waker *waker)
{
	bool won = false, handed = false;
	sk_lock_take(&mutex->base.lock);
	for (sk_queue_node *node; !won && (node = mutex->base.queue.first);) {
		handed = node->is_handed = is_starved(node);
		won = sk_waker_win(waker, &mutex->base.queue, node);
	}
	handed = handed && won;
	uint32_t word = sk_load_relaxed(&mutex->base.word), next; /* relaxed: the CAS decides */
	do {
		next = word | (won && !handed ? WOKEN : 0u);
		if (!mutex->base.queue.first)
			next &= ~SK_WAITERS;
	} while (!sk_cas_relaxed(&mutex->base.word, &word, next)); /* relaxed: LOCKED stays set */
	sk_lock_give(&mutex->base.lock);
	return handed;
}

static __attribute__((noinline)) void unlock_slow(sk_mutex *mutex)
{
	if (begin_to_keep(mutex) && unlock_kept(mutex))
		return;
	if (mutex->kept)
		care_for_claims(mutex);
	sk_waker waker = { 0 };
	uint32_t word = sk_load_relaxed(&mutex->base.word); /* relaxed: the CAS decides */
	for (;;) {
		SK_REQUIRE(word & LOCKED, "skua_mutex_unlock of a mutex that is not locked");
		if (word & SK_WAITERS)
			mutex->uses = 0;
		if ((word & (SK_WAITERS | WOKEN)) == SK_WAITERS) {
			if (win_next(mutex, &waker))
				break;
			word = sk_load_relaxed(&mutex->base.word); /* relaxed: as above */
		}
		sk_hostile_point();
		/* K2. edge mutex.hold -> : what was done under it */
		if ((word & (SK_WAITERS | WOKEN)) != SK_WAITERS &&
		    sk_cas_release(&mutex->base.word, &word, word & ~LOCKED))
			break;
	}
	sk_waker_tell(&waker);
}

void skua_mutex_unlock(skua_mutex *public_mutex)
{
	sk_mutex *mutex = sk_mutex_of(public_mutex);
	uint32_t locked = LOCKED;
	not_owned(mutex);
	bool is_slow;
	if (mutex->kept)
		is_slow = !unlock_kept(mutex);
	else /* edge mutex.hold -> : what was done */
		is_slow = is_to_be_considered(++mutex->uses) || !sk_cas_release(&mutex->base.word, &locked, 0);
	if (SK_UNLIKELY(is_slow))
		unlock_slow(mutex);
}

/* --- for conditions --- */

static void move(sk_mutex *mutex, sk_queue *from, sk_queue_node *node)
{
	sk_queue_remove(from, node);
	sk_queue_push(&mutex->base.queue, node);
	sk_store_relaxed(&node->where, &mutex->base); /* relaxed: under both locks */
}

/* The same if it is kept: it is free, and the caller takes it for a moment, or its owner finds the waiter. */
static bool move_to_kept(sk_mutex *mutex, sk_queue *from, sk_queue_node *node, sk_waker *waker)
{
	if (!take_or_claim(mutex)) {
		move(mutex, from, node);
		return true;
	}
	keep_no_more(mutex); /* K6 */
	bool won = sk_waker_win(waker, from, node);
	/* K1. Nobody else changes it without the lock of the queue. edge mutex.hold -> : as any unlock */
	sk_store_release(&mutex->base.word, won ? WOKEN : 0);
	return won;
}

bool sk_mutex_move(sk_mutex *mutex, sk_queue *from, sk_queue_node *node, sk_waker *waker)
{
	if (mutex->kept)
		return move_to_kept(mutex, from, node, waker);
	uint32_t word = sk_load_relaxed(&mutex->base.word); /* relaxed: the CAS decides */
	while (word & (LOCKED | WOKEN)) {
		/* K3. relaxed: it is found under the lock, and publishes nothing */
		if (!sk_cas_relaxed(&mutex->base.word, &word, word | SK_WAITERS))
			continue;
		move(mutex, from, node);
		return true;
	}
	if (!sk_waker_win(waker, from, node))
		return false;
	/* K1. relaxed: the waiter is told later, and nobody else need know why he comes */
	while (!sk_cas_relaxed(&mutex->base.word, &word, word | WOKEN))
		;
	return true;
}

void sk_mutex_lock_again(sk_mutex *mutex, sk_queue_node *node, bool is_woken)
{
	SK_INVARIANT(!node->is_handed, "K4: who was never passed over is not handed the mutex");
	mutex_wait wait = { .mutex = mutex, .node = node, .is_woken = is_woken };
	if (!try_lock(mutex, is_woken))
		wait_for(&wait, SK_TIMERS_NEVER, false);
	owned(mutex);
}
