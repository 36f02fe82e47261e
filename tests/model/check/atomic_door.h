/* SPDX-License-Identifier: Apache-2.0 */
/* The checker's door to atomics: what runtime/base/atomic.h defines, for sources that are compiled to be checked. */
#ifndef MODEL_ATOMIC_DOOR_H
#define MODEL_ATOMIC_DOOR_H

#include "model.h"

#define SK_THREAD_SANITIZER 0

#define SK_ATOMIC(T)                                                                                                   \
	struct {                                                                                                       \
		T sk_raw;                                                                                              \
	}
#define SK_ATOMIC_INIT(value)                                                                                          \
	{                                                                                                              \
		value                                                                                                  \
	}

#define MODEL_BITS(v) ((uint64_t)(uintptr_t)(v))
#define MODEL_DO(a, name, kind, order, v)                                                                              \
	((__typeof__((a)->sk_raw))(uintptr_t)model_access(MODEL_SITE(name, kind, order, MODEL_NONE, #a),               \
	                                                  (void *)(uintptr_t) & (a)->sk_raw, sizeof((a)->sk_raw),      \
	                                                  MODEL_BITS(v)))
#define MODEL_CAS_DO(a, expected, v, name, order, failure)                                                             \
	({                                                                                                             \
		__typeof__((a)->sk_raw) *sk_expected = (expected);                                                     \
		uint64_t sk_seen = MODEL_BITS(*sk_expected);                                                           \
		bool sk_done = model_cas(MODEL_SITE(name, MODEL_CAS, order, failure, #a), &(a)->sk_raw,                \
		                         sizeof((a)->sk_raw), &sk_seen, MODEL_BITS(v));                                \
		if (!sk_done)                                                                                          \
			*sk_expected = (__typeof__((a)->sk_raw))(uintptr_t)sk_seen;                                    \
		sk_done;                                                                                               \
	})
#define MODEL_FENCE_DO(name, order) model_fence(MODEL_SITE(name, MODEL_FENCE, order, MODEL_NONE, ""))

#define sk_load_relaxed(a) MODEL_DO(a, "load_relaxed", MODEL_LOAD, MODEL_RELAXED, 0)
#define sk_load_acquire(a) MODEL_DO(a, "load_acquire", MODEL_LOAD, MODEL_ACQUIRE, 0)
#define sk_load_seq_cst(a) MODEL_DO(a, "load_seq_cst", MODEL_LOAD, MODEL_SEQ_CST, 0)

#define sk_store_relaxed(a, v) ((void)MODEL_DO(a, "store_relaxed", MODEL_STORE, MODEL_RELAXED, v))
#define sk_store_release(a, v) ((void)MODEL_DO(a, "store_release", MODEL_STORE, MODEL_RELEASE, v))
#define sk_store_seq_cst(a, v) ((void)MODEL_DO(a, "store_seq_cst", MODEL_STORE, MODEL_SEQ_CST, v))

#define sk_exchange_acquire(a, v) MODEL_DO(a, "exchange_acquire", MODEL_EXCHANGE, MODEL_ACQUIRE, v)
#define sk_exchange_acq_rel(a, v) MODEL_DO(a, "exchange_acq_rel", MODEL_EXCHANGE, MODEL_ACQ_REL, v)
#define sk_exchange_seq_cst(a, v) MODEL_DO(a, "exchange_seq_cst", MODEL_EXCHANGE, MODEL_SEQ_CST, v)

#define sk_cas_relaxed(a, e, v) MODEL_CAS_DO(a, e, v, "cas_relaxed", MODEL_RELAXED, MODEL_RELAXED)
#define sk_cas_acquire(a, e, v) MODEL_CAS_DO(a, e, v, "cas_acquire", MODEL_ACQUIRE, MODEL_RELAXED)
#define sk_cas_release(a, e, v) MODEL_CAS_DO(a, e, v, "cas_release", MODEL_RELEASE, MODEL_RELAXED)
#define sk_cas_acq_rel(a, e, v) MODEL_CAS_DO(a, e, v, "cas_acq_rel", MODEL_ACQ_REL, MODEL_ACQUIRE)
#define sk_cas_seq_cst(a, e, v) MODEL_CAS_DO(a, e, v, "cas_seq_cst", MODEL_SEQ_CST, MODEL_SEQ_CST)

#define sk_add_relaxed(a, v) MODEL_DO(a, "add_relaxed", MODEL_ADD, MODEL_RELAXED, v)
#define sk_add_acq_rel(a, v) MODEL_DO(a, "add_acq_rel", MODEL_ADD, MODEL_ACQ_REL, v)
#define sk_add_seq_cst(a, v) MODEL_DO(a, "add_seq_cst", MODEL_ADD, MODEL_SEQ_CST, v)
#define sk_sub_acq_rel(a, v) MODEL_DO(a, "sub_acq_rel", MODEL_SUB, MODEL_ACQ_REL, v)
#define sk_sub_seq_cst(a, v) MODEL_DO(a, "sub_seq_cst", MODEL_SUB, MODEL_SEQ_CST, v)
#define sk_or_seq_cst(a, v) MODEL_DO(a, "or_seq_cst", MODEL_OR, MODEL_SEQ_CST, v)
#define sk_and_seq_cst(a, v) MODEL_DO(a, "and_seq_cst", MODEL_AND, MODEL_SEQ_CST, v)

#define sk_fence_seq_cst() MODEL_FENCE_DO("fence_seq_cst", MODEL_SEQ_CST)
#define sk_fence_after_rmw() MODEL_FENCE_DO("fence_after_rmw", MODEL_SEQ_CST)
#define sk_fence_acquire() MODEL_FENCE_DO("fence_acquire", MODEL_ACQUIRE)
#define sk_fence_release() MODEL_FENCE_DO("fence_release", MODEL_RELEASE)

/* Here no compiler moves anything. */
#define sk_compiler_fence() ((void)0)
#define sk_spin_hint() ((void)0)

#endif
