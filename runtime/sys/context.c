/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The common part of contexts: what debugging tools must be told about stacks. See context.h.
 *
 * Each tool has its own idea of a stack:
 *   AddressSanitizer   is told the bounds at each switch, and the new context says that the switch is over before it
 *                      runs anything else; frames that were left for good are cleaned of their red zones when the
 *                      stack is used again
 *   ThreadSanitizer    has an object per context, and each switch synchronizes, as it would on one thread
 *   LeakSanitizer      is told which memory to search for pointers, since it knows the stacks of threads only
 *   Valgrind           is told the bounds once
 */
#include "sys/context.h"

#include "base/check.h"
#include "base/hot.h"

#if SK_ADDRESS_SANITIZER
#include <pthread.h>
#include <sanitizer/asan_interface.h>
#endif
#if SK_VALGRIND
#include <valgrind/valgrind.h>
#endif

/*
 * Weak, so that it works in whatever way the program got a leak sanitizer, also if the library was built without; NULL
 * if there is none.
 */
void __lsan_register_root_region(const void *low, size_t bytes) __attribute__((weak));
void __lsan_unregister_root_region(const void *low, size_t bytes) __attribute__((weak));

void sk_context_root_add(const void *low, size_t bytes)
{
	if (__lsan_register_root_region)
		__lsan_register_root_region(low, bytes);
}

void sk_context_root_remove(const void *low, size_t bytes)
{
	if (__lsan_unregister_root_region)
		__lsan_unregister_root_region(low, bytes);
}

#if SK_ADDRESS_SANITIZER

/* The first thing that a new context runs. */
static void enter(void *arg)
{
	sk_context *context = arg;

	__sanitizer_finish_switch_fiber(NULL, NULL, NULL);
	context->entry(context->arg);
}

static void note_stack(sk_context *context, void *stack_low, size_t stack_bytes)
{
	__asan_unpoison_memory_region(stack_low, stack_bytes);
	context->stack_low = stack_low;
	context->stack_bytes = stack_bytes;
	context->fake_stack = NULL;
}

static void note_thread_stack(sk_context *context)
{
	pthread_attr_t attributes;
	void *low = NULL;
	size_t bytes = 0;

	if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
		pthread_attr_getstack(&attributes, &low, &bytes);
		pthread_attr_destroy(&attributes);
	}
	context->stack_low = low;
	context->stack_bytes = bytes;
	context->fake_stack = NULL;
}

#endif

void sk_context_make(sk_context *context, void *stack_low, size_t stack_bytes, void (*entry)(void *), void *arg)
{
	SK_INVARIANT(stack_bytes >= SK_CONTEXT_STACK_MIN, "I3: a stack has room for the first frame");
#if SK_ADDRESS_SANITIZER
	note_stack(context, stack_low, stack_bytes);
	context->entry = entry;
	context->arg = arg;
	context->sp = sk_context_prepare(stack_low, stack_bytes, enter, context);
#else
	context->sp = sk_context_prepare(stack_low, stack_bytes, entry, arg);
#endif
#if SK_THREAD_SANITIZER
	context->tsan_fiber = __tsan_create_fiber(0);
	context->tsan_owned = 1;
#endif
#if SK_VALGRIND
	context->valgrind_id = VALGRIND_STACK_REGISTER(stack_low, (char *)stack_low + stack_bytes - 1) + 1;
#endif
}

SK_HOT void sk_context_thread(sk_context *context)
{
	context->sp = NULL;
#if SK_ADDRESS_SANITIZER
	note_thread_stack(context);
#endif
#if SK_THREAD_SANITIZER
	context->tsan_fiber = __tsan_get_current_fiber();
	context->tsan_owned = 0;
#endif
#if SK_VALGRIND
	context->valgrind_id = 0;
#endif
}

SK_HOT void sk_context_destroy(sk_context *context)
{
	context->sp = NULL;
#if SK_ADDRESS_SANITIZER
	/* Frames that never returned have left their marks; whoever gets this memory next must not find them. */
	if (context->entry)
		__asan_unpoison_memory_region(context->stack_low, context->stack_bytes);
	context->entry = NULL;
#endif
#if SK_THREAD_SANITIZER
	if (context->tsan_owned)
		__tsan_destroy_fiber(context->tsan_fiber);
	context->tsan_fiber = NULL;
	context->tsan_owned = 0;
#endif
#if SK_VALGRIND
	if (context->valgrind_id)
		VALGRIND_STACK_DEREGISTER(context->valgrind_id - 1);
	context->valgrind_id = 0;
#endif
}
