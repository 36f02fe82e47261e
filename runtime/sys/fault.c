/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stack overflow ends in a message. See fault.h.
 *
 * What comes in the handler, in this order:
 *   1. a fault of the kernel's whose address the describe function knows: print, abort
 *   2. the program's handler from before: its mask is applied, and it is called in place
 *   3. none, so the default action: it is restored, and the handler returns. The instruction faults again, and now
 *      the process dies with the original signal, address and core dump. A signal that was sent by kill does not
 *      come again by itself, so it is raised anew.
 *
 * If the program installs a handler over this one, it may chain to it, so this file must not install itself a second
 * time above it (the two would call each other for ever): it notes that it is buried.
 *
 * | edge           | from                          | to                       | carries                             |
 * |----------------|-------------------------------|--------------------------|-------------------------------------|
 * | fault.describe | start: describe, release      | handle: describe, acquire| what describe is going to read      |
 *
 * Lock order: mutex is a leaf.
 */
#include "sys/fault.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/align.h"
#include "base/atomic.h"
#include "base/hot.h"
#include "base/check.h"
#include "sys/memory.h"

enum { FAULTS = 2 };

static struct fault {
	/* set once */
	int number;
	/* written under mutex before the handler is installed, read by the handler */
	struct sigaction previous;
	/* under mutex */
	bool buried;
} faults[FAULTS] = { { .number = SIGSEGV }, { .number = SIGBUS } };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned starts; /* under mutex */
static SK_ATOMIC(sk_fault_describe *) current_describe;

static void call_previous(const struct sigaction *previous, int number, siginfo_t *info, void *context)
{
	sigset_t mask = previous->sa_mask;

	/* What the kernel would have done; it puts the mask back when this handler returns. */
	if (previous->sa_flags & SA_NODEFER) {
		sigset_t only;

		sigemptyset(&only);
		sigaddset(&only, number);
		pthread_sigmask(SIG_UNBLOCK, &only, NULL);
	}
	pthread_sigmask(SIG_BLOCK, &mask, NULL);
	if (previous->sa_flags & SA_SIGINFO)
		previous->sa_sigaction(number, info, context);
	else
		previous->sa_handler(number);
}

static void pass_on(struct fault *fault, siginfo_t *info, void *context)
{
	const struct sigaction *previous = &fault->previous;
	bool by_kernel = info->si_code > 0;

	if ((previous->sa_flags & SA_SIGINFO) || (previous->sa_handler != SIG_DFL && previous->sa_handler != SIG_IGN)) {
		call_previous(previous, fault->number, info, context);
		return;
	}
	/* A fault cannot be ignored, only a signal that somebody sent. */
	if (previous->sa_handler == SIG_IGN && !by_kernel)
		return;
	struct sigaction default_action = { .sa_handler = SIG_DFL };
	sigaction(fault->number, &default_action, NULL);
	if (!by_kernel)
		raise(fault->number);
}

static void handle(int number, siginfo_t *info, void *context)
{
	int saved = errno;
	char text[512] = "";
	/* edge -> fault.describe : what describe reads */
	sk_fault_describe *describe = sk_load_acquire(&current_describe);

	if (describe && info->si_code > 0)
		describe(info->si_addr, text, sizeof text);
	if (*text) {
		sk_print(STDERR_FILENO, "%s", text);
		abort();
	}
	pass_on(&faults[number == SIGSEGV ? 0 : 1], info, context);
	errno = saved;
}

static bool is_ours(const struct sigaction *action)
{
	return (action->sa_flags & SA_SIGINFO) && action->sa_sigaction == handle;
}

static void install(struct fault *fault)
{
	struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	struct sigaction found;

	sigemptyset(&action.sa_mask);
	/* Looked up first: the handler may run before the installing call has returned. */
	sigaction(fault->number, NULL, &found);
	if (fault->buried || is_ours(&found))
		return;
	fault->previous = found;
	sigaction(fault->number, &action, NULL);
}

static void uninstall(struct fault *fault)
{
	struct sigaction found;

	sigaction(fault->number, NULL, &found);
	fault->buried = !is_ours(&found);
	if (!fault->buried)
		sigaction(fault->number, &fault->previous, NULL);
}

void sk_fault_start(sk_fault_describe *describe)
{
	pthread_mutex_lock(&mutex);
	/* edge fault.describe -> : what describe is going to read */
	sk_store_release(&current_describe, describe);
	if (starts++ == 0)
		for (int i = 0; i < FAULTS; i++)
			install(&faults[i]);
	pthread_mutex_unlock(&mutex);
}

void sk_fault_stop(void)
{
	pthread_mutex_lock(&mutex);
	SK_INVARIANT(starts != 0, "I1: each sk_fault_stop has its sk_fault_start");
	if (--starts == 0) {
		for (int i = 0; i < FAULTS; i++)
			uninstall(&faults[i]);
		sk_store_relaxed(&current_describe, NULL); /* relaxed: nothing goes with it */
	}
	pthread_mutex_unlock(&mutex);
}

/* ---- alternate signal stacks, one per thread, in a pthread key whose destructor frees them ---- */

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key; /* set once */
static int key_error;     /* set once */

static size_t alternate_bytes(void)
{
	size_t least = 0;

#ifdef _SC_MINSIGSTKSZ
	/* Grows with the vector registers of the machine. */
	long asked = sysconf(_SC_MINSIGSTKSZ);
	least = asked > 0 ? (size_t)asked : 0;
#endif
	return sk_round_up(least + 64 * 1024, sk_memory_page());
}

static void free_alternate(void *memory)
{
	stack_t none = { .ss_flags = SS_DISABLE };
	stack_t found;

	if (sigaltstack(NULL, &found) == 0 && found.ss_sp == memory)
		sigaltstack(&none, NULL);
	sk_memory_release(memory, alternate_bytes());
}

static void make_key(void)
{
	key_error = pthread_key_create(&key, free_alternate);
}

/* Gives the calling thread an alternate signal stack, unless it has one. */
static SK_ASIDE int give_alternate(void)
{
	stack_t found;

	if (sigaltstack(NULL, &found) == 0 && !(found.ss_flags & SS_DISABLE))
		return 0;
	pthread_once(&key_once, make_key);
	if (key_error)
		return -ENOMEM;
	void *memory = sk_memory_map(alternate_bytes());
	if (!memory)
		return -ENOMEM;
	if (pthread_setspecific(key, memory) != 0) {
		sk_memory_release(memory, alternate_bytes());
		return -ENOMEM;
	}
	stack_t mine = { .ss_sp = memory, .ss_size = alternate_bytes() };
	return sigaltstack(&mine, NULL) == 0 ? 0 : -ENOMEM;
}

SK_HOT int sk_fault_thread_start(void)
{
	/* A thread from outside comes with every root: it must not cost a system call each time. */
	static SK_THREAD_LOCAL bool started;

	if (started)
		return 0;
	started = true;
	return give_alternate();
}
