/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store of fibers: headers in chunks that double, so that a header never moves and the i-th is found without a
 * lock (a fault handler does that); regions mapped one by one; idle fibers in a list.
 *
 * Two fibers whose slots and stacks begin at the same offset in a page would compete for the same few sets of the
 * first-level cache, so each fiber's are shifted by a few lines (colouring).
 */
#include "fiber/fiber.h"

#include "base/check.h"
#include "fiber/stack_pool.h"
#include "sys/clock.h"
#include "sys/memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define MADE_PART 16u
#define CHUNKS 24
#define FIRST_CHUNK 64u
#define SLOT_COLOURS 32u
#define STACK_COLOURS 16u
#define STACK_COLOUR_BYTES ((size_t)192)

struct sk_fiber_store {
	/* set once */
	sk_fiber_sizes sizes;
	void (*entry)(void *fiber);
	bool is_guarded;
	uint64_t first_seq; /* of the waits of its fibers */
	/* under lock */
	pthread_mutex_t lock;
	sk_fiber *idle, *bare; /* with a stack, and without */
	size_t idle_count;
	size_t idle_least; /* the least idle_count since the last trim was over */
	size_t excess;     /* of a trim that is not over: stacks that are still to be given back */
	sk_stack_slabs slabs;
	/* written under lock, read by anybody */
	SK_ATOMIC(size_t) count;
	SK_ATOMIC(sk_fiber *) chunk[CHUNKS];
};

#define DEFAULT_STACK_BYTES ((size_t)8 << 20)
#define DEFAULT_SLOTS ((size_t)1000000)
#define SMALL_STACK_BYTES ((size_t)512 << 10)
#define SMALL_SLOTS ((size_t)8192)
/* of small fibers */
#define ASYNC_STACK_BYTES ((size_t)256 << 10)
#define ASYNC_TIGHT_STACK_BYTES ((size_t)64 << 10)

/* The slots of all small fibers: a sentinel (F1), and above it nothing but empty ones (F2). Never written. */
static sk_slot no_slots[4];

const char *sk_fiber_wait_text(uint32_t wait)
{
	static const char *const texts[] = {
#define SK_WAIT_TEXT(name, text) text,
		SK_WAITS(SK_WAIT_TEXT)
#undef SK_WAIT_TEXT
	};
	return wait < sizeof texts / sizeof texts[0] ? texts[wait] : "?";
}

void sk_fiber_sizes_default(sk_fiber_sizes *sizes)
{
	size_t limit = sk_memory_limit();
	bool tight = limit < ((size_t)64 << 30) || sk_memory_overcommit() == 2;
	if (!sizes->stack_bytes)
		sizes->stack_bytes = tight ? SMALL_STACK_BYTES : DEFAULT_STACK_BYTES;
	if (!sizes->slot_count)
		sizes->slot_count = tight ? SMALL_SLOTS : DEFAULT_SLOTS;
}

void sk_fiber_sizes_small(sk_fiber_sizes *sizes)
{
	bool tight = sk_memory_limit() < ((size_t)64 << 30) || sk_memory_overcommit() == 2;
	if (!sizes->stack_bytes)
		sizes->stack_bytes = tight ? ASYNC_TIGHT_STACK_BYTES : ASYNC_STACK_BYTES;
	sizes->slot_count = 0;
}

sk_fiber_store *sk_fiber_store_create(const sk_fiber_sizes *sizes, void (*entry)(void *fiber))
{
	sk_fiber_store *store = calloc(1, sizeof *store);
	if (!store)
		return NULL;
	store->sizes = *sizes;
	store->entry = entry;
	store->is_guarded = sk_stack_region_can_be_guarded();
	store->first_seq = sk_clock_ns() >> 10 & UINT32_MAX;
	store->slabs.is_guarded = store->is_guarded;
	pthread_mutex_init(&store->lock, NULL);
	return store;
}

/* Where the header of a number stands. */
static void locate(size_t index, unsigned *chunk, size_t *at)
{
	size_t shifted = index / FIRST_CHUNK + 1;
	*chunk = (unsigned)(63 - __builtin_clzll((unsigned long long)shifted));
	*at = index - (((size_t)1 << *chunk) - 1) * FIRST_CHUNK;
}

size_t sk_fiber_count(sk_fiber_store *store)
{
	return sk_load_acquire(&store->count); /* edge -> fiber.create : the headers below count are filled */
}

sk_fiber *sk_fiber_at(sk_fiber_store *store, size_t index)
{
	unsigned chunk;
	size_t at;
	locate(index, &chunk, &at);
	return sk_load_relaxed(&store->chunk[chunk]) + at; /* relaxed: published with count */
}

/* The next header, under lock; NULL when there is no memory. */
static sk_fiber *new_header(sk_fiber_store *store, size_t index)
{
	unsigned chunk;
	size_t at;
	locate(index, &chunk, &at);
	if (chunk >= CHUNKS)
		return NULL;
	sk_fiber *headers = sk_load_relaxed(&store->chunk[chunk]); /* relaxed: under the lock */
	if (!headers) {
		size_t bytes = ((size_t)FIRST_CHUNK << chunk) * sizeof(sk_fiber);
		headers = aligned_alloc(SK_CACHE_LINE, bytes);
		if (!headers)
			return NULL;
		sk_store_relaxed(&store->chunk[chunk], headers); /* relaxed: published with count */
	}
	sk_fiber *fiber = headers + at;
	*fiber = (sk_fiber){ .index = (uint32_t)index };
	return fiber;
}

/* LeakSanitizer reads what it is told of, used or not: the slots of some thousand tasks are enough for it. */
#define LEAK_BYTES_MAX ((size_t)1 << 20)
static size_t leak_bytes(const sk_stack_region *region)
{
	return sk_min(region->slots_committed_bytes, LEAK_BYTES_MAX);
}

static void make_context(sk_fiber_store *store, sk_fiber *fiber)
{
	size_t shift = fiber->is_small ? 0 : fiber->index * (size_t)3 % STACK_COLOURS * STACK_COLOUR_BYTES;
	sk_context_make(&fiber->context, fiber->region.stack_low, fiber->region.stack_bytes - shift, store->entry,
	                fiber);
}

/* A small fiber: a stack from a slab, and the slots that all of them share. */
static int give_small_memory(sk_fiber_store *store, sk_fiber *fiber, int node)
{
	fiber->is_small = true;
	int error = sk_stack_slabs_take(&store->slabs, &fiber->region, store->sizes.stack_bytes, node);
	if (error < 0)
		return error;
	fiber->slots = no_slots + 1;
	fiber->fast.limit = fiber->slots;
	fiber->poll_end = fiber->slots;
	sk_store_relaxed(&fiber->committed, 3); /* relaxed: not yet shared */
	fiber->is_bare = true;
	sk_context_root_add(fiber->region.stack_low, fiber->region.stack_bytes);
	return 0;
}

static int give_big_memory(sk_fiber_store *store, sk_fiber *fiber, int node)
{
	size_t colour = (size_t)fiber->index * 5 % SLOT_COLOURS;
	/* the sentinel (F1), the colour, and two above the last usable slot (F2) */
	size_t slots_bytes = (1 + colour + store->sizes.slot_count + 2) * SK_SLOT_BYTES;
	fiber->region.is_guarded = store->is_guarded;
	int error = sk_stack_region_map(&fiber->region, slots_bytes, store->sizes.stack_bytes, node);
	if (error < 0)
		return error;
	fiber->slots = (sk_slot *)(void *)fiber->region.slots_low + 1 + colour;
	fiber->slot_capacity = store->sizes.slot_count;
	fiber->fast.limit = fiber->slots;
	size_t readable = fiber->region.slots_committed_bytes / SK_SLOT_BYTES - 1 - colour;
	sk_store_relaxed(&fiber->committed, (uint32_t)sk_min(readable, fiber->slot_capacity + 2)); /* not yet shared */
	fiber->poll_end = fiber->slots + sk_load_relaxed(&fiber->committed) - 2;                   /* own */
	make_context(store, fiber);
	sk_context_root_add(fiber->region.stack_low, fiber->region.stack_bytes);
	sk_context_root_add(fiber->region.slots_low, leak_bytes(&fiber->region));
	return 0;
}

static int give_memory(sk_fiber_store *store, sk_fiber *fiber, int node)
{
	sk_store_relaxed(&fiber->wait, SK_WAIT_IDLE); /* relaxed: not yet shared */
	/* No seq of an earlier runtime: a ticket that is still on its way must not fit. */
	sk_store_relaxed(&fiber->wake, store->first_seq << 32 | 1); /* relaxed: not yet shared */
	return store->sizes.slot_count ? give_big_memory(store, fiber, node) : give_small_memory(store, fiber, node);
}

static void take_memory(sk_fiber *fiber)
{
	sk_context_root_remove(fiber->region.stack_low, fiber->region.stack_bytes);
	if (!fiber->is_bare)
		sk_context_destroy(&fiber->context);
	if (fiber->is_small)
		return; /* the slabs are unmapped as a whole */
	sk_context_root_remove(fiber->region.slots_low, leak_bytes(&fiber->region));
	sk_stack_region_unmap(&fiber->region);
}

/*
 * Without the lock: a system call and the first touch of a page are long enough for other workers that start tasks to
 * queue behind them.
 */
void sk_fiber_make_stack(sk_fiber_store *store, sk_fiber *fiber)
{
	if (fiber->is_small)
		sk_stack_region_guard(&fiber->region);
	make_context(store, fiber);
	fiber->is_bare = false;
}

static sk_fiber *pop(sk_fiber **list)
{
	sk_fiber *fiber = *list;
	if (fiber)
		*list = fiber->next;
	return fiber;
}

/* One with a stack; NULL when there is none. Under lock. */
static sk_fiber *take_with_stack(sk_fiber_store *store)
{
	sk_fiber *fiber = pop(&store->idle);
	if (!fiber)
		return NULL;
	store->idle_count--;
	store->idle_least = sk_min(store->idle_least, store->idle_count);
	return fiber;
}

/* An idle fiber, perhaps a bare one; NULL when there is none. Under lock. */
static sk_fiber *take_idle(sk_fiber_store *store)
{
	sk_fiber *fiber = take_with_stack(store);
	return fiber ? fiber : pop(&store->bare);
}

/* A new fiber; NULL when there is no memory. Under lock. */
static sk_fiber *make(sk_fiber_store *store, int node)
{
	size_t index = sk_load_relaxed(&store->count); /* relaxed: under the lock */
	sk_fiber *fiber = new_header(store, index);
	if (!fiber || give_memory(store, fiber, node) < 0)
		return NULL;
	sk_store_release(&store->count, index + 1); /* edge fiber.create -> : the header, but for what furnish makes */
	return fiber;
}

/*
 * So many more are made at once, where one is needed: what is made too much stays below a part of all. Guards that are
 * mappings are made under the lock, and there is a limit to them: no more of these than are needed.
 */
static unsigned made_at_once(sk_fiber_store *store, unsigned most)
{
	if (!store->is_guarded)
		return 1;
	size_t part = sk_load_relaxed(&store->count) / MADE_PART + 1; /* relaxed: under the lock */
	return part < most ? (unsigned)part : most;
}

static sk_fiber **append(sk_fiber **last, sk_fiber *fiber)
{
	*last = fiber;
	return &fiber->next;
}

sk_fiber *sk_fiber_acquire_some(sk_fiber_store *store, int node, unsigned most, unsigned *count, unsigned *made)
{
	sk_fiber *list = NULL, **last = &list, *fiber;
	*count = *made = 0;
	pthread_mutex_lock(&store->lock);
	for (; *count < most && (fiber = take_idle(store)) != NULL; ++*count)
		last = append(last, fiber);
	if (!list)
		for (most = made_at_once(store, most); *made < most && (fiber = make(store, node)) != NULL; ++*made)
			last = append(last, fiber);
	*count += *made;
	*last = NULL;
	pthread_mutex_unlock(&store->lock);
	return list;
}

sk_fiber *sk_fiber_acquire(sk_fiber_store *store, int node)
{
	unsigned count, made;
	sk_fiber *fiber = sk_fiber_acquire_some(store, node, 1, &count, &made);
	if (fiber)
		sk_fiber_furnish(store, fiber);
	return fiber;
}

void sk_fiber_recycle_all(sk_fiber_store *store, sk_fiber *list)
{
	pthread_mutex_lock(&store->lock);
	while (list) {
		sk_fiber *fiber = list;
		list = fiber->next;
		SK_INVARIANT(!fiber->is_bare, "it has a stack");
		fiber->next = store->idle;
		store->idle = fiber;
		store->idle_count++;
	}
	pthread_mutex_unlock(&store->lock);
}

void sk_fiber_recycle(sk_fiber_store *store, sk_fiber *fiber)
{
	fiber->next = NULL;
	sk_fiber_recycle_all(store, fiber);
}

/* Takes off what is to be trimmed now, at most so many. Under lock. */
static sk_fiber *take_excess(sk_fiber_store *store, size_t keep, size_t most)
{
	sk_fiber *list = NULL;
	if (store->excess == 0)
		store->excess = store->idle_least > keep ? store->idle_least - keep : 0;
	for (; most > 0 && store->excess > 0; most--, store->excess--) {
		sk_fiber *fiber = take_with_stack(store);
		if (!fiber) {
			store->excess = 0; /* they were needed after all */
			break;
		}
		fiber->next = list;
		list = fiber;
	}
	if (store->excess == 0)
		store->idle_least = store->idle_count;
	return list;
}

static void give_bare(sk_fiber_store *store, sk_fiber *list)
{
	pthread_mutex_lock(&store->lock);
	for (sk_fiber *fiber; (fiber = pop(&list)) != NULL; store->bare = fiber)
		fiber->next = store->bare;
	pthread_mutex_unlock(&store->lock);
}

size_t sk_fiber_trim(sk_fiber_store *store, size_t keep, size_t most, bool *is_over)
{
	pthread_mutex_lock(&store->lock);
	sk_fiber *list = take_excess(store, keep, most);
	size_t left = store->idle_count > keep ? store->idle_count - keep : 0;
	*is_over = store->excess == 0;
	pthread_mutex_unlock(&store->lock);
	for (sk_fiber *fiber = list; fiber; fiber = fiber->next) {
		sk_context_destroy(&fiber->context);
		sk_memory_discard(fiber->region.stack_low, fiber->region.stack_bytes);
		fiber->is_bare = true;
	}
	give_bare(store, list);
	return left;
}

void sk_fiber_store_destroy(sk_fiber_store *store)
{
	size_t count = sk_fiber_count(store);
	for (size_t i = 0; i < count; i++)
		take_memory(sk_fiber_at(store, i));
	sk_stack_slabs_unmap(&store->slabs);
	for (unsigned i = 0; i < CHUNKS; i++)
		free(sk_load_relaxed(&store->chunk[i])); /* relaxed: nobody else is left */
	pthread_mutex_destroy(&store->lock);
	free(store);
}

bool sk_fiber_grow_slots(sk_fiber *fiber)
{
	size_t committed = sk_load_relaxed(&fiber->committed); /* own */
	if (committed >= fiber->slot_capacity + 2)
		return false;
	sk_stack_region *region = &fiber->region;
	size_t before = leak_bytes(region);
	if (sk_stack_region_commit_slots(region, region->slots_committed_bytes * 2) < 0)
		return false;
	sk_context_root_remove(region->slots_low, before);
	sk_context_root_add(region->slots_low, leak_bytes(region));
	size_t below = (size_t)(fiber->slots - (sk_slot *)(void *)region->slots_low);
	size_t readable = sk_min(region->slots_committed_bytes / SK_SLOT_BYTES - below, fiber->slot_capacity + 2);
	/* relaxed: a thief that reads the old value searches less far */
	sk_store_relaxed(&fiber->committed, (uint32_t)readable);
	fiber->poll_end = fiber->slots + readable - 2;
	return true;
}

/* Reads without order what others may be about to write of fibers that do not run yet. */
__attribute__((no_sanitize("thread"))) void sk_fiber_describe_fault(sk_fiber_store *store, void *address, char *out,
                                                                   size_t size)
{
	size_t count = sk_fiber_count(store);
	for (size_t i = 0; i < count; i++) {
		const sk_fiber *fiber = sk_fiber_at(store, i);
		const char *guard = fiber->region.stack_low - fiber->region.guard_bytes;
		const char *at = address;
		if (at < guard || at >= fiber->region.stack_low)
			continue;
		snprintf(out, size,
		         "stack overflow of %sfiber %u: its stack has %zu KiB; set %s (bytes, suffixes K, M, G) or "
		         "skua_config.%s higher",
		         fiber->is_small ? "small " : "", fiber->index, fiber->region.stack_bytes >> 10,
		         fiber->is_small ? "SKUA_ASYNC_STACK" : "SKUA_STACK",
		         fiber->is_small ? "async_stack_bytes" : "stack_bytes");
		return;
	}
}
