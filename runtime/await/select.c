/* SPDX-License-Identifier: Apache-2.0 */
/* Select; see select.h. */
#include "await/select.h"

#include "await/async.h"
#include "await/channel.h"
#include "await/event.h"
#include "await/semaphore.h"
#include "base/hot.h"
#include "base/rng.h"
#include "sys/clock.h"

#include <errno.h>

_Static_assert(sizeof(sk_queue_node) <= sizeof(((skua_case *)NULL)->sk_opaque), "a case has room for its node");

static inline sk_queue_node *node_of(skua_case *one)
{
	return (sk_queue_node *)(void *)one->sk_opaque;
}

static sk_queue_node *new_node(skua_case *one, sk_ticket ticket, uint32_t cause)
{
	sk_queue_node *node = node_of(one);
	sk_queue_node_init(node, NULL, cause, one->value); /* enlisted on the next context */
	node->ticket = ticket;
	return node;
}

/* --- futures --- */

static bool future_attempt(skua_case *one)
{
	return skua_future_done(one->object);
}

static bool future_enlist(skua_case *one, sk_ticket ticket, uint32_t cause)
{
	(void)cause;
	return sk_async_enlist(one->object, ticket);
}

static void future_delist(skua_case *one, sk_ticket ticket, bool happened)
{
	(void)happened;
	sk_async_delist(one->object, ticket);
}

/* --- channels --- */

static bool send_attempt(skua_case *one)
{
	one->result = sk_channel_send_now(one->object, one->value);
	return one->result != -EAGAIN;
}

static bool send_enlist(skua_case *one, sk_ticket ticket, uint32_t cause)
{
	return sk_channel_enlist_send(one->object, new_node(one, ticket, cause));
}

static void send_delist(skua_case *one, sk_ticket ticket, bool happened)
{
	(void)ticket;
	if (happened)
		one->result = node_of(one)->result;
	else
		sk_channel_delist_send(one->object, node_of(one));
}

static bool recv_attempt(skua_case *one)
{
	one->result = sk_channel_recv_now(one->object, one->value);
	return one->result != -EAGAIN;
}

static bool recv_enlist(skua_case *one, sk_ticket ticket, uint32_t cause)
{
	return sk_channel_enlist_recv(one->object, new_node(one, ticket, cause));
}

static void recv_delist(skua_case *one, sk_ticket ticket, bool happened)
{
	(void)ticket;
	if (happened)
		one->result = node_of(one)->result;
	else
		sk_channel_delist_recv(one->object, node_of(one));
}

/* --- events and semaphores --- */

static bool event_attempt(skua_case *one)
{
	return skua_event_is_set(one->object);
}

static bool event_enlist(skua_case *one, sk_ticket ticket, uint32_t cause)
{
	return sk_waitable_enlist(sk_event_of(one->object), new_node(one, ticket, cause), sk_event_is_there);
}

static bool sem_attempt(skua_case *one)
{
	return skua_sem_trywait(one->object) == 0;
}

static bool sem_enlist(skua_case *one, sk_ticket ticket, uint32_t cause)
{
	return sk_waitable_enlist(sk_sem_of(one->object), new_node(one, ticket, cause), sk_sem_is_there);
}

static void waitable_delist(skua_case *one, sk_ticket ticket, bool happened)
{
	(void)ticket;
	if (!happened)
		sk_waitable_delist((sk_waitable *)one->object, node_of(one));
}

/* --- all kinds --- */

static const sk_case_kind future_kind = { future_attempt, future_enlist, future_delist };
static const sk_case_kind send_kind = { send_attempt, send_enlist, send_delist };
static const sk_case_kind recv_kind = { recv_attempt, recv_enlist, recv_delist };
static const sk_case_kind event_kind = { event_attempt, event_enlist, waitable_delist };
static const sk_case_kind sem_kind = { sem_attempt, sem_enlist, waitable_delist };

/* The last one is set once, by io/. */
static SK_ATOMIC(const sk_case_kind *) kinds[SKUA_CASE_KINDS] = {
	[SKUA_CASE_FUTURE] = { &future_kind }, [SKUA_CASE_SEND] = { &send_kind }, [SKUA_CASE_RECV] = { &recv_kind },
	[SKUA_CASE_EVENT] = { &event_kind },   [SKUA_CASE_SEM] = { &sem_kind },
};

void sk_select_provide(enum skua_case_kind kind, const sk_case_kind *functions)
{
	sk_store_release(&kinds[kind], functions); /* edge select.kind -> : what the functions rest on */
}

static inline const sk_case_kind *kind_of(const skua_case *one)
{
	return sk_load_acquire(&kinds[one->kind]); /* edge -> select.kind : what the functions rest on */
}

static bool is_valid(const skua_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if ((unsigned)cases[i].kind >= SKUA_CASE_KINDS || !kind_of(&cases[i]))
			return false;
	return true;
}

/* --- the choice --- */

/* Which case to begin with. The generator is the thread's. */
static __attribute__((noinline)) size_t random_below(size_t count)
{
	static SK_THREAD_LOCAL sk_rng rng;
	__asm__ volatile(""); /* fibers move: the address is not to be kept */
	if (rng.state == 0)
		sk_rng_seed(&rng, (uint64_t)(uintptr_t)&rng ^ sk_clock_ticks());
	return sk_rng_below(&rng, (uint32_t)count);
}

typedef struct selection {
	skua_case *cases;
	size_t count, first;
	sk_ticket ticket;
	size_t enlisted; /* so many, from first on */
} selection;

static inline size_t index_of(const selection *mine, size_t turn)
{
	size_t index = mine->first + turn;
	return index < mine->count ? index : index - mine->count;
}

/* 1; the index, or -1. */
static int attempt(selection *mine)
{
	for (size_t turn = 0; turn < mine->count; turn++) {
		size_t index = index_of(mine, turn);
		mine->cases[index].result = 0;
		if (kind_of(&mine->cases[index])->attempt(&mine->cases[index]))
			return (int)index;
	}
	return -1;
}

/* 2 */
static bool enlist(void *arg, sk_ticket ticket)
{
	selection *mine = arg;
	mine->ticket = ticket;
	for (; mine->enlisted < mine->count; mine->enlisted++) {
		size_t index = index_of(mine, mine->enlisted);
		uint32_t cause = SK_CAUSE_EVENT + 1 + (uint32_t)index;
		if (!kind_of(&mine->cases[index])->enlist(&mine->cases[index], ticket, cause))
			return false;
	}
	return true;
}

/* 4 */
static void delist(selection *mine, uint32_t cause)
{
	for (size_t turn = 0; turn < mine->enlisted; turn++) {
		size_t index = index_of(mine, turn);
		bool happened = cause == SK_CAUSE_EVENT + 1 + (uint32_t)index;
		kind_of(&mine->cases[index])->delist(&mine->cases[index], mine->ticket, happened);
	}
	mine->enlisted = 0;
}

/* The cause was a future's. */
static int find_done(const selection *mine)
{
	for (size_t turn = 0; turn < mine->count; turn++) {
		size_t index = index_of(mine, turn);
		if (mine->cases[index].kind == SKUA_CASE_FUTURE && skua_future_done(mine->cases[index].object))
			return (int)index;
	}
	return -1;
}

/* A descriptor's event may have been for another side, or for another reader. */
static inline bool has_happened(const skua_case *one)
{
	return one->kind != SKUA_CASE_FD || one->result != 0;
}

/* A plain thread that asks for what only a task can wait for. */
typedef struct by_task {
	skua_case *cases;
	size_t count;
	uint64_t deadline_ns;
	int result;
} by_task;

static void *select_in_task(void *arg)
{
	by_task *asked = arg;
	asked->result = skua_select(asked->cases, asked->count, asked->deadline_ns);
	return arg;
}

static bool needs_task(const skua_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (cases[i].kind == SKUA_CASE_FD)
			return sk_fiber_self() == NULL;
	return false;
}

static int select_by_task(skua_case *cases, size_t count, uint64_t deadline_ns)
{
	by_task asked = { .cases = cases, .count = count, .deadline_ns = deadline_ns };
	skua_future *task = skua_async(select_in_task, &asked);
	if (!task)
		return -ENOMEM;
	skua_await(task);
	return asked.result;
}

int skua_select(skua_case *cases, size_t count, uint64_t deadline_ns)
{
	if (count > INT32_MAX || !is_valid(cases, count))
		return -EINVAL;
	if (needs_task(cases, count))
		return select_by_task(cases, count, deadline_ns);
	selection mine = { .cases = cases, .count = count };
	const sk_wait_for what = {
		.enlist = count > 0 ? enlist : NULL,
		.arg = &mine,
		.deadline_ns = deadline_ns,
		.why = SK_WAIT_SELECT,
		.cancellable = true,
	};
	for (;;) {
		mine.first = random_below(count);
		int index = attempt(&mine);
		if (index >= 0)
			return index;
		if (deadline_ns != SK_TIMERS_NEVER && deadline_ns <= sk_clock_ns())
			return -ETIMEDOUT;
		uint32_t cause = sk_wait(&what);
		delist(&mine, cause);
		if (cause == SK_CAUSE_TIMEOUT)
			return -ETIMEDOUT;
		if (cause == SK_CAUSE_CANCEL)
			return -ECANCELED;
		if (cause == SK_CAUSE_EVENT)
			return find_done(&mine);
		if (cause > SK_CAUSE_EVENT && has_happened(&cases[cause - SK_CAUSE_EVENT - 1]))
			return (int)(cause - SK_CAUSE_EVENT - 1);
	}
}
