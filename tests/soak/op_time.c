/* SPDX-License-Identifier: Apache-2.0 */
/* Time: nothing is early. Late it may be, as late as the machine is busy. */
#include "soak.h"

static void sleeps(soak_op *own, void *arg, unsigned index)
{
	(void)arg;
	for (unsigned i = 0; i < 4; i++) {
		uint64_t ns = soak_draw(own, soak_chance(own, 8) ? 3000000 : 150000), begin = skua_now_ns();
		int error = index % 2 ? skua_sleep_ns(ns) : skua_sleep_until(begin + ns);
		uint64_t end = skua_now_ns();
		SOAK_REQUIRE(error == 0, "sleep: %s", skua_strerror(error));
		SOAK_REQUIRE(end >= begin + ns, "a sleep of %" PRIu64 " ns ended %" PRIu64 " ns early", ns,
		             begin + ns - end);
	}
}

void soak_op_sleep(soak_op *op)
{
	soak_team(op, SOAK_ANY, 1 + (unsigned)soak_draw(op, SOAK_TEAM_MAX), sleeps, NULL);
}
