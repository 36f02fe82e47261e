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

/* Where a plain thread's array hangs: one more than the number of the pthread key; 0: nobody has made a key yet. */
static SK_ATOMIC(uint32_t) thread_key;

static void thread_ended(void *values)
{
	void **array = values;
	sk_key_end(&array);
}

static bool make_thread_key(void)
{
	uint32_t none = 0;
	pthread_key_t made;
	if (sk_load_relaxed(&thread_key) != 0) /* relaxed: a number, which does not change */
		return true;
	if (pthread_key_create(&made, thread_ended) != 0)
		return false;
	if (!sk_cas_relaxed(&thread_key, &none, made + 1)) /* relaxed: as above */
		pthread_key_delete(made);
	return true;
}

int skua_key_create(skua_key *key, void (*destroy)(void *value))
{
	if (!make_thread_key())
		return -EAGAIN;
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
	uint32_t own = sk_load_relaxed(&thread_key); /* relaxed: a number, made before the caller's key */
	if (own == 0)
		return NULL;
	void **values = place ? *place : pthread_getspecific(own - 1);
	if (values || !make)
		return values;
	values = calloc(KEYS_MAX, sizeof *values);
	if (values && place)
		*place = values;
	else if (values && pthread_setspecific(own - 1, values) != 0) {
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
