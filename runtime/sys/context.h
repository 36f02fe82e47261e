/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A context is a place where execution stopped and can go on: a stack, and on it what a function call must preserve.
 *
 *     switch(from, to):   push callee-saved registers and floating-point modes on this stack
 *                         from->sp = stack pointer;  stack pointer = to->sp
 *                         pop the same from the other stack, return there
 *
 *     a new context's stack, as sk_context_make leaves it:        high addresses
 *         [ the frame that a switch would have pushed: default modes, entry, arg; return address = trampoline ]
 *         the first switch to it "returns" into the trampoline, which calls entry(arg)
 *
 * What is switched: callee-saved registers and the floating-point modes (rounding, masks: mxcsr and the x87 control
 * word; fpcr). What is not: errno, thread-locals, the signal mask. The sticky floating-point exception flags may or may
 * not survive, as with any function call.
 *
 * Threads: from is the context that the calling thread is running; nobody else may touch it until the switch has
 * happened (its sp is written in the middle), so whoever makes it known to others does that from the context switched
 * to. A context of a fiber may go on on any thread; a thread's own one only there. Whoever passes a context on to
 * another thread orders its memory; here is no atomic access.
 *
 * Invariants: I1: a context that is not running has a valid sp. I2: entry never returns. I3: a stack
 * has room for the first frame, and for what entry needs.
 *
 * Three twins have the same two functions, sk_context_swap and sk_context_prepare: context_x86_64.S,
 * context_aarch64.S, and context_ucontext.c for other machines or by SK_CONTEXT_UCONTEXT=1 (two system calls a switch).
 *
 * Rejected: an inline assembly switch, which would save a call but leaves debuggers and unwinders without a function
 * to describe; saving the signal mask (a system call); shadow stacks (the notes in the .S files do not promise
 * them, so that they stay off).
 */
#ifndef SK_SYS_CONTEXT_H
#define SK_SYS_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"

#if defined(__SANITIZE_ADDRESS__)
#define SK_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SK_ADDRESS_SANITIZER 1
#endif
#endif
#ifndef SK_ADDRESS_SANITIZER
#define SK_ADDRESS_SANITIZER 0
#endif

#ifndef SK_CONTEXT_UCONTEXT
#define SK_CONTEXT_UCONTEXT 0
#endif

#ifndef SK_VALGRIND
#define SK_VALGRIND 0
#endif

#if SK_ADDRESS_SANITIZER
#include <sanitizer/common_interface_defs.h>
#endif
#if SK_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

typedef struct sk_context {
	/* written by the switch away from it */
	void *sp;
	/* set once, for the tools that must be told about stacks */
#if SK_ADDRESS_SANITIZER
	const void *stack_low;
	size_t stack_bytes;
	void (*entry)(void *arg);
	void *arg;
	void *fake_stack; /* written by the switch away from it */
#endif
#if SK_THREAD_SANITIZER
	void *tsan_fiber;
	int tsan_owned;
#endif
#if SK_VALGRIND
	unsigned valgrind_id; /* one more than Valgrind's, 0 for none */
#endif
} sk_context;

/* The smallest stack that sk_context_make takes; room for the first frame, not for a program. */
#define SK_CONTEXT_STACK_MIN 4096

/*
 * Makes a context that will run entry(arg), in the default floating-point mode, on the stack [stack_low, stack_low +
 * stack_bytes). Touches only the highest page of the stack.
 * Undefined if: the stack is smaller than SK_CONTEXT_STACK_MIN; entry returns; the context was made before and has not
 * been destroyed since.
 */
void sk_context_make(sk_context *context, void *stack_low, size_t stack_bytes, void (*entry)(void *arg), void *arg);

/* Makes the context of the calling thread's own stack, to be the from of its first switch. */
void sk_context_thread(sk_context *context);

/*
 * Forgets a context that is not running and will not be switched to again, so that it can be made anew or its stack
 * unmapped. Call from: any thread, for a thread's own context only that thread. Nothing in ordinary builds.
 */
void sk_context_destroy(sk_context *context);

/*
 * Tells LeakSanitizer that pointers to living memory may lie in [low, low + bytes), a stack without its guard (all
 * of the range is read); the same range must be removed before it is unmapped. Nothing without a leak sanitizer.
 */
void sk_context_root_add(const void *low, size_t bytes);
void sk_context_root_remove(const void *low, size_t bytes);

/* The twins' part; call the functions above and below instead. */
void sk_context_swap(void **save_sp, void *load_sp);
void *sk_context_prepare(void *stack_low, size_t stack_bytes, void (*entry)(void *arg), void *arg);

/* Stops here, goes on in to; returns when somebody switches back, perhaps on another thread. */
static inline void sk_context_switch(sk_context *from, sk_context *to)
{
#if SK_ADDRESS_SANITIZER
	__sanitizer_start_switch_fiber(&from->fake_stack, to->stack_low, to->stack_bytes);
#endif
#if SK_THREAD_SANITIZER
	__tsan_switch_to_fiber(to->tsan_fiber, 0);
#endif
	sk_context_swap(&from->sp, to->sp);
#if SK_ADDRESS_SANITIZER
	__sanitizer_finish_switch_fiber(from->fake_stack, NULL, NULL);
#endif
}

/* The same for a from that nobody will switch to again before it is destroyed and made anew. */
_Noreturn static inline void sk_context_leave(sk_context *from, sk_context *to)
{
#if SK_ADDRESS_SANITIZER
	/* No place to save the fake stack: it is freed. */
	__sanitizer_start_switch_fiber(NULL, to->stack_low, to->stack_bytes);
#endif
#if SK_THREAD_SANITIZER
	__tsan_switch_to_fiber(to->tsan_fiber, 0);
#endif
	sk_context_swap(&from->sp, to->sp);
	__builtin_unreachable();
}

#endif
