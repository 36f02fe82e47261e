/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the user wants: skua_config, completed by the environment and the defaults, checked. Call from: any thread;
 * reads the environment, so not while another thread changes it.
 */
#ifndef SK_SCHED_SETTINGS_H
#define SK_SCHED_SETTINGS_H

#include "fiber/fiber.h"
#include "sys/topology.h"

#include <skua/runtime.h>

/* How files are read and written: SKUA_IO. */
enum sk_io_choice { SK_IO_AUTO, SK_IO_EPOLL, SK_IO_URING };

typedef struct sk_settings {
	sk_topology_request topology;
	sk_fiber_sizes fiber;
	sk_fiber_sizes small_fiber;
	unsigned offload_limit;
	unsigned io; /* enum sk_io_choice */
	bool bind_main;
	bool no_membarrier;
} sk_settings;

/* config may be NULL. 0, or -EINVAL with the words in problem: "SKUA_STACK=12x: ...". */
int sk_settings_read(const skua_config *config, sk_settings *settings, char *problem, size_t problem_bytes);

#endif
