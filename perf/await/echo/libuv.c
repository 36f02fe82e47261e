/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The echo server on libuv: a loop for each worker, each in a thread of its own. What was read is sent back at once by
 * uv_try_write, and only what does not fit goes through a write request.
 */
#include "server.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

/* One worker. The connections that wait to be taken in are under the lock; all else is the loop's own. */
typedef struct worker {
	uv_loop_t loop;
	uv_async_t arrived;
	pthread_mutex_t lock;
	int *waiting;
	unsigned count, room;
} worker;

typedef struct connection {
	uv_tcp_t tcp; /* first: libuv gives its address back */
	char text[ECHO_BYTES];
} connection;

/* What did not fit into the socket. */
typedef struct rest {
	uv_write_t request; /* first */
	char text[];
} rest;

static void need(int result, const char *what)
{
	if (result >= 0)
		return;
	errno = -result;
	server_fail(what);
}

static void closed(uv_handle_t *handle)
{
	free(handle);
}

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	(void)suggested;
	connection *c = (connection *)handle;
	*buffer = uv_buf_init(c->text, sizeof c->text);
}

static void written(uv_write_t *request, int status)
{
	uv_stream_t *stream = request->handle;
	free(request);
	if (status < 0 && !uv_is_closing((uv_handle_t *)stream))
		uv_close((uv_handle_t *)stream, closed);
}

static void got(uv_stream_t *stream, ssize_t bytes, const uv_buf_t *buffer)
{
	if (bytes == 0)
		return;
	if (bytes < 0) {
		uv_close((uv_handle_t *)stream, closed);
		return;
	}
	uv_buf_t out = uv_buf_init(buffer->base, (unsigned)bytes);
	int sent = uv_try_write(stream, &out, 1);
	if (sent == bytes)
		return;
	size_t done = sent > 0 ? (size_t)sent : 0, left = (size_t)bytes - done;
	rest *r = malloc(sizeof *r + left);
	if (!r)
		server_fail("malloc");
	memcpy(r->text, buffer->base + done, left);
	out = uv_buf_init(r->text, (unsigned)left);
	if (uv_write(&r->request, stream, &out, 1, written) < 0) {
		free(r);
		uv_close((uv_handle_t *)stream, closed);
	}
}

static void take(worker *w, int fd)
{
	connection *c = malloc(sizeof *c);
	if (!c)
		server_fail("malloc");
	need(uv_tcp_init(&w->loop, &c->tcp), "uv_tcp_init");
	need(uv_tcp_open(&c->tcp, fd), "uv_tcp_open");
	need(uv_read_start((uv_stream_t *)&c->tcp, give_buffer, got), "uv_read_start");
}

static void take_all(uv_async_t *arrived)
{
	worker *w = arrived->data;
	pthread_mutex_lock(&w->lock);
	for (unsigned i = 0; i < w->count; i++)
		take(w, w->waiting[i]);
	w->count = 0;
	pthread_mutex_unlock(&w->lock);
}

static void give(worker *w, int fd)
{
	pthread_mutex_lock(&w->lock);
	if (w->count == w->room) {
		w->room = w->room ? 2 * w->room : 64;
		w->waiting = realloc(w->waiting, w->room * sizeof *w->waiting);
		if (!w->waiting)
			server_fail("realloc");
	}
	w->waiting[w->count++] = fd;
	pthread_mutex_unlock(&w->lock);
	need(uv_async_send(&w->arrived), "uv_async_send");
}

static void *run(void *arg)
{
	worker *w = arg;
	uv_run(&w->loop, UV_RUN_DEFAULT);
	return NULL;
}

int main(int argc, char **argv)
{
	server_arguments arguments = server_start(argc, argv);
	worker *workers = calloc(arguments.workers, sizeof *workers);
	for (unsigned i = 0; workers && i < arguments.workers; i++) {
		worker *w = &workers[i];
		pthread_t thread;
		need(uv_loop_init(&w->loop), "uv_loop_init");
		need(uv_async_init(&w->loop, &w->arrived, take_all), "uv_async_init");
		w->arrived.data = w;
		pthread_mutex_init(&w->lock, NULL);
		need(-pthread_create(&thread, NULL, run, w), "pthread_create");
	}
	if (!workers)
		server_fail("calloc");
	int listener = server_listen(arguments.port);
	for (unsigned next = 0;; next = (next + 1) % arguments.workers)
		give(&workers[next], server_accept(listener));
}
