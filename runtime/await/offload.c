/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads for blocking calls: skua_offload of await.h, and what io/ cannot do without blocking.
 *
 * One queue, first in, first out. A call that comes when nobody is idle starts a thread, as long as fewer than the
 * limit are in calls; a thread that has had nothing to do for ten seconds ends. A thread that waits for something of
 * skua's (its call awaits a task or runs one, say, which may itself offload) does not count, else the pool would
 * deadlock: whoever lets it wait tells so by the hook (sk_wait_thread_hook), and it starts a stand-in if calls are
 * waiting.
 *
 *   under the lock:   queue and its length, threads, idle, blocked (waiting for something of skua's), stopping
 *
 * A job lies on the stack of the fiber that waits for it; after its ticket is fired nothing of it is touched. The pool
 * that the ticket belongs to lives while one of its tasks waits, and then until the threads have been joined: the one
 * that fired may still be waking a worker when the task has gone on and the program stops the pool.
 *
 * Who may call: any thread.
 */
#include "await/offload.h"

#include "base/check.h"
#include "base/hot.h"
#include "sched/pool.h"
#include "sched/waiter.h"
#include "sys/clock.h"
#include "sys/thread.h"

#include <skua/await.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define IDLE_SECONDS 10

typedef struct job {
	void *(*fn)(void *arg);
	void *arg; /* the result afterwards */
	sk_pool *pool;
	sk_ticket ticket;
	bool is_refused; /* no thread is there to do it */
	struct job *next;
} job;

/* A thread of the pool: itself, and its place in the list of those to join. */
typedef struct member {
	sk_thread thread;
	struct member *next;
} member;

static struct {
	pthread_mutex_t lock;
	pthread_cond_t work;  /* a job, or the end */
	pthread_cond_t ended; /* a thread has ended */
	job *first, **last;
	unsigned queued, threads, idle, blocked, limit;
	bool stopping;
	member *finished; /* to be joined */
} offload = { .lock = PTHREAD_MUTEX_INITIALIZER, .last = &offload.first };

static SK_THREAD_LOCAL bool is_member; /* set in threads of the pool only */

static job *take_job(void)
{
	job *next = offload.first;
	if (!next)
		return NULL;
	offload.first = next->next;
	if (!offload.first)
		offload.last = &offload.first;
	offload.queued--;
	return next;
}

/* Waits for a job; NULL: nothing came for long, or the pool stops. Under the lock. */
static job *await_job(void)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += IDLE_SECONDS;
	job *next;
	int error = 0;
	offload.idle++;
	while (!(next = take_job()) && !offload.stopping && error != ETIMEDOUT)
		error = pthread_cond_timedwait(&offload.work, &offload.lock, &until);
	offload.idle--;
	return next;
}

/* Joins threads that have ended. Under the lock, which is given up meanwhile. */
static void join_finished(void)
{
	while (offload.finished) {
		member *gone = offload.finished;
		offload.finished = gone->next;
		pthread_mutex_unlock(&offload.lock);
		sk_thread_join(&gone->thread);
		free(gone);
		pthread_mutex_lock(&offload.lock);
	}
}

static void serve(void *arg)
{
	member *self = arg;
	is_member = true;
	pthread_mutex_lock(&offload.lock);
	for (job *next; (next = await_job()) != NULL;) {
		pthread_mutex_unlock(&offload.lock);
		sk_pool_serve(true);
		next->arg = next->fn(next->arg);
		sk_pool_serve(false);
		sk_waiter_fire(next->pool, next->ticket, SK_CAUSE_EVENT);
		pthread_mutex_lock(&offload.lock);
	}
	offload.threads--;
	self->next = offload.finished;
	offload.finished = self;
	pthread_cond_broadcast(&offload.ended);
	pthread_mutex_unlock(&offload.lock);
}

/* One more thread, if the limit allows. Under the lock. Returns whether somebody will come. */
static bool grow(void)
{
	join_finished();
	if (offload.threads - offload.blocked >= offload.limit)
		return true;
	member *added = calloc(1, sizeof *added);
	if (added && sk_thread_create(&added->thread, "skua-offload", serve, added) == 0) {
		offload.threads++;
		return true;
	}
	free(added);
	return offload.threads > offload.blocked;
}

static void blocks(bool begins)
{
	if (!is_member)
		return;
	pthread_mutex_lock(&offload.lock);
	if (begins) {
		offload.blocked++;
		if (offload.queued > offload.idle)
			grow();
	} else {
		offload.blocked--;
	}
	pthread_mutex_unlock(&offload.lock);
}

static bool enlist(void *arg, sk_ticket ticket)
{
	job *own = arg;
	own->ticket = ticket;
	pthread_mutex_lock(&offload.lock);
	offload.limit = own->pool->offload_limit;
	/* Idle threads that were told of earlier calls have not all woken up yet. */
	own->is_refused = offload.queued >= offload.idle && !grow();
	if (!own->is_refused) {
		offload.queued++;
		*offload.last = own;
		offload.last = &own->next;
		pthread_cond_signal(&offload.work);
	}
	bool is_queued = !own->is_refused;
	pthread_mutex_unlock(&offload.lock);
	return is_queued;
}

static void end_threads(sk_pool *pool)
{
	(void)pool;
	pthread_mutex_lock(&offload.lock);
	offload.stopping = true;
	pthread_cond_broadcast(&offload.work);
	while (offload.threads > 0)
		pthread_cond_wait(&offload.ended, &offload.lock);
	join_finished();
	offload.stopping = false;
	pthread_mutex_unlock(&offload.lock);
}

static void make(void)
{
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&offload.work, &monotonic);
	pthread_cond_init(&offload.ended, &monotonic);
	pthread_condattr_destroy(&monotonic);
	sk_store_relaxed(&sk_wait_thread_hook, blocks); /* relaxed: see there */
}

/* In the child of a fork the threads are gone, and whoever had the lock. */
static void after_fork(void)
{
	pthread_mutex_init(&offload.lock, NULL);
	make();
	offload.first = NULL;
	offload.last = &offload.first;
	offload.queued = offload.threads = offload.idle = offload.blocked = 0;
	offload.finished = NULL;
	is_member = false;
}

static void begin(void)
{
	make();
	sk_pool_hook(&(sk_pool_hooks){ .end_threads = end_threads, .after_fork = after_fork });
}

void *sk_offload(enum sk_wait why, void *(*fn)(void *), void *arg)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	sk_worker *worker = sk_worker_self();
	if (!worker)
		return fn(arg);
	pthread_once(&once, begin);
	job own = { .fn = fn, .arg = arg, .pool = worker->pool };
	const sk_wait_for what = { .enlist = enlist, .arg = &own, .deadline_ns = SK_TIMERS_NEVER, .why = why };
	sk_wait(&what);
	if (!own.is_refused)
		return own.arg;
	sk_verbose("no thread can be made for a blocking call; worker %d makes it", skua_worker_index());
	return fn(arg);
}

void *skua_offload(void *(*fn)(void *), void *arg)
{
	return sk_offload(SK_WAIT_OFFLOAD, fn, arg);
}
