/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for the first of several things: futures, channels, events, semaphores and descriptors, with a deadline.
 *
 *     #include <skua/skua.h>
 *     #include <stdio.h>
 *
 *     static void *answer(void *channel)
 *     {
 *         int value = 42;
 *         skua_channel_send(channel, &value);
 *         return NULL;
 *     }
 *
 *     int main(void)
 *     {
 *         skua_channel *answers = skua_channel_create(0, sizeof(int));
 *         skua_event stop = SKUA_EVENT_INIT;
 *         skua_future *task = skua_async(answer, answers);
 *         int value = 0;
 *         skua_case cases[] = { SKUA_ON_RECV(answers, &value), SKUA_ON_EVENT(&stop) };
 *         switch (skua_select(cases, 2, skua_now_ns() + 1000000000)) {
 *         case 0:
 *             printf("the answer is %d\n", value);
 *             break;
 *         case 1:
 *             puts("stopped");
 *             break;
 *         default:
 *             puts("too late");
 *         }
 *         skua_await(task);
 *         skua_channel_destroy(answers);
 *     }
 *
 * Exactly one case happens; the others have no effect at all: nothing is sent, received or taken for them.
 *
 * The cases:
 *
 * SKUA_ON_FUTURE(future): it is done, so that skua_await does not wait. Each future once, and nobody else waits for it.
 *
 * SKUA_ON_RECV(channel, place): an element was received into *place; or the channel is closed and empty (result
 * -EPIPE).
 *
 * SKUA_ON_SEND(channel, value): *value was sent; or the channel is closed (result -EPIPE).
 *
 * SKUA_ON_EVENT(event): it is set.
 *
 * SKUA_ON_SEM(sem): one was taken.
 *
 * And SKUA_ON_FD(fd, events) of io.h: a descriptor is ready.
 */
#ifndef SKUA_SELECT_H
#define SKUA_SELECT_H

#include <skua/await.h>
#include <skua/sync.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum skua_case_kind {
	SKUA_CASE_FUTURE,
	SKUA_CASE_SEND,
	SKUA_CASE_RECV,
	SKUA_CASE_EVENT,
	SKUA_CASE_SEM,
	SKUA_CASE_FD,
	SKUA_CASE_KINDS
};

/* Made by the macros below. Belongs to the select while that waits. */
typedef struct skua_case {
	enum skua_case_kind kind;
	int result; /* out, of the case that happened: 0, or as said above */
	void *object;
	void *value;
	int fd;
	int events;
	uint64_t sk_opaque[16];
} skua_case;

static inline skua_case skua_case_make(enum skua_case_kind kind, const void *object, const void *value)
{
	skua_case one;
	one.kind = kind;
	one.result = 0;
	one.object = (void *)(uintptr_t)object;
	one.value = (void *)(uintptr_t)value;
	one.fd = -1;
	one.events = 0;
	return one;
}

#define SKUA_ON_FUTURE(future) skua_case_make(SKUA_CASE_FUTURE, (future), NULL)
#define SKUA_ON_RECV(channel, place) skua_case_make(SKUA_CASE_RECV, (channel), (place))
#define SKUA_ON_SEND(channel, value) skua_case_make(SKUA_CASE_SEND, (channel), (value))
#define SKUA_ON_EVENT(event) skua_case_make(SKUA_CASE_EVENT, (event), NULL)
#define SKUA_ON_SEM(sem) skua_case_make(SKUA_CASE_SEM, (sem), NULL)

/*
 * Waits until one of the cases happens. If several could, one of them is chosen at random. Without cases it waits for
 * the deadline.
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread.
 * Orders: as the call that the case stands for.
 * Returns: the index of the case that happened; -ETIMEDOUT; -ECANCELED; -EINVAL a case is of no kind that there is.
 * Undefined if: a future stands in two cases, or another caller waits for it at the same time (reported, then abort).
 * Memory: the cases, and what they point at, are the caller's, and are not touched after the return.
 */
int skua_select(skua_case *cases, size_t count, uint64_t deadline_ns);

#ifdef __cplusplus
}
#endif
#endif
