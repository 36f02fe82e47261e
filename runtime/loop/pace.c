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
/* Every so many loops it is tried again what was no gain; less often where that was clear. */
#define TRY_AGAIN 32u
#define TRY_AGAIN_CLEAR 256u

typedef struct memory {
	const void *body;
	sk_pace pace;
	uint32_t right;  /* times in a row */
	uint32_t doubts; /* mistakes, not yet forgiven */
	sk_pace shared;  /* of whole loops that were shared; 0: none was */
	sk_pace alone;   /* of whole loops that were not */
	uint32_t asked;
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

/* Is such a loop to be run without sharing it? What was not tried yet is, and now and then the worse of the two. */
static bool is_better_alone(memory *m)
{
	if (!m->shared)
		return false;
	if (!m->alone)
		return true;
	bool better = m->shared > m->alone;
	sk_pace less = better ? m->alone : m->shared, more = better ? m->shared : m->alone;
	bool again = ++m->asked % (more / 2 > less ? TRY_AGAIN_CLEAR : TRY_AGAIN) == 0;
	return better != again;
}

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
		.alone = is_better_alone(m),
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

__attribute__((noinline)) void sk_pace_note_whole(const void *body, sk_pace pace, bool was_shared)
{
	memory *m = place(body);
	if (m->body != body)
		return;
	sk_pace *known = was_shared ? &m->shared : &m->alone;
	if (*known && pace / RIGHT_WITHIN > *known) /* somebody else had the core meanwhile */
		pace = *known * RIGHT_WITHIN;
	if (!*known || pace < *known / 2)
		*known = pace;
	else
		*known = *known - *known / 4 + pace / 4 + 1;
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
