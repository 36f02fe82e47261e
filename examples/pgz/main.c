/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pgz: a gzip for all cores. Usage: pgz [-1..-9] [-cfkn] [-p workers] [file ...]
 *
 * Each file becomes file.gz, one ordinary gzip member, and is removed; without a file, standard input goes to standard
 * output. The input is cut into blocks of 128 KiB that are compressed independently, each with the 32 KiB before it
 * as its dictionary, so the result is about as small as gzip's. deflater.c tells how reading, compressing and writing
 * overlap.
 */
#include "output.h"
#include "pgz.h"

#include <errno.h>
#include <signal.h>
#include <skua/skua.h>
#include <string.h>
#include <unistd.h>

static enum pgz_status worse(enum pgz_status a, enum pgz_status b)
{
	return a == PGZ_ERROR || b == PGZ_OK ? a : b;
}

static enum pgz_status compress_all(struct deflater *deflater, const struct pgz_options *options)
{
	enum pgz_status status = PGZ_OK;
	if (options->file_count == 0)
		status = pgz_file(deflater, "-", options);
	for (int i = 0; i < options->file_count; i++)
		status = worse(status, pgz_file(deflater, options->files[i], options));
	if (close(STDOUT_FILENO) < 0 && errno != EBADF) {
		pgz_say("standard output", "%s", strerror(errno));
		status = PGZ_ERROR;
	}
	return status;
}

int main(int argc, char **argv)
{
	struct pgz_options options;
	int end = pgz_options_parse(argc, argv, &options);
	if (end >= 0)
		return end;

	output_watch_signals();
	signal(SIGPIPE, SIG_IGN); /* a reader that went away is a write error like others */
	skua_config config = { .workers = options.workers };
	int error = skua_start(&config);
	if (error < 0) {
		pgz_say("the workers", "%s: %s", skua_strerror(error), skua_start_problem());
		return PGZ_ERROR;
	}
	struct deflater *deflater = deflater_create(options.level, skua_workers());
	enum pgz_status status = PGZ_ERROR;
	if (deflater == NULL)
		pgz_say("the buffers", "%s", strerror(ENOMEM));
	else
		status = compress_all(deflater, &options);
	deflater_destroy(deflater);
	skua_stop();
	return (int)status;
}
