/* SPDX-License-Identifier: Apache-2.0 */
/* See cluster.h. */
#include "cluster.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The user for the server if we are root; NULL otherwise. */
static const struct passwd *other_user(void)
{
	if (geteuid() != 0)
		return NULL;
	const struct passwd *user = getpwnam("postgres");
	return user != NULL ? user : getpwnam("nobody");
}

/* Starts a program of the server's user, its output appended to the folder's log. words: NULL at the end. */
static int start(struct cluster *cluster, skua_process *process, const char *const *words)
{
	const struct passwd *user = other_user();
	char uid[32], gid[32], log[96];
	const char *argv[32] = { "setpriv", uid, gid, "--clear-groups" };
	size_t count = user != NULL ? 4 : 0;
	if (user != NULL) {
		snprintf(uid, sizeof(uid), "--reuid=%u", (unsigned)user->pw_uid);
		snprintf(gid, sizeof(gid), "--regid=%u", (unsigned)user->pw_gid);
	}
	while (*words != NULL && count < 31)
		argv[count++] = *words++;
	argv[count] = NULL;
	snprintf(log, sizeof(log), "%s/log", cluster->folder);
	int out = skua_open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (out < 0)
		return out;
	skua_process_options options = {
		.argv = argv,
		.directory = cluster->folder,
		.input = SKUA_STDIO_NULL,
		.output = out,
		.error = SKUA_STDIO_OUTPUT,
	};
	int error = skua_process_start(process, &options);
	skua_close(out);
	return error;
}

int cluster_start(struct cluster *cluster)
{
	*cluster = (struct cluster){ .folder = "/tmp/skua-postgres-XXXXXX" };
	if (mkdtemp(cluster->folder) == NULL)
		return -errno;
	const struct passwd *user = other_user();
	if (user != NULL && chown(cluster->folder, user->pw_uid, user->pw_gid) < 0)
		return -errno;
	const char *make[] = { POSTGRES_FOLDER "/initdb",
		               "-D",
		               "data",
		               "-U",
		               "skua",
		               "-A",
		               "trust",
		               "-E",
		               "UTF8",
		               "--locale=C",
		               "--no-sync",
		               NULL };
	const char *serve[] = { POSTGRES_FOLDER "/postgres", "-D", "data",      "-k", cluster->folder,       "-c",
		                "listen_addresses=",         "-c", "fsync=off", "-c", "shared_buffers=16MB", NULL };
	skua_process initdb;
	int error = start(cluster, &initdb, make);
	if (error == 0 && skua_process_wait(&initdb) != 0)
		error = -EIO;
	if (error == 0)
		error = start(cluster, &cluster->server, serve);
	snprintf(cluster->where, sizeof(cluster->where), "host=%s user=skua dbname=postgres", cluster->folder);
	return error;
}

int cluster_stop(struct cluster *cluster)
{
	int status = -ESRCH;
	if (cluster->server.pid > 0) {
		skua_process_kill(&cluster->server, SIGINT); /* the fast way: sessions are ended */
		status = skua_process_wait(&cluster->server);
	}
	const char *argv[] = { "rm", "-rf", cluster->folder, NULL };
	skua_process_options options = { .argv = argv };
	skua_process rm;
	if (skua_process_start(&rm, &options) == 0)
		skua_process_wait(&rm);
	return status;
}
