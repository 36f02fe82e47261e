/* SPDX-License-Identifier: Apache-2.0 */
/* The checker's door of the fast path: what include/skua/door.h defines. */
#ifndef MODEL_FAST_DOOR_H
#define MODEL_FAST_DOOR_H

#include "model.h"

#define MODEL_FAST(field, name, kind, order, v)                                                                        \
	((__typeof__(field))(uintptr_t)model_access(MODEL_SITE(name, kind, order, MODEL_NONE, #field), &(field),       \
	                                            sizeof(field), (uint64_t)(uintptr_t)(v)))

#define SK_DOOR_COMPILER_FENCE() ((void)0)
#define SK_DOOR_STORE_RUN(slot, function)                                                                              \
	((void)MODEL_FAST((slot)->run, "SK_DOOR_STORE_RUN", MODEL_STORE, MODEL_RELEASE, function))
#define SK_DOOR_CLEAR_RUN(slot) ((void)MODEL_FAST((slot)->run, "SK_DOOR_CLEAR_RUN", MODEL_STORE, MODEL_RELAXED, 0))
#define SK_DOOR_LOAD_RUN(slot) MODEL_FAST((slot)->run, "SK_DOOR_LOAD_RUN", MODEL_LOAD, MODEL_RELAXED, 0)
#define SK_DOOR_LOAD_POLL(fiber) MODEL_FAST((fiber)->poll, "SK_DOOR_LOAD_POLL", MODEL_LOAD, MODEL_RELAXED, 0)
#define SK_DOOR_LOAD_LIMIT(fiber) MODEL_FAST((fiber)->limit, "SK_DOOR_LOAD_LIMIT", MODEL_LOAD, MODEL_RELAXED, 0)

#endif
