/* SPDX-License-Identifier: Apache-2.0 */
/* See database.h. */
#include "database.h"

#include <errno.h>
#include <poll.h>
#include <skua/skua.h>

int database_open(PGconn **connection, const char *where, uint64_t deadline)
{
	PGconn *made = PQconnectStart(where);
	if (made == NULL)
		return -ENOMEM;
	int error = PQstatus(made) == CONNECTION_BAD ? -ECONNREFUSED : 0;
	PostgresPollingStatusType wants = PGRES_POLLING_WRITING;
	while (error >= 0 && wants != PGRES_POLLING_OK) {
		error = skua_poll(PQsocket(made), wants == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline);
		if (error >= 0 && (wants = PQconnectPoll(made)) == PGRES_POLLING_FAILED)
			error = -ECONNREFUSED;
	}
	if (error >= 0 && PQsetnonblocking(made, 1) != 0)
		error = -EIO;
	if (error < 0) {
		PQfinish(made);
		return error;
	}
	*connection = made;
	return 0;
}

/* Sends what libpq holds, and reads until PQgetResult would not block. */
static int wait_for_result(PGconn *connection, uint64_t deadline)
{
	int left;
	while ((left = PQflush(connection)) > 0 || PQisBusy(connection)) {
		int ready = skua_poll(PQsocket(connection), left > 0 ? POLLIN | POLLOUT : POLLIN, deadline);
		if (ready < 0)
			return ready;
		if ((ready & (POLLIN | POLLERR | POLLHUP)) != 0 && PQconsumeInput(connection) == 0)
			return -EIO;
	}
	return left < 0 ? -EIO : 0;
}

/* The last result of a query. PQgetResult says NULL when there is none left. */
static int take_results(PGconn *connection, uint64_t deadline, PGresult **result)
{
	*result = NULL;
	for (;;) {
		int error = wait_for_result(connection, deadline);
		PGresult *next = error < 0 ? NULL : PQgetResult(connection);
		if (next == NULL)
			return error < 0 ? error : *result == NULL ? -EIO : 0;
		PQclear(*result);
		*result = next;
	}
}

static void *cancel(void *connection)
{
	char why[256];
	PGcancel *how = PQgetCancel(connection);
	int done = how != NULL && PQcancel(how, why, sizeof(why));
	PQfreeCancel(how);
	return done ? connection : NULL;
}

int database_query(PGconn *connection, const char *query, const char *argument, uint64_t deadline, PGresult **result)
{
	const char *const arguments[] = { argument };
	if (!PQsendQueryParams(connection, query, argument ? 1 : 0, NULL, arguments, NULL, NULL, 0))
		return -EIO;
	int error = take_results(connection, deadline, result);
	if (error == -ETIMEDOUT || error == -ECANCELED) {
		/* Also a task that is cancelled itself leaves the connection in order. */
		skua_shield(1);
		PQclear(*result);
		skua_offload(cancel, connection);
		if (take_results(connection, skua_now_ns() + UINT64_C(10000000000), result) < 0)
			error = -EIO;
		skua_shield(0);
	}
	if (error < 0) {
		PQclear(*result);
		*result = NULL;
	}
	return error;
}
