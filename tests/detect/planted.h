/* SPDX-License-Identifier: Apache-2.0 */
/* Planted errors by name, one for each run of a program; two workers run while it happens. */
#ifndef DETECT_PLANTED_H
#define DETECT_PLANTED_H

#include <stdio.h>
#include <string.h>

#include <skua/skua.h>

typedef struct planted {
	const char *name;
	void (*body)(void);
} planted;

/* Runs the one that the only argument names: 0. Else 2, the exit status for a wrong usage. */
static inline int planted_run(const planted *all, size_t count, int argc, char **argv)
{
	skua_config config = { .workers = 2, .bind = "none" };
	for (size_t i = 0; argc == 2 && i < count; i++) {
		if (strcmp(argv[1], all[i].name) != 0)
			continue;
		if (skua_start(&config) < 0)
			return 2;
		all[i].body();
		skua_stop();
		return 0;
	}
	fprintf(stderr, "usage: %s <case>\n", argv[0]);
	return 2;
}

#endif
