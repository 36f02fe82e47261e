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

/* All loops of the trial were begun: was it a gain, as far as is known? */
static void end_trial(sk_choice *choice)
{
	choice->in_trial = false;
	bool is_known = choice->in_row > IN_ROW - 1;
	choice->in_row = 0;
	if (is_known && choice->least < choice->usual - choice->usual / 16)
		begin_anew(choice, choice->other, choice->least);
	else if (choice->period < LAST_PERIOD)
		choice->period *= 2;
}

static void begin_trial(sk_choice *choice, unsigned allowed)
{
	choice->loops = 0;
	choice->other = next_other(choice, allowed);
	choice->in_row = 0;
	choice->in_trial = choice->other != choice->now;
	choice->trial_left = TRIAL_LOOPS;
}

enum sk_way sk_choice_next(sk_choice *choice, unsigned allowed)
{
	if (!choice->period)
		begin_anew(choice, SK_WAY_DIVIDED, 0);
	if (choice->in_trial && choice->trial_left == 0)
		end_trial(choice);
	if (!is_allowed(allowed, choice->now)) { /* another length: for once, or is it to stay so? */
		if (++choice->strange >= FIRST_PERIOD)
			begin_anew(choice, SK_WAY_DIVIDED, 0);
		return SK_WAY_DIVIDED;
	}
	choice->strange = 0;
	if (!choice->in_trial && choice->usual && ++choice->loops >= choice->period)
		begin_trial(choice, allowed);
	if (!choice->in_trial || !is_allowed(allowed, choice->other))
		return choice->now;
	choice->trial_left--;
	return choice->other;
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

void sk_choice_note(sk_choice *choice, enum sk_way way, uint64_t took)
{
	if (way != (choice->in_trial ? choice->other : choice->now))
		return; /* chosen by another thread's memory, or not by a choice */
	unsigned first = choice->in_trial ? 1 : 0;
	if (choice->in_row++ < first)
		return;
	if (choice->in_row == first + 1 || took < choice->least)
		choice->least = took ? took : 1;
	if (choice->in_trial || choice->in_row < IN_ROW)
		return;
	choice->in_row = 0;
	note_usual(choice);
}
