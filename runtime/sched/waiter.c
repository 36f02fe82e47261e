/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting; protocol: waiter.h. */
#include "sched/waiter.h"

#include "base/check.h"
#include "base/hot.h"
#include "base/hostile.h"
#include "sched/pool.h"
#include "sched/suspend.h"
#include "sys/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#define SEQ_SHIFT 32
#define INDEX_BITS 30
#define INDEX_MASK ((UINT64_C(1) << INDEX_BITS) - 1)
#define WARM_LINES 12 /* from the saved registers to the frame of who called what waits */

static inline sk_ticket ticket_of(uint64_t seq, uint64_t index, enum sk_ticket_kind kind)
{
	return seq << SEQ_SHIFT | index << 2 | (uint64_t)kind;
}

/* --- threads that are no workers --- */

/* Type-stable: made once for each thread that ever waits, and passed on when the thread ends. */
typedef struct thread_waiter {
	SK_ATOMIC(uint64_t) wake;
	sk_park_word word; /* 1: look at wake */
	uint32_t index;
	struct thread_waiter *next_free;
} thread_waiter;

#define THREAD_CHUNKS 20
#define THREAD_FIRST 64u

static struct {
	pthread_mutex_t lock;
	pthread_once_t once;
	pthread_key_t key;
	uint32_t count;
	thread_waiter *free;
	SK_ATOMIC(thread_waiter *) chunk[THREAD_CHUNKS];
} threads = { .lock = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT };

static SK_THREAD_LOCAL thread_waiter *self_thread;
sk_wait_hook_place sk_wait_thread_hook;

static thread_waiter *thread_at(uint32_t index)
{
	unsigned chunk = (unsigned)(31 - __builtin_clz(index / THREAD_FIRST + 1));
	uint32_t at = index - ((1u << chunk) - 1) * THREAD_FIRST;
	return sk_load_acquire(&threads.chunk[chunk]) + at; /* edge -> waiter.threads : the chunk */
}

static void thread_ends(void *arg)
{
	thread_waiter *waiter = arg;
	self_thread = NULL;
	pthread_mutex_lock(&threads.lock);
	waiter->next_free = threads.free;
	threads.free = waiter;
	pthread_mutex_unlock(&threads.lock);
}

/* In the child of a fork: another thread may have been inside. */
static void after_fork(void)
{
	pthread_mutex_init(&threads.lock, NULL);
}

static void make_key(void)
{
	sk_pool_hook(&(sk_pool_hooks){ .after_fork = after_fork });
	if (pthread_key_create(&threads.key, thread_ends) != 0)
		sk_panic("no thread-specific key is left for the waits of plain threads");
}

static thread_waiter *new_thread_waiter(void)
{
	uint32_t index = threads.count;
	unsigned chunk = (unsigned)(31 - __builtin_clz(index / THREAD_FIRST + 1));
	if (chunk < THREAD_CHUNKS && !sk_load_relaxed(&threads.chunk[chunk])) { /* relaxed: under the lock */
		thread_waiter *waiters = calloc((size_t)THREAD_FIRST << chunk, sizeof *waiters);
		if (!waiters)
			return NULL;
		sk_store_release(&threads.chunk[chunk], waiters); /* edge waiter.threads -> : the chunk */
	}
	if (chunk >= THREAD_CHUNKS)
		return NULL;
	threads.count++;
	thread_waiter *waiter = thread_at(index);
	waiter->index = index;
	return waiter;
}

static thread_waiter *thread_self(void)
{
	if (self_thread)
		return self_thread;
	pthread_once(&threads.once, make_key);
	pthread_mutex_lock(&threads.lock);
	thread_waiter *waiter = threads.free;
	if (waiter)
		threads.free = waiter->next_free;
	else
		waiter = new_thread_waiter();
	pthread_mutex_unlock(&threads.lock);
	if (!waiter)
		sk_panic("no memory for a thread to wait with");
	pthread_setspecific(threads.key, waiter);
	self_thread = waiter;
	return waiter;
}

/* --- the word --- */

/* begin: the next number. Call from: the waiter, or its commit. */
static inline uint64_t arm(void *word)
{
	SK_ATOMIC(uint64_t) *wake = word;
	uint64_t seq = (sk_load_relaxed(wake) & ~SK_WAKE_CAUSE_MASK) + (SK_WAKE_CAUSE_MASK + 1); /* relaxed: own */
	/* edge waiter.wake -> : the waiter is switched away */
	sk_store_release(wake, seq);
	return seq >> SEQ_SHIFT;
}

static inline uint32_t cause_of(void *word)
{
	SK_ATOMIC(uint64_t) *wake = word;
	return (uint32_t)(sk_load_acquire(wake) & SK_WAKE_CAUSE_MASK); /* edge -> waiter.fired : the event */
}

/* --- firing --- */

static sk_fiber *fiber_of(sk_pool *pool, sk_ticket ticket)
{
	sk_fiber_store *store = (ticket & SK_TICKET_KIND_MASK) == SK_TICKET_SMALL ? pool->small_fibers : pool->fibers;
	size_t index = (size_t)(ticket >> 2 & INDEX_MASK);
	return index < sk_fiber_count(store) ? sk_fiber_at(store, index) : NULL;
}

void sk_waiter_expect(sk_pool *pool, const sk_ticket *tickets, unsigned count)
{
	for (unsigned i = 0; pool && i < count; i++) {
		sk_fiber *fiber = sk_ticket_is_thread(tickets[i]) ? NULL : fiber_of(pool, tickets[i]);
		if (!fiber)
			continue;
		__builtin_prefetch(&fiber->wake, 1);
	}
}

void sk_waiter_warm(sk_ticket ticket, void *waiter)
{
	if (SK_UNLIKELY(sk_ticket_is_thread(ticket)))
		return;
	sk_fiber *fiber = waiter;
	const char *top = fiber->context.sp;
	for (int line = 0; line < WARM_LINES; line++)
		__builtin_prefetch(top + line * SK_CACHE_LINE, 1);
	if (!fiber->is_small)
		__builtin_prefetch(&fiber->fast, 1);
	__builtin_prefetch(fiber->scope, 1);
}

static thread_waiter *thread_of(sk_ticket ticket)
{
	return thread_at((uint32_t)(ticket >> 2 & INDEX_MASK));
}

/* Each wait that another has ended is told once; the waiter takes that before it goes on. */
static void tell_thread(thread_waiter *waiter)
{
	sk_store_release(&waiter->word, 1); /* edge waiter.word -> : wake was written before */
	sk_park_wake(&waiter->word, 1);
}

static void tell_fiber(sk_pool *pool, sk_fiber *fiber, bool soon)
{
	sk_worker *worker = sk_worker_self();
	if (worker && worker->pool == pool)
		sk_worker_ready(worker, sk_entry_make(SK_ENTRY_FIBER, fiber), soon);
	else
		sk_resume_outside(pool, fiber);
}

sk_fiber *sk_waiter_claim(sk_pool *pool, sk_ticket ticket, uint32_t cause)
{
	if (sk_ticket_is_thread(ticket)) {
		thread_waiter *waiter = thread_of(ticket);
		if (sk_wake_end(&waiter->wake, ticket, cause))
			tell_thread(waiter);
		return NULL;
	}
	sk_fiber *fiber = pool ? fiber_of(pool, ticket) : NULL;
	return fiber && sk_wake_end(&fiber->wake, ticket, cause) ? fiber : NULL;
}

bool sk_waiter_fire_one(sk_pool *pool, sk_ticket ticket, uint32_t cause, bool soon)
{
	void *waiter = sk_waiter_win(pool, ticket, cause);
	if (waiter)
		sk_waiter_tell(pool, ticket, waiter, soon);
	return waiter != NULL;
}

bool sk_waiter_fire(sk_pool *pool, sk_ticket ticket, uint32_t cause)
{
	return sk_waiter_fire_one(pool, ticket, cause, true);
}

void *sk_waiter_win(sk_pool *pool, sk_ticket ticket, uint32_t cause)
{
	if (SK_UNLIKELY(sk_ticket_is_thread(ticket))) {
		thread_waiter *waiter = thread_of(ticket);
		return sk_wake_end(&waiter->wake, ticket, cause) ? waiter : NULL;
	}
	sk_fiber *fiber = pool ? fiber_of(pool, ticket) : NULL;
	return fiber && sk_wake_end(&fiber->wake, ticket, cause) ? fiber : NULL;
}

void sk_waiter_tell(sk_pool *pool, sk_ticket ticket, void *waiter, bool soon)
{
	if (SK_UNLIKELY(sk_ticket_is_thread(ticket)))
		tell_thread(waiter);
	else
		tell_fiber(pool, waiter, soon);
}

sk_pool *sk_waiter_pool(bool *entered)
{
	sk_worker *worker = sk_worker_self();
	*entered = false;
	if (worker)
		return worker->pool;
	sk_pool *pool = sk_pool_try_enter_to_wake();
	*entered = pool != NULL;
	return pool;
}

/* --- waiting --- */

static uint32_t wait_as_thread(const sk_wait_for *what)
{
	thread_waiter *waiter = thread_self();
	uint64_t seq = arm(&waiter->wake);
	sk_ticket ticket = ticket_of(seq, waiter->index, SK_TICKET_THREAD);
	if (what->enlist && !what->enlist(what->arg, ticket) && sk_wake_end(&waiter->wake, ticket, SK_CAUSE_BEFORE))
		return SK_CAUSE_BEFORE;
	sk_wait_hook *hook = sk_load_relaxed(&sk_wait_thread_hook); /* relaxed: whom it concerns was made after it */
	if (hook)
		hook(true);
	uint64_t deadline_ns = what->deadline_ns;
	/* edge -> waiter.word : wake is read after it */
	while (!sk_exchange_acquire(&waiter->word, 0)) {
		if (sk_park_wait(&waiter->word, 0, deadline_ns) != -ETIMEDOUT)
			continue;
		if (sk_wake_end(&waiter->wake, ticket, SK_CAUSE_TIMEOUT))
			break;
		deadline_ns = SK_PARK_FOREVER; /* another has ended it, and is about to tell */
	}
	if (hook)
		hook(false);
	return cause_of(&waiter->wake);
}

typedef struct fiber_wait {
	const sk_wait_for *what;
	sk_scope *scope; /* whose wait it is, if it can be cancelled */
} fiber_wait;

/* 6: a canceller that has not seen the ticket is seen by us. */
static bool is_cancelled_now(const sk_wait_for *what, sk_scope *scope)
{
	/* edge -> waiter.cancel : the ticket is there before cancelled is read */
	if (what->enlist)
		sk_fence_after_rmw();
	else
		sk_fence_seq_cst();
	return sk_load_relaxed(&scope->cancelled) != 0; /* relaxed: the fence */
}

/* 2 to 7, on the next context. false: the fiber goes on at once. */
static bool commit(sk_worker *worker, sk_fiber *fiber, void *arg)
{
	fiber_wait *wait = arg;
	const sk_wait_for *what = wait->what;
	if (!fiber->is_small)
		sk_suspend_share(worker, fiber);
	uint64_t seq = arm(&fiber->wake);
	sk_ticket ticket = ticket_of(seq, fiber->index, fiber->is_small ? SK_TICKET_SMALL : SK_TICKET_FIBER);
	if (what->deadline_ns != SK_TIMERS_NEVER) {
		fiber->timer.ticket = ticket;
		if (sk_timers_set(&worker->timers, &fiber->timer, what->deadline_ns))
			sk_monitor_expect(worker->pool, what->deadline_ns);
	}
	if (wait->scope)
		sk_store_release(&wait->scope->waiting, ticket); /* edge waiter.cancel -> : the wake word is armed */
	bool goes_on = false;
	sk_hostile_point();
	if (what->enlist && !what->enlist(what->arg, ticket))
		goes_on = sk_wake_end(&fiber->wake, ticket, SK_CAUSE_BEFORE);
	else if (wait->scope && is_cancelled_now(what, wait->scope))
		goes_on = sk_wake_end(&fiber->wake, ticket, SK_CAUSE_CANCEL);
	sk_hostile_point();
	/* 7. edge waiter.commit -> : its stack is not used any more. After it, nothing of the fiber is touched. */
	sk_store_release(&fiber->committed_wait, (uint32_t)seq);
	return !goes_on;
}

/* 8 */
static void await_commit(sk_fiber *fiber)
{
	uint32_t seq = (uint32_t)(sk_load_relaxed(&fiber->wake) >> SEQ_SHIFT); /* relaxed: own since it was fired */
	/* edge -> waiter.commit : the commit is over */
	for (unsigned i = 0; sk_load_acquire(&fiber->committed_wait) != seq; i++) {
		if (i < 64)
			sk_spin_hint();
		else
			sk_thread_yield();
	}
}

/* Why a wait ends that cannot begin for want of memory. */
static uint32_t ended_before(const sk_wait_for *what, sk_scope *scope)
{
	if (sk_scope_is_cancelled(scope))
		return SK_CAUSE_CANCEL;
	bool is_past = what->deadline_ns != SK_TIMERS_NEVER && what->deadline_ns <= sk_clock_ns();
	return is_past ? SK_CAUSE_TIMEOUT : SK_CAUSE_ARMED;
}

uint32_t sk_wait(const sk_wait_for *what)
{
	sk_fiber *fiber = sk_fiber_self();
	if (!fiber)
		return wait_as_thread(what);
	fiber_wait wait = { .what = what };
	sk_scope *scope = what->cancellable ? fiber->scope : NULL;
	if (scope && sk_scope_is_cancelled(scope))
		return SK_CAUSE_CANCEL;
	/* A branch of the strand is not its own: its waits are cancelled at their beginning only. */
	if (scope && !fiber->is_branch && sk_load_relaxed(&scope->shields) == 0) /* relaxed: as for its cancellation */
		wait.scope = scope;
	for (unsigned tries = 0; !sk_suspend(fiber, commit, &wait, what->why); tries++) {
		if (tries == 0)
			sk_verbose("no memory for another fiber; worker %u waits without doing other work",
				   fiber->worker->index);
		if (!wait.scope)
			return wait_as_thread(what);
		uint32_t cause = ended_before(what, scope);
		if (cause != SK_CAUSE_ARMED)
			return cause;
		sk_thread_yield();
	}
	await_commit(fiber);
	uint32_t cause = cause_of(&fiber->wake);
	if (what->deadline_ns != SK_TIMERS_NEVER && cause != SK_CAUSE_TIMEOUT)
		sk_timers_remove(&fiber->timer);
	return cause;
}

/* --- scopes --- */

void sk_scope_win(sk_pool *pool, sk_scope *scope, sk_won *won)
{
	sk_store_seq_cst(&scope->cancelled, 1); /* edge waiter.cancel -> : before waiting is read */
	/* Of a wait that may be over; or 0. edge waiter.cancel -> : as above */
	sk_ticket ticket = sk_load_seq_cst(&scope->waiting);
	SK_INVARIANT(!sk_ticket_is_thread(ticket), "what is cancelled waits as a fiber");
	sk_fiber *fiber = ticket ? sk_waiter_win(pool, ticket, SK_CAUSE_CANCEL) : NULL;
	if (!fiber)
		return;
	fiber->next = NULL;
	if (won->last)
		won->last->next = fiber;
	else
		won->first = fiber;
	won->last = fiber;
}

void sk_won_tell(sk_pool *pool, sk_won *won)
{
	bool soon = won->first == won->last; /* several keep their order */
	for (sk_fiber *fiber = won->first, *next; fiber; fiber = next) {
		next = fiber->next; /* read first: who was told may be in a cache when it is */
		tell_fiber(pool, fiber, soon);
	}
}

void sk_scope_cancel(sk_scope *scope)
{
	bool entered;
	sk_pool *pool = sk_waiter_pool(&entered); /* there is one while the strand lives */
	sk_won won = { NULL, NULL };
	sk_scope_win(pool, scope, &won);
	sk_won_tell(pool, &won);
	if (entered)
		sk_pool_leave(pool);
}

sk_fiber *sk_fiber_self(void)
{
	sk_worker *worker = sk_worker_self();
	return worker ? worker->current : NULL;
}

sk_scope *sk_scope_self(void)
{
	sk_fiber *fiber = sk_fiber_self();
	return fiber ? fiber->scope : NULL;
}
