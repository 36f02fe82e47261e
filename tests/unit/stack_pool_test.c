/* SPDX-License-Identifier: Apache-2.0 */
/* Regions of fibers, got in either of the two ways: what can be written, what faults, what comes in pieces. */
#include "fiber/stack_pool.h"

#include "sys/memory.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLOTS_BYTES ((size_t)300 << 10)
#define STACK_BYTES ((size_t)100 << 10)

static void protect_by_mapping(void)
{
	setenv("SKUA_GUARD", "mprotect", 1);
	cr_assert_not(sk_memory_guard_available());
}

static sk_stack_region map(void)
{
	sk_stack_region region = { 0 };
	cr_assert_eq(sk_stack_region_map(&region, SLOTS_BYTES, STACK_BYTES, -1), 0);
	return region;
}

/* Whether a write there ends the program; tried in a child. */
static bool faults(char *at)
{
	int status;
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		if (!freopen("/dev/null", "w", stderr)) /* a sanitizer's report is not wanted */
			_exit(1);
		*(char volatile *)at = 1;
		_exit(0);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	return !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void expect_zero_then_fill(char *low, size_t bytes, int with)
{
	for (size_t i = 0; i < bytes; i += 1000)
		if (low[i] != 0)
			cr_assert_fail("byte %zu is not fresh", i);
	memset(low, with, bytes);
}

static void expect_layout(void)
{
	sk_stack_region region = map();
	size_t page = sk_memory_page();
	cr_assert_geq(region.slots_bytes, SLOTS_BYTES);
	cr_assert_geq(region.stack_bytes, STACK_BYTES);
	cr_assert_eq(((uintptr_t)region.stack_low | region.stack_bytes | (uintptr_t)region.slots_low) % page, 0);
	cr_assert_geq(region.slots_low, region.low);
	cr_assert_eq(region.stack_low, region.slots_low + region.slots_bytes + SK_STACK_GUARD_BYTES);
	cr_assert_eq(region.stack_low + region.stack_bytes, region.low + region.bytes);
	expect_zero_then_fill(region.slots_low, region.slots_committed_bytes, 1);
	expect_zero_then_fill(region.stack_low, region.stack_bytes, 2);
	cr_assert_eq(region.slots_low[region.slots_committed_bytes - 1], 1, "slots and stack do not overlap");
	cr_assert(faults(region.stack_low - 1), "the guard begins below the stack");
	cr_assert(faults(region.stack_low - SK_STACK_GUARD_BYTES), "and ends above the slots");
	cr_assert_not(faults(region.stack_low));
	cr_assert_not(faults(region.slots_low + region.slots_committed_bytes - 1));
	char *low = region.low;
	sk_stack_region_unmap(&region);
	cr_assert_null(region.low);
	cr_assert(msync(low, page, MS_ASYNC) == -1 && errno == ENOMEM, "its addresses are given back");
}

Test(stack_pool, a_region_has_slots_a_guard_and_a_stack)
{
	expect_layout();
}

Test(stack_pool, a_protected_region_has_slots_a_guard_and_a_stack, .init = protect_by_mapping)
{
	expect_layout();
}

Test(stack_pool, protected_slots_come_in_pieces, .init = protect_by_mapping)
{
	sk_stack_region region = map();
	cr_assert_lt(region.slots_committed_bytes, region.slots_bytes);
	cr_assert(faults(region.slots_low + region.slots_committed_bytes), "what has not come faults");
	size_t before = region.slots_committed_bytes, bytes = before + 1;
	cr_assert_eq(sk_stack_region_commit_slots(&region, bytes), 0);
	cr_assert_geq(region.slots_committed_bytes, bytes);
	expect_zero_then_fill(region.slots_low + before, region.slots_committed_bytes - before, 3);
	before = region.slots_committed_bytes;
	cr_assert_eq(sk_stack_region_commit_slots(&region, 1), 0, "is there already");
	cr_assert_eq(region.slots_committed_bytes, before);
	cr_assert_eq(sk_stack_region_commit_slots(&region, SIZE_MAX / 2), 0, "more than there are: all of them");
	cr_assert_eq(region.slots_committed_bytes, region.slots_bytes);
	expect_zero_then_fill(region.slots_low + before, region.slots_bytes - before, 4);
	cr_assert(faults(region.slots_low + region.slots_bytes), "the guard stays");
	sk_stack_region_unmap(&region);
}

static void expect_many(void)
{
	enum { COUNT = 200 };
	static sk_stack_region regions[COUNT];
	for (int i = 0; i < COUNT; i++) {
		regions[i] = map();
		memset(regions[i].stack_low, i + 1, 1000);
		memset(regions[i].slots_low, i + 1, 1000);
	}
	for (int i = 0; i < COUNT; i++) {
		cr_assert_eq((unsigned char)regions[i].stack_low[999], i + 1, "region %d belongs to nobody else", i);
		cr_assert_eq((unsigned char)regions[i].slots_low[999], i + 1, "region %d belongs to nobody else", i);
		sk_stack_region_unmap(&regions[i]);
	}
}

Test(stack_pool, regions_do_not_share_memory)
{
	expect_many();
}

Test(stack_pool, protected_regions_do_not_share_memory, .init = protect_by_mapping)
{
	expect_many();
}

static void expect_no_memory(void)
{
	sk_stack_region region = { 0 };
	cr_assert_eq(sk_stack_region_map(&region, SLOTS_BYTES, (size_t)1 << 50, -1), -ENOMEM);
	cr_assert_eq(sk_stack_region_map(&region, SLOTS_BYTES, STACK_BYTES, -1), 0, "a smaller one is there");
	sk_stack_region_unmap(&region);
}

Test(stack_pool, a_region_larger_than_the_address_space_is_refused)
{
	expect_no_memory();
}

Test(stack_pool, a_protected_region_larger_than_the_address_space_is_refused, .init = protect_by_mapping)
{
	expect_no_memory();
}

/* Where a guard costs mappings, the kernel's number of them is not used up. */
Test(stack_pool, so_many_small_stacks_are_protected_and_later_ones_are_not)
{
	enum { MANY = 13000 };
	protect_by_mapping();
	sk_stack_slabs slabs = { .is_guarded = false };
	unsigned protected_count = 0;
	bool is_over = false;
	for (unsigned i = 0; i < MANY; i++) {
		sk_stack_region region;
		cr_assert_eq(sk_stack_slabs_take(&slabs, &region, sk_memory_page(), -1), 0);
		*region.stack_low = 1;
		is_over |= region.guard_bytes == 0;
		cr_assert_eq(region.guard_bytes, is_over ? 0 : SK_STACK_SMALL_GUARD_BYTES, "stack %u", i);
		protected_count += region.guard_bytes > 0;
		if (i == 0)
			cr_assert(faults(region.low));
	}
	cr_assert(is_over);
	cr_assert_gt(protected_count, 1000);
	sk_stack_slabs_unmap(&slabs);
}
