/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One execution of a scenario, from its setup to its end: the threads are fibers, which stop before each operation that
 * needs a decision (explore.h says which do), and go on one at a time. Which of the possible steps is next is decided
 * in decisions.c; that it leads nowhere new, by sleep sets, is found here.
 */
#ifndef MODEL_EXECUTION_H
#define MODEL_EXECUTION_H

#include "memory.h"

/* --- for the doors --- */

/* Before and after the threads: no choices, no races. */
bool model_is_alone(void);

/* The calling thread's next operation: done when it returns, and then the others may have gone on. */
void model_perform(model_op *op);

/* The same for its sleep. */
void model_sleep(model_op *op, bool has_deadline);

/* --- for the exploration --- */

/* The executions to come are of this scenario, about whose words nothing is known. */
void model_execution_of(const model_scenario *scenario);

/* One execution; false when it is redundant. */
bool model_execution_run(void);

/* Was an assumption about a word wrong, since the last time that this was asked? */
bool model_execution_has_learned(void);

/* What was found in the last one; NULL: nothing. */
const char *model_execution_failure(void);

#endif
