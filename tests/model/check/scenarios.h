/* SPDX-License-Identifier: Apache-2.0 */
/* The scenarios of the protocols; each list ends with one that has no name. */
#ifndef MODEL_SCENARIOS_H
#define MODEL_SCENARIOS_H

#include "model.h"

extern const model_scenario ready_deque_scenarios[];
extern const model_scenario task_stack_scenarios[];
extern const model_scenario join_scenarios[];
extern const model_scenario inbox_scenarios[];
extern const model_scenario wait_scenarios[];
extern const model_scenario future_scenarios[];
extern const model_scenario group_scenarios[];
extern const model_scenario mutex_scenarios[];
extern const model_scenario condition_scenarios[];
extern const model_scenario semaphore_scenarios[];
extern const model_scenario channel_scenarios[];
extern const model_scenario lock_scenarios[];
extern const model_scenario idle_scenarios[];
extern const model_scenario park_scenarios[];
extern const model_scenario mail_scenarios[];

/* All lists; ends with NULL. */
extern const model_scenario *const scenario_lists[];

#endif
