/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libpq, PostgreSQL's own library, in tasks: its calls that do not block, and skua_poll where it would have to wait.
 *
 *     PQconnectStart --> PQconnectPoll: wants to read or write --> skua_poll --> again, until it is connected
 *     PQsendQuery    --> PQflush ...   --> PQisBusy: skua_poll, PQconsumeInput --> PQgetResult
 *
 * This is how any library with a descriptor to wait for becomes one that can be awaited. What has none, or blocks all
 * the same, goes through skua_offload: here the cancelling of a query, which makes a connection of its own.
 *
 * A connection is used by one task at a time.
 */
#ifndef POSTGRES_DATABASE_H
#define POSTGRES_DATABASE_H

#include <libpq-fe.h>
#include <stdint.h>

/* Connects. Returns: 0, and *connection for PQfinish; -ECONNREFUSED; -ETIMEDOUT; -ECANCELED; -ENOMEM. */
int database_open(PGconn **connection, const char *where, uint64_t deadline);

/*
 * Asks, with one argument or NULL. If the deadline comes first, the server is asked to stop, and the connection can be
 * used again. Returns: 0, and *result for PQclear, which may be an error of the query; -ETIMEDOUT; -ECANCELED; -EIO.
 */
int database_query(PGconn *connection, const char *query, const char *argument, uint64_t deadline, PGresult **result);

#endif
