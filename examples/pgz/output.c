/* SPDX-License-Identifier: Apache-2.0 */
/* An output file that is either whole or not there; see output.h. */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { NAMES = 100, ACCESS_BITS = 0777 };

/* The name of the unfinished output, for the signal handler as well; empty: there is none. */
static char unfinished[PATH_MAX];

static const int deadly[] = { SIGINT, SIGTERM, SIGHUP };

static void on_signal(int signal_number)
{
	if (unfinished[0] != '\0')
		unlink(unfinished);
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

/* The input is mapped: this is how a read error, or somebody who cuts the file meanwhile, shows. */
static void on_bus_error(int signal_number)
{
	static const char text[] = "pgz: the input became shorter meanwhile, or cannot be read\n";
	(void)signal_number;
	if (unfinished[0] != '\0')
		unlink(unfinished);
	ssize_t said = write(STDERR_FILENO, text, sizeof(text) - 1);
	(void)said;
	_exit(1);
}

/* A signal that is ignored, as by nohup, stays ignored. */
void output_watch_signals(void)
{
	signal(SIGBUS, on_bus_error);
	for (size_t i = 0; i < sizeof(deadly) / sizeof(*deadly); i++) {
		if (signal(deadly[i], on_signal) == SIG_IGN)
			signal(deadly[i], SIG_IGN);
	}
}

int output_begin(struct output *output, const char *final)
{
	const char *slash = strrchr(final, '/');
	int folder_length = slash != NULL ? (int)(slash - final) + 1 : 0;
	for (int i = 0; i < NAMES; i++) {
		char name[PATH_MAX];
		int length = snprintf(name, sizeof(name), "%.*s.pgz-%ld-%d", folder_length, final, (long)getpid(), i);
		if (length >= (int)sizeof(name))
			return -ENAMETOOLONG;
		int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
		if (fd >= 0) {
			memcpy(unfinished, name, (size_t)length + 1);
			*output = (struct output){ .fd = fd, .final = final };
			return 0;
		}
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

/* Only root can give a file away; and an owner's set-user-ID bit is not for a file of somebody else. */
static int take_after(int fd, const struct stat *like)
{
	struct timespec times[2] = { like->st_atim, like->st_mtim };
	if (fchown(fd, like->st_uid, like->st_gid) < 0 && errno != EPERM)
		return -errno;
	if (fchmod(fd, like->st_mode & ACCESS_BITS) < 0)
		return -errno;
	return futimens(fd, times) < 0 ? -errno : 0;
}

/* A new link fails where the name is taken, without a moment between a look and the act. */
static int give_name(const char *final, bool replace)
{
	if (!replace && link(unfinished, final) == 0)
		return unlink(unfinished) < 0 ? -errno : 0;
	if (!replace && errno == EEXIST)
		return -EEXIST;
	if (!replace && access(final, F_OK) == 0) /* a file system without links */
		return -EEXIST;
	return rename(unfinished, final) < 0 ? -errno : 0;
}

int output_commit(struct output *output, const struct stat *like, bool replace)
{
	int error = take_after(output->fd, like);
	if (close(output->fd) < 0 && error == 0)
		error = -errno;
	output->fd = -1;
	if (error == 0)
		error = give_name(output->final, replace);
	if (error < 0)
		output_abandon(output);
	unfinished[0] = '\0';
	return error;
}

void output_abandon(struct output *output)
{
	if (output->fd >= 0)
		close(output->fd);
	output->fd = -1;
	if (unfinished[0] != '\0')
		unlink(unfinished);
	unfinished[0] = '\0';
}
