/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exploration: depth first over the decisions of an execution, each execution run from its beginning.
 *
 * A decision is a pair {thread, option}: who steps, and for an access which message it reads, or stands behind. Not
 * every operation is one:
 *
 *   local     no other thread ever touches the word in a way that matters. Which words those are is learned: when an
 *             execution finds that an assumption was wrong, the exploration begins anew, knowing more. Some
 *             thousand executions with drawn decisions teach most of it early.
 *   early     a plain store that is not seq_cst is done as soon as its thread comes to it. Nothing is lost:
 *             others need not see it, and their stores can be placed before it as well as behind. (With membarriers
 *             in the scenario, which fence a thread where it stands, stores wait for their turn.)
 *   fences    of one thread only, acquire and release.
 *
 * Of the orders of independent steps one is explored, by sleep sets: when all executions that begin with {t, option}
 * have been explored, that pair is asleep in the siblings, until a step comes that it depends on. Loads and
 * read-modify-writes of a certain message depend on no step of another thread but a membarrier and, for seq_cst ones,
 * on those that are seq_cst: a message stays readable, and a new one is another option. So an execution is explored
 * once for each graph of who reads from whom, in most cases.
 *
 * Where that is still too many, the scenario bounds preemptions: how often an execution leaves a thread that could go
 * on. Within the bound all orders are explored, without sleep sets: the one execution that stands for several
 * equivalent ones may need more preemptions than another of them. A second bound is on accesses that are not to the
 * newest value.
 *
 * A thread that yields goes on when something that it has read since has a newer value, and does not read the old one
 * again. A wait of sys/park may end without a reason as often as the scenario says. A state in which nobody can go on
 * but by such a wake-up is a deadlock, unless the scenario says that all may rest.
 *
 * Sources: Godefroid, "Partial-order methods for the verification of concurrent systems" (LNCS 1032, 1996), sleep
 * sets; Norris and Demsky, "CDSChecker" (OOPSLA 2013), Kokologiannakis, Raad, Vafeiadis, "Model checking for weakly
 * consistent libraries" (PLDI 2019) for checking against such a memory at all; Musuvathi and Qadeer, "Iterative context
 * bounding" (PLDI 2007), Coons, Musuvathi, McKinley, "Bounded partial-order reduction" (OOPSLA 2013), and Abdulla,
 * Arora, Atig, Krishna, "Verification of programs under the release-acquire semantics" (PLDI 2019) for the bounds.
 */
#ifndef MODEL_EXPLORE_H
#define MODEL_EXPLORE_H

#include "model.h"

#define MODEL_OUTCOMES 64u

typedef struct model_result {
	uint64_t executions; /* run to their end */
	uint64_t redundant;  /* given up: another one is equivalent */
	bool is_complete;    /* everything was explored, without a finding */
	bool is_failed;
	char failure[400];
	char *trace;   /* allocated, of a failure */
	char *choices; /* allocated, of a failure */
	unsigned outcome_count;
	char outcome[MODEL_OUTCOMES][64];
} model_result;

/* Explores up to so many executions. replay: the choices of one execution, or NULL. */
void model_explore(const model_scenario *scenario, uint64_t most, const char *replay, model_result *result);
void model_result_free(model_result *result);

#endif
