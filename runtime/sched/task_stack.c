/* SPDX-License-Identifier: Apache-2.0 */
/* The task stack; protocol, invariants and edges: task_stack.h. */
#include "sched/task_stack.h"

#include "base/check.h"
#include "base/hot.h"
#include "base/hostile.h"
#include "sys/membarrier.h"

/* The word: top, split, tag, force from the low end. */
#define INDEX_BITS 20
#define TAG_BITS 23
#define INDEX_MASK ((UINT64_C(1) << INDEX_BITS) - 1)
#define TAG_MASK ((UINT64_C(1) << TAG_BITS) - 1)
#define FORCE (UINT64_C(1) << 63)
_Static_assert(2 * INDEX_BITS + TAG_BITS + 1 == 64, "the word is full");

static inline size_t top_of(uint64_t word)
{
	return (size_t)(word & INDEX_MASK);
}

static inline size_t split_of(uint64_t word)
{
	return (size_t)(word >> INDEX_BITS & INDEX_MASK);
}

static inline uint64_t tag_of(uint64_t word)
{
	return word >> 2 * INDEX_BITS & TAG_MASK;
}

/* What the owner's slow paths write: new indices, the next tag, force 0 (T4, T5). */
static inline uint64_t owned(uint64_t old, size_t top, size_t split)
{
	return (uint64_t)top | (uint64_t)split << INDEX_BITS | ((tag_of(old) + 1) & TAG_MASK) << 2 * INDEX_BITS;
}

/* What a forcing thief writes: the tag stays. */
static inline uint64_t forced(uint64_t old, size_t split)
{
	return (old & ~(FORCE | INDEX_MASK << INDEX_BITS)) | (uint64_t)split << INDEX_BITS;
}

/*
 * The fast words are plain fields in the public header, since the door of the fast path accesses them in its own way.
 * Here they are atomics.
 */
typedef SK_ATOMIC(sk_slot *) atomic_slot;
typedef SK_ATOMIC(sk_run) atomic_run;

static inline atomic_slot *poll_of(sk_fiber *fiber)
{
	return (atomic_slot *)(void *)&fiber->fast.poll;
}

static inline atomic_slot *limit_of(sk_fiber *fiber)
{
	return (atomic_slot *)(void *)&fiber->fast.limit;
}

/* edge -> slot.spawn : a non-NULL run was stored after the arguments. */
static inline sk_run load_run(sk_slot *slot)
{
	return sk_load_acquire((atomic_run *)(void *)&slot->run);
}

/* The first empty slot at or above `from`, which is at most the head. Slots from `end` on are not readable. */
static size_t search_head(sk_fiber *fiber, size_t from, size_t end)
{
	size_t low = from, step = 1;
	/* gallop: everything below low is occupied */
	while (low + step < end && load_run(&fiber->slots[low + step - 1])) {
		low += step;
		step *= 2;
	}
	size_t high = sk_min(low + step - 1, end - 1);
	/* bisect: the first empty one is in [low, high], or high is the end of what may be looked at */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (load_run(&fiber->slots[middle]))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static inline size_t readable(const sk_fiber *fiber)
{
	return sk_load_relaxed(&fiber->committed); /* relaxed: an old value searches less far */
}

sk_slot *sk_task_stack_head(sk_fiber *fiber)
{
	size_t split = split_of(sk_load_relaxed(&fiber->word)); /* relaxed: own slots are searched */
	return fiber->slots + search_head(fiber, split, readable(fiber));
}

bool sk_task_stack_has_public(sk_fiber *fiber)
{
	/* edge -> idle.word : who sees a hungry worker sees also the steals that came before its hunger.
	 * edge -> suspend.listed : seq_cst, for it is R and V in the argument of sk_suspend_share */
	uint64_t word = sk_load_seq_cst(&fiber->word);
	return top_of(word) < split_of(word);
}

/* How many of so many private tasks become public: the older half, or as many as are wanted. */
static size_t older_half(size_t private_count, size_t want)
{
	return sk_min(private_count, sk_max((private_count + 1) / 2, want));
}

size_t sk_task_stack_publish(sk_fiber *fiber, sk_slot *head_slot, size_t want)
{
	size_t head = (size_t)(head_slot - fiber->slots);
	uint64_t word = sk_load_relaxed(&fiber->word); /* relaxed (T6) */
	if (split_of(word) == head && !(word & FORCE))
		return 0; /* only here: once limit is stored, a CAS must follow it (T4) */
	for (;;) {
		size_t split = split_of(word);
		SK_INVARIANT(split <= head, "T1: split is at most the head");
		size_t count = older_half(head - split, want);
		/* relaxed (T4): a thief does not read limit; the owner's own later reads see it */
		sk_store_relaxed(limit_of(fiber), fiber->slots + split + count);
		sk_hostile_point();
		/* edge stack.publish -> : the slots are full. The look at the sleepers that follows begins with a full
		 * fence of its own (idle.h, N1). */
		if (sk_cas_release(&fiber->word, &word, owned(word, top_of(word), split + count)))
			return count;
	}
}

/* The split after a take-back of slot i, which is at or above it. */
static size_t split_after_take_back(uint64_t word, size_t i, enum sk_keep keep, size_t want)
{
	size_t top = top_of(word), split = split_of(word);
	if (i < split)
		return keep == SK_KEEP_HALF ? top + (i - top) / 2 : i;
	/* private all along: the limit was raised by a force, or by one who asks */
	return word & FORCE || (want && top == split) ? split + older_half(i - split, want) : split;
}

enum sk_take_back sk_task_stack_take_back(sk_fiber *fiber, sk_slot *slot, enum sk_keep keep, size_t want)
{
	size_t i = (size_t)(slot - fiber->slots);
	uint64_t word = sk_load_relaxed(&fiber->word); /* relaxed (T6) */
	for (;;) {
		SK_INVARIANT(top_of(word) <= split_of(word), "T1: top is at most split");
		SK_INVARIANT(split_of(word) <= i + 1, "T1: split is at most the head");
		if (top_of(word) > i)
			return SK_TAKE_STOLEN;
		size_t split = split_after_take_back(word, i, keep, want);
		/* relaxed (T4): see publish */
		sk_store_relaxed(limit_of(fiber), fiber->slots + split);
		sk_hostile_point();
		/* edge stack.publish -> : limit was stored before, as in joined; and if it answers a force, the slots
		 * below split are full */
		if (sk_cas_release(&fiber->word, &word, owned(word, top_of(word), split)))
			return split > split_of(word) ? SK_TAKE_MINE_SHARED : SK_TAKE_MINE;
	}
}

void sk_task_stack_joined(sk_fiber *fiber, sk_slot *slot)
{
	size_t i = (size_t)(slot - fiber->slots);
	sk_store_relaxed(limit_of(fiber), slot); /* relaxed (T4): see publish */
	uint64_t word = sk_load_relaxed(&fiber->word);
	/* The slots below i are all stolen, and only a force may still write the word. Release, though nothing is
	 * published: edge stack.publish -> : limit was stored before, so the infinity of a force that begins on this
	 * word comes after it. */
	do {
		SK_INVARIANT(top_of(word) == i + 1 && split_of(word) == i + 1,
		             "T1: everything up to a stolen task is stolen");
		sk_hostile_point();
	} while (!sk_cas_release(&fiber->word, &word, owned(word, i, i)));
}

SK_HOT void sk_task_stack_arm_own(sk_fiber *fiber)
{
	sk_store_relaxed(poll_of(fiber), NULL); /* relaxed: own */
}

void sk_task_stack_disarm_own(sk_fiber *fiber)
{
	/* relaxed: the caller's full fence stands between this and its look for the hungry */
	sk_store_relaxed(poll_of(fiber), fiber->poll_end);
}

SK_HOT void sk_task_stack_begin(sk_fiber *fiber)
{
	SK_INVARIANT(load_run(&fiber->slots[0]) == NULL, "F3: the task stack of an idle fiber is empty");
	SK_INVARIANT(split_of(sk_load_relaxed(&fiber->word)) == 0, "F3: nothing of an idle fiber is public");
	/* limit stays as it is: the base, or the infinity of a force that came late or is still under way. Lowered
	 * without a new tag it would let that force publish slot 0 of the next task, which the owner takes for
	 * private. */
	sk_store_relaxed(poll_of(fiber), NULL); /* relaxed: own */
	fiber->fresh = true;
}

enum sk_steal_result sk_task_stack_steal(sk_task_thief thief, sk_stolen *stolen)
{
	sk_fiber *fiber = thief.fiber;
	uint64_t word = sk_load_acquire(&fiber->word); /* edge -> stack.publish : slots below split are full */
	size_t top = top_of(word);
	if (top >= split_of(word))
		return SK_STEAL_NOTHING;
	sk_run run = load_run(&fiber->slots[top]);
	if (!run)
		return SK_STEAL_LOST; /* the owner's sync of this very slot has begun */
	sk_hostile_point();
	if (sk_hostile_chance(8))
		return SK_STEAL_LOST;
	/* edge -> stack.publish : as above, if it is a newer word of the same value. No release: what this thread has
	 * read so far are atomics, and the owner takes nothing from it (T6); rivals get the publication, which goes on
	 * in this. On failure nothing is read. */
	if (!sk_cas_acquire(&fiber->word, &word, word + 1))
		return SK_STEAL_LOST;
	stolen->slot = &fiber->slots[top];
	stolen->run = run;
	stolen->root = sk_load_relaxed(&fiber->root); /* relaxed: compared, and passed on to the own fiber */
	stolen->scope = fiber->scope; /* set before the task was spawned, and as long as the fiber has tasks */
	stolen->emptied = top + 1 == split_of(word);
	stolen->by_mail = stolen->is_one_of_many = false;
	return SK_STEAL_WON;
}

void sk_task_stack_arm(sk_task_thief thief)
{
	atomic_slot *poll = poll_of(thief.fiber), *limit = limit_of(thief.fiber);
	/* relaxed: a request without data. Read first, so that an armed line stays shared. */
	if (sk_load_relaxed(poll))
		sk_store_relaxed(poll, NULL);
	/* relaxed: as above, and at any time (T2) */
	if (sk_load_relaxed(limit) != SK_SLOT_INFINITY)
		sk_store_relaxed(limit, SK_SLOT_INFINITY);
}

bool sk_task_stack_public_seen(sk_task_thief thief)
{
	return sk_task_stack_has_public(thief.fiber);
}

bool sk_task_stack_private_seen(sk_task_thief thief)
{
	size_t split = split_of(sk_load_relaxed(&thief.fiber->word)); /* relaxed: a hint, the force checks */
	return split < readable(thief.fiber) && load_run(&thief.fiber->slots[split]) != NULL;
}

size_t sk_task_stack_force(sk_task_thief thief)
{
	sk_fiber *fiber = thief.fiber;
	uint64_t word = sk_load_acquire(&fiber->word); /* edge -> stack.publish : split is an index of full slots */
	if (word & FORCE || top_of(word) < split_of(word))
		return 0;
	/* relaxed: it only claims; the barrier orders */
	if (!sk_cas_relaxed(&fiber->word, &word, word | FORCE))
		return 0;
	word |= FORCE;
	sk_store_relaxed(limit_of(fiber), SK_SLOT_INFINITY); /* edge -> force.dekker : before the barrier */
	sk_membarrier();
	sk_hostile_point();
	size_t split = split_of(word);
	size_t count = search_head(fiber, split, readable(fiber)) - split;
	size_t publish = (count + 1) / 2;
	/* edge stack.publish -> : this thread has seen the slots full, so has who sees its split. The CAS fails when
	 * the owner moved (tag); a thief cannot have, for nothing was public. */
	bool done = sk_cas_acq_rel(&fiber->word, &word, forced(word, split + publish));
	return done ? publish : 0;
}

sk_task_stack_view sk_task_stack_look(sk_task_thief thief)
{
	uint64_t word = sk_load_relaxed(&thief.fiber->word); /* relaxed: a snapshot for people */
	return (sk_task_stack_view){ (uint32_t)top_of(word), (uint32_t)split_of(word), (uint32_t)tag_of(word),
		                     word & FORCE };
}
