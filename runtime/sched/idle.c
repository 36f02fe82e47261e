/* SPDX-License-Identifier: Apache-2.0 */
/* Idle workers; protocol and proof: idle.h. */
#include "sched/idle.h"

#include "base/check.h"
#include "base/hot.h"
#include "base/hostile.h"

#define HUNGRY (UINT64_C(1) << 32)
#define SEARCHING UINT64_C(1)

static inline uint32_t searching_of(uint64_t word)
{
	return (uint32_t)word;
}

static inline uint64_t bit_of(unsigned worker)
{
	return UINT64_C(1) << worker % 64;
}

void sk_idle_init(sk_idle *idle, unsigned workers, void (*wake)(void *arg, unsigned worker), void *arg)
{
	*idle = (sk_idle){ .workers = workers, .wake = wake, .arg = arg };
}

void sk_idle_declare(sk_idle *idle)
{
	sk_add_seq_cst(&idle->word, HUNGRY + SEARCHING); /* edge idle.word -> : before the arming of fibers */
	sk_hostile_point();
}

bool sk_idle_found(sk_idle *idle)
{
	/* edge idle.word -> : a notifier that saw us searching is answered by the caller's notify */
	uint64_t old = sk_sub_seq_cst(&idle->word, HUNGRY + SEARCHING);
	SK_INVARIANT(searching_of(old) > 0 && old >= HUNGRY, "a searcher is counted");
	return searching_of(old) == 1;
}

uint32_t sk_idle_park_begin(sk_idle *idle, unsigned worker)
{
	sk_or_seq_cst(&idle->sleepers[worker / 64], bit_of(worker)); /* edge idle.word -> : the bit, then the word */
	sk_hostile_point();
	uint64_t old =
	        sk_sub_seq_cst(&idle->word, SEARCHING); /* edge idle.word -> : from here on nobody relies on us */
	SK_INVARIANT(searching_of(old) > 0, "a searcher is counted");
	return searching_of(old) - 1;
}

bool sk_idle_park_cancel(sk_idle *idle, unsigned worker)
{
	if (!sk_idle_retract(idle, worker))
		return false;
	sk_add_seq_cst(&idle->word, SEARCHING); /* edge idle.word -> : counted again */
	return true;
}

SK_HOT void sk_idle_offer(sk_idle *idle, unsigned worker)
{
	sk_or_seq_cst(&idle->sleepers[worker / 64], bit_of(worker)); /* edge idle.word -> : may be woken */
}

SK_HOT bool sk_idle_retract(sk_idle *idle, unsigned worker)
{
	/* edge -> idle.word : the bit decides between us and a waker */
	return sk_and_seq_cst(&idle->sleepers[worker / 64], ~bit_of(worker)) & bit_of(worker);
}

void sk_idle_hungry_add(sk_idle *idle, int change)
{
	sk_add_seq_cst(&idle->word, HUNGRY * (uint64_t)(int64_t)change); /* edge idle.word -> : as declare */
}

/* Takes one sleeper's bit, looking from `near` on; -1 when there is none. */
static int claim(sk_idle *idle, unsigned near)
{
	unsigned words = (idle->workers + 63) / 64;
	for (unsigned i = 0; i < words; i++) {
		unsigned w = (near / 64 + i) % words;
		uint64_t seen = sk_load_seq_cst(&idle->sleepers[w]); /* edge -> idle.word : bits set before our fence */
		while (seen) {
			uint64_t above = i == 0 ? seen & ~(bit_of(near) - 1) : seen;
			unsigned index = (unsigned)__builtin_ctzll(above ? above : seen);
			sk_hostile_point();
			/* edge -> idle.word : the bit decides between us and its owner or another waker */
			seen = sk_and_seq_cst(&idle->sleepers[w], ~bit_of(index));
			if (seen & bit_of(index))
				return (int)(w * 64 + index);
		}
	}
	return -1;
}

bool sk_idle_sleeper_seen(sk_idle *idle)
{
	unsigned words = (idle->workers + 63) / 64;
	for (unsigned w = 0; w < words; w++)
		if (sk_load_seq_cst(&idle->sleepers[w])) /* edge -> idle.word : bits set before our fence */
			return true;
	return false;
}

bool sk_idle_notify_fenced(sk_idle *idle, unsigned near)
{
	bool undone = false;
	for (;;) {
		uint64_t word = sk_load_seq_cst(&idle->word); /* N2. edge -> idle.word : who searches */
		if (searching_of(word) > 0 || !sk_idle_sleeper_seen(idle)) {
			if (undone && idle->missed)
				idle->missed(idle->arg);
			return false;
		}
		if (!sk_cas_seq_cst(&idle->word, &word, word + SEARCHING)) /* N3. edge idle.word -> : for the woken */
			continue;
		int worker = claim(idle, near); /* N4 */
		if (worker >= 0) {
			idle->wake(idle->arg, (unsigned)worker);
			return true;
		}
		/* N5. edge idle.word -> : nobody relies on us any more; now look again */
		sk_sub_seq_cst(&idle->word, SEARCHING);
		undone = true;
	}
}

bool sk_idle_notify(sk_idle *idle, unsigned near)
{
	sk_fence_seq_cst(); /* N1. edge -> idle.word : the work was written before, the word is read after */
	return sk_idle_notify_fenced(idle, near);
}

void sk_idle_wake(sk_idle *idle, unsigned worker)
{
	sk_fence_seq_cst(); /* edge -> idle.word : what the worker waits for was written before */
	if (!sk_idle_retract(idle, worker))
		return; /* awake, or claimed by another */
	sk_add_seq_cst(&idle->word, SEARCHING); /* edge idle.word -> : for the woken */
	idle->wake(idle->arg, worker);
}
