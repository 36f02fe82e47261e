/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door of the fast path: the six memory accesses that a spawn and a sync make, in the one form in which the
 * code generators keep them cheap. Not for use in programs; task.h is written on it.
 *
 * It stands apart from runtime/base/atomic.h because it is compiled into programs, and because the obvious spelling
 * is slow: gcc 12 turns fib into a program of twice the time when these are __atomic builtins on x86-64, where
 * volatile accesses between compiler fences give the same instructions that the memory model needs (a store is a
 * release there, a load is an acquire). On other machines, under ThreadSanitizer and for a model checker the
 * builtins are used. A checker replaces the door by defining SKUA_DOOR to the name of a header with the same macros.
 *
 *   SK_DOOR_STORE_RUN(slot, run)   spawn: publishes the arguments to whoever reads a non-NULL run (release)
 *   SK_DOOR_CLEAR_RUN(slot)        sync: the task is taken back (relaxed; ordered before the load of limit by the
 *                                  compiler fence here and, when it matters, by the forcing thief's membarrier)
 *   SK_DOOR_LOAD_POLL(fiber)       relaxed
 *   SK_DOOR_LOAD_LIMIT(fiber)      relaxed
 *   SK_DOOR_LOAD_RUN(slot)         relaxed; only in checks of the owner
 *
 * | edge             | from                          | to                                   | carries              |
 * |------------------|-------------------------------|--------------------------------------|----------------------|
 * | slot.spawn       | spawn: run, release           | thief: run[top], acquire             | the slot's arguments |
 * | force.dekker     | sync: clear run; load limit   | force: limit; membarrier; load run   | one of them sees     |
 * | idle.park        | park: poll; membarrier; run   | spawn: store run; load poll          | one of them sees     |
 */
#ifndef SKUA_DOOR_H
#define SKUA_DOOR_H

#ifdef SKUA_DOOR
#include SKUA_DOOR
#else

#if defined(__SANITIZE_THREAD__)
#define SK_DOOR_BUILTINS 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SK_DOOR_BUILTINS 1
#endif
#endif
#ifndef SK_DOOR_BUILTINS
#define SK_DOOR_BUILTINS 0
#endif

/* Keeps the compiler from moving memory accesses across; no instruction. */
#define SK_DOOR_COMPILER_FENCE() __atomic_signal_fence(__ATOMIC_SEQ_CST)

#if defined(__x86_64__) && !SK_DOOR_BUILTINS

/* edge slot.spawn -> : a plain store is a release on x86-64. */
#define SK_DOOR_STORE_RUN(slot, function)                                                                              \
	do {                                                                                                           \
		SK_DOOR_COMPILER_FENCE();                                                                              \
		*(sk_run volatile *)&(slot)->run = (function);                                                         \
		SK_DOOR_COMPILER_FENCE();                                                                              \
	} while (0)
/* edge force.dekker -> : the clear stands before the load of limit; the membarrier of the thief is the fence. */
#define SK_DOOR_CLEAR_RUN(slot)                                                                                        \
	do {                                                                                                           \
		*(sk_run volatile *)&(slot)->run = (sk_run)0;                                                          \
		SK_DOOR_COMPILER_FENCE();                                                                              \
	} while (0)
#define SK_DOOR_LOAD_RUN(slot) (*(sk_run volatile *)&(slot)->run)
/* edge -> idle.park : the store of run stands before this load; the membarrier of the parking worker is the fence. */
#define SK_DOOR_LOAD_POLL(fiber) (*(struct sk_slot *volatile *)&(fiber)->poll)
#define SK_DOOR_LOAD_LIMIT(fiber) (*(struct sk_slot *volatile *)&(fiber)->limit)

#else

/* edge slot.spawn -> : the arguments are written before run is seen. */
#define SK_DOOR_STORE_RUN(slot, function)                                                                              \
	(__atomic_store_n(&(slot)->run, (sk_run)(function), __ATOMIC_RELEASE), SK_DOOR_COMPILER_FENCE())
/* edge force.dekker -> : the clear stands before the load of limit; the membarrier of the thief is the fence. */
#define SK_DOOR_CLEAR_RUN(slot)                                                                                        \
	(__atomic_store_n(&(slot)->run, (sk_run)0, __ATOMIC_RELAXED), SK_DOOR_COMPILER_FENCE())
#define SK_DOOR_LOAD_RUN(slot) __atomic_load_n(&(slot)->run, __ATOMIC_RELAXED)
/* edge -> idle.park : the store of run stands before this load; the membarrier of the parking worker is the fence. */
#define SK_DOOR_LOAD_POLL(fiber) __atomic_load_n(&(fiber)->poll, __ATOMIC_RELAXED)
#define SK_DOOR_LOAD_LIMIT(fiber) __atomic_load_n(&(fiber)->limit, __ATOMIC_RELAXED)

#endif
#endif /* SKUA_DOOR */
#endif
