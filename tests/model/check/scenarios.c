/* SPDX-License-Identifier: Apache-2.0 */
/* The lists of scenarios, in the order in which they are explored. */
#include "scenarios.h"

const model_scenario *const scenario_lists[] = {
	ready_deque_scenarios, task_stack_scenarios,
	join_scenarios,        inbox_scenarios,
	wait_scenarios,        future_scenarios,
	group_scenarios,       mutex_scenarios,
	condition_scenarios,   semaphore_scenarios,
	channel_scenarios,     lock_scenarios,
	idle_scenarios,        park_scenarios,
	mail_scenarios,
	NULL,
};
