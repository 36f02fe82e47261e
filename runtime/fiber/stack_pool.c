/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of a fiber; see stack_pool.h. */
#include "fiber/stack_pool.h"

#include "base/align.h"
#include "base/check.h"
#include "sys/memory.h"

#include <errno.h>
#include <stdlib.h>

#define SLAB_STACKS 64u
/* Guards by protection, at most: two mappings each, of the 65530 that a process may have by default. */
#define PROTECTED_MAX 12000u

#define FIRST_CHUNK_BYTES ((size_t)64 << 10)           /* protected: accounted memory */
#define FIRST_GUARDED_CHUNK_BYTES ((size_t)1 << 20)    /* guarded: small pages up to here */

/* Writable pages are accounted under strict overcommit, so that a big read-write mapping would not be given. */
bool sk_stack_region_can_be_guarded(void)
{
	return sk_memory_guard_available() && sk_memory_overcommit() != 2;
}

static int map_guarded(sk_stack_region *region)
{
	region->low = sk_memory_map(region->bytes);
	if (!region->low)
		return -ENOMEM;
	if (sk_memory_guard(region->low + region->slots_bytes, SK_STACK_GUARD_BYTES) < 0) {
		sk_memory_release(region->low, region->bytes);
		return -ENOMEM;
	}
	region->slots_committed_bytes = sk_min(FIRST_GUARDED_CHUNK_BYTES, region->slots_bytes);
	return 0;
}

static int map_protected(sk_stack_region *region)
{
	region->low = sk_memory_reserve(region->bytes);
	if (!region->low)
		return -ENOMEM;
	char *stack = region->low + region->slots_bytes + SK_STACK_GUARD_BYTES;
	region->slots_committed_bytes = sk_min(FIRST_CHUNK_BYTES, region->slots_bytes);
	if (sk_memory_commit(stack, region->stack_bytes) < 0 ||
	    sk_memory_commit(region->low, region->slots_committed_bytes) < 0) {
		sk_memory_release(region->low, region->bytes);
		return -ENOMEM;
	}
	return 0;
}

int sk_stack_region_map(sk_stack_region *region, size_t slots_bytes, size_t stack_bytes, int node)
{
	size_t page = sk_memory_page();
	region->slots_bytes = sk_round_up(slots_bytes, page);
	region->stack_bytes = sk_round_up(stack_bytes, page);
	region->bytes = region->slots_bytes + SK_STACK_GUARD_BYTES + region->stack_bytes;
	int error = region->is_guarded ? map_guarded(region) : map_protected(region);
	if (error < 0)
		return error;
	region->guard_bytes = SK_STACK_GUARD_BYTES;
	region->slots_low = region->low;
	region->stack_low = region->low + region->slots_bytes + SK_STACK_GUARD_BYTES;
	sk_memory_bind_node(region->low, region->bytes, node);
	return 0;
}

int sk_stack_region_commit_slots(sk_stack_region *region, size_t bytes)
{
	size_t want = sk_min(sk_round_up(bytes, sk_memory_page()), region->slots_bytes);
	if (want <= region->slots_committed_bytes)
		return 0;
	char *more = region->slots_low + region->slots_committed_bytes;
	size_t more_bytes = want - region->slots_committed_bytes;
	if (region->is_guarded)
		sk_memory_huge_pages(more, more_bytes);
	else if (sk_memory_commit(more, more_bytes) < 0)
		return -ENOMEM;
	region->slots_committed_bytes = want;
	return 0;
}

void sk_stack_region_unmap(sk_stack_region *region)
{
	SK_INVARIANT(region->low != NULL, "a region is unmapped once");
	sk_memory_release(region->low, region->bytes);
	region->low = NULL;
}

struct sk_stack_slab {
	struct sk_stack_slab *older;
	char *low;
	size_t bytes;
};

static int add_slab(sk_stack_slabs *slabs, size_t stride, int node)
{
	struct sk_stack_slab *slab = malloc(sizeof *slab);
	if (!slab)
		return -ENOMEM;
	slab->bytes = SLAB_STACKS * stride;
	slab->low = sk_memory_map(slab->bytes);
	if (!slab->low) {
		free(slab);
		return -ENOMEM;
	}
	sk_memory_bind_node(slab->low, slab->bytes, node);
	slab->older = slabs->newest;
	slabs->newest = slab;
	slabs->free_low = slab->low;
	slabs->free_count = SLAB_STACKS;
	return 0;
}

static size_t guard_small(char *low)
{
	return sk_memory_guard(low, SK_STACK_SMALL_GUARD_BYTES) < 0 ? 0 : SK_STACK_SMALL_GUARD_BYTES;
}

static size_t protect_small(sk_stack_slabs *slabs, char *low)
{
	if (slabs->protected_count >= PROTECTED_MAX)
		return 0;
	size_t bytes = guard_small(low);
	if (bytes && ++slabs->protected_count == PROTECTED_MAX)
		sk_verbose("the kernel has no guards without mappings: from %u on, small fibers have none",
			   PROTECTED_MAX);
	return bytes;
}

void sk_stack_region_guard(sk_stack_region *region)
{
	if (region->is_guarded && !region->guard_bytes)
		region->guard_bytes = guard_small(region->low);
}

int sk_stack_slabs_take(sk_stack_slabs *slabs, sk_stack_region *region, size_t stack_bytes, int node)
{
	size_t stack = sk_round_up(stack_bytes, sk_memory_page());
	size_t stride = stack + SK_STACK_SMALL_GUARD_BYTES;
	if (slabs->free_count == 0) {
		int error = add_slab(slabs, stride, node);
		if (error < 0)
			return error;
	}
	*region = (sk_stack_region){ .is_guarded = slabs->is_guarded, .bytes = stride, .stack_bytes = stack };
	region->low = slabs->free_low;
	region->stack_low = region->low + SK_STACK_SMALL_GUARD_BYTES;
	region->guard_bytes = slabs->is_guarded ? 0 : protect_small(slabs, region->low);
	slabs->free_low += stride;
	slabs->free_count--;
	return 0;
}

void sk_stack_slabs_unmap(sk_stack_slabs *slabs)
{
	while (slabs->newest) {
		struct sk_stack_slab *slab = slabs->newest;
		slabs->newest = slab->older;
		sk_memory_release(slab->low, slab->bytes);
		free(slab);
	}
}
