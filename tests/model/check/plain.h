/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plain memory: what the code under test allocates, and which of its plain accesses race.
 *
 * The sources under test are compiled with the instrumentation of ThreadSanitizer, but linked with the functions here
 * in place of its library: each plain read and write is told. Two accesses of different threads to the same bytes, one
 * of them a write, race unless the first is before the second by the vector clocks of memory.h. Remembered are the last
 * write and the last read of each thread, for each granule of four bytes: with accesses of different bytes of one
 * granule by different threads a race could be reported that is none; the sources have none.
 *
 * An execution allocates from one arena, upwards, and nothing is used twice: so addresses are the same whenever the
 * same choices are repeated, and memory that was freed stays recognisable.
 */
#ifndef MODEL_PLAIN_H
#define MODEL_PLAIN_H

#include "model.h"

#define MODEL_STACK_BYTES 65536u

/* Forgets everything; the arena is zeroed. */
void model_plain_reset(void);

/* The stack of a thread. */
void *model_stack(unsigned thread);

/* An atomic access: it races with plain writes only. */
void model_plain_atomic(const void *address, size_t bytes);

#endif
