/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mutex: skua_mutex of sync.h.
 *
 *   word:  0 WAITERS | 1 LOCKED | 2 WOKEN: a waiter was woken and is on his way, so nobody else need be
 *          | 3 GIVING: of a kept one, see below
 *
 *   lock      CAS, whenever LOCKED is clear, whoever waits: it is taken by those who run (barging), else each hand-over
 *             would cost a switch, and all would queue behind it (a convoy).
 *   unlock    CAS. WAITERS without WOKEN: the first waiter is won, WOKEN set, LOCKED cleared, the waiter told. He tries
 *             again; if somebody was faster he queues as the first one again, and clears WOKEN.
 *   fairness  a waiter who was passed over for more than a millisecond is won as the owner: LOCKED is never cleared.
 *   giving up a waiter who leaves clears WOKEN if he held it; if the mutex is free and others wait, he takes it and
 *             unlocks it, which wakes the next one.
 *
 *   K1  WOKEN is set by who wins a waiter, and cleared by that waiter: as the owner, as one who queues again, or who
 *       leaves. So while others wait and the mutex is free, somebody is on his way (no wake-up is lost).
 *   K2  LOCKED is cleared by the last touch of the unlock, after its lock of the queue was given (waitable.h, B2). A
 *       signal that takes what is kept for a moment clears it before that: the waiter whom it has won is told later.
 *   K3  WAITERS is set only in a word with LOCKED or WOKEN: the unlock of the one, or the coming of the other, will
 *       care for who waits. A signal decides by that compare-and-swap too: to the queue, or woken by itself.
 *   K4  the time of a waiter who is passed over runs from when he is first won, and winning takes him out of the queue;
 *       only one who queues again can be won a second time. So who comes from a condition is never handed the mutex
 *       by the first who wins him: he is woken to try.
 *
 * Two atomic read-modify-writes are nearly all that an uncontended mutex costs. One for which nobody has queued for a
 * long time is kept: it is unlocked by plain stores, and who has to queue has the expensive side, once: then it is kept
 * no more, and has to earn it by twice as many locks.
 *
 *   owner, unlocks what is kept              another, has to queue: under the lock of the queue
 *   G1  word = LOCKED | GIVING               C1  CAS 0 -> LOCKED: has it, and need not queue
 *   G2  compiler fence                       C2  claimed = 1; membarrier; unless claimed was 1
 *   G3  claimed? word = LOCKED, and to G5    C3  waits while GIVING, unless claimed was 1
 *   G4  word = 0                             C4  CAS 0 -> LOCKED: has it, and comes to G5
 *   G5  under the lock of the queue: keeps   C5  or queues, and leaves the word as it is
 *       it no more, claimed = 0, sets
 *       WAITERS if they are there; and
 *       unlocks it as any other
 *
 *   K5  while a mutex is kept and LOCKED, its owner alone changes the word: the others say in claimed that they queue,
 *       and neither WAITERS nor WOKEN is set. (Some write what they have read, by a compare-and-swap.)
 *   K6  kept is changed by the owner only, under the lock of the queue: who has one of the two may read it.
 *   K7  who queues by C5 is found. The first word without GIVING that C3 sees, or else the next one, is an owner's
 *       LOCKED. The membarrier's fence lay before the G1 of this owner, or C3 would have seen its GIVING or something
 *       later; so G3 sees claimed. It does so for the owners after it, until G5 clears claimed and cares for the queue.
 *   K8  G4 is the last touch (B2): what C3 has to wait for is in the word itself.
 *
 * | edge         | from                              | to                               | carries                         |
 * |--------------|-----------------------------------|----------------------------------|---------------------------------|
 * | mutex.hold   | unlock: CAS word, G4; signal      | lock: CAS word, acquire          | what was done under it          |
 * | mutex.claim  | C2, C3                            | G1, G3                           | one of them sees the other      |
 *
 * Who becomes the owner by a hand-over has it from his ticket (sched/waiter.h, waiter.fired).
 *
 * Waiters of a condition come here without having been woken (condition.c): they wait in the queue like the others. Is
 * the mutex free and nobody on his way to it, the signal wins the first one instead, and sets WOKEN for him.
 *
 * Source: the barging and its bound, Pizlo, "Locking in WebKit" (2016), and the starving mode of Go's sync.Mutex; ours
 * hands over to the one who starves, not to all who wait.
 */
#ifndef SK_AWAIT_MUTEX_H
#define SK_AWAIT_MUTEX_H

#include "await/waitable.h"
#include "base/hostile.h"

#include <skua/sync.h>

/* A mutex is kept after so many unlocks without a waiter, or their double, and so on: a membarrier costs thousands. */
#ifndef SK_MUTEX_KEPT_AFTER /* the model checker keeps it sooner */
#define SK_MUTEX_KEPT_AFTER (SK_HOSTILE ? 4u : 16384u)
#endif

typedef struct sk_mutex {
	sk_waitable base;
	/* under the lock of the queue; the owner reads it */
	SK_ATOMIC(uint8_t) claimed;
	/* the owner's; kept is changed under the lock of the queue, too (K6) */
	bool kept;
	uint8_t lapses; /* how often it was kept no more */
	uint32_t uses;  /* unlocks since somebody has queued; not counted while it is kept */
	SK_ATOMIC(uintptr_t) owner; /* which fiber or thread; kept in checked builds only */
} sk_mutex;

_Static_assert(sizeof(sk_mutex) <= sizeof(skua_mutex), "skua_mutex has room for what is in it");

static inline sk_mutex *sk_mutex_of(skua_mutex *mutex)
{
	return (sk_mutex *)(void *)mutex;
}

/*
 * A waiter of a condition was signalled: he waits for the mutex now, or is won, to be told without a lock. false: he
 * has given up. Call from: who has the lock of the condition, whose queue `from` is, and that of the mutex.
 */
bool sk_mutex_move(sk_mutex *mutex, sk_queue *from, sk_queue_node *node, sk_waker *waker);

/* Locks again after a wait at a condition, whose node the signal or an unlock of the mutex has woken, or nobody. */
void sk_mutex_lock_again(sk_mutex *mutex, sk_queue_node *node, bool is_woken);

/* In checked builds: the caller owns it. */
void sk_mutex_require_held(sk_mutex *mutex);

#endif
