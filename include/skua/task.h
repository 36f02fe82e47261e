/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks: fork-join at about the price of a function call.
 *
 *     #include <skua/skua.h>
 *     #include <stdio.h>
 *
 *     SKUA_TASK(long, fib, int, n)
 *     {
 *         if (n < 2)
 *             return n;
 *         SKUA_SPAWN(fib, n - 1);               // may run elsewhere
 *         long y = SKUA_CALL(fib, n - 2);       // an ordinary call
 *         return SKUA_SYNC(fib) + y;            // takes the spawn back: runs it here, or fetches its result
 *     }
 *
 *     int main(void)
 *     {
 *         printf("%ld\n", SKUA_RUN(fib, 42));
 *     }
 *
 * Use it for recursive and irregular parallelism. For a loop over an index range use loop.h; for a program whose
 * tasks mostly wait use await.h.
 *
 * SKUA_TASK(R, name, T1, a1, ...) { body }
 *     Defines a task, local to the file, with result type R (may be void) and 0 to 8 arguments, passed by value. All
 *     arguments together and the result must each fit in 48 bytes; a larger one fails to compile with a message that
 *     says so: pass a pointer. In C++ arguments must be trivially copyable; the result may be any type that can be
 *     moved, and an exception that leaves the body ends the program (std::terminate).
 * SKUA_TASK_FORWARD(R, name, T1, a1, ...);
 *     Announces a SKUA_TASK of this file that is defined further down (mutual recursion).
 * SKUA_TASK_DECLARE(R, name, T1, a1, ...);
 *     Announces a task in a header; exactly one source defines it with SKUA_TASK_DEFINE(R, name, T1, a1, ...) { }.
 *
 * SKUA_SPAWN(name, arguments ...)
 *     Allows the call name(arguments) to run in parallel with what follows, up to its SKUA_SYNC.
 *     Call from: the body of a task (elsewhere it does not compile).
 *     Blocks: nothing as a rule; when something from outside waits for a worker (a task of another thread, say) and all
 *         are busy, the fiber may give way to it. So hold no lock of the system across a spawn or a sync, and mind
 *         what is said of errno and thread-locals at the sync.
 *     Orders: what the caller did before is visible to the task.
 *     Undefined if: the function returns, or longjmp leaves it, before the matching sync. The checked build names
 *         function, file and line of a return.
 *     Memory: the arguments are copied. What they point to must live until the sync.
 * SKUA_SYNC(name)
 *     Takes back the youngest un-synced spawn of this function body, which must be one of `name`, and gives its
 *     result. Write at most one sync in an expression, since C does not say which of two comes first.
 *     Call from: the body of a task.
 *     Blocks: the fiber, while another worker still runs the task; the worker goes on with other work, so that
 *         afterwards the body may run on another thread than before. errno keeps its value, but compilers keep its
 *         address: a function that uses errno or a thread-local on both sides of a sync may see the old thread's. Use
 *         it on one side only, or in a function that is not inlined.
 *     Orders: everything that the task did is visible afterwards.
 *     Undefined if: nothing is spawned, or the youngest spawn is of another task (checked build: function, file, line).
 * SKUA_CALL(name, arguments ...)
 *     An ordinary call of a task from the body of another: no parallelism, no cost.
 * SKUA_RUN(name, arguments ...)
 *     Runs a task and gives its result, from anywhere:
 *     from a thread that is no worker it starts the runtime if need be and takes part in the work until the task is
 *     done; from a plain function called inside a task it calls the task on the same fiber.
 *     A thread that takes part does the work of its own task, and steals from no other. But what its task starts or
 *     wakes (a task of await.h, or one of another thread that waited for a lock) is ready on the same worker, and may
 *     run on this thread too. If such a one runs when the own task ends elsewhere, the call returns when it next waits,
 *     spawns or ends, or soon after. So a thread that calls SKUA_RUN holds no lock of the system that any task wants.
 *     Blocks: the thread (outside), the fiber (inside).
 *     Errors: a runtime that cannot start ends the program with a message; call skua_start first to see the error.
 *
 * Checks: SKUA_CHECK=1 before the include (or -DSKUA_CHECK=1) adds the checks of misuse named above. It is the
 * default where the compiler does not optimise, and 0 where it does. Files with and without checks can be mixed.
 *
 * Rules of thumb: spawn all but the last child and SKUA_CALL that one; a task should be worth a microsecond on
 * average if it is to be stolen at a profit, but an un-stolen one costs about a nanosecond whatever its size.
 *
 * Source: the deque that holds the tasks themselves is the direct task stack of Faxén, "Wool - a work stealing
 * library" (2008), in the form of van Dijk and van de Pol, "Lace: non-blocking split deque for work-stealing" (2014);
 * spawn order and the bounds are those of Blumofe and Leiserson, "Scheduling multithreaded computations by work
 * stealing" (J. ACM 46, 1999).
 */
#ifndef SKUA_TASK_H
#define SKUA_TASK_H

#include <stddef.h>
#include <stdint.h>

#ifndef SKUA_CHECK
#ifdef __OPTIMIZE__
#define SKUA_CHECK 0
#else
#define SKUA_CHECK 1
#endif
#endif

#ifdef __cplusplus
#include <new>
#include <type_traits>
#include <utility>
extern "C" {
#endif

struct sk_slot;
struct sk_fiber;

/* What a slot's task does: reads the arguments from slot, runs with head as its first free slot, leaves the result. */
typedef void (*sk_run)(struct sk_slot *slot, struct sk_fiber *fiber, struct sk_slot *head);

/* One spawned and not yet synced task. 64 bytes: one cache line. */
typedef struct sk_slot {
	sk_run run; /* non-NULL exactly from the end of the spawn to the beginning of the sync; the owner writes it */
	uintptr_t state; /* 0, or of a stolen task: done, or who waits for it; see runtime/sched/join.h */
	char bytes[48];  /* arguments, then the result */
} __attribute__((aligned(64))) sk_slot;

/* The words of a fiber that the fast path reads; the fiber itself goes on behind them (runtime/fiber/fiber.h). */
typedef struct sk_fast {
	struct sk_slot *poll;  /* a spawn at or above it takes the slow path; NULL asks every spawn to */
	struct sk_slot
	        *limit; /* a sync below it takes the slow path; never below split outside the owner's slow paths */
} sk_fast;

/* The slow paths; programs do not call them. */
void sk_spawn_slow(struct sk_fiber *fiber, struct sk_slot *slot);
int sk_sync_slow(struct sk_fiber *fiber, struct sk_slot *slot); /* 1: run it yourself, 0: its result is there */
void sk_run_root(struct sk_slot *slot);
#ifdef __cplusplus
#define SK_NORETURN [[noreturn]]
#else
#define SK_NORETURN _Noreturn
#endif
SK_NORETURN void sk_misuse_sync(struct sk_slot *slot, const char *task, const char *file, int line);
SK_NORETURN void sk_misuse_return(const char *task, const char *file, int line);

#ifdef __cplusplus
}
#endif

#include <skua/door.h>

/* clang tells of the comma before an empty list where the macro is defined, that is, here, whoever uses it. */
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wgnu-zero-variadic-macro-arguments"
#endif

#define SK_UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define SK_INLINE static inline __attribute__((always_inline, unused))
#define SK_FAST(fiber) ((sk_fast *)(void *)(fiber))

/* The hidden parameters. Their names are what the compiler prints when a macro is used outside a task. */
#define sk_fiber_ skua_spawn_sync_and_call_work_only_inside_a_SKUA_TASK
#define sk_head_ skua_spawn_sync_and_call_work_only_inside_a_SKUA_TASK_head

/* Result storage: R, or a byte for void. */
#ifdef __cplusplus
#define SK_ASSERT static_assert
namespace skua_detail
{
template <class R> struct result_box {
	using type = R;
};
template <> struct result_box<void> {
	using type = char;
};
template <class R, class Call> __attribute__((always_inline)) inline void result_store(void *to, Call call)
{
	if constexpr (std::is_void<R>::value) {
		(void)to;
		call();
	} else {
		new (to) R(call());
	}
}
template <class R> __attribute__((always_inline)) inline R result_load(void *from)
{
	if constexpr (std::is_void<R>::value) {
		(void)from;
	} else {
		R *stored = static_cast<R *>(from);
		R result(std::move(*stored));
		stored->~R();
		return result;
	}
}
/* Does something after the call, if only nothing; see SK_RETURN_INNER. */
template <class R, class Call> __attribute__((always_inline)) inline R not_last(Call call)
{
	if constexpr (std::is_void<R>::value) {
		call();
		__asm__ volatile("");
	} else {
		R result = call();
		__asm__ volatile("");
		return result;
	}
}
/* Looks at the head's slot when the call is over. */
struct return_check {
	sk_slot *head;
	const char *task;
	const char *file;
	int line;
	~return_check()
	{
		if (SK_DOOR_LOAD_RUN(head) != static_cast<sk_run>(nullptr))
			sk_misuse_return(task, file, line);
	}
};
} // namespace skua_detail
#define SK_RESULT(R) typename skua_detail::result_box<__typeof__(R)>::type
#define SK_RESULT_STORE(R, to, call)                                                                                   \
	skua_detail::result_store<__typeof__(R)>(to, [&]() -> decltype(auto) { return call; })
#define SK_RESULT_LOAD(R, from) return skua_detail::result_load<__typeof__(R)>(from)
#define SK_NOEXCEPT noexcept
#else
#define SK_ASSERT _Static_assert
#define SK_IS_VOID(R) __builtin_types_compatible_p(__typeof__(R), void)
#define SK_RESULT(R)                                                                                                   \
	__typeof__(*(__typeof__(__builtin_choose_expr(SK_IS_VOID(R), (char *)0, (__typeof__(R) *)0)))0)
#define SK_RESULT_STORE(R, to, call)                                                                                   \
	(void)(*(SK_RESULT(R) *)(void *)(to) = __builtin_choose_expr(SK_IS_VOID(R), ((call), (char)0), (call)))
#define SK_RESULT_LOAD(R, from)                                                                                        \
	return __builtin_choose_expr(SK_IS_VOID(R), (void)0, *(SK_RESULT(R) *)(void *)(from))
#define SK_NOEXCEPT
#endif

/* The checks of misuse: where they are off, nothing is passed and nothing is compared. */
#if SKUA_CHECK
#define SK_WHERE_PARAM , const char *sk_file, int sk_line
#define SK_WHERE , __FILE__, __LINE__
#define SK_CHECK_SYNC(slot, function, task)                                                                            \
	(SK_DOOR_LOAD_RUN(slot) == (function) ? (void)0 : sk_misuse_sync((slot), task, sk_file, sk_line))
#define SK_CHECK_RETURN(head, task, file, line)                                                                        \
	(SK_DOOR_LOAD_RUN(head) == (sk_run)0 ? (void)0 : sk_misuse_return(task, file, line))
#else
#define SK_WHERE_PARAM
#define SK_WHERE
#define SK_CHECK_SYNC(slot, function, task) ((void)0)
#define SK_CHECK_RETURN(head, task, file, line) ((void)0)
#endif

/* return call; with checks, the task must have left its head's slot empty. */
#if SKUA_CHECK && defined(__cplusplus)
#define SK_RETURN(R, name, head, call)                                                                                 \
	do {                                                                                                           \
		skua_detail::return_check sk_check = { (head), #name, __FILE__, __LINE__ };                            \
		return call;                                                                                           \
	} while (0)
#elif SKUA_CHECK
#define SK_RETURN(R, name, head, call)                                                                                 \
	do {                                                                                                           \
		SK_RESULT(R) sk_result;                                                                                \
		SK_RESULT_STORE(R, &sk_result, call);                                                                  \
		SK_CHECK_RETURN(head, #name, __FILE__, __LINE__);                                                      \
		SK_RESULT_LOAD(R, &sk_result);                                                                         \
	} while (0)
#else
#define SK_RETURN(R, name, head, call) return call
#endif

/*
 * The same, but never as a tail call. gcc would turn "return SKUA_SYNC(f) + y;" into a loop with an accumulator, and
 * then not inline the body into itself any more. An empty asm behind the call prevents that and is no instruction.
 */
#if SKUA_CHECK
#define SK_RETURN_INNER SK_RETURN
#elif defined(__cplusplus)
#define SK_RETURN_INNER(R, name, head, call)                                                                           \
	return skua_detail::not_last<__typeof__(R)>([&]() -> decltype(auto) { return call; })
#else
#define SK_RETURN_INNER(R, name, head, call)                                                                           \
	do {                                                                                                           \
		SK_RESULT(R) sk_result;                                                                                \
		SK_RESULT_STORE(R, &sk_result, call);                                                                  \
		__asm__ volatile("");                                                                                  \
		SK_RESULT_LOAD(R, &sk_result);                                                                         \
	} while (0)
#endif

/* SK_EACH(X, T1, a1, ...): X(T1, a1) X(T2, a2) ... for 0 to 8 pairs. */
#define SK_EACH(X, ...) SK_EACH_CAT(SK_EACH_, SK_PAIRS(X, ##__VA_ARGS__))(X, ##__VA_ARGS__)
#define SK_EACH_CAT(a, b) SK_EACH_CAT_(a, b)
#define SK_EACH_CAT_(a, b) a##b
#define SK_PAIRS(...) SK_PAIRS_(__VA_ARGS__, 8, ODD, 7, ODD, 6, ODD, 5, ODD, 4, ODD, 3, ODD, 2, ODD, 1, ODD, 0, ~)
#define SK_PAIRS_(x, _1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15, _16, count, ...) count
#define SK_EACH_ODD(X, ...) X(skua_error_a_task_takes_up_to_8_arguments_each_a_type_and_a_name, sk_error)
#define SK_EACH_0(X)
#define SK_EACH_1(X, T, a) X(T, a)
#define SK_EACH_2(X, T, a, ...) X(T, a) SK_EACH_1(X, __VA_ARGS__)
#define SK_EACH_3(X, T, a, ...) X(T, a) SK_EACH_2(X, __VA_ARGS__)
#define SK_EACH_4(X, T, a, ...) X(T, a) SK_EACH_3(X, __VA_ARGS__)
#define SK_EACH_5(X, T, a, ...) X(T, a) SK_EACH_4(X, __VA_ARGS__)
#define SK_EACH_6(X, T, a, ...) X(T, a) SK_EACH_5(X, __VA_ARGS__)
#define SK_EACH_7(X, T, a, ...) X(T, a) SK_EACH_6(X, __VA_ARGS__)
#define SK_EACH_8(X, T, a, ...) X(T, a) SK_EACH_7(X, __VA_ARGS__)

#define SK_ARG_PARAM(T, sk_arg) , __typeof__(T) sk_arg
#define SK_ARG_FIELD(T, sk_arg) __typeof__(T) sk_arg;
/* A copy by bytes also fills a const argument. */
#define SK_ARG_FILL(T, sk_arg) __builtin_memcpy((void *)&sk_t->u.a.sk_arg, (const void *)&sk_arg, sizeof(sk_arg));
#define SK_ARG_STORED(T, sk_arg) , sk_t->u.a.sk_arg
#define SK_ARG_GIVEN(T, sk_arg) , sk_arg
#ifdef __cplusplus
#define SK_ARG_ASSERT(T, sk_arg)                                                                                       \
	SK_ASSERT(std::is_trivially_copyable<__typeof__(T)>::value,                                                    \
		  "skua: argument " #sk_arg " is copied as bytes: pass a pointer to it instead");
#else
#define SK_ARG_ASSERT(T, sk_arg)
#endif

#define SK_HIDDEN                                                                                                      \
	struct sk_fiber *sk_fiber_ __attribute__((unused)), struct sk_slot *sk_head_ __attribute__((unused))
#define SK_LOCAL static inline __attribute__((unused))

/*
 * gcc inlines a recursive task a few levels deep into itself; clang never does that, and then pays for every leaf with
 * a frame. For clang the user's block is therefore compiled three times, as body, second and third, which call each
 * other in a circle, and which it does inline into each other if they are small. Which of them a call site is in, is
 * a constant hidden parameter.
 */
#if defined(__clang__) && defined(__OPTIMIZE__) && !defined(__OPTIMIZE_SIZE__)
#define sk_level_ skua_spawn_sync_and_call_work_only_inside_a_SKUA_TASK_level
#define SK_BLOCK_HIDDEN int sk_level_ __attribute__((unused)), SK_HIDDEN
#define SK_LEVEL_PARAM int sk_level,
#define SK_LEVEL sk_level_,
/* The call of a task from a use; arguments begin with a comma. */
#define SK_INNER(name, ...)                                                                                            \
	(sk_level == 0   ? name##_sk_second(sk_f, sk_p __VA_ARGS__)                                                    \
	 : sk_level == 1 ? name##_sk_third(sk_f, sk_p __VA_ARGS__)                                                     \
			 : name##_sk_body(sk_f, sk_p __VA_ARGS__))
#define SK_CIRCLE_LOCAL(R, name, ...)                                                                                  \
	SK_LOCAL __typeof__(R) name##_sk_second(SK_HIDDEN SK_EACH(SK_ARG_PARAM, ##__VA_ARGS__));                       \
	SK_LOCAL __typeof__(R) name##_sk_third(SK_HIDDEN SK_EACH(SK_ARG_PARAM, ##__VA_ARGS__))
#define SK_CIRCLE_SHARED(R, name, ...)                                                                                 \
	SK_INLINE __typeof__(R)                                                                                        \
	name##_sk_second(struct sk_fiber *sk_f, struct sk_slot *sk_p SK_EACH(SK_ARG_PARAM, ##__VA_ARGS__))             \
	{                                                                                                              \
		return name##_sk_body(sk_f, sk_p SK_EACH(SK_ARG_GIVEN, ##__VA_ARGS__));                                \
	}                                                                                                              \
	SK_INLINE __typeof__(R)                                                                                        \
	name##_sk_third(struct sk_fiber *sk_f, struct sk_slot *sk_p SK_EACH(SK_ARG_PARAM, ##__VA_ARGS__))              \
	{                                                                                                              \
		return name##_sk_body(sk_f, sk_p SK_EACH(SK_ARG_GIVEN, ##__VA_ARGS__));                                \
	}                                                                                                              \
	SK_ASSERT(1, "")
#define SK_ONE_OF_CIRCLE(LINK, R, name, which, level, ...)                                                             \
	LINK __typeof__(R)                                                                                             \
	name##which(struct sk_fiber *sk_f, struct sk_slot *sk_p SK_EACH(SK_ARG_PARAM, ##__VA_ARGS__))                  \
	{                                                                                                              \
		return name##_sk_block(level, sk_f, sk_p SK_EACH(SK_ARG_GIVEN, ##__VA_ARGS__));                        \
	}
#define SK_BLOCK_HEAD(R, name, ...)                                                                                    \
	static inline __attribute__((always_inline)) __typeof__(R)                                                     \
	name##_sk_block(SK_BLOCK_HIDDEN SK_EACH(SK_ARG_PARAM, ##__VA_ARGS__))
#define SK_BLOCK_LOCAL(R, name, ...)                                                                                   \
	SK_BLOCK_HEAD(R, name, ##__VA_ARGS__);                                                                         \
	SK_ONE_OF_CIRCLE(SK_LOCAL, R, name, _sk_body, 0, ##__VA_ARGS__)                                                \
	SK_ONE_OF_CIRCLE(SK_LOCAL, R, name, _sk_second, 1, ##__VA_ARGS__)                                              \
	SK_ONE_OF_CIRCLE(SK_LOCAL, R, name, _sk_third, 2, ##__VA_ARGS__)                                               \
	SK_BLOCK_HEAD(R, name, ##__VA_ARGS__)
#define SK_BLOCK_SHARED(R, name, ...)                                                                                  \
	SK_BLOCK_HEAD(R, name, ##__VA_ARGS__);                                                                         \
	SK_ONE_OF_CIRCLE(, R, name, _sk_body, 2, ##__VA_ARGS__)                                                        \
	SK_BLOCK_HEAD(R, name, ##__VA_ARGS__)
#else
#define SK_LEVEL_PARAM
#define SK_LEVEL
#define SK_INNER(name, ...) name##_sk_body(sk_f, sk_p __VA_ARGS__)
#define SK_CIRCLE_LOCAL(R, name, ...) SK_ASSERT(1, "")
#define SK_CIRCLE_SHARED(R, name, ...) SK_ASSERT(1, "")
#define SK_BLOCK_LOCAL(R, name, ...)                                                                                   \
	SK_LOCAL __typeof__(R) name##_sk_body(SK_HIDDEN SK_EACH(SK_ARG_PARAM, ##__VA_ARGS__))
#define SK_BLOCK_SHARED(R, name, ...)                                                                                  \
	__typeof__(R) name##_sk_body(SK_HIDDEN SK_EACH(SK_ARG_PARAM, ##__VA_ARGS__))
#endif

/* What the task's slot holds. */
#define SK_TASK_TYPE(R, name, ...)                                                                                     \
	__extension__ typedef struct name##_sk_slot {                                                                  \
		sk_run run;                                                                                            \
		uintptr_t state;                                                                                       \
		__extension__ union {                                                                                  \
			__extension__ struct {                                                                         \
				SK_EACH(SK_ARG_FIELD, ##__VA_ARGS__) char sk_none[0];                                  \
			} a;                                                                                           \
			SK_RESULT(R) r;                                                                                \
		} u;                                                                                                   \
	} name##_sk_slot;                                                                                              \
	SK_EACH(SK_ARG_ASSERT, ##__VA_ARGS__)                                                                          \
	SK_ASSERT(sizeof(name##_sk_slot) <= sizeof(sk_slot), "skua: the arguments or the result of task " #name        \
							     " do not fit a slot (48 bytes): pass a pointer")

/* The body and the function that a thief calls. */
#define SK_TASK_PROTOTYPES(LINK, R, name, ...)                                                                         \
	LINK __typeof__(R) name##_sk_body(SK_HIDDEN SK_EACH(SK_ARG_PARAM, ##__VA_ARGS__));                             \
	LINK void name##_sk_run(struct sk_slot *sk_q, struct sk_fiber *sk_f, struct sk_slot *sk_p) SK_NOEXCEPT

/* What the macros call; prototypes, so that a task can be used before it is defined. */
#define SK_TASK_USE_PROTOTYPES(R, name, ...)                                                                           \
	SK_INLINE void name##_sk_spawn(struct sk_fiber *sk_f,                                                          \
				       struct sk_slot **sk_at SK_EACH(SK_ARG_PARAM, ##__VA_ARGS__));                   \
	SK_INLINE __typeof__(R)                                                                                        \
	name##_sk_sync(SK_LEVEL_PARAM struct sk_fiber *sk_f, struct sk_slot **sk_at SK_WHERE_PARAM);                   \
	SK_INLINE __typeof__(R) name##_sk_call(SK_LEVEL_PARAM struct sk_fiber *sk_f,                                   \
					       struct sk_slot **sk_at SK_EACH(SK_ARG_PARAM, ##__VA_ARGS__));           \
	static __attribute__((noinline, unused)) __typeof__(R)                                                         \
	name##_sk_root(int sk_none SK_EACH(SK_ARG_PARAM, ##__VA_ARGS__))

/*
 * Spawn: arguments, run, one compare. Sync: run, one compare, the call. Call sites reach them through always-inline
 * functions that take the address of the head, so that two of them in one expression cannot corrupt it; the compiler
 * keeps the head in a register all the same.
 */
#define SK_TASK_USE(R, name, ...)                                                                                      \
	SK_INLINE void name##_sk_spawn(struct sk_fiber *sk_f,                                                          \
				       struct sk_slot **sk_at SK_EACH(SK_ARG_PARAM, ##__VA_ARGS__))                    \
	{                                                                                                              \
		struct sk_slot *sk_p = *sk_at;                                                                         \
		name##_sk_slot *sk_t = (name##_sk_slot *)(void *)sk_p;                                                 \
		SK_EACH(SK_ARG_FILL, ##__VA_ARGS__)                                                                    \
		SK_DOOR_STORE_RUN(sk_t, name##_sk_run);                                                                \
		*sk_at = sk_p + 1;                                                                                     \
		if (SK_UNLIKELY(sk_p >= SK_DOOR_LOAD_POLL(SK_FAST(sk_f))))                                             \
			sk_spawn_slow(sk_f, sk_p);                                                                     \
	}                                                                                                              \
	static __attribute__((noinline, unused)) __typeof__(R)                                                         \
	name##_sk_late(struct sk_fiber *sk_f, struct sk_slot *sk_p)                                                    \
	{                                                                                                              \
		name##_sk_slot *sk_t = (name##_sk_slot *)(void *)sk_p;                                                 \
		if (sk_sync_slow(sk_f, sk_p))                                                                          \
			SK_RETURN(R, name, sk_p,                                                                       \
				  name##_sk_body(sk_f, sk_p SK_EACH(SK_ARG_STORED, ##__VA_ARGS__)));                   \
		SK_RESULT_LOAD(R, &sk_t->u.r);                                                                         \
	}                                                                                                              \
	SK_INLINE __typeof__(R)                                                                                        \
	name##_sk_sync(SK_LEVEL_PARAM struct sk_fiber *sk_f, struct sk_slot **sk_at SK_WHERE_PARAM)                    \
	{                                                                                                              \
		struct sk_slot *sk_p = --*sk_at;                                                                       \
		name##_sk_slot *sk_t = (name##_sk_slot *)(void *)sk_p;                                                 \
		(void)sk_t;                                                                                            \
		SK_CHECK_SYNC(sk_p, name##_sk_run, #name);                                                             \
		SK_DOOR_CLEAR_RUN(sk_t);                                                                               \
		if (SK_UNLIKELY(sk_p < SK_DOOR_LOAD_LIMIT(SK_FAST(sk_f))))                                             \
			return name##_sk_late(sk_f, sk_p);                                                             \
		SK_RETURN_INNER(R, name, sk_p, SK_INNER(name, SK_EACH(SK_ARG_STORED, ##__VA_ARGS__)));                 \
	}                                                                                                              \
	SK_INLINE __typeof__(R) name##_sk_call(SK_LEVEL_PARAM struct sk_fiber *sk_f,                                   \
					       struct sk_slot **sk_at SK_EACH(SK_ARG_PARAM, ##__VA_ARGS__))            \
	{                                                                                                              \
		struct sk_slot *sk_p = *sk_at;                                                                         \
		SK_RETURN(R, name, sk_p, SK_INNER(name, SK_EACH(SK_ARG_GIVEN, ##__VA_ARGS__)));                        \
	}                                                                                                              \
	static __attribute__((noinline, unused)) __typeof__(R)                                                         \
	name##_sk_root(int sk_none SK_EACH(SK_ARG_PARAM, ##__VA_ARGS__))                                               \
	{                                                                                                              \
		struct sk_slot sk_space;                                                                               \
		name##_sk_slot *sk_t = (name##_sk_slot *)(void *)&sk_space;                                            \
		(void)sk_none;                                                                                         \
		SK_EACH(SK_ARG_FILL, ##__VA_ARGS__)                                                                    \
		sk_space.state = 0;                                                                                    \
		sk_space.run = name##_sk_run;                                                                          \
		sk_run_root(&sk_space);                                                                                \
		SK_RESULT_LOAD(R, &sk_t->u.r);                                                                         \
	}                                                                                                              \
	SK_ASSERT(1, "")

/* The function that a thief calls. */
#define SK_TASK_RUN(LINK, R, name, ...)                                                                                \
	LINK void name##_sk_run(struct sk_slot *sk_q, struct sk_fiber *sk_f, struct sk_slot *sk_p) SK_NOEXCEPT         \
	{                                                                                                              \
		name##_sk_slot *sk_t = (name##_sk_slot *)(void *)sk_q;                                                 \
		SK_RESULT_STORE(R, &sk_t->u.r, name##_sk_body(sk_f, sk_p SK_EACH(SK_ARG_STORED, ##__VA_ARGS__)));      \
		SK_CHECK_RETURN(sk_p, #name, __FILE__, __LINE__);                                                      \
	}                                                                                                              \
	SK_ASSERT(1, "")

/* The public macros. */
#define SKUA_TASK_FORWARD(R, name, ...)                                                                                \
	SK_TASK_PROTOTYPES(SK_LOCAL, R, name, ##__VA_ARGS__);                                                          \
	SK_TASK_USE_PROTOTYPES(R, name, ##__VA_ARGS__)
/* The user's braces follow. */
#define SKUA_TASK(R, name, ...)                                                                                        \
	SK_TASK_TYPE(R, name, ##__VA_ARGS__);                                                                          \
	SK_TASK_PROTOTYPES(SK_LOCAL, R, name, ##__VA_ARGS__);                                                          \
	SK_CIRCLE_LOCAL(R, name, ##__VA_ARGS__);                                                                       \
	SK_TASK_USE(R, name, ##__VA_ARGS__);                                                                           \
	SK_TASK_RUN(SK_LOCAL, R, name, ##__VA_ARGS__);                                                                 \
	SK_BLOCK_LOCAL(R, name, ##__VA_ARGS__)
#define SKUA_TASK_DECLARE(R, name, ...)                                                                                \
	SK_TASK_TYPE(R, name, ##__VA_ARGS__);                                                                          \
	SK_TASK_PROTOTYPES(extern, R, name, ##__VA_ARGS__);                                                            \
	SK_CIRCLE_SHARED(R, name, ##__VA_ARGS__);                                                                      \
	SK_TASK_USE(R, name, ##__VA_ARGS__)
#define SKUA_TASK_DEFINE(R, name, ...)                                                                                 \
	SK_TASK_RUN(, R, name, ##__VA_ARGS__);                                                                         \
	SK_BLOCK_SHARED(R, name, ##__VA_ARGS__)

#define SKUA_SPAWN(name, ...) name##_sk_spawn(sk_fiber_, &sk_head_, ##__VA_ARGS__)
#define SKUA_SYNC(name) name##_sk_sync(SK_LEVEL sk_fiber_, &sk_head_ SK_WHERE)
#define SKUA_CALL(name, ...) name##_sk_call(SK_LEVEL sk_fiber_, &sk_head_, ##__VA_ARGS__)
#define SKUA_RUN(name, ...) name##_sk_root(0, ##__VA_ARGS__)

#ifdef __clang__
#pragma clang diagnostic pop
#endif

#endif
