/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres: a library that was not made for tasks, made to wait in them. Eight connections to a PostgreSQL server ask a
 * thousand queries between them, and one of these would take a minute: its deadline cancels it, and the connection goes
 * on with the next one.
 *
 * database.h is the part to take away. The server is the program's own (cluster.h) and is gone when it ends.
 */
#include "cluster.h"
#include "database.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { CONNECTIONS = 8, QUERIES = 1000, SLOW = 500 };

static struct cluster cluster;
static _Atomic int next, late;

static uint64_t after(unsigned milliseconds)
{
	return skua_now_ns() + milliseconds * UINT64_C(1000000);
}

/* A query whose answer is one value, or NULL: none. Returns: 0; -EDOM another answer; an error. */
static int ask(PGconn *connection, const char *query, const char *argument, const char *expected)
{
	PGresult *result;
	int error = database_query(connection, query, argument, after(60000), &result);
	if (error < 0)
		return error;
	int right = PQntuples(result) == 1 && expected != NULL && strcmp(PQgetvalue(result, 0, 0), expected) == 0;
	right |= PQresultStatus(result) == PGRES_COMMAND_OK && expected == NULL;
	if (!right)
		fprintf(stderr, "postgres: %s: %s\n", query, PQresultErrorMessage(result));
	PQclear(result);
	return right ? 0 : -EDOM;
}

static int query(PGconn *connection, int number)
{
	char text[16], square[16];
	PGresult *none;
	if (number == SLOW) {
		int error = database_query(connection, "SELECT pg_sleep(60)", NULL, after(200), &none);
		late += error == -ETIMEDOUT;
		return error == -ETIMEDOUT ? 0 : -EDOM;
	}
	snprintf(text, sizeof(text), "%d", number);
	snprintf(square, sizeof(square), "%d", number * number);
	return ask(connection, "INSERT INTO squares VALUES ($1::int, $1::int * $1) RETURNING square", text, square);
}

static int work(void *where)
{
	PGconn *connection;
	int error = database_open(&connection, where, after(60000));
	if (error < 0)
		return error;
	for (int number; error == 0 && (number = next++) < QUERIES;)
		error = query(connection, number);
	PQfinish(connection);
	return error;
}

static int run(void)
{
	PGconn *connection;
	int error;
	uint64_t deadline = after(30000);
	while ((error = database_open(&connection, cluster.where, deadline)) == -ECONNREFUSED && after(0) < deadline)
		skua_sleep_ns(20000000); /* it is still starting */
	if (error < 0)
		return error;
	error = ask(connection, "CREATE TABLE squares (number int, square int)", NULL, NULL);
	skua_group workers = SKUA_GROUP_INIT;
	for (int i = 0; error == 0 && i < CONNECTIONS; i++)
		error = skua_group_run(&workers, work, cluster.where);
	int failure = skua_group_wait(&workers);
	if (error == 0 && failure == 0)
		error = ask(connection, "SELECT count(DISTINCT number) * 1000000 + sum(number) FROM squares", NULL,
		            "999499000");
	PQfinish(connection);
	return error < 0 ? error : failure;
}

int main(void)
{
	int error = cluster_start(&cluster);
	if (error == 0)
		error = run();
	int wrong = cluster_stop(&cluster) != 0 || error < 0 || late != 1;
	printf("postgres: %d queries over %d connections, one of them cancelled by its deadline%s%s\n", QUERIES,
	       CONNECTIONS, wrong ? ", WRONG: " : "", wrong ? skua_strerror(error) : "");
	return wrong;
}
