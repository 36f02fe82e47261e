/* SPDX-License-Identifier: Apache-2.0 */
/* Who reads and writes a word, in all executions of an exploration so far: which words are a thread's own. */
#ifndef MODEL_KNOWN_H
#define MODEL_KNOWN_H

#include "memory.h"

void model_known_reset(void);

/* Does no other thread touch the word in a way that matters for this access? Sets *has_learned when it is a new one. */
bool model_known_is_local(const model_op *op, bool *has_learned);

#endif
