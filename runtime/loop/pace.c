/* SPDX-License-Identifier: Apache-2.0 */
/* Pace of loops; see pace.h. */
#include "loop/pace.h"

#include "base/align.h"
#include "base/hot.h"

/* Bodies that a thread remembers; one at each place of a small table. */
#define MEMORIES 16u

#define RIGHT_AT_LEAST 4u   /* times in a row before a memory is trusted, doubled by each mistake */
#define PROVEN_TIMES 16u    /* so many times as often: proven */
#define DOUBTS_MAX 10u
#define FORGIVE_AFTER 256u  /* times right in a row: one doubt less */
#define RIGHT_WITHIN 4u     /* a factor */

typedef struct memory {
	const void *body;
	sk_pace pace;
	uint32_t right;  /* times in a row */
	uint32_t doubts; /* mistakes, not yet forgiven */
	sk_choice choice;
} memory;

static SK_THREAD_LOCAL struct {
	memory of[MEMORIES];
	uint64_t put_off; /* ticks of loops that were not shared because the others slept */
} mind;

static inline memory *place(const void *body)
{
	uint64_t hash = (uint64_t)(uintptr_t)body * UINT64_C(0x9e3779b97f4a7c15);
	return &mind.of[hash >> 60];
}
_Static_assert(MEMORIES == 16, "the hash has four bits");

__attribute__((noinline)) sk_pace_memory sk_pace_recall(const void *body)
{
	memory *m = place(body);
	if (m->body != body)
		return (sk_pace_memory){ 0 };
	uint32_t needed = RIGHT_AT_LEAST << m->doubts;
	return (sk_pace_memory){
		.pace = m->pace,
		.trusted = m->right >= needed,
		.proven = m->right / PROVEN_TIMES >= needed,
	};
}

__attribute__((noinline)) void sk_pace_note(const void *body, sk_pace pace)
{
	memory *m = place(body);
	if (m->body != body) {
		*m = (memory){ .body = body, .pace = pace, .right = 1 };
		return;
	}
	if (pace / RIGHT_WITHIN > m->pace) { /* slower than that is a mistake, faster costs nothing */
		m->right = 0;
		m->pace = pace;
		return;
	}
	m->pace = m->pace - m->pace / 4 + pace / 4 + 1;
	if (m->right < UINT32_MAX)
		m->right++;
	if (m->doubts && m->right % FORGIVE_AFTER == 0)
		m->doubts--;
}

__attribute__((noinline)) enum sk_way sk_pace_way(const void *body, unsigned allowed)
{
	memory *m = place(body);
	return m->body == body ? sk_choice_next(&m->choice, allowed) : SK_WAY_DIVIDED;
}

__attribute__((noinline)) void sk_pace_note_way(const void *body, enum sk_way way, sk_pace took)
{
	memory *m = place(body);
	if (m->body == body)
		sk_choice_note(&m->choice, way, took);
}

__attribute__((noinline)) void sk_pace_blame(const void *body)
{
	memory *m = place(body);
	if (m->body != body)
		return;
	m->right = 0;
	if (m->doubts < DOUBTS_MAX)
		m->doubts++;
}

__attribute__((noinline)) bool sk_pace_put_off(uint64_t ticks, uint64_t enough)
{
	mind.put_off += ticks;
	if (mind.put_off < enough)
		return true;
	mind.put_off = 0;
	return false;
}

void sk_runner_init(sk_runner *runner, struct sk_fiber *fiber, uint64_t target, size_t units)
{
	*runner = (sk_runner){ .fiber = fiber, .target = target };
	sk_store_relaxed(&runner->units, units); /* relaxed: a hint for thieves */
}

void sk_runner_copy(sk_runner *runner, const sk_runner *other, struct sk_fiber *fiber)
{
	size_t units = sk_load_relaxed(&other->units); /* relaxed: a hint */
	sk_runner_init(runner, fiber, other->target, units / 2 + 1);
}

sk_runner *sk_runner_of(struct sk_fiber *fiber, sk_runner *given, sk_runner *own)
{
	if (given->fiber == fiber)
		return given;
	sk_runner_init(own, fiber, given->target, sk_load_relaxed(&given->units)); /* relaxed: a hint */
	return own;
}

void sk_runner_note(sk_runner *runner, size_t units, uint64_t ticks)
{
	runner->done += units;
	runner->ticks += ticks;
	size_t next = units;
	if (ticks > runner->target) {
		for (; ticks > runner->target && next > 1; ticks /= 2)
			next /= 2;
	} else {
		/* with some care: the piece may have had the light end of the range */
		for (unsigned i = 0; i < 3 && ticks <= runner->target / 2 && next <= SIZE_MAX / 2; i++, ticks *= 2)
			next *= 2;
	}
	sk_store_relaxed(&runner->units, next); /* relaxed: a hint for thieves */
}
