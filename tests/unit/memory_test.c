/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages: what is reserved, guarded and discarded behaves so. Whether an address may be touched is asked of the kernel,
 * by writing a byte from there into a pipe, which fails instead of faulting.
 */
#include "sys/memory.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static bool readable(const volatile char *address)
{
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	bool yes = write(ends[1], (const void *)(uintptr_t)address, 1) == 1;
	close(ends[0]);
	close(ends[1]);
	return yes;
}

Test(memory, a_page_is_a_power_of_two)
{
	size_t page = sk_memory_page();

	cr_assert_geq(page, 4096);
	cr_assert_eq(page & (page - 1), 0);
}

Test(memory, a_reservation_is_out_of_reach_until_it_is_committed)
{
	size_t page = sk_memory_page();
	char *memory = sk_memory_reserve(4 * page);

	cr_assert_not_null(memory);
	cr_assert_not(readable(memory + page));
	cr_assert_eq(sk_memory_commit(memory + page, page), 0);
	cr_assert(readable(memory + page));
	cr_assert_eq(memory[page], 0);
	memory[page] = 1;
	cr_assert_not(readable(memory));
	cr_assert_not(readable(memory + 2 * page));
	sk_memory_release(memory, 4 * page);
}

Test(memory, a_huge_reservation_costs_no_memory)
{
	size_t bytes = (size_t)1 << 36;

	if (sk_memory_overcommit() == 2 || sk_memory_limit() != SIZE_MAX)
		return;
	char *memory = sk_memory_reserve(bytes);
	cr_assert_not_null(memory);
	sk_memory_release(memory, bytes);
}

Test(memory, an_impossible_reservation_is_refused)
{
	errno = 77;
	cr_assert_null(sk_memory_reserve(SIZE_MAX - sk_memory_page() + 1));
	cr_assert_eq(errno, 77);
}

Test(memory, discarded_pages_read_as_zero)
{
	size_t bytes = 8 * sk_memory_page();
	char *memory = sk_memory_map(bytes);

	cr_assert_not_null(memory);
	memset(memory, 7, bytes);
	sk_memory_discard(memory, bytes / 2);
	for (size_t i = 0; i < bytes; i++)
		cr_assert_eq(memory[i], i < bytes / 2 ? 0 : 7);
	sk_memory_release(memory, bytes);
}

static void try_a_guard(void)
{
	size_t page = sk_memory_page();
	char *memory = sk_memory_map(3 * page);

	cr_assert_not_null(memory);
	memset(memory, 7, 3 * page);
	cr_assert_eq(sk_memory_guard(memory + page, page), 0);
	cr_assert(readable(memory + page - 1));
	cr_assert_not(readable(memory + page));
	cr_assert_not(readable(memory + 2 * page - 1));
	cr_assert(readable(memory + 2 * page));
	sk_memory_discard(memory, 3 * page);
	cr_assert_not(readable(memory + page));
	cr_assert_eq(memory[0], 0);
	cr_assert_eq(memory[2 * page], 0);
	sk_memory_release(memory, 3 * page);
}

Test(memory, a_guard_faults_and_outlives_a_discard)
{
	try_a_guard();
}

Test(memory, a_guard_by_protection_does_the_same)
{
	setenv("SKUA_GUARD", "mprotect", 1);
	cr_assert_not(sk_memory_guard_available());
	try_a_guard();
}

Test(memory, a_guard_of_another_name_is_the_usual_one)
{
	setenv("SKUA_GUARD", "another", 1);
	try_a_guard();
}

/* A locked page is given back by a call of its own where the kernel has it, else filled with zeros. */
Test(memory, discarded_pages_that_are_locked_read_as_zero)
{
	size_t page = sk_memory_page();
	char *memory = sk_memory_map(page);

	cr_assert_not_null(memory);
	memset(memory, 7, page);
	if (UNIT_EMULATED)
		cr_skip("the emulator takes any advice and follows none");
	if (mlock(memory, page) != 0)
		cr_skip("no memory may be locked here");
	sk_memory_discard(memory, page);
	for (size_t i = 0; i < page; i++)
		cr_assert_eq(memory[i], 0);
	sk_memory_release(memory, page);
}

Test(memory, guards_that_are_marks_do_not_run_out)
{
	/* Twice as many as a process may have mappings. */
	enum { GUARDS = 140000 };
	size_t page = sk_memory_page();
	size_t bytes = 2 * page * GUARDS;

	if (!sk_memory_guard_available())
		return;
	char *memory = sk_memory_map(bytes);
	cr_assert_not_null(memory);
	for (size_t i = 0; i < GUARDS; i++)
		cr_assert_eq(sk_memory_guard(memory + 2 * page * i, page), 0);
	cr_assert_not(readable(memory + 2 * page * (GUARDS - 1)));
	cr_assert(readable(memory + 2 * page * (GUARDS - 1) + page));
	sk_memory_release(memory, bytes);
}

Test(memory, binding_to_a_node_is_a_wish_that_never_hurts)
{
	size_t bytes = 4 * sk_memory_page();
	char *memory = sk_memory_map(bytes);

	cr_assert_not_null(memory);
	errno = 77;
	sk_memory_bind_node(memory, bytes, 0);
	sk_memory_bind_node(memory, bytes, -1);
	sk_memory_bind_node(memory, bytes, 1000);
	sk_memory_bind_node(memory, bytes, 1 << 30);
	cr_assert_eq(errno, 77);
	memset(memory, 1, bytes);
	sk_memory_release(memory, bytes);
}

Test(memory, overcommit_is_one_of_three_numbers)
{
	cr_assert_geq(sk_memory_overcommit(), 0);
	cr_assert_leq(sk_memory_overcommit(), 2);
}

Test(memory, the_limit_is_what_the_shell_would_call_ulimit)
{
	struct rlimit limit;

	cr_assert_eq(getrlimit(RLIMIT_AS, &limit), 0);
	if (limit.rlim_max != RLIM_INFINITY)
		return;
	limit.rlim_cur = RLIM_INFINITY;
	cr_assert_eq(setrlimit(RLIMIT_AS, &limit), 0);
	cr_assert_eq(sk_memory_limit(), SIZE_MAX);
	/* Far above what a sanitizer has mapped. */
	limit.rlim_cur = (rlim_t)1 << 46;
	cr_assert_eq(setrlimit(RLIMIT_AS, &limit), 0);
	cr_assert_eq(getrlimit(RLIMIT_AS, &limit), 0);
	/* Emulators let a program set limits for nothing. */
	if (limit.rlim_cur == (rlim_t)1 << 46)
		cr_assert_eq(sk_memory_limit(), (size_t)1 << 46);
}
