/* SPDX-License-Identifier: Apache-2.0 */
/* One file of the command line: what pgz refuses, and where the result goes. The rules are gzip's. */
#include "output.h"
#include "pgz.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char suffix[] = ".gz";

/* A file that is being compressed. */
struct input {
	int fd;
	const char *name; /* for messages too */
	struct stat about;
	struct pgz_header header;
};

/* Whether the file will be removed, so that what it is must be looked at more closely. */
static bool consumes(const struct pgz_options *options)
{
	return !options->to_stdout && !options->keep;
}

static bool has_suffix(const char *name)
{
	size_t length = strlen(name);
	return length >= sizeof(suffix) - 1 && strcmp(name + length - (sizeof(suffix) - 1), suffix) == 0;
}

static enum pgz_status say_problem(const char *name, struct pgz_problem problem)
{
	pgz_say(name, "%s: %s", problem.what, strerror(problem.error));
	return PGZ_ERROR;
}

static enum pgz_status to_stdout(struct deflater *deflater, const struct input *input, bool force)
{
	if (!force && isatty(STDOUT_FILENO)) {
		pgz_say(input->name, "compressed data is not written to a terminal; -f does");
		return PGZ_ERROR;
	}
	struct pgz_problem problem = deflater_run(deflater, input->fd, STDOUT_FILENO, &input->header);
	return problem.what != NULL ? say_problem(input->name, problem) : PGZ_OK;
}

/* Why the open file is left alone, or NULL. */
static const char *refusal_of(const struct input *input, const struct pgz_options *options)
{
	if (S_ISDIR(input->about.st_mode))
		return "a folder, left alone";
	if (options->to_stdout)
		return NULL;
	if (!S_ISREG(input->about.st_mode))
		return "not a regular file, left alone";
	if (consumes(options) && !options->force && input->about.st_nlink > 1)
		return "has other links, left alone; -f or -k compresses it";
	if (!options->force && has_suffix(input->name))
		return "has the suffix .gz already, left alone";
	return NULL;
}

/* Opens input->name and looks at it. If it says why that is not done, input->fd is -1. */
static enum pgz_status open_input(struct input *input, const struct pgz_options *options)
{
	bool follow = options->to_stdout || options->force;
	/* Without O_NONBLOCK a named pipe, which is only to be refused, would be waited for. */
	int flags = O_RDONLY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW) | (options->to_stdout ? 0 : O_NONBLOCK);
	input->fd = open(input->name, flags);
	if (input->fd < 0 || fstat(input->fd, &input->about) < 0) {
		bool link = errno == ELOOP && !follow;
		pgz_say(input->name, "%s", link ? "a symbolic link; -f follows it" : strerror(errno));
		return PGZ_ERROR;
	}
	const char *refusal = refusal_of(input, options);
	if (refusal == NULL)
		return PGZ_OK;
	pgz_say(input->name, "%s", refusal);
	return PGZ_WARNING;
}

/* Whether the file is as it was before it was read, so that removing it loses nothing. */
static bool unchanged(const struct input *input)
{
	struct stat now;
	const struct stat *before = &input->about;
	return fstat(input->fd, &now) == 0 && now.st_size == before->st_size &&
	       now.st_mtim.tv_sec == before->st_mtim.tv_sec && now.st_mtim.tv_nsec == before->st_mtim.tv_nsec;
}

static enum pgz_status to_file(struct deflater *deflater, const struct input *input, const char *final, bool replace)
{
	struct output output;
	int error = output_begin(&output, final);
	if (error == 0) {
		struct pgz_problem problem = deflater_run(deflater, input->fd, output.fd, &input->header);
		if (problem.what != NULL) {
			output_abandon(&output);
			return say_problem(input->name, problem);
		}
		error = output_commit(&output, &input->about, replace);
	}
	if (error < 0)
		pgz_say(final, "%s", strerror(-error));
	return error < 0 ? PGZ_ERROR : PGZ_OK;
}

/* Compresses file to file.gz, and removes it if that is wanted. */
static enum pgz_status to_neighbour(struct deflater *deflater, const struct input *input,
                                    const struct pgz_options *options)
{
	char final[PATH_MAX];
	if (snprintf(final, sizeof(final), "%s%s", input->name, suffix) >= (int)sizeof(final)) {
		pgz_say(input->name, "%s", strerror(ENAMETOOLONG));
		return PGZ_ERROR;
	}
	struct stat other;
	if (!options->force && lstat(final, &other) == 0) {
		pgz_say(final, "exists already, left alone; -f overwrites it");
		return PGZ_WARNING;
	}
	enum pgz_status status = to_file(deflater, input, final, options->force);
	if (status != PGZ_OK || !consumes(options))
		return status;
	if (!unchanged(input)) {
		pgz_say(input->name, "changed while it was read, and is kept");
		return PGZ_WARNING;
	}
	if (unlink(input->name) < 0) {
		pgz_say(input->name, "%s", strerror(errno));
		return PGZ_ERROR;
	}
	return PGZ_OK;
}

static void name_in_header(struct input *input)
{
	const char *slash = strrchr(input->name, '/');
	input->header.name = slash != NULL ? slash + 1 : input->name;
	if (input->about.st_mtim.tv_sec > 0 && input->about.st_mtim.tv_sec <= UINT32_MAX)
		input->header.mtime = (uint32_t)input->about.st_mtim.tv_sec;
}

enum pgz_status pgz_file(struct deflater *deflater, const char *name, const struct pgz_options *options)
{
	if (strcmp(name, "-") == 0) {
		struct input input = { .fd = STDIN_FILENO, .name = "standard input" };
		return to_stdout(deflater, &input, options->force);
	}
	struct input input = { .fd = -1, .name = name };
	enum pgz_status status = open_input(&input, options);
	if (status == PGZ_OK) {
		if (!options->no_name)
			name_in_header(&input);
		status = options->to_stdout ? to_stdout(deflater, &input, options->force)
		                            : to_neighbour(deflater, &input, options);
	}
	if (input.fd >= 0)
		close(input.fd);
	return status;
}
