/* SPDX-License-Identifier: Apache-2.0 */
/*
 * download: many downloads, a few at a time, none of which may take too long.
 *
 * The server is tasks too, so that the program needs nobody else. It is as simple as gopher: a client names a resource
 * by a number, and everything up to the end of the connection is the answer. One resource is missing (an empty answer),
 * and one never comes.
 *
 * A task for each resource; a semaphore lets four go on. Time is limited by a deadline, one point in time that all
 * waits of a download share: to name a host, to connect, to read. So a server that sends a byte now and then gains
 * nothing. What goes wrong is a result like others, kept with the download. (To end all of them at the first failure,
 * its task would return the error: a group cancels the rest then.)
 */
#include "example.h"
#include "gauge.h"

#include <skua/skua.h>
#include <string.h>

enum { RESOURCES = 20, AT_ONCE = 4, MISSING = 13, SILENT = 7, MOST_BYTES = 100000 };

struct download {
	int number;
	ptrdiff_t result; /* how many bytes, or an error */
	char bytes[MOST_BYTES];
};

static int listener;
static skua_sem turns = SKUA_SEM_INIT;
static struct gauge running;

/* A resource. Returns how many bytes. */
static size_t make(int number, char *bytes)
{
	uint64_t random = (uint64_t)number;
	size_t count = number == MISSING ? 0 : 1 + (size_t)example_random(&random, MOST_BYTES);
	for (size_t i = 0; i < count; i++)
		bytes[i] = (char)example_random(&random, 256);
	return count;
}

/* Answers one connection after the other; there are as many such tasks as downloads go on. */
static int serve(void *unused)
{
	for (int peer; (peer = skua_accept(listener)) >= 0; skua_close(peer)) {
		char bytes[MOST_BYTES];
		int number = SILENT;
		skua_read_all(peer, &number, sizeof(number));
		if (number == SILENT)
			skua_read(peer, bytes, 1); /* until the client gives up */
		else
			skua_write_all(peer, bytes, make(number, bytes));
	}
	return unused != NULL;
}

static ptrdiff_t fetch(int number, char *bytes, uint64_t deadline)
{
	int peer = skua_dial_until("127.0.0.1", (unsigned)skua_local_port(listener), deadline);
	ptrdiff_t result = peer < 0 ? peer : skua_write_all_until(peer, &number, sizeof(number), deadline);
	if (result >= 0)
		result = skua_read_all_until(peer, bytes, MOST_BYTES, deadline);
	skua_close(peer);
	return result == 0 ? -ENOENT : result;
}

static int download(void *arg)
{
	struct download *download = arg;
	skua_sem_wait(&turns);
	gauge_enter(&running);
	uint64_t deadline = skua_now_ns() + (download->number == SILENT ? 300000000 : 60000000000);
	download->result = fetch(download->number, download->bytes, deadline);
	gauge_leave(&running);
	return skua_sem_post(&turns, 1);
}

static int is_right(const struct download *download)
{
	static char bytes[MOST_BYTES];
	ptrdiff_t count = (ptrdiff_t)make(download->number, bytes);
	ptrdiff_t expected = download->number == SILENT ? -ETIMEDOUT : count == 0 ? -ENOENT : count;
	return download->result == expected && (expected < 0 || memcmp(bytes, download->bytes, (size_t)count) == 0);
}

int main(void)
{
	static struct download all[RESOURCES];
	skua_group server = SKUA_GROUP_INIT, downloads = SKUA_GROUP_INIT;
	listener = skua_listen("127.0.0.1", 0, 128);
	for (int i = 0; i < AT_ONCE; i++)
		skua_group_run(&server, serve, NULL);
	skua_sem_init(&turns, AT_ONCE);
	for (int i = 0; i < RESOURCES; i++) {
		all[i].number = i;
		skua_group_run(&downloads, download, &all[i]);
	}
	int right = 0, error = skua_group_wait(&downloads);
	for (int i = 0; i < RESOURCES; i++)
		right += is_right(&all[i]);
	skua_close(listener); /* ends the tasks that wait for connections */
	error |= skua_group_wait(&server);
	printf("download: %d of %d right, one was late, one missing; %d at once\n", right, RESOURCES, running.most);
	return error != 0 || right != RESOURCES || running.most > AT_ONCE;
}
