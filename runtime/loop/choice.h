/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The choice between ways to run a loop that comes again and again, by trying them: what a steal costs, how fast data
 * moves between two caches and how even the work is differ from machine to machine and from loop to loop by more than
 * any rule could know.
 *
 *   now ---- period loops ----> trial of another way, a few loops ----> better by a sixteenth: that is the way now
 *    ^                                                                  else: as before, and the next trial later
 *    +------------------------------------------------------------------+
 *
 * What a way takes is the least of three loops in a row (others use the machine too), and of those a moving average.
 * The first loop of a trial does not count: it finds the data where the other way has left it. A trial is over when its
 * loops have been begun, whether it was told what they took or not (they may end on another thread, whose memory is
 * another): what is not known was no gain.
 *
 * Owner: who holds it, one thread. Blocks: nothing.
 */
#ifndef SK_LOOP_CHOICE_H
#define SK_LOOP_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

enum sk_way {
	SK_WAY_DIVIDED, /* each worker's share in pieces, which others may take */
	SK_WAY_WHOLE,   /* each worker's share in one piece */
	SK_WAY_ALONE,   /* not shared */
	SK_WAYS,
};

typedef struct sk_choice {
	uint8_t now, other; /* enum sk_way: the usual one, and the one that was tried last */
	bool in_trial;
	uint8_t trial_left; /* loops of the trial that are still to be begun */
	uint8_t in_row;     /* loops that least is of; in a trial one more */
	uint8_t strange;    /* loops in a row for which the usual way was not allowed */
	uint32_t loops;     /* since the last trial */
	uint32_t period;
	uint64_t usual;     /* what the usual one takes for a unit; 0: not known */
	uint64_t least;     /* of those in a row */
} sk_choice;

/* The way for the next loop; allowed: a bit for each way, the one for SK_WAY_DIVIDED among them. */
enum sk_way sk_choice_next(sk_choice *choice, unsigned allowed);

/* A loop that was run in this way took so long for a unit. */
void sk_choice_note(sk_choice *choice, enum sk_way way, uint64_t took);

#endif
