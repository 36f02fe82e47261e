/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The context switch for machines without one written by hand, on getcontext and its family. See context.h.
 *
 * sp points at a ucontext_t: the switch keeps it in its own frame, and a new context's lies at the high end of the
 * stack.
 * Each switch costs three system calls: the family saves and sets the signal mask as well, and since a mask has to stay
 * with its thread, it is read before and put into the context that is switched to.
 *
 * swapcontext keeps the floating-point modes, and a new context would start with those of the thread that made it.
 * Where this file knows the machine, it sets the default ones itself; elsewhere by fesetenv, of the mathematical
 * library.
 */
#include "sys/context.h"

#if !defined(__ELF__) || SK_CONTEXT_UCONTEXT ||                                                                        \
	!((defined(__x86_64__) || defined(__aarch64__)) && !defined(__ILP32__))

#include <fenv.h>
#include <signal.h>
#include <stdint.h>
#include <ucontext.h>

#include "base/align.h"
#include "base/check.h"

struct beginning {
	ucontext_t state;
	void (*entry)(void *arg);
	void *arg;
};

static void set_default_modes(void)
{
#if defined(__x86_64__)
	uint32_t mxcsr = 0x1f80;
	uint16_t control_word = 0x37f;

	__asm__ volatile("ldmxcsr %0; fldcw %1" : : "m"(mxcsr), "m"(control_word));
#elif defined(__aarch64__)
	__asm__ volatile("msr fpcr, xzr");
#else
	fesetenv(FE_DFL_ENV);
#endif
}

/* makecontext passes integers only, so the pointer comes in halves. */
static void begin(unsigned high, unsigned low)
{
	struct beginning *beginning = (void *)(uintptr_t)((uint64_t)high << 32 | low);

	set_default_modes();
	beginning->entry(beginning->arg);
	sk_panic("a context's entry function has returned");
}

void sk_context_swap(void **save_sp, void *load_sp)
{
	ucontext_t state, *to = load_sp;

	*save_sp = &state;
	pthread_sigmask(SIG_SETMASK, NULL, &to->uc_sigmask);
	if (swapcontext(&state, to) != 0)
		sk_panic("swapcontext failed");
}

void *sk_context_prepare(void *stack_low, size_t stack_bytes, void (*entry)(void *), void *arg)
{
	uintptr_t high = (uintptr_t)stack_low + stack_bytes - sizeof(struct beginning);
	struct beginning *beginning = (void *)(high & ~(uintptr_t)(SK_CACHE_LINE - 1));

	if (getcontext(&beginning->state) != 0)
		sk_panic("getcontext failed");
	beginning->state.uc_stack.ss_sp = stack_low;
	beginning->state.uc_stack.ss_size = (uintptr_t)beginning - (uintptr_t)stack_low;
	beginning->state.uc_link = NULL;
	beginning->entry = entry;
	beginning->arg = arg;
	uint64_t halves = (uintptr_t)beginning;
	makecontext(&beginning->state, (void (*)(void))begin, 2, (unsigned)(halves >> 32), (unsigned)halves);
	return beginning;
}

#endif
