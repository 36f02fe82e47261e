/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fiber: a stack to run tasks on, with its own task stack. Mechanism only: this layer creates fibers, gives them
 * memory and takes it back; sched/ decides what they run and keeps the protocol of the words below.
 *
 *   region:  | sentinel | slots, 64 bytes each ........ | guard | <- stack grows down |
 *
 * Two classes, each with a store of its own. Big fibers run fork-join tasks: a stack of megabytes and slots for a
 * million tasks. Small ones run the tasks of await.h, of which there may be a million: a small stack cut from a slab,
 * and no slots, since spawns move to a big fiber (sched/start.h); all small fibers share one empty slot array.
 *
 * A worker runs one fiber at a time. While it runs, it is owned by that worker; while it waits, by whatever will wake
 * it; while it is idle (its stack holds nothing but the worker's loop), by a cache.
 *
 * Memory is type-stable: thieves look at headers and slots of fibers that have just finished, so neither is unmapped
 * before the store is destroyed, and slot memory is never used as stack.
 *
 *   F1  slots[-1] is a readable slot that is always empty: a sync with nothing spawned lands there and is found.
 *   F2  at least one readable empty slot stands above the head: searches end there.
 *   F3  an idle fiber's task stack is empty: slot 0 empty, top = split = 0.
 */
#ifndef SK_FIBER_FIBER_H
#define SK_FIBER_FIBER_H

#include "base/align.h"
#include "base/atomic.h"
#include "fiber/stack_pool.h"
#include "fiber/timer.h"
#include "sys/context.h"

#include <skua/task.h>
#include <stddef.h>
#include <stdint.h>

/* Why a fiber does not run. Printed by dumps. */
#define SK_WAITS(X)                                                                                                    \
	X(NONE, "runs")                                                                                                \
	X(JOIN, "waits for a stolen task")                                                                             \
	X(YIELD, "ready, gave way")                                                                                    \
	X(LOCK, "waits for an event")                                                                                  \
	X(HOP, "waits for its fork-join part on a big fiber")                                                          \
	X(SLEEP, "sleeps")                                                                                             \
	X(FUTURE, "waits for a future")                                                                                \
	X(GROUP, "waits for a group")                                                                                  \
	X(SELECT, "waits for one of several")                                                                          \
	X(MUTEX, "waits for a mutex")                                                                                  \
	X(CONDITION, "waits for a condition variable")                                                                 \
	X(RWLOCK, "waits for a read-write lock")                                                                       \
	X(SEMAPHORE, "waits for a semaphore")                                                                          \
	X(EVENT, "waits for an event object")                                                                          \
	X(BARRIER, "waits at a barrier")                                                                               \
	X(SEND, "waits to send to a channel")                                                                          \
	X(RECEIVE, "waits to receive from a channel")                                                                  \
	X(OFFLOAD, "waits for an offloaded call")                                                                      \
	X(READ, "waits for a descriptor to read")                                                                      \
	X(WRITE, "waits for a descriptor to write")                                                                    \
	X(FILE, "waits for a file operation")                                                                          \
	X(PROCESS, "waits for a child process")                                                                        \
	X(IDLE, "in a cache")
enum sk_wait {
#define SK_WAIT_ENUM(name, text) SK_WAIT_##name,
	SK_WAITS(SK_WAIT_ENUM)
#undef SK_WAIT_ENUM
};

/* The reason in words. Call from: anywhere. */
const char *sk_fiber_wait_text(uint32_t wait);

struct sk_worker;
struct sk_root;
struct sk_scope;

typedef struct sk_fiber {
	/* the owner's fast path reads; the owner writes; a hungry thief stores NULL to poll and infinity to limit */
	_Alignas(SK_CACHE_LINE) sk_fast fast;
	/* set once */
	sk_slot *slots;
	size_t slot_capacity; /* slots that may ever be used */
	/* owner only */
	sk_slot *poll_end; /* poll when nobody is hungry */
	/* the owner writes, thieves read (relaxed: committed only grows, and thieves stop at an empty slot anyway) */
	SK_ATOMIC(uint32_t) committed; /* readable slots, from slots[0] */
	SK_ATOMIC(struct sk_root *) root; /* whose descendant the task at its base is: a preference of thieves */

	/* everybody CASes: top, split, tag, force; see sched/task_stack.h */
	_Alignas(SK_CACHE_LINE) SK_ATOMIC(uint64_t) word;
	/* everybody exchanges: is there an entry for the un-stolen slots of this suspended fiber on a ready deque? */
	SK_ATOMIC(uint32_t) listed;

	/*
	 * All that a wait without a deadline and a switch touch of a small fiber, in one line: of ten thousand that
	 * wait, each line of the next one comes from memory. Others write in it (wake) while the fiber does not run, as
	 * a rule; but for the commit of its wait, which may be the last to write when it goes on elsewhere at once.
	 */
	/* the owner writes, thieves read */
	_Alignas(SK_CACHE_LINE) SK_ATOMIC(uint32_t) wait; /* enum sk_wait, for dumps */
	/* set once */
	uint32_t index; /* number of this fiber in its store */
	/* the owner arms it, everybody CASes: {seq, cause} of its wait; see sched/waiter.h */
	SK_ATOMIC(uint64_t) wake;
	SK_ATOMIC(uint32_t) committed_wait; /* the seq whose commit is over; the committing context writes */
	/* owner only */
	int saved_errno;
	struct sk_worker *worker; /* who runs it; written by the resuming worker before it switches */
	struct sk_scope *scope;   /* what the task on it is cancelled with; NULL outside of await's tasks */
	struct sk_fiber *next;    /* link of the cache that it is in */
	bool is_small;            /* its class; set once */
	bool fresh;               /* poll is NULL only because the fiber was just switched in */
	bool is_branch;           /* it runs a stolen part of its scope's strand, not the strand itself */
	bool is_bare;             /* new, or its stack was given back while it was idle; see sk_fiber_furnish */
	sk_context context;       /* its first word is what a switch needs */

	struct {
		void *next;
		uintptr_t entry;
	} inbox_node; /* for whoever sends the fiber to the inbox (sched/inbox.h) */
	sk_stack_region region;
	/* of its wait; alone in a line, for it moves in a wheel while the fiber sleeps */
	_Alignas(SK_CACHE_LINE) sk_timer timer;
} sk_fiber;

_Static_assert(offsetof(sk_fiber, fast) == 0, "the fast path takes a fiber for its fast words");
_Static_assert(offsetof(sk_fiber, word) % SK_CACHE_LINE == 0, "thieves' CAS must not disturb the fast path's line");
_Static_assert(offsetof(sk_fiber, context) + sizeof(void *) - offsetof(sk_fiber, wait) <= SK_CACHE_LINE,
               "a wait and a switch touch one line");

/* What a fiber needs in memory; set once per store. */
typedef struct sk_fiber_sizes {
	size_t stack_bytes; /* whole pages */
	size_t slot_count;  /* 0: small fibers */
} sk_fiber_sizes;

/*
 * All fibers of one runtime. Call from any thread; locks inside; O(1) but for the creation of a fiber.
 */
typedef struct sk_fiber_store sk_fiber_store;

/* Chooses sizes: zero fields get the default, which is smaller under RLIMIT_AS or strict overcommit. */
void sk_fiber_sizes_default(sk_fiber_sizes *sizes);
void sk_fiber_sizes_small(sk_fiber_sizes *sizes);

/* Returns NULL when there is no memory. entry runs on each new fiber, with the fiber, and never returns. */
sk_fiber_store *sk_fiber_store_create(const sk_fiber_sizes *sizes, void (*entry)(void *fiber));

/* Frees every fiber. Nobody may run on or look at one any more. */
void sk_fiber_store_destroy(sk_fiber_store *store);

/* A fiber whose next switch-in runs entry or goes on in it; NULL when there is no memory. node: NUMA node or -1. */
sk_fiber *sk_fiber_acquire(sk_fiber_store *store, int node);

/* Takes back an idle fiber (F3) that has a stack; and a list of them, linked by next. */
void sk_fiber_recycle(sk_fiber_store *store, sk_fiber *fiber);
void sk_fiber_recycle_all(sk_fiber_store *store, sk_fiber *list);

/*
 * Up to `most` of them at once: idle ones; where there are none new ones, few while the store has few. A list linked by
 * next, those with a stack first; *count: how many, *made: how many of them are new. Each is to be furnished before it
 * runs. NULL: there is no memory.
 */
sk_fiber *sk_fiber_acquire_some(sk_fiber_store *store, int node, unsigned most, unsigned *count, unsigned *made);

/* Gives a stack to one that has none. Call from: who has it. */
void sk_fiber_make_stack(sk_fiber_store *store, sk_fiber *fiber);
static inline void sk_fiber_furnish(sk_fiber_store *store, sk_fiber *fiber)
{
	if (fiber->is_bare)
		sk_fiber_make_stack(store, fiber);
}

/*
 * Gives the stacks of small fibers back to the kernel that have not been needed since the last trim was over: the least
 * number of idle ones that the store had meanwhile, but for `keep` of them. At most so many at a time, each a system
 * call; *is_over: there is no more to be given back now. Returns how many more than `keep` still have one. Call from:
 * one thread at a time.
 */
size_t sk_fiber_trim(sk_fiber_store *store, size_t keep, size_t most, bool *is_over);

/* Makes more slots readable, at least one more; false when the capacity or the memory is used up. Owner only. */
bool sk_fiber_grow_slots(sk_fiber *fiber);

/* If address lies in the guard of a fiber's stack, writes a message that names fiber, size and setting. */
void sk_fiber_describe_fault(sk_fiber_store *store, void *address, char *out, size_t size);

/* How many fibers there are, running or not; and the i-th of them (dumps). */
size_t sk_fiber_count(sk_fiber_store *store);
sk_fiber *sk_fiber_at(sk_fiber_store *store, size_t index);

#endif
