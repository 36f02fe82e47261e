/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the soak program share.
 *
 * An *episode* is a function of its seed: it starts the runtime with settings that are drawn, runs several *strands*
 * at once (tasks of both kinds, and plain threads), checks everything, and stops the runtime. A strand is a row of
 * *steps*, each one operation of a *kind*: a tree of tasks, a loop, a channel with its senders and receivers. Every
 * operation knows its answer. Inside of many of them further ones are run (soak_nested), so that everything meets
 * everything.
 *
 * What is drawn depends on the seed alone, step by step: an operation that the *plan* leaves out (other kinds, other
 * steps, other strands) leaves all others as they are. That is what shrinking lives on (shrink.c). The schedule is not
 * drawn, so a seed has to be tried several times.
 *
 *     soak.c       arguments                          episode.c    one episode, its settings and strands
 *     driver.c     children, watchdog, progress       balance.c    what must be as before when an episode is over
 *     shrink.c     the smallest plan that fails       team.c       parties that meet at an object
 *     plant.c      errors that it must find           op_*.c       the operations, a file for each family
 *
 * The program that watches never starts the runtime. Episodes run in a child process, many one after the other; the
 * *board* is memory that both have.
 */
#ifndef SK_TESTS_SOAK_H
#define SK_TESTS_SOAK_H

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skua/skua.h>

/* Everything takes long: a sanitizer, the hostile build, an emulator. CMake knows all three. */
#ifndef SOAK_SLOW
#define SOAK_SLOW 0
#endif

/* Run by an emulator: its vfork is a fork, so that nobody learns why a program did not start. CMake knows. */
#ifndef SOAK_EMULATED
#define SOAK_EMULATED 0
#endif

/* Are all mappings those of program and library? CMake knows. */
#ifndef SOAK_MAPPINGS_TELL
#define SOAK_MAPPINGS_TELL 0
#endif

#define SOAK_SCALED(count, slow_count) (SOAK_SLOW ? (slow_count) : (count))

/* The kinds of operations, and how often each is drawn; run by soak_op_<name>. */
#define SOAK_OPERATIONS(X)                                                                                             \
	X(trees, 12)                                                                                                   \
	X(loops, 8)                                                                                                    \
	X(plane, 4)                                                                                                    \
	X(reduce, 6)                                                                                                   \
	X(ordered, 5)                                                                                                  \
	X(scan, 6)                                                                                                     \
	X(sort, 6)                                                                                                     \
	X(local, 3)                                                                                                    \
	X(async, 10)                                                                                                   \
	X(cancel, 5)                                                                                                   \
	X(group, 8)                                                                                                    \
	X(select, 6)                                                                                                   \
	X(offload, 4)                                                                                                  \
	X(key, 4)                                                                                                      \
	X(sleep, 5)                                                                                                    \
	X(late, 5)                                                                                                     \
	X(mutex, 6)                                                                                                    \
	X(condition, 6)                                                                                                \
	X(rwlock, 5)                                                                                                   \
	X(semaphore, 5)                                                                                                \
	X(event, 5)                                                                                                    \
	X(barrier, 5)                                                                                                  \
	X(waitgroup, 4)                                                                                                \
	X(once, 4)                                                                                                     \
	X(channel, 8)                                                                                                  \
	X(stream, 6)                                                                                                   \
	X(dial, 3)                                                                                                     \
	X(resolve, 2)                                                                                                  \
	X(file, 4)                                                                                                     \
	X(process, 1)                                                                                                  \
	X(signal, 3)                                                                                                   \
	X(outside, 3)                                                                                                  \
	X(mixed, 6)

/* What happens beside the strands of some episodes: somebody stops the runtime again and again; SIGALRM rains. */
#define SOAK_DISTURBANCES(X)                                                                                           \
	X(stops, 0)                                                                                                    \
	X(alarms, 0)

enum soak_kind {
#define X(name, weight) SOAK_##name,
	SOAK_OPERATIONS(X) SOAK_OPERATION_KINDS,
	SOAK_before_disturbances = SOAK_OPERATION_KINDS - 1, /* they follow without a gap */
	SOAK_DISTURBANCES(X) SOAK_KINDS
#undef X
};
#define SOAK_ALL_KINDS ((UINT64_C(1) << SOAK_KINDS) - 1)

#define SOAK_STRANDS_MAX 6u
#define SOAK_ALL_STRANDS ((1u << SOAK_STRANDS_MAX) - 1)
#define SOAK_STEPS_MAX 12u
#define SOAK_DEPTH_MAX 2u

/* The errors that can be planted; see plant.c. */
enum soak_plant {
	SOAK_PLANT_NONE,
	SOAK_PLANT_WRONG,
	SOAK_PLANT_HANG,
	SOAK_PLANT_CRASH,
	SOAK_PLANTS
};

/* Which part of an episode is run. Everything else comes from the seed. */
typedef struct soak_plan {
	uint64_t seed;       /* of the episode */
	uint64_t kinds;      /* a bit for each */
	unsigned strands;    /* a bit for each */
	unsigned first, end; /* steps */
	unsigned workers;    /* 0: from the seed */
	enum soak_plant plant;
} soak_plan;

/* What the child tells the program that watches. */
typedef struct soak_board {
	_Atomic uint64_t beats;    /* counts whatever has been done */
	_Atomic uint64_t episodes; /* ended in this child */
	_Atomic uint64_t all_episodes;
	_Atomic uint64_t seed; /* of the one that runs */
	_Atomic uint64_t done[SOAK_KINDS];
	struct {
		_Atomic uint32_t doing; /* kind + 1; 0: nothing */
		_Atomic uint32_t step;
	} strand[SOAK_STRANDS_MAX];
	_Atomic uint32_t workers;
	_Atomic uint64_t ordered_bits[16]; /* what an ordered reduction of each length gave first */
} soak_board;

extern soak_board *soak_board_;

/* What one strand remembers. */
typedef struct soak_strand {
	unsigned index;
	bool stops;    /* somebody stops the runtime now and then; see episode.c */
	uint64_t done; /* kinds, for plant.c */
} soak_strand;

/* One operation that runs, or a party of it: nobody but the one who runs it draws from its row. */
typedef struct soak_op {
	const soak_plan *plan;
	soak_strand *strand;
	uint64_t row;
	unsigned depth; /* of operations inside of operations */
	unsigned size;  /* about how many elements, nodes, bytes */
} soak_op;

#define SOAK_REQUIRE(condition, ...) ((condition) ? (void)0 : soak_fail(__FILE__, __LINE__, #condition, __VA_ARGS__))

/* Says what is wrong, and aborts. Call from: anywhere in a child. */
__attribute__((format(printf, 4, 5), noreturn)) void soak_fail(const char *file, int line, const char *condition,
                                                               const char *format, ...);

/* --- chance --- */

/* splitmix64 */
static inline uint64_t soak_step(uint64_t *row)
{
	uint64_t z = *row += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* The beginning of another row. */
static inline uint64_t soak_mix(uint64_t row, uint64_t index)
{
	uint64_t state = row ^ (index + 1) * UINT64_C(0xd6e8feb86659fd93);
	return soak_step(&state);
}

/* A number below n. */
static inline uint64_t soak_draw(soak_op *op, uint64_t n)
{
	return soak_step(&op->row) % n;
}

static inline bool soak_chance(soak_op *op, unsigned one_in)
{
	return soak_draw(op, one_in) == 0;
}

/* --- what operations use --- */

/* malloc and calloc, which must succeed. */
void *soak_memory(size_t bytes);
void *soak_zeroed(size_t count, size_t bytes);

/* Computes, yields or sleeps for a moment that is drawn; mostly nothing. */
void soak_moment(soak_op *op);

/* A moment of about so many steps. */
uint64_t soak_work(uint64_t seed, uint64_t steps);

/* A point in time that is near: some tens of microseconds on the average. */
uint64_t soak_soon(soak_op *op);

/*
 * Runs another operation, which salt and the row of op decide, here and now, if there is room for one. op's row is not
 * drawn from, so that pieces of a loop may call this at the same time. Not in what may be cancelled.
 */
void soak_nested(const soak_op *op, uint64_t salt);

/* The operation by the number of its kind, noted on the board. */
void soak_run(soak_op *op, enum soak_kind kind);

/* A kind by its weight. */
enum soak_kind soak_draw_kind(soak_op *op);

extern const char *const soak_kind_name[SOAK_KINDS];

/* Who the parties of a team are. */
enum soak_parties {
	SOAK_ANY,
	SOAK_TASKS,
	SOAK_THREADS
};

/*
 * Runs body(own, arg, 0) to body(own, arg, count - 1) at the same time, as tasks of await.h or as threads, until all
 * are done. own is each party's own op. Where somebody stops the runtime they are all tasks.
 */
#define SOAK_TEAM_MAX 12u
typedef void soak_body(soak_op *own, void *arg, unsigned index);
void soak_team(soak_op *op, enum soak_parties who, unsigned count, soak_body *body, void *arg);

#define X(name, weight) void soak_op_##name(soak_op *op);
SOAK_OPERATIONS(X)
#undef X

/* --- the parts of the program --- */

/* Runs an episode. Call from: the main thread of a child. */
void soak_episode(const soak_plan *plan);

/* What a process has that must not grow by an episode. Call from: the main thread, while nothing runs. */
typedef struct soak_balance {
	unsigned descriptors, threads, mappings;
} soak_balance;
soak_balance soak_balance_read(void);
void soak_balance_require(const soak_balance *before, uint64_t episodes);

/* Planted errors: before an episode; after an operation, where one may show. */
void soak_plant_begin(void);
void soak_plant_look(const soak_op *op, enum soak_kind kind);
const char *soak_plant_name(enum soak_plant plant);
enum soak_plant soak_plant_by_name(const char *name); /* NONE: there is no such one */

/* How a child ended, and where it was. */
typedef struct soak_outcome {
	bool failed, is_hang;
	int status;              /* of waitpid */
	uint64_t episodes, seed; /* done before; of the one that failed */
} soak_outcome;

/* What a child is to do: episodes first, first + 1, ... of the run with that seed, or one episode again and again. */
typedef struct soak_batch {
	soak_plan plan; /* its seed counts if the same episode is repeated */
	uint64_t run_seed, first;
	uint64_t count, until_ns; /* whichever comes first */
	bool repeats, is_quiet;
	bool is_kept;         /* if it hangs, for a debugger */
	uint64_t patience_ns; /* without a beat; 0: for ever */
} soak_batch;

/* Before any child. */
void soak_driver_begin(void);
soak_outcome soak_child_run(const soak_batch *batch);
void soak_outcome_print(const soak_outcome *outcome);

/* The time that the longest operation so far took: hangs are told from it. */
uint64_t soak_longest_gap_ns(void);

/* Prints numbers of operations for each kind. */
void soak_print_counts(void);

/*
 * Makes the plan, which failed, as small as it still fails within that time. tries: how often a part is run before it
 * counts as good.
 */
soak_plan soak_shrink(soak_plan plan, unsigned tries, uint64_t until_ns, uint64_t patience_ns);

/* How often the plan fails within that time, of how many tries. */
unsigned soak_failures(const soak_plan *plan, uint64_t until_ns, uint64_t patience_ns, uint64_t *tried);

/* The command that runs the plan. */
void soak_plan_print(const soak_plan *plan);

/* Plants each error, finds it, shrinks it, and compares with what is known to be the smallest. Returns: exit status. */
int soak_self_test(uint64_t seed);

/* The kind of operation that a strand's step draws. */
enum soak_kind soak_kind_at(uint64_t seed, unsigned strand, unsigned step);

#endif
