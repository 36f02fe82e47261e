/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of a fiber: one region of address space with its slots, a guard and its stack.
 *
 *   low | sentinel | slots ........... | guard | stack ........... | high
 *
 * Two ways to get it, chosen once:
 *   guarded   (the kernel has MADV_GUARD_INSTALL) the region is one read-write mapping without reservation of swap,
 *             pages come when touched, the guard costs no mapping of its own: any number of fibers.
 *   protected (else, and under strict overcommit, where writable memory is accounted) the region is PROT_NONE, stack
 *             and slots are made writable, the slots in growing chunks; what is left of them is the guard. Two
 *             mappings a fiber: the kernel's max_map_count ends it at some 32,000.
 *
 * Who may call: one thread at a time per region. No function blocks but for the kernel's page tables.
 */
#ifndef SK_FIBER_STACK_POOL_H
#define SK_FIBER_STACK_POOL_H

#include <stdbool.h>
#include <stddef.h>

#define SK_STACK_GUARD_BYTES ((size_t)64 << 10)
#define SK_SLOT_BYTES ((size_t)64)

typedef struct sk_stack_region {
	char *low;
	size_t bytes;
	char *slots_low; /* first byte of slot memory (the sentinel) */
	size_t slots_bytes;
	size_t slots_committed_bytes; /* writable, or at least not to be used before the rest is asked for */
	char *stack_low;
	size_t stack_bytes;
	size_t guard_bytes; /* below the stack */
	bool is_guarded; /* which of the two ways */
} sk_stack_region;

/*
 * The memory of small fibers, which have no slots: slabs of many stacks, so that neither a mapping nor a page of the
 * kernel's tables is needed for each. Unmapped as a whole.
 *
 *   slab | guard | stack <- | guard | stack <- | ...
 *
 * In the protected way each guard costs two mappings; before the kernel's max_map_count is reached, stacks are given
 * without guards, and that is said under SKUA_VERBOSE.
 */
typedef struct sk_stack_slabs {
	bool is_guarded;
	struct sk_stack_slab *newest;
	char *free_low;     /* what is left of the newest */
	size_t free_count;
	size_t protected_count; /* guards that cost mappings */
} sk_stack_slabs;

#define SK_STACK_SMALL_GUARD_BYTES ((size_t)16 << 10)

/* Which of the two ways this system takes; asks the kernel. */
bool sk_stack_region_can_be_guarded(void);

/* Gets a region; returns 0 or -ENOMEM. The caller has set is_guarded. node: NUMA node for its pages, or -1. */
int sk_stack_region_map(sk_stack_region *region, size_t slots_bytes, size_t stack_bytes, int node);

/*
 * Makes the first `bytes` of the slots writable; 0 or -ENOMEM. In a guarded region they are already; what comes
 * after the first chunk gets huge pages then, for a fiber that uses so much of it will touch a lot more.
 */
int sk_stack_region_commit_slots(sk_stack_region *region, size_t bytes);

/*
 * A small fiber's region, 0 or -ENOMEM. All stacks of the slabs have the same size. In the guarded way it has no guard
 * yet: that is a system call, which whoever takes it makes without the lock of the slabs.
 */
int sk_stack_slabs_take(sk_stack_slabs *slabs, sk_stack_region *region, size_t stack_bytes, int node);
/* The guard of a small fiber's region, if it is missing. Call from: who has the fiber. */
void sk_stack_region_guard(sk_stack_region *region);
void sk_stack_slabs_unmap(sk_stack_slabs *slabs);

/* Gives it back to the kernel. */
void sk_stack_region_unmap(sk_stack_region *region);

#endif
