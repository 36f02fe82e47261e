/* SPDX-License-Identifier: Apache-2.0 */
/* Who looks for the kernel's events, and how often: with a reactor that only counts. */
#include "sched/poller.h"

#include "base/hostile.h"
#include "crowd.h"
#include "started.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <skua/skua.h>

static struct {
	SK_ATOMIC(uint64_t) looks;
	sk_park_word word; /* 1: the sleeper is interrupted */
} reactor;

static unsigned count_look(sk_pool *pool, uint64_t until_ns)
{
	(void)pool;
	if (until_ns == 0)
		sk_add_relaxed(&reactor.looks, 1);
	else
		while (!sk_exchange_acquire(&reactor.word, 0))
			if (sk_park_wait(&reactor.word, 0, until_ns) == -ETIMEDOUT)
				break;
	return 0;
}

static void interrupt(sk_pool *pool)
{
	(void)pool;
	sk_store_release(&reactor.word, 1);
	sk_park_wake(&reactor.word, 1);
}

static bool expects(sk_pool *pool)
{
	(void)pool;
	return true;
}

static const sk_poller_ops counting = { .poll = count_look, .interrupt = interrupt, .expects = expects };

static void *nothing(void *arg)
{
	return arg;
}

/* Work now and then, so that the workers search, over and over. */
static void search_often(void)
{
	for (unsigned i = 0; i < CROWD_ROUNDS(200); i++) {
		skua_await(skua_async(nothing, NULL));
		skua_sleep_ns(100000);
	}
}

/* A round of a search ends with a failed theft. One look for each would be a system call for each. */
static void looks_are_few(unsigned workers)
{
	start(workers, false);
	sk_pool *pool = sk_pool_try_enter();
	sk_store_relaxed(&reactor.looks, 0);
	sk_poller_install(pool, &counting);
	search_often();
	uint64_t looks = sk_load_relaxed(&reactor.looks), rounds = total().steal_failed;
	cr_assert_gt(looks, 0);
	if (!SK_HOSTILE) /* where workers park after each round */
		cr_assert_lt(looks, rounds / 2, "%d looks in %d rounds", (int)looks, (int)rounds);
	sk_pool_leave(pool);
	skua_stop();
}

Test(poller, a_searching_worker_does_not_ask_the_kernel_in_every_round)
{
	looks_are_few(1);
	looks_are_few(2);
}
