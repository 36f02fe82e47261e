/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only door to atomics. A shared field is declared SK_ATOMIC(type), so that a plain access does not compile, and
 * every access names its order:
 *
 *     SK_ATOMIC(uint64_t) word;
 *     uint64_t w = sk_load_acquire(&word);
 *     if (sk_cas_acq_rel(&word, &w, w + 1)) ...
 *
 * The comment of an ordered access names its edge ("edge deque.publish -> : what is carried"), and the other end of
 * it the same name ("edge -> deque.publish : ..."); tests/lint resolves them. A relaxed access says why that suffices.
 *
 * Who may call: anybody. Sources are meant to be compiled against another door as well: a model checker defines
 * SK_ATOMIC_DOOR to the name of a header with these macros.
 *
 * ThreadSanitizer does not understand fences. Under it, and only here, sk_fence_* also touch one dummy location with
 * the order of the fence, which tells it the edge (and more edges than there are: it may miss a race there, it
 * reports none that isn't one).
 *
 * qemu-user on x86-64 emulates AArch64's store-release (stlr) without the fence that a later load-acquire (ldar)
 * needs: of two threads that each store and then load, both seq_cst, both may miss the other's store (seen with qemu
 * 7.2 in 7 % of the rounds of a litmus test). In a build for an emulator, and only there, the store is an exchange.
 */
#ifndef SK_BASE_ATOMIC_H
#define SK_BASE_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

#ifdef SK_ATOMIC_DOOR
#include SK_ATOMIC_DOOR
#else

#define SK_ATOMIC(T)                                                                                                   \
	struct {                                                                                                       \
		T sk_raw;                                                                                              \
	}
#define SK_ATOMIC_INIT(value)                                                                                          \
	{                                                                                                              \
		value                                                                                                  \
	}

#define sk_load_relaxed(a) __atomic_load_n(&(a)->sk_raw, __ATOMIC_RELAXED)
#define sk_load_acquire(a) __atomic_load_n(&(a)->sk_raw, __ATOMIC_ACQUIRE)
#define sk_load_seq_cst(a) __atomic_load_n(&(a)->sk_raw, __ATOMIC_SEQ_CST)

#define sk_store_relaxed(a, v) __atomic_store_n(&(a)->sk_raw, (v), __ATOMIC_RELAXED)
#define sk_store_release(a, v) __atomic_store_n(&(a)->sk_raw, (v), __ATOMIC_RELEASE)
#if SK_EMULATED
#define sk_store_seq_cst(a, v) ((void)__atomic_exchange_n(&(a)->sk_raw, (v), __ATOMIC_SEQ_CST))
#else
#define sk_store_seq_cst(a, v) __atomic_store_n(&(a)->sk_raw, (v), __ATOMIC_SEQ_CST)
#endif

#define sk_exchange_acquire(a, v) __atomic_exchange_n(&(a)->sk_raw, (v), __ATOMIC_ACQUIRE)
#define sk_exchange_acq_rel(a, v) __atomic_exchange_n(&(a)->sk_raw, (v), __ATOMIC_ACQ_REL)
#define sk_exchange_seq_cst(a, v) __atomic_exchange_n(&(a)->sk_raw, (v), __ATOMIC_SEQ_CST)

/* expected is a pointer to a plain value and gets what was found; the result says whether it was exchanged. */
#define sk_cas_relaxed(a, expected, v)                                                                                 \
	__atomic_compare_exchange_n(&(a)->sk_raw, (expected), (v), false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)
#define sk_cas_acquire(a, expected, v)                                                                                 \
	__atomic_compare_exchange_n(&(a)->sk_raw, (expected), (v), false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)
#define sk_cas_release(a, expected, v)                                                                                 \
	__atomic_compare_exchange_n(&(a)->sk_raw, (expected), (v), false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)
#define sk_cas_acq_rel(a, expected, v)                                                                                 \
	__atomic_compare_exchange_n(&(a)->sk_raw, (expected), (v), false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)
#define sk_cas_seq_cst(a, expected, v)                                                                                 \
	__atomic_compare_exchange_n(&(a)->sk_raw, (expected), (v), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)

#define sk_add_relaxed(a, v) __atomic_fetch_add(&(a)->sk_raw, (v), __ATOMIC_RELAXED)
#define sk_add_acq_rel(a, v) __atomic_fetch_add(&(a)->sk_raw, (v), __ATOMIC_ACQ_REL)
#define sk_add_seq_cst(a, v) __atomic_fetch_add(&(a)->sk_raw, (v), __ATOMIC_SEQ_CST)
#define sk_sub_acq_rel(a, v) __atomic_fetch_sub(&(a)->sk_raw, (v), __ATOMIC_ACQ_REL)
#define sk_sub_seq_cst(a, v) __atomic_fetch_sub(&(a)->sk_raw, (v), __ATOMIC_SEQ_CST)
#define sk_or_seq_cst(a, v) __atomic_fetch_or(&(a)->sk_raw, (v), __ATOMIC_SEQ_CST)
#define sk_and_seq_cst(a, v) __atomic_fetch_and(&(a)->sk_raw, (v), __ATOMIC_SEQ_CST)

#if defined(__SANITIZE_THREAD__)
#define SK_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SK_THREAD_SANITIZER 1
#endif
#endif
#ifndef SK_THREAD_SANITIZER
#define SK_THREAD_SANITIZER 0
#endif

#if SK_THREAD_SANITIZER
extern uint32_t sk_fence_location;
#define sk_fence_seq_cst() ((void)__atomic_fetch_add(&sk_fence_location, 0, __ATOMIC_SEQ_CST))
#define sk_fence_acquire() ((void)__atomic_load_n(&sk_fence_location, __ATOMIC_ACQUIRE))
#define sk_fence_release() ((void)__atomic_fetch_add(&sk_fence_location, 0, __ATOMIC_RELEASE))
#else
#define sk_fence_seq_cst() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define sk_fence_acquire() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define sk_fence_release() __atomic_thread_fence(__ATOMIC_RELEASE)
#endif

/*
 * The full fence where the thread has made an atomic read-modify-write since the store that is to be seen: on x86 each
 * of those is one (Intel SDM volume 3, "Memory ordering"; AMD64 volume 2).
 */
#if defined(__x86_64__) && !SK_THREAD_SANITIZER
#define sk_fence_after_rmw() sk_compiler_fence()
#else
#define sk_fence_after_rmw() sk_fence_seq_cst()
#endif

/* Keeps the compiler from moving memory accesses across; no instruction. Another's membarrier is the fence. */
#define sk_compiler_fence() __atomic_signal_fence(__ATOMIC_SEQ_CST)

/* A hint that this is a spin loop. */
static inline void sk_spin_hint(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("isb" ::: "memory");
#else
	__asm__ volatile("" ::: "memory");
#endif
}

#endif /* SK_ATOMIC_DOOR */
#endif
