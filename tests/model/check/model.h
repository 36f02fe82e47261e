/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stateless model checker for the atomics of runtime/. The sources are compiled once more, against atomic_door.h in
 * place of the builtins, and run as a few threads on fibers of one operating-system thread. Each operation on a shared
 * word asks the checker, which decides who steps next and which value a load returns, and runs the scenario again and
 * again until each decision has been taken in every way.
 *
 *     door (atomic_door.h)  ->  execution.c: whose turn, which option, is it over? ->  memory.c: what options there are
 *     plain accesses        ->  plain.c: is the access ordered after those before it?
 *
 * What is found: a check of the scenario or of the code that fails, a panic, a data race on plain memory, an access to
 * memory that was freed, a deadlock (nobody can go on but by a spurious wake-up), an execution that does not end. A
 * finding is printed as the interleaving that led to it, and with a string that repeats it (--replay).
 *
 * What is not found: see memory.h (weaker machines than C11 without load buffering), and explore.h (what is bounded).
 *
 * Who may call: model_fail and what is below it, the code under test; the rest the programs of this folder.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_THREADS 4u

enum model_order {
	MODEL_NONE,
	MODEL_RELAXED,
	MODEL_ACQUIRE,
	MODEL_RELEASE,
	MODEL_ACQ_REL,
	MODEL_SEQ_CST
};

enum model_kind {
	MODEL_LOAD,
	MODEL_STORE,
	MODEL_EXCHANGE,
	MODEL_CAS,
	MODEL_ADD,
	MODEL_SUB,
	MODEL_OR,
	MODEL_AND,
	MODEL_FENCE,
	MODEL_MEMBARRIER,
	MODEL_YIELD,  /* goes on when something that it has read has changed */
	MODEL_WAIT,   /* sys/park: looks at the word */
	MODEL_ASLEEP, /* sys/park: sleeps */
	MODEL_WAKE,
};

/* One operation in the text of a source. All of them lie in one section of the program, so that none is overlooked. */
typedef struct model_site {
	/* set once */
	const char *file;
	int line;
	const char *name; /* "load_acquire" */
	const char *text; /* its first argument, as written */
	enum model_kind kind;
	/* a mutant changes them */
	enum model_order order, failure;
	/* set by the run */
	bool is_reached;
} __attribute__((aligned(64))) model_site;

#define MODEL_SITE(name, kind, order, failure, text)                                                                   \
	({                                                                                                             \
		static model_site sk_site __attribute__((section("model_sites"), used)) = {                            \
			__FILE__, __LINE__, name, text, kind, order, failure, false,                                   \
		};                                                                                                     \
		&sk_site;                                                                                              \
	})

/* What the doors call. */
uint64_t model_access(model_site *site, void *word, unsigned size, uint64_t value);
bool model_cas(model_site *site, void *word, unsigned size, uint64_t *expected, uint64_t value);
void model_fence(model_site *site);

/* What the twins of sys/ call. wait: 0 woken, else a negative errno. */
void model_membarrier(model_site *site);
void model_yield(void);
int model_wait(model_site *site, void *word, uint32_t expected, bool has_deadline);
int model_wake(model_site *site, void *word, int count);

/* Zeroed memory of one execution. It is not used twice, so that a late access to freed memory is found. */
void *model_new(size_t bytes);
void model_free(void *memory);

/* Memory that is reserved, and cannot be accessed until it is made so. */
void model_protect(void *memory, size_t bytes, bool is_accessible);

/* What malloc is for the sources under test; NULL when there is to be no memory. */
void *model_malloc(size_t bytes);
void *model_calloc(size_t count, size_t bytes);
extern bool model_no_memory;

/* What sk_clock_ns is for them, and by how much it grows each time. Set in a setup. */
extern uint64_t model_now, model_tick;

/* A plain access that no compiler instruments. */
void model_plain(const void *address, size_t bytes, bool is_write);

/* --- for scenarios --- */

typedef struct model_scenario {
	const char *name;
	const char *about;
	unsigned threads;
	/* alone, before and after the threads */
	void (*setup)(void);
	void (*thread)(unsigned thread);
	void (*finish)(void);
	unsigned spurious; /* how many wake-ups without a reason an execution may have */
	bool is_large;     /* mutants are not tried on it */
	bool is_long;      /* neither, and it is explored on demand only (--large) */
	/* bounds on an execution, 0 for none: how often it leaves a thread that could go on; and how many accesses do
	 * not read the newest value, or store before it */
	unsigned preemptions, stale;
	/* nobody can go on: is that a proper end? Those who sleep are left so. NULL: it is a deadlock */
	bool (*rests)(void);
} model_scenario;

/* The execution ends here, and the exploration with it. */
_Noreturn void model_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What a litmus test ended with; the exploration collects the different ones. */
void model_outcome(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From now on, in this execution: what is stored to the word must pass the check. */
void model_watch(const void *word, bool (*is_good)(uint64_t value), const char *text);

/* From now on, in this execution: the pointer is each thread's own, with these values. Call from: setup. */
void model_thread_local(void **pointer, void *const values[MODEL_THREADS]);

/* The calling thread's number. */
unsigned model_self(void);

#define model_check(condition, ...)                                                                                    \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			model_fail(__VA_ARGS__);                                                                       \
	} while (0)

#endif
