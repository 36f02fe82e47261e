/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PostgreSQL server of one's own: data in a temporary folder, reached by a Unix socket in it and not by the network.
 * The server refuses to be run by root; then it runs as user postgres, or nobody.
 */
#ifndef POSTGRES_CLUSTER_H
#define POSTGRES_CLUSTER_H

#include <skua/skua.h>

struct cluster {
	char folder[64];
	char where[256]; /* for database_open */
	skua_process server;
};

/* Makes and starts it; it may take a second until connections are let in. Returns: 0, or a negative errno. */
int cluster_start(struct cluster *cluster);

/* Stops it and removes the folder. After a start, also one that failed. Returns: the exit status of the server. */
int cluster_stop(struct cluster *cluster);

#endif
