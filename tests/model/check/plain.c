/* SPDX-License-Identifier: Apache-2.0 */
/* Plain memory; see plain.h. */
#include "plain.h"

#include "execution.h"
#include "memory.h"

#include <string.h>

#define ARENA_BYTES (1024u * 1024)
#define GRANULE 4u
#define GRANULES (ARENA_BYTES / GRANULE + MODEL_THREADS * MODEL_STACK_BYTES / GRANULE)

static struct {
	_Alignas(4096) char arena[ARENA_BYTES];
	char stacks[MODEL_THREADS][MODEL_STACK_BYTES];
} memory;
static size_t used;

typedef struct model_granule {
	uint32_t execution; /* of another one: nothing is known */
	uint16_t write_clock;
	uint8_t writer; /* MODEL_NO_THREAD: nobody, or before the threads began */
	bool is_freed;
	uint16_t read_clock[MODEL_THREADS]; /* 0: not read */
} model_granule;

static model_granule granules[GRANULES];
static uint32_t execution;

void model_plain_reset(void)
{
	memset(memory.arena, 0, used);
	used = 0;
	execution++;
}

void *model_stack(unsigned thread)
{
	return memory.stacks[thread];
}

/* A header before each block holds its size. */
#define HEADER 64u

void *model_new(size_t bytes)
{
	bytes = (bytes + 127) & ~(size_t)127;
	if (used + HEADER + bytes + HEADER > ARENA_BYTES)
		model_fail("the arena of %u bytes is used up", ARENA_BYTES);
	char *block = memory.arena + used + HEADER;
	block += (size_t) - (uintptr_t)block & 127;
	memcpy(block - sizeof bytes, &bytes, sizeof bytes);
	used = (size_t)(block - memory.arena) + bytes;
	return block;
}

static model_granule *granule_of(uintptr_t address)
{
	size_t offset = address - (uintptr_t)&memory;
	if (offset >= sizeof memory)
		return NULL;
	model_granule *granule = &granules[offset / GRANULE];
	if (granule->execution != execution) {
		*granule = (model_granule){ .execution = execution, .writer = MODEL_NO_THREAD };
	}
	return granule;
}

static bool is_before(unsigned by, uint16_t clock)
{
	return by == MODEL_NO_THREAD || by == model_self() || clock <= model_view_of(model_self())->current.clock[by];
}

static void check_granule(model_granule *granule, bool is_write)
{
	if (granule->is_freed)
		model_fail("an access to memory that was freed, or is not there yet");
	if (!is_before(granule->writer, granule->write_clock))
		model_fail("a data race: thread %u %s plain memory that thread %u has written, and nothing orders them",
		           model_self(), is_write ? "writes" : "reads", granule->writer);
	if (!is_write)
		return;
	for (unsigned t = 0; t < MODEL_THREADS; t++)
		if (granule->read_clock[t] && !is_before(t, granule->read_clock[t]))
			model_fail("a data race: thread %u writes plain memory that thread %u has read, and nothing "
			           "orders them",
			           model_self(), t);
}

void model_plain(const void *address, size_t bytes, bool is_write)
{
	if (model_is_alone())
		return;
	unsigned self = model_self();
	uint16_t clock = model_view_of(self)->current.clock[self];
	uintptr_t from = (uintptr_t)address & ~(uintptr_t)(GRANULE - 1);
	for (uintptr_t at = from; at < (uintptr_t)address + bytes; at += GRANULE) {
		model_granule *granule = granule_of(at);
		if (!granule)
			return;
		check_granule(granule, is_write);
		if (is_write) {
			granule->writer = (uint8_t)self;
			granule->write_clock = clock;
		} else {
			granule->read_clock[self] = clock;
		}
	}
}

void model_plain_atomic(const void *address, size_t bytes)
{
	if (model_is_alone())
		return;
	for (uintptr_t at = (uintptr_t)address; at < (uintptr_t)address + bytes; at += GRANULE) {
		model_granule *granule = granule_of(at);
		if (granule)
			check_granule(granule, false);
	}
}

void model_free(void *block)
{
	if (!block)
		return;
	size_t bytes;
	memcpy(&bytes, (char *)block - sizeof bytes, sizeof bytes);
	model_plain(block, bytes, true);
	for (size_t at = 0; at < bytes; at += GRANULE)
		granule_of((uintptr_t)block + at)->is_freed = true;
}

void model_protect(void *at, size_t bytes, bool is_accessible)
{
	for (size_t offset = 0; offset < bytes; offset += GRANULE)
		granule_of((uintptr_t)at + offset)->is_freed = !is_accessible;
}

/* --- what the compiler calls --- */

#define HOOKS(bytes)                                                                                                   \
	void __tsan_read##bytes(void *at);                                                                             \
	void __tsan_write##bytes(void *at);                                                                            \
	void __tsan_unaligned_read##bytes(void *at);                                                                   \
	void __tsan_unaligned_write##bytes(void *at);                                                                  \
	void __tsan_read##bytes(void *at)                                                                              \
	{                                                                                                              \
		model_plain(at, bytes, false);                                                                         \
	}                                                                                                              \
	void __tsan_write##bytes(void *at)                                                                             \
	{                                                                                                              \
		model_plain(at, bytes, true);                                                                          \
	}                                                                                                              \
	void __tsan_unaligned_read##bytes(void *at)                                                                    \
	{                                                                                                              \
		model_plain(at, bytes, false);                                                                         \
	}                                                                                                              \
	void __tsan_unaligned_write##bytes(void *at)                                                                   \
	{                                                                                                              \
		model_plain(at, bytes, true);                                                                          \
	}
HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)

void __tsan_init(void);
void __tsan_func_entry(void *caller);
void __tsan_func_exit(void);
void __tsan_read_range(void *at, size_t bytes);
void __tsan_write_range(void *at, size_t bytes);

void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller)
{
	(void)caller;
}

void __tsan_func_exit(void)
{
}

void __tsan_read_range(void *at, size_t bytes)
{
	model_plain(at, bytes, false);
}

void __tsan_write_range(void *at, size_t bytes)
{
	model_plain(at, bytes, true);
}

/* Newer compilers call these for copies. */
void *__tsan_memcpy(void *to, const void *from, size_t bytes);
void *__tsan_memmove(void *to, const void *from, size_t bytes);
void *__tsan_memset(void *at, int value, size_t bytes);

void *__tsan_memcpy(void *to, const void *from, size_t bytes)
{
	return __tsan_memmove(to, from, bytes);
}

void *__tsan_memmove(void *to, const void *from, size_t bytes)
{
	model_plain(from, bytes, false);
	model_plain(to, bytes, true);
	return memmove(to, from, bytes);
}

void *__tsan_memset(void *at, int value, size_t bytes)
{
	model_plain(at, bytes, true);
	return memset(at, value, bytes);
}
