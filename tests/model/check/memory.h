/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory that the threads share, by views.
 *
 * Each word has a list of messages, one for each value that was ever stored, in modification order. A thread has a
 * view: for each word the newest message that it may not fall behind. A load returns any message that is not older
 * than that. A store adds a message, not necessarily at the end: anywhere behind the thread's own view, but not
 * between a message and the read-modify-write that read it. A message carries the view that a reader gets who
 * acquires.
 *
 *   current     the view
 *   acquired    what it would be if all loads had acquired: an acquire fence makes it the current one
 *   released    what it was at the last release fence: what a relaxed store carries
 *
 * A read-modify-write reads a message and puts its own directly behind it; its message carries the view of the one
 * before as well (release sequences, as in C++20: those that go on by read-modify-writes only).
 *
 * Sequential consistency, by two more positions for each word, in the order S in which the operations are executed:
 *
 *   sc       the newest message that a seq_cst access of the word has read or written: a later one is not older
 *   fenced   the newest message in the view of a thread at a seq_cst fence: later seq_cst accesses are not older, and a
 *            thread's seq_cst fence raises its view to this and to sc
 *
 * That is [atomics.order] paragraph 4 of C++20 (P0668), whose four cases are the four ways from {sc, fenced} to
 * {access, fence}; S agrees with happens-before, as in C11.
 *
 * A membarrier is a seq_cst fence of each thread, where it stands. Happens-before is kept apart from coherence, by a
 * vector clock in each view, which fences do not raise by themselves; plain.c compares clocks.
 *
 * Not modelled: load buffering (a load that returns a value which is stored later in the execution; C11 allows it for
 * relaxed accesses, and no compiler and hardly any machine shows it), consume, mixed sizes.
 *
 * Sources: Kang, Hur, Lahav, Vafeiadis, Dreyer, "A promising semantics for relaxed-memory concurrency" (POPL 2017), its
 * machine without promises; Lahav, Vafeiadis, Kang, Hur, Dreyer, "Repairing sequential consistency in C/C++11" (PLDI
 * 2017) for the fences; P0668R5 for the accesses.
 */
#ifndef MODEL_MEMORY_H
#define MODEL_MEMORY_H

#include "model.h"

#define MODEL_LOCATIONS 64u
#define MODEL_MESSAGES 48u
#define MODEL_NO_THREAD 0xffu

typedef struct model_view {
	uint8_t at[MODEL_LOCATIONS]; /* a message's number, by word */
	uint16_t clock[MODEL_THREADS];
} model_view;

typedef struct model_message {
	uint64_t value;
	model_view view;
	uint8_t rank;     /* its place in modification order */
	uint8_t thread;   /* who stored it */
	bool is_followed; /* a read-modify-write stands directly behind it */
} model_message;

typedef struct model_location {
	uintptr_t address;
	unsigned size, count;
	uint8_t sc, fenced;
	uint8_t woken; /* the newest message in the view of who woke sleepers: a later sleeper looks at none older */
	uint8_t order[MODEL_MESSAGES]; /* rank -> message */
	model_message message[MODEL_MESSAGES];
} model_location;

typedef struct model_thread_view {
	model_view current, acquired, released;
} model_thread_view;

/* What a thread is about to do. */
typedef struct model_op {
	enum model_kind kind;
	model_site *site; /* NULL for what is no text of the sources */
	model_location *location;
	uint64_t value, expected;
	int count;         /* WAKE */
	bool has_deadline; /* WAIT */
	/* filled when it was done */
	uint64_t result;
	bool done;             /* CAS */
	uint8_t read, written; /* messages */
} model_op;

extern model_location model_locations[MODEL_LOCATIONS];
extern unsigned model_location_count;

void model_memory_reset(unsigned threads);

/* What was stored so far is there for all threads, which begin now. */
void model_memory_begin(void);

/* The word's messages; the first is what is in memory. */
model_location *model_location_of(void *word, unsigned size);

/*
 * Which messages the operation may read, or for a store, stand directly behind: bit m for message m. Only for accesses
 * and WAIT.
 */
uint64_t model_options(unsigned thread, const model_op *op);

/* Does it. For fences and membarriers the message means nothing. */
void model_apply(unsigned thread, model_op *op, unsigned message);

/* Alone: the newest message. */
unsigned model_newest(const model_location *location);

bool model_is_newer(const model_location *location, unsigned message, unsigned than);

model_thread_view *model_view_of(unsigned thread);

/* All that all threads have done is before what follows. */
void model_join_all(void);

static inline bool model_is_rmw(enum model_kind kind)
{
	return kind >= MODEL_EXCHANGE && kind <= MODEL_AND;
}

#endif
