/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Things to wait for each other with: locks, conditions, semaphores, events, barriers and channels, for tasks and for
 * threads alike. A task that waits here frees its core for others, and holds a lock across anything: a steal, a sleep,
 * a read from a socket.
 *
 *     #include <skua/skua.h>
 *     #include <stdio.h>
 *
 *     static void *count(void *arg)
 *     {
 *         skua_channel *numbers = arg;
 *         for (long i = 0; i < 10; i++)
 *             skua_channel_send(numbers, &i);
 *         skua_channel_close(numbers);
 *         return NULL;
 *     }
 *
 *     int main(void)
 *     {
 *         skua_channel *numbers = skua_channel_create(4, sizeof(long));
 *         skua_future *counter = skua_async(count, numbers);
 *         for (long i; skua_channel_recv(numbers, &i) == 0;)
 *             printf("%ld\n", i);
 *         skua_await(counter);
 *         skua_channel_destroy(numbers);
 *     }
 *
 * Not for results, which are futures (await.h), nor for sums over a loop, which are reductions (loop.h). To wait for
 * the first of several things there is select.h.
 *
 * What holds for all objects, besides the conventions of await.h (deadlines, -ETIMEDOUT, -ECANCELED):
 *     Fairness    Who waits is served first come, first served. A mutex is the exception: whoever comes while it is
 *                 free takes it, but nobody is passed over for much longer than a millisecond.
 *     Orders      What was done before an unlock, a post, a set, a done, a send or a close is visible to whoever goes
 *                 on because of it.
 *     Outcomes    A wait has exactly one. If it returns -ETIMEDOUT or -ECANCELED, nothing was taken and nothing is
 *     lost.
 *     Memory      The objects lie wherever the program puts them, zeroed memory is one in its first state (a barrier
 *                 has to be counted first), and there is nothing to destroy but channels. An object's memory may be
 *                 used for something else as soon as no call is waiting at it: a call that wakes others, or lets others
 *                 in, does not touch it once they can go on, so the last one of these may free it at once. That holds
 *                 for all objects, and for a condition together with its mutex. It is not promised of a call whose wait
 *                 ended by its deadline or by cancelling: until it has returned it may touch the object. Which
 *                 concerns barriers above all: where one who has come may be cancelled, nobody can tell by his own
 *                 return that all others have done with the barrier. Objects are not copied or moved while somebody
 *                 waits.
 *     Checks      With SKUA_CHECK at least 1 in the library, a mutex that is unlocked without being locked, or locked
 *                 again by the one who has it, and a channel that is destroyed with waiters, are reported.
 *     Cancelling  ends all waits but skua_mutex_lock and the locking again after a wait at a condition.
 */
#ifndef SKUA_SYNC_H
#define SKUA_SYNC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- mutexes --- */

/* At most one task or thread at a time. Not recursive. A task may be on another thread when it unlocks. */
typedef struct skua_mutex {
	uint64_t sk_opaque[4];
} skua_mutex;
#define SKUA_MUTEX_INIT { { 0 } }

/*
 * Locks it. Never fails and is not cancelled, so that an unlock needs no conditions.
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread.
 * Orders: what was done under it before is visible.
 * Undefined if: the caller has it already (reported in checked builds, else it waits for ever).
 * Source: Pizlo, "Locking in WebKit" (2016): taken by those who run, bounded by a hand-over to those who starve.
 */
void skua_mutex_lock(skua_mutex *mutex);

/*
 * Locks it if nobody has it. Call from: anywhere. Blocks: nothing.
 * Returns: 0; -EBUSY, also in the moment in which a waiter of a condition is signalled to try the mutex.
 */
int skua_mutex_trylock(skua_mutex *mutex);

/*
 * Locks it, unless the deadline or a cancellation comes first. With a deadline that is past, it may find it locked in
 * the same moment as skua_mutex_trylock.
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread. Returns: 0; -ETIMEDOUT; -ECANCELED.
 */
int skua_mutex_lock_until(skua_mutex *mutex, uint64_t at_ns);

/*
 * Unlocks it.
 *
 * Call from: the task or thread that locked it. Blocks: nothing.
 * Undefined if: it is not locked (reported in checked builds).
 * Source: the plain stores that unlock it where nobody has queued for long, and the fence on behalf of the owner with
 * which the first who queues ends that, are those of biased locking: Kawachiya, Koseki and Onodera, "Lock reservation"
 * (OOPSLA 2002); Dice, Huang and Yang, "Asymmetric Dekker synchronization" (2001).
 */
void skua_mutex_unlock(skua_mutex *mutex);

/* --- conditions --- */

/*
 * To wait, having a mutex, until something that it protects has changed. Ask again after each wait, since others may
 * have had the mutex in between:
 *
 *     skua_mutex_lock(&mutex);
 *     while (!ready)
 *         skua_cond_wait(&changed, &mutex);
 *
 * A signal wakes nobody who would find the mutex locked: whoever is signalled queues at the mutex. No wait ends without
 * a signal, a deadline or a cancellation.
 */
typedef struct skua_cond {
	uint64_t sk_opaque[2];
} skua_cond;
#define SKUA_COND_INIT { { 0 } }

/*
 * Unlocks the mutex, waits for a signal, and locks it again, whatever it returns.
 *
 * Call from: who has the mutex. Blocks: the fiber, outside of tasks the thread.
 * Returns: 0; -ECANCELED.
 * Undefined if: the caller does not have the mutex (reported in checked builds).
 */
int skua_cond_wait(skua_cond *cond, skua_mutex *mutex);

/* The same until a point in time. Call from: who has the mutex. Returns: 0; -ETIMEDOUT; -ECANCELED. */
int skua_cond_wait_until(skua_cond *cond, skua_mutex *mutex, uint64_t at_ns);

/* Lets the first one who waits go on. Call from: anywhere. Blocks: nothing. */
void skua_cond_signal(skua_cond *cond);

/* Lets all of them go on, one after the other. Call from: anywhere. Blocks: nothing. */
void skua_cond_broadcast(skua_cond *cond);

/* --- read-write locks --- */

/*
 * Many readers, or one writer. Whoever waits is not passed, so that neither side starves: while a writer waits, new
 * readers wait too, also one who reads already.
 */
typedef struct skua_rwlock {
	uint64_t sk_opaque[2];
} skua_rwlock;
#define SKUA_RWLOCK_INIT { { 0 } }

/*
 * Locks it for reading.
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread.
 * Returns: 0; -ECANCELED.
 * Undefined if: the caller has it for writing.
 */
int skua_rwlock_rdlock(skua_rwlock *rwlock);

/* The same at once or not at all. Call from: anywhere. Blocks: nothing. Returns: 0; -EBUSY. */
int skua_rwlock_tryrdlock(skua_rwlock *rwlock);

/* The same until a point in time. Call from: anywhere. Returns: 0; -ETIMEDOUT; -ECANCELED. */
int skua_rwlock_rdlock_until(skua_rwlock *rwlock, uint64_t at_ns);

/* Ends the reading. Call from: who reads. Blocks: nothing. Undefined if: nobody reads (reported in checked builds). */
void skua_rwlock_rdunlock(skua_rwlock *rwlock);

/*
 * Locks it for writing.
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread.
 * Returns: 0; -ECANCELED.
 * Undefined if: the caller has it already, for reading or for writing.
 */
int skua_rwlock_wrlock(skua_rwlock *rwlock);

/* The same at once or not at all. Call from: anywhere. Blocks: nothing. Returns: 0; -EBUSY. */
int skua_rwlock_trywrlock(skua_rwlock *rwlock);

/* The same until a point in time. Call from: anywhere. Returns: 0; -ETIMEDOUT; -ECANCELED. */
int skua_rwlock_wrlock_until(skua_rwlock *rwlock, uint64_t at_ns);

/*
 * Ends the writing. Call from: who writes. Blocks: nothing. Undefined if: nobody writes (reported in checked builds).
 */
void skua_rwlock_wrunlock(skua_rwlock *rwlock);

/* --- semaphores --- */

/* A count of things that are there, at most 2^31 - 1. */
typedef struct skua_sem {
	uint64_t sk_opaque[2];
} skua_sem;
#define SKUA_SEM_INIT { { 0 } }

/* Gives it a count to begin with. Call from: anywhere, before it is used. Returns: 0; -EOVERFLOW. */
int skua_sem_init(skua_sem *sem, unsigned count);

/*
 * Takes one.
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread.
 * Returns: 0; -ECANCELED.
 */
int skua_sem_wait(skua_sem *sem);

/* The same at once or not at all. Call from: anywhere. Blocks: nothing. Returns: 0; -EAGAIN there is none. */
int skua_sem_trywait(skua_sem *sem);

/* The same until a point in time. Call from: anywhere. Returns: 0; -ETIMEDOUT; -ECANCELED. */
int skua_sem_wait_until(skua_sem *sem, uint64_t at_ns);

/* Adds so many; those who wait get theirs first. Call from: anywhere. Blocks: nothing. Returns: 0; -EOVERFLOW. */
int skua_sem_post(skua_sem *sem, unsigned count);

/* --- events --- */

/* Something that has happened or not: all who wait go on when it is set, and nobody waits until it is cleared. */
typedef struct skua_event {
	uint64_t sk_opaque[2];
} skua_event;
#define SKUA_EVENT_INIT { { 0 } }

/* It has happened. Call from: anywhere. Blocks: nothing. */
void skua_event_set(skua_event *event);

/* It has not. Those who were woken before go on all the same. Call from: anywhere. Blocks: nothing. */
void skua_event_clear(skua_event *event);

/* Call from: anywhere. Blocks: nothing. Returns: 0 or 1. */
int skua_event_is_set(const skua_event *event);

/*
 * Waits until it is set.
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread. Returns: 0; -ECANCELED.
 */
int skua_event_wait(skua_event *event);

/* The same until a point in time. Call from: anywhere. Returns: 0; -ETIMEDOUT; -ECANCELED. */
int skua_event_wait_until(skua_event *event, uint64_t at_ns);

/* --- barriers --- */

/* Where so many wait for each other, again and again. */
typedef struct skua_barrier {
	uint64_t sk_opaque[3];
} skua_barrier;

/* Says how many. Call from: anywhere, before it is used. Returns: 0; -EINVAL count is 0. */
int skua_barrier_init(skua_barrier *barrier, unsigned count);

/*
 * Waits until as many have come as were named. One who is cancelled before has not come.
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread.
 * Orders: what anybody did before is visible to all afterwards.
 * Returns: 1 to exactly one of them; 0 to the others; -ECANCELED.
 */
int skua_barrier_wait(skua_barrier *barrier);

/* --- wait groups --- */

/*
 * A count of what is still to be done. For tasks that are started elsewhere, or no tasks at all; else skua_group of
 * await.h does it, with cancelling and errors.
 */
typedef struct skua_wait_group {
	uint64_t sk_opaque[2];
} skua_wait_group;
#define SKUA_WAIT_GROUP_INIT { { 0 } }

/*
 * So many more are to be done. Call from: anywhere, while the count is not 0 or nobody waits. Returns: 0; -EOVERFLOW.
 */
int skua_wait_group_add(skua_wait_group *group, unsigned count);

/* One is. Call from: anywhere. Blocks: nothing. Undefined if: the count is 0 (reported in checked builds). */
void skua_wait_group_done(skua_wait_group *group);

/*
 * Waits until nothing is left.
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread. Returns: 0; -ECANCELED.
 */
int skua_wait_group_wait(skua_wait_group *group);

/* The same until a point in time. Call from: anywhere. Returns: 0; -ETIMEDOUT; -ECANCELED. */
int skua_wait_group_wait_until(skua_wait_group *group, uint64_t at_ns);

/* --- once --- */

/* Something that is done once, by whoever needs it first. */
typedef struct skua_once {
	uint64_t sk_opaque[2];
} skua_once;
#define SKUA_ONCE_INIT { { 0 } }

/*
 * Calls fn(arg), if nobody has; who comes meanwhile waits for the end.
 *
 * Call from: anywhere, but not from fn. Blocks: the fiber, outside of tasks the thread, while another runs fn.
 * Orders: what fn did is visible afterwards.
 * Returns: 0; -ECANCELED while another ran it.
 */
int skua_once_run(skua_once *once, void (*fn)(void *), void *arg);

/* --- channels --- */

/* A way for elements of one size, copied as bytes, first in, first out. */
typedef struct skua_channel skua_channel;

/* As many elements as there is memory for. */
#define SKUA_UNBOUNDED SIZE_MAX

/*
 * Makes a channel. capacity: how many elements may be on their way; 0: none, a send waits until its element is taken.
 *
 * Call from: anywhere. Blocks: nothing.
 * Returns: the channel; NULL: no memory.
 * Memory: that of capacity elements, at once; an unbounded one grows and shrinks in blocks of some kilobytes.
 */
skua_channel *skua_channel_create(size_t capacity, size_t element_bytes);

/*
 * Frees it; what is left in it is dropped. Call from: anywhere, once nobody uses it. Undefined if: somebody waits at
 * it.
 */
void skua_channel_destroy(skua_channel *channel);

/*
 * Sends a copy of *value.
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread, until there is room, or a receiver.
 * Orders: what was done before is visible to the receiver.
 * Returns: 0; -EPIPE the channel is closed; -ECANCELED; -ENOMEM.
 */
int skua_channel_send(skua_channel *channel, const void *value);

/* The same at once or not at all. Call from: anywhere. Blocks: nothing. Returns: as above; -EAGAIN no room. */
int skua_channel_try_send(skua_channel *channel, const void *value);

/* The same until a point in time. Call from: anywhere. Returns: as above; -ETIMEDOUT. */
int skua_channel_send_until(skua_channel *channel, const void *value, uint64_t at_ns);

/*
 * Receives an element into *value, which is not touched if there is none.
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread.
 * Returns: 0; -EPIPE the channel is closed and empty; -ECANCELED.
 */
int skua_channel_recv(skua_channel *channel, void *value);

/* The same at once or not at all. Call from: anywhere. Blocks: nothing. Returns: as above; -EAGAIN it is empty. */
int skua_channel_try_recv(skua_channel *channel, void *value);

/* The same until a point in time. Call from: anywhere. Returns: as above; -ETIMEDOUT. */
int skua_channel_recv_until(skua_channel *channel, void *value, uint64_t at_ns);

/*
 * Nothing more is sent: who waits to send gets -EPIPE, and who receives, what is left and then -EPIPE. Closing again
 * does nothing.
 *
 * Call from: anywhere. Blocks: nothing.
 */
void skua_channel_close(skua_channel *channel);

#ifdef __cplusplus
}
#endif
#endif
