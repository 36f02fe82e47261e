/* SPDX-License-Identifier: Apache-2.0 */
/* Threads for blocking calls; see offload.c. */
#ifndef SK_AWAIT_OFFLOAD_H
#define SK_AWAIT_OFFLOAD_H

#include "fiber/fiber.h"

/* As skua_offload, with the reason that dumps tell. Call from: anywhere. Blocks: the fiber. */
void *sk_offload(enum sk_wait why, void *(*fn)(void *), void *arg);

#endif
