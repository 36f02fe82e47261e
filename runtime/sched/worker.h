/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker: a seat in which one thread sits and runs fibers. Workers 1 to n-1 have a thread of their own that never
 * leaves before the stop; worker 0's seat is shared, see sched/seat.h. The thread's own stack is only its home: it
 * switches to a fiber at once, and comes back to leave.
 *
 *   home --> idle fiber (the loop: find work, run it, again) --> other fibers, directly --> ... --> home
 *
 * The loop runs on idle fibers. One that finds a stolen task or a root runs it as a call, on its own stack; one that
 * finds a ready fiber switches to it and goes into the cache. When a running fiber has to wait, a ready one or else an
 * idle fiber from the cache takes over. A small fiber that finds work for a big one hands it over, and the other way
 * round.
 *
 *   W1  exactly one fiber runs on a worker whose thread is not at home; fiber->worker of that fiber is the worker.
 *   W2  a worker is busy, or searching (declared: counted in idle.word), never both; parked only inside search.
 *   W3  the switch target runs the commit of the fiber that was left (sched/suspend.h) before anything else.
 *
 * Who may call: the thread in the seat, unless a function says otherwise.
 */
#ifndef SK_SCHED_WORKER_H
#define SK_SCHED_WORKER_H

#include "base/hot.h"
#include "base/rng.h"
#include "base/trace.h"
#include "fiber/fiber.h"
#include "sched/idle.h"
#include "sched/inbox.h"
#include "sched/ready_deque.h"
#include "sched/stats.h"
#include "sched/task_stack.h"
#include "sched/timers.h"
#include "sched/victim.h"
#include "sys/park.h"
#include "sys/thread.h"

struct sk_pool;
struct sk_root;
struct sk_start;
struct sk_hop;

#define SK_SOON_TRUSTED 4u
#define SK_SOON_KEPT 32u

/* What a worker can find to do. */
typedef struct sk_work {
	enum {
		SK_WORK_NONE,
		SK_WORK_STOLEN, /* a task of another fiber; on a big fiber */
		SK_WORK_FIBER,  /* one that goes on */
		SK_WORK_ROOT,   /* on a big fiber */
		SK_WORK_START,  /* a task of await.h; on a small fiber */
		SK_WORK_HOP,    /* the fork-join part of one; on a big fiber */
		SK_WORK_LEAVE,  /* the seat is to be left */
	} kind;
	union {
		sk_stolen stolen;
		sk_fiber *fiber;
		struct sk_root *root;
		struct sk_start *start;
		struct sk_hop *hop;
	};
} sk_work;

/*
 * What the next context does for the fiber that was left: register it somewhere. false: what it wanted to wait for has
 * happened, and it goes on.
 */
typedef bool (*sk_commit)(struct sk_worker *worker, sk_fiber *fiber, void *arg);

typedef struct sk_worker {
	/* set once */
	struct sk_pool *pool;
	unsigned index;
	int node;
	sk_victims victims;
	sk_thread thread;
	/* the thread in the seat only */
	_Alignas(SK_CACHE_LINE) sk_fiber *current; /* who runs; NULL at home */
	sk_context home;
	/* where errno of the thread in the seat is. Not asked for at each switch: compilers take the address for
	 * constant, and would write to the thread that was left. */
	int *thread_errno;
	struct {
		sk_commit run; /* NULL: nothing to commit */
		sk_fiber *fiber;
		void *arg;
	} left;
	sk_work handed;       /* what the fiber that is switched to does first */
	sk_fiber *cache;      /* idle big fibers, linked by next */
	sk_fiber *small_cache;
	unsigned cached, small_cached;
	unsigned lifo_run;          /* times in a row that what was just woken here went first */
	unsigned slots_passed;      /* entries for slots passed over in a row */
	unsigned since_local;       /* looks around since the last look at what is its own */
	unsigned since_inbox;       /* rounds since the inbox was looked at */
	unsigned since_timers;      /* and the timers */
	unsigned since_events;      /* and, while it searches, the kernel's events */
	bool looked_in_vain;        /* for those, when it last looked for its own work */
	unsigned direct;            /* fibers switched to in a row without such a round */
	bool searching;             /* declared (W2) */
	struct sk_root *next_root;  /* to begin at once */
	struct sk_root *seat_root;  /* whose end the thread in the seat waits for; NULL: its own thread sits there */
	bool hand_over;             /* that thread is to leave the seat to the stand-in */
	unsigned tiny_run;          /* tiny tasks stolen in a row */
	uint64_t since_ticks;       /* since when it is busy, or searching */
	bool expects_mail;          /* the last task was a letter, and one of many */
	bool box_opened;            /* and not shut since; see sched/mail.h */
	struct sk_root *box_root;   /* for whose letters it was */
	sk_rng rng;
	sk_trace_ring trace;
	/* the thread in the seat writes, others read */
	/* the fiber whose slots thieves look at; may be NULL; alone in its lines, for every thief reads it */
	_Alignas(SK_FALSE_SHARING) SK_ATOMIC(sk_fiber *) running;
	_Alignas(SK_FALSE_SHARING) sk_worker_counters counters;
	/* everybody CASes; alone in its lines, for its owner looks at it all the time while it searches */
	_Alignas(SK_FALSE_SHARING) SK_ATOMIC(uintptr_t) box; /* see sched/mail.h */
	/* everybody stores */
	_Alignas(SK_FALSE_SHARING) sk_park_word token; /* 1: woken; see sched/idle.h */
	SK_ATOMIC(uint32_t) tick;                      /* the monitor asks it to look at inbox and ready deque */
	/* how often in a row the worker came round itself to what it had woken; from SK_SOON_TRUSTED on nobody else
	 * is told of that, from SK_SOON_KEPT on it takes it without an exchange (ready_deque.h; sooner, and thieves
	 * pay for membarriers where workers pass a mutex to each other). The owner counts, others set it to 0. */
	SK_ATOMIC(uint32_t) soon_trust;
	SK_ATOMIC(uint32_t) looks; /* at the kernel's events, so many; the owner counts */
	/* the monitor only: what stood in soon at its last look, and how many looks and takings there had been */
	sk_entry soon_then;
	uint32_t looks_then;
	uint64_t taken_then;
	/* tasks of await.h: made here, and ended here; the thread in the seat writes, a stop sums them up */
	SK_ATOMIC(uint64_t) starts_made, starts_ended;
	/* owner and thieves */
	sk_ready_deque ready;
	/* the owner sets, whoever waits removes, others look */
	sk_timers timers;
} sk_worker;

/* The calling thread's worker, or NULL. Read again after anything that may switch; not inlined, since compilers keep
 * the address of thread-locals across a switch to another thread. Call from: any thread. */
sk_worker *sk_worker_self(void);
void sk_worker_self_set(sk_worker *worker);

/* The same without a call, for a function that asks once and after which nothing of it runs that may have switched. */
extern SK_THREAD_LOCAL sk_worker *sk_worker_of_thread;
static inline sk_worker *sk_worker_self_once(void)
{
	return sk_worker_of_thread;
}

/*
 * Adds what is to be the next one here. Was the trust in the worker taken away, it does not keep the place any more:
 * one that goes on for long would make each theft from it cost a membarrier.
 */
static inline bool sk_worker_push_soon(sk_worker *worker, sk_entry entry)
{
	sk_ready_deque *ready = &worker->ready;
	if (__builtin_expect(sk_ready_deque_soon_is_kept((sk_ready_thief){ ready }) &&
				     sk_load_relaxed(&worker->soon_trust) < SK_SOON_KEPT, /* relaxed: a guess */
			     0))
		sk_ready_deque_keep_soon(ready, false);
	return sk_ready_deque_push_soon(ready, entry);
}

/* Fills a worker. 0 or -ENOMEM. */
int sk_worker_init(sk_worker *worker, struct sk_pool *pool, unsigned index);
void sk_worker_destroy(sk_worker *worker);

/* From home: runs fibers until the worker is to leave (stop, or its seat is to be left). */
void sk_worker_sit(sk_worker *worker);

/* What every new fiber runs. */
void sk_worker_loop(void *fiber);

/* Binds the calling thread to the worker's place, and lets it report stack overflows; goes on where it cannot. */
void sk_worker_settle_thread(sk_worker *worker);

/* The thread function of workers 1 to n-1. */
void sk_worker_thread(void *worker);

/*
 * Makes an entry ready on this worker and tells an idle one. soon: it should be the next one here; then nobody is told
 * if this worker has lately come round to such entries itself, and the monitor looks that it does so again.
 */
void sk_worker_ready(sk_worker *worker, sk_entry entry, bool soon);

/* An idle fiber: from the worker's cache, the store or new. NULL when there is no memory. */
sk_fiber *sk_worker_fiber_take(sk_worker *worker);
sk_fiber *sk_worker_small_take(sk_worker *worker);
void sk_worker_fiber_give(sk_worker *worker, sk_fiber *fiber);

/*
 * Hands work to an idle fiber of the class that it needs; the caller switches to that. NULL: no memory for one, and the
 * work stays handed over: the next fiber that looks around here does it.
 */
sk_fiber *sk_worker_fiber_for(sk_worker *worker, const sk_work *work);

#endif
