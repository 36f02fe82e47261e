/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The task stack: a Chase-Lev deque whose array holds the tasks themselves, with a bottom that lives in a register of
 * the owner and is published lazily.
 *
 *        0            top           split            head (in a register)
 *        |  stolen     |   public     |   private      |  empty ...
 *
 * Tasks below top were stolen, those from top to split may be, those from split on only the owner touches. The owner
 * spawns and syncs at the head with a plain store and one compare each (skua/task.h); everything else is here, on
 * one word {top, split, tag, force} that everybody changes only by compare-and-swap, and two hints for the owner:
 *
 *   poll    a spawn at or above it takes the slow path. Normally the end of the readable slots; a thief that finds
 *           nothing public stores NULL ("arm").
 *   limit   a sync below it takes the slow path. Normally split; a thief that arms, or forces, stores infinity: an
 *           owner that has spawned all that it will, and only syncs, is asked too.
 *
 * Invariants
 *   T1  top <= split <= head.
 *   T2  limit >= split whenever the owner is outside its slow paths. Only the owner lowers limit; a thief stores
 *       nothing but infinity there, so that a late store costs one slow sync and nothing else.
 *   T3  a slot's run is non-NULL exactly while its task is spawned and its sync has not begun; the occupied slots are
 *       a prefix. Only the owner writes run, and nobody puts it back.
 *   T4  the owner's slow paths store limit, then CAS {split, tag+1, force 0}; when that fails both are computed again.
 *   T5  tag changes with every change of split by the owner. A thief's CAS carries the tag that it read.
 *   T6  the owner takes nothing from the word but who has which slot, and that is in the word itself: its CAS fails on
 *       an old one. What a thief did comes to it by join.done. So the owner's slow paths release and do not acquire.
 *
 * Steal: read the word (acquire), run[top] (acquire); CAS top+1 with the same tag; only then the arguments, through the
 * run that was read before. Read after the CAS it could be NULL, for the owner clears it before it looks at the word;
 * and what makes the early read safe is the tag: slot top cannot have been taken back and spawned anew under the same
 * tag.
 *
 * Force (the owner is in a long call and answers no arming):
 *      thief                                      owner, in a sync
 *   1  CAS force 0 -> 1                        1  run[p] = NULL
 *   2  limit = infinity                        2  (compiler fence)
 *   3  membarrier: a full fence on every core  3  read limit: p < limit -> slow path
 *   4  count the occupied slots from split
 *   5  CAS {split = half of them or more, force 0} if the tag is the same, else give up
 *   By cases: if the owner's 1 came before the barrier, the thief sees the slot empty at 4 and does not publish it.
 *   Else the owner's 3 comes after the barrier too, sees infinity, goes to the slow path, and its CAS there and the
 *   thief's at 5 exclude each other by the tag. In neither case do both run the task. The owner never waits.
 *
 * | edge           | from                                   | to                                   | carries                    |
 * |----------------|----------------------------------------|--------------------------------------|----------------------------|
 * | slot.spawn     | spawn: run, release (skua/door.h)      | steal, count: run, acquire           | the arguments              |
 * | stack.publish  | publish, force: word, release          | steal: word, acquire                 | slots below split are full |
 * | force.dekker   | sync: run, then limit                  | force: limit, membarrier, run        | one of them sees           |
 *
 * Who may call: functions that take sk_fiber: its owner only. Functions that take sk_task_thief: any worker.
 * Nothing here blocks or knows of workers; hunger is told by the caller.
 *
 * Sources: Faxén, "Wool" (2008) for the direct task stack; van Dijk and van de Pol, "Lace" (2014) for the split; Chase
 * and Lev, "Dynamic circular work-stealing deque" (SPAA 2005). The forced split is Dijkstra/Dekker mutual exclusion
 * with an asymmetric fence (membarrier(2)). Rejected, with what broke: HACKING.md, "Rejected designs".
 */
#ifndef SK_SCHED_TASK_STACK_H
#define SK_SCHED_TASK_STACK_H

#include "fiber/fiber.h"

#include <stdbool.h>

/* The thief's view: from it only the thief's functions can be reached. */
typedef struct sk_task_thief {
	sk_fiber *fiber;
} sk_task_thief;

/* A task that a thief has won. */
typedef struct sk_stolen {
	sk_slot *slot;
	sk_run run;
	struct sk_root *root;
	struct sk_scope *scope;
	bool emptied; /* it was the last public one */
	bool by_mail; /* it came as a letter (sched/mail.h), */
	bool is_one_of_many;
} sk_stolen;

enum sk_steal_result {
	SK_STEAL_NOTHING, /* no public task */
	SK_STEAL_LOST,    /* somebody was faster */
	SK_STEAL_WON,
};

enum sk_take_back {
	SK_TAKE_MINE,        /* the task is private: run it */
	SK_TAKE_MINE_SHARED, /* the same, and older ones became public */
	SK_TAKE_STOLEN,      /* a thief has it */
};

/* Infinity for limit. */
#define SK_SLOT_INFINITY ((sk_slot *)UINTPTR_MAX)

/* --- owner --- */

/* The first empty slot, by search (T3): for those who do not have it in a register. */
sk_slot *sk_task_stack_head(sk_fiber *fiber);

/* Is any task public? (a snapshot; the owner's own changes are in it) */
bool sk_task_stack_has_public(sk_fiber *fiber);

/*
 * Makes the older half of the private tasks below head public, but at least `want` of them if there are as many.
 * Returns how many.
 */
size_t sk_task_stack_publish(sk_fiber *fiber, sk_slot *head, size_t want);

/*
 * The slow sync of a slot whose run has been cleared: it becomes private, unless it was stolen, and with it the younger
 * half of the public part (SK_KEEP_HALF), or nothing else (SK_KEEP_REST). A force that is under way is cancelled and
 * answered with the older half of the private tasks; so is a want, if nothing is public, with at least that many.
 */
enum sk_keep { SK_KEEP_HALF, SK_KEEP_REST };
enum sk_take_back sk_task_stack_take_back(sk_fiber *fiber, sk_slot *slot, enum sk_keep keep, size_t want);

/* After the join of a stolen task: slot is the head, everything below is stolen. */
void sk_task_stack_joined(sk_fiber *fiber, sk_slot *slot);

/* poll: every spawn calls / none does before the slots end. */
void sk_task_stack_arm_own(sk_fiber *fiber);
void sk_task_stack_disarm_own(sk_fiber *fiber);

/* The fiber begins a task at its base: F3 is checked, and poll asks the first spawn. */
void sk_task_stack_begin(sk_fiber *fiber);

/* --- thief --- */

enum sk_steal_result sk_task_stack_steal(sk_task_thief thief, sk_stolen *stolen);

/* Asks the owner for tasks, at its next spawn or sync; no effect if it is asked already. */
void sk_task_stack_arm(sk_task_thief thief);

bool sk_task_stack_public_seen(sk_task_thief thief);

/* Is there a private task that a force could publish? */
bool sk_task_stack_private_seen(sk_task_thief thief);

/* Publishes private tasks without the owner. Needs membarrier. Returns how many; 0 if the owner moved meanwhile. */
size_t sk_task_stack_force(sk_task_thief thief);

/* The word's parts, for dumps and tests. */
typedef struct sk_task_stack_view {
	uint32_t top, split, tag;
	bool force;
} sk_task_stack_view;
sk_task_stack_view sk_task_stack_look(sk_task_thief thief);

#endif
