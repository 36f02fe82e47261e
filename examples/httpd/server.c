/* SPDX-License-Identifier: Apache-2.0 */
/* See server.h. */
#include "server.h"

#include "file.h"
#include "request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { HEAD_BYTES = 8192, PIECE_BYTES = 65536 };

struct place {
	struct server *server;
	int peer;            /* -1: free */
	size_t have;         /* bytes in `in` */
	char in[HEAD_BYTES]; /* a head, and what came behind it */
	char out[PIECE_BYTES];
};

static uint64_t deadline(const struct place *place)
{
	return skua_now_ns() + place->server->patience_ns;
}

static const char *reason(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 301:
		return "Moved Permanently";
	case 400:
		return "Bad Request";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 431:
		return "Request Header Fields Too Large";
	case 505:
		return "HTTP Version Not Supported";
	default:
		return "Service Unavailable";
	}
}

/* Writes the head of an answer into `out`. Returns its length. */
static size_t write_head(struct place *place, const struct request *request, int status, const struct file *file)
{
	char date[64];
	time_t now = time(NULL);
	struct tm parts;
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &parts));
	int length = snprintf(place->out, PIECE_BYTES,
	                      "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: %s\r\nContent-Length: %lld\r\n"
	                      "Connection: %s\r\n%s%s%s%s\r\n",
	                      status, reason(status), date, file->type, (long long)file->bytes,
	                      request->keep_alive ? "keep-alive" : "close", status == 405 ? "Allow: GET, HEAD\r\n" : "",
	                      status == 301 ? "Location: " : "", status == 301 ? request->target : "",
	                      status == 301 ? "/\r\n" : "");
	return (size_t)length;
}

/* Sends `used` bytes of `out`, and the file behind them. A short file goes out in one piece with its head. */
static int send_file(struct place *place, size_t used, const struct file *file)
{
	int64_t sent = 0;
	do {
		size_t room = PIECE_BYTES - used;
		if (file->bytes - sent < (int64_t)room)
			room = (size_t)(file->bytes - sent);
		ptrdiff_t bytes = room > 0 ? skua_pread(file->fd, place->out + used, room, sent) : 0;
		if (bytes < 0 || (bytes == 0 && room > 0))
			return -EIO; /* it became shorter, and its length is promised: nothing but to hang up */
		used += (size_t)bytes;
		sent += bytes;
		ptrdiff_t result = skua_write_all_until(place->peer, place->out, used, deadline(place));
		if (result < 0)
			return (int)result;
		used = 0;
	} while (sent < file->bytes);
	return 0;
}

/* Returns: 0; a negative errno: the connection is of no use any more. */
static int answer(struct place *place, const struct request *request)
{
	struct file file = { .fd = -1 };
	int status = request->status;
	if (status == 0)
		status = file_open(&file, place->server->folder, request->path);
	int result;
	if (status == 200) {
		size_t used = write_head(place, request, status, &file);
		if (request->is_head)
			file.bytes = 0;
		result = send_file(place, used, &file);
		skua_close(file.fd);
	} else {
		char text[64];
		file.type = "text/plain; charset=utf-8";
		file.bytes = snprintf(text, sizeof(text), "%d %s\n", status, reason(status));
		size_t used = write_head(place, request, status, &file);
		if (!request->is_head) {
			memcpy(place->out + used, text, (size_t)file.bytes);
			used += (size_t)file.bytes;
		}
		result = (int)skua_write_all_until(place->peer, place->out, used, deadline(place));
	}
	return result < 0 ? result : 0;
}

/* Reads until `in` begins with a whole head. Returns: its length; -EMSGSIZE; -EPIPE the client has gone; an error. */
static ptrdiff_t read_head(struct place *place)
{
	uint64_t until = deadline(place);
	for (size_t looked = 0;;) {
		const char *end = memmem(place->in + looked, place->have - looked, "\r\n\r\n", 4);
		if (end != NULL)
			return end + 4 - place->in;
		if (place->have == HEAD_BYTES)
			return -EMSGSIZE;
		looked = place->have < 3 ? 0 : place->have - 3;
		ptrdiff_t bytes =
		        skua_read_until(place->peer, place->in + place->have, HEAD_BYTES - place->have, until);
		if (bytes <= 0)
			return bytes < 0 ? bytes : -EPIPE;
		place->have += (size_t)bytes;
	}
}

/*
 * To close a socket with bytes that nobody read takes back what was sent, so the rest is read first: until the client
 * has closed too, or for a while.
 */
static void hang_up(struct place *place)
{
	uint64_t until = skua_now_ns() + 500000000;
	shutdown(place->peer, SHUT_WR);
	while (skua_read_until(place->peer, place->in, HEAD_BYTES, until) > 0)
		;
}

static void converse(struct place *place)
{
	struct request request = { .keep_alive = true };
	ptrdiff_t bytes = 0;
	int result = 0;
	while (result == 0 && request.keep_alive && (bytes = read_head(place)) > 0) {
		request_parse(&request, place->in, (size_t)bytes);
		result = answer(place, &request);
		place->have -= (size_t)bytes;
		memmove(place->in, place->in + bytes, place->have);
	}
	if (bytes == -EMSGSIZE) {
		request = (struct request){ .status = 431 };
		result = answer(place, &request);
	}
	if (result == 0 && !request.keep_alive)
		hang_up(place);
}

static int serve(void *arg)
{
	struct place *place = arg;
	place->have = 0;
	converse(place);
	skua_close(place->peer);
	place->peer = -1;
	skua_channel_try_send(place->server->free, &place); /* there is room for all places */
	return 0;
}

static int take_connections(void *arg)
{
	struct server *server = arg;
	struct place *place;
	while (skua_channel_recv(server->free, &place) == 0) {
		do {
			place->peer = skua_accept(server->listener);
			/* No descriptors, no memory: others will close some. */
			if (place->peer < 0 && place->peer != -ECANCELED && place->peer != -EBADF)
				skua_sleep_ns(10000000);
		} while (place->peer < 0 && !skua_cancelled());
		if (place->peer < 0 || skua_group_run(&server->tasks, serve, place) < 0)
			break;
	}
	return 0;
}

static void clean_up(struct server *server)
{
	for (unsigned i = 0; server->places != NULL && i < server->most; i++) {
		if (server->places[i].peer >= 0)
			skua_close(server->places[i].peer);
	}
	if (server->free != NULL)
		skua_channel_destroy(server->free);
	if (server->listener >= 0)
		skua_close(server->listener);
	free(server->places);
}

int server_start(struct server *server)
{
	server->tasks = (skua_group)SKUA_GROUP_INIT;
	server->places = calloc(server->most, sizeof(struct place));
	server->free = skua_channel_create(server->most, sizeof(struct place *));
	int error = server->listener = skua_listen(server->host, server->port, 1024);
	if (server->places == NULL || server->free == NULL)
		error = -ENOMEM;
	for (unsigned i = 0; error >= 0 && i < server->most; i++) {
		struct place *place = &server->places[i];
		place->server = server;
		place->peer = -1;
		skua_channel_try_send(server->free, &place);
	}
	if (error >= 0) {
		server->port = (unsigned)skua_local_port(server->listener);
		error = skua_group_run(&server->tasks, take_connections, server);
	}
	if (error < 0)
		clean_up(server);
	return error < 0 ? error : 0;
}

void server_stop(struct server *server)
{
	skua_group_cancel(&server->tasks);
	skua_group_wait(&server->tasks);
	clean_up(server);
}
