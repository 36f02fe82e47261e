/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An output file that is either whole or not there. It is written under a name of its own, .pgz-<process>, in the
 * folder of its final name, and takes the final name when all is written. What fails, and SIGINT, SIGTERM, SIGHUP and
 * SIGBUS, remove it; a kill that cannot be caught leaves a file that nobody takes for a whole one.
 *
 * Call from: the main thread; one output at a time.
 */
#ifndef SKUA_EXAMPLES_PGZ_OUTPUT_H
#define SKUA_EXAMPLES_PGZ_OUTPUT_H

#include <stdbool.h>
#include <sys/stat.h>

struct output {
	int fd;
	const char *final;
};

/* Call from: main, before the runtime is started, which passes on to these handlers what is not its own. */
void output_watch_signals(void);

/* final must live until the end. Returns 0 or a negative errno. */
int output_begin(struct output *output, const char *final);

/*
 * Gives it owner, mode and times of `like` and its final name. Returns 0, or a negative errno, and then it is removed:
 * -EEXIST if there is a file of this name and replace is not set.
 */
int output_commit(struct output *output, const struct stat *like, bool replace);

/* Removes it. */
void output_abandon(struct output *output);

#endif
