/* SPDX-License-Identifier: Apache-2.0 */
/* startstop, plain POSIX: one thread created and joined each time. */
#include "../../harness/kernel.h"

#include <pthread.h>

KERNEL("serial");

static void *task(void *arg)
{
	long *count = arg;
	*count += 1;
	return NULL;
}

uint64_t kernel_run(const kernel_params *params)
{
	long count = 0;
	for (long i = 0; i < params->size; i++) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, task, &count) != 0)
			kernel_fail("no thread");
		pthread_join(thread, NULL);
	}
	return (uint64_t)count;
}
