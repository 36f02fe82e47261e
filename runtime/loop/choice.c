/* SPDX-License-Identifier: Apache-2.0 */
/* The choice between ways to run a loop; see choice.h. */
#include "loop/choice.h"

#define TRIAL_LOOPS 4u
#define IN_ROW 3u
#define FIRST_PERIOD 16u
#define LAST_PERIOD 4096u

/* What is beyond that was not the way's fault. */
#define TOO_LONG 4u

static bool is_allowed(unsigned allowed, unsigned way)
{
	return allowed >> way & 1;
}

static void begin_anew(sk_choice *choice, enum sk_way way, uint64_t usual)
{
	*choice = (sk_choice){ .now = (uint8_t)way, .other = (uint8_t)way, .period = FIRST_PERIOD, .usual = usual };
}

/* The way after the one that was tried last, but not the usual one; the usual one if there is no other. */
static uint8_t next_other(const sk_choice *choice, unsigned allowed)
{
	uint8_t way = choice->other;
	for (unsigned i = 0; i < SK_WAYS; i++) {
		way = (uint8_t)((way + 1) % SK_WAYS);
		if (way != choice->now && is_allowed(allowed, way))
			return way;
	}
	return choice->now;
}

enum sk_way sk_choice_next(sk_choice *choice, unsigned allowed)
{
	if (!choice->period || !is_allowed(allowed, choice->now) ||
	    (choice->trial_left && !is_allowed(allowed, choice->other)))
		begin_anew(choice, SK_WAY_DIVIDED, 0);
	if (!choice->trial_left && choice->usual && ++choice->loops >= choice->period) {
		choice->loops = 0;
		choice->other = next_other(choice, allowed);
		choice->in_row = 0;
		if (choice->other != choice->now)
			choice->trial_left = TRIAL_LOOPS;
	}
	return choice->trial_left ? choice->other : choice->now;
}

/* The least of the last few is known. */
static void note_usual(sk_choice *choice)
{
	uint64_t took = choice->least;
	if (!choice->usual) {
		choice->usual = took;
		return;
	}
	if (took / TOO_LONG > choice->usual)
		took = choice->usual * TOO_LONG;
	choice->usual = choice->usual - choice->usual / 4 + took / 4;
}

static void note_trial(sk_choice *choice)
{
	if (choice->least < choice->usual - choice->usual / 16)
		begin_anew(choice, choice->other, choice->least);
	else if (choice->period < LAST_PERIOD)
		choice->period *= 2;
}

void sk_choice_note(sk_choice *choice, enum sk_way way, uint64_t took)
{
	bool in_trial = choice->trial_left > 0;
	if (way != (in_trial ? choice->other : choice->now))
		return; /* chosen by another thread's memory */
	if (in_trial && choice->trial_left-- == TRIAL_LOOPS)
		return;
	if (choice->in_row == 0 || took < choice->least)
		choice->least = took ? took : 1;
	if (++choice->in_row < IN_ROW)
		return;
	choice->in_row = 0;
	if (in_trial)
		note_trial(choice);
	else
		note_usual(choice);
}
