/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys. A task has no values before the first is set; then it has an array of them, for all keys that there may be. The
 * array hangs on the task's scope, for a root on the root, for a plain thread on the thread.
 */
#include "await/key.h"

#include "await/async.h"
#include "base/hot.h"
#include "sched/pool.h"
#include "sched/root.h"

#include <skua/await.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#define KEYS_MAX 64u

/* Each is written once, before its number is given out. */
static struct {
	SK_ATOMIC(uint32_t) count;
	void (*destroy[KEYS_MAX])(void *value);
} keys;

static pthread_key_t thread_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

int skua_key_create(skua_key *key, void (*destroy)(void *value))
{
	uint32_t next = sk_load_relaxed(&keys.count); /* relaxed: the CAS decides */
	do {
		if (next >= KEYS_MAX)
			return -EAGAIN;
	} while (!sk_cas_relaxed(&keys.count, &next, next + 1)); /* relaxed: who uses the key had it from the caller */
	keys.destroy[next] = destroy;
	sk_store_relaxed(&sk_root_values_end, sk_key_end); /* relaxed: always the same */
	*key = next;
	return 0;
}

/* A destructor may set values again; as with threads, that is followed a few times. */
void sk_key_end(void ***place)
{
	uint32_t count = sk_load_relaxed(&keys.count); /* relaxed: a value was set after its key was made */
	bool again = true;
	for (int round = 0; again && round < 4; round++) {
		again = false;
		for (uint32_t key = 0; key < count; key++) {
			void *value = (*place)[key];
			(*place)[key] = NULL;
			if (value && keys.destroy[key]) {
				keys.destroy[key](value);
				again = true;
			}
		}
	}
	free(*place);
	*place = NULL;
}

static void thread_ended(void *values)
{
	void **array = values;
	sk_key_end(&array);
}

static void make_thread_key(void)
{
	pthread_key_create(&thread_key, thread_ended);
}

/* Where the caller's array hangs, if it is a task. */
static void ***place_of_task(void)
{
	sk_fiber *fiber = sk_fiber_self();
	if (!fiber)
		return NULL;
	if (fiber->scope)
		return &fiber->scope->values;
	sk_root *root = sk_load_relaxed(&fiber->root); /* relaxed: own */
	return root ? &root->values : NULL;
}

/* NULL: the caller has none, and does not want any or there is no memory. */
static void **values_of_caller(bool make)
{
	void ***place = place_of_task();
	if (!place)
		pthread_once(&once, make_thread_key);
	void **values = place ? *place : pthread_getspecific(thread_key);
	if (values || !make)
		return values;
	values = calloc(KEYS_MAX, sizeof *values);
	if (values && place)
		*place = values;
	else if (values && pthread_setspecific(thread_key, values) != 0) {
		free(values);
		values = NULL;
	}
	return values;
}

void *skua_key_get(skua_key key)
{
	void **values = key < KEYS_MAX ? values_of_caller(false) : NULL;
	return values ? values[key] : NULL;
}

int skua_key_set(skua_key key, void *value)
{
	if (key >= sk_load_relaxed(&keys.count)) /* relaxed: the caller had the key from its maker */
		return -EINVAL;
	void **values = values_of_caller(true);
	if (!values)
		return -ENOMEM;
	values[key] = value;
	return 0;
}
