/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages from the kernel: reserved, committed, guarded, emptied, returned.
 *
 * Addresses and sizes given to these functions are multiples of sk_memory_page(), and lie within one mapping made here.
 * Mappings are private, anonymous, zero at first touch, not counted against overcommit where the kernel allows that,
 * and without transparent huge pages: a fiber that touches one page of its stack shall cost one page, not 2 MiB.
 *
 * A guard is a page range that faults at every access. Where the kernel can (MADV_GUARD_INSTALL, Linux 6.13), it is
 * a mark in the page table and costs no mapping of its own; otherwise it is mprotect, which splits the mapping in
 * pieces, of which a process may have 65,530 (vm.max_map_count). SKUA_GUARD=mprotect in the environment asks for that.
 *
 * Call from: anywhere but signal handlers. Owner: the caller owns what it maps until it releases it. Errors are
 * returned; nothing here panics.
 */
#ifndef SK_SYS_MEMORY_H
#define SK_SYS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* The size of a page in bytes, a power of two. */
size_t sk_memory_page(void);

/* Address space without memory: every access faults until sk_memory_commit. Returns: the range, or NULL. */
void *sk_memory_reserve(size_t bytes);

/* Memory that may be read and written; pages are taken at first touch. Returns: the range, or NULL. */
void *sk_memory_map(size_t bytes);

/* Makes a part of a reservation readable and writable. Returns: 0, or -ENOMEM. */
int sk_memory_commit(void *memory, size_t bytes);

/* Whether guards cost no mapping. Asked of the kernel once, by a try. */
bool sk_memory_guard_available(void);

/*
 * Turns a part of readable and writable memory into a guard; what it held is lost. sk_memory_discard keeps guards, and
 * only sk_memory_release removes them.
 * Returns: 0, or -ENOMEM (too many mappings).
 */
int sk_memory_guard(void *memory, size_t bytes);

/*
 * Gives the pages back to the kernel, keeps the addresses: they read as zero afterwards.
 * Undefined if: the range has guards or uncommitted parts, and the process has locked its memory (mlockall) on a Linux
 * before 5.18: there the pages can only be overwritten.
 */
void sk_memory_discard(void *memory, size_t bytes);

/* Asks for huge pages when the memory is touched, where the system allows it; best effort. Keeps errno. */
void sk_memory_huge_pages(void *memory, size_t bytes);

/* Ends the mapping of the range. */
void sk_memory_release(void *memory, size_t bytes);

/* Asks for pages from that NUMA node, before the first touch; a wish, without an error. Nothing for node < 0. */
void sk_memory_bind_node(void *memory, size_t bytes, int node);

/* The kernel's vm.overcommit_memory: 0 guesses, 1 always, 2 never (reservations are counted in full); 0 if unknown. */
int sk_memory_overcommit(void);

/* How much address space the process may have, in bytes: the soft RLIMIT_AS, SIZE_MAX for no limit. */
size_t sk_memory_limit(void);

#endif
