/* SPDX-License-Identifier: Apache-2.0 */
/* What comes after a read that has emptied a TCP connection: the next read does not try before an event has come. */
#include "wired.h"

static int far, near; /* the ends; the tests' tasks read from `near` */

static void come(const char *text, int flags)
{
	size_t bytes = strlen(text);
	cr_assert_eq(send(far, text, bytes, flags | MSG_NOSIGNAL), (ssize_t)bytes);
}

static void expect_read(const char *text)
{
	char in[64];
	ptrdiff_t bytes = skua_read(near, in, sizeof in);
	cr_assert_eq(bytes, (ptrdiff_t)strlen(text), "%d bytes instead of \"%s\"", (int)bytes, text);
	cr_assert_eq(memcmp(in, text, (size_t)bytes), 0);
}

/* A short read that had to wait, so that the kernel knows the descriptor. */
static void *empty_it(void *arg)
{
	expect_read("first");
	return arg;
}

static void emptied(void)
{
	connected(&far, &near);
	skua_future *reading = skua_async(empty_it, NULL);
	await_waiting(1);
	come("first", 0);
	skua_await(reading);
}

static void *reads_what_comes(void *arg)
{
	const char *const *text = arg;
	for (; *text; text++)
		expect_read(*text);
	return NULL;
}

/* The reader waits, and what is sent meanwhile may be one event for it. */
static void sent_to_a_waiting_reader(void (*send_all)(void), const char *const *texts)
{
	emptied();
	skua_future *reading = skua_async(reads_what_comes, (void *)texts); /* NOLINT: it is only read */
	await_waiting(1);
	send_all();
	skua_await(reading);
	skua_close(near);
	skua_close(far);
}

static void data_and_end(void)
{
	come("last", 0);
	shutdown(far, SHUT_WR);
}

static void data_and_urgent_data(void)
{
	come("before", 0);
	come("!", MSG_OOB);
	come("after", 0);
	shutdown(far, SHUT_WR);
}

static void more_data(void)
{
	come("more", 0);
}

static void after_the_reader_waits(void)
{
	sent_to_a_waiting_reader(more_data, (const char *const[]){ "more", NULL });
	sent_to_a_waiting_reader(data_and_end, (const char *const[]){ "last", "", "", NULL });
	sent_to_a_waiting_reader(data_and_urgent_data, (const char *const[]){ "before", "after", "", NULL });
}

static void before_the_reader_waits(void)
{
	void (*const all[])(void) = { more_data, data_and_end };
	for (unsigned i = 0; i < 2; i++) {
		emptied();
		all[i]();
		expect_read(i == 0 ? "more" : "last");
		shutdown(far, SHUT_WR);
		expect_read("");
		skua_close(near);
		skua_close(far);
	}
}

static void looked_at_first(void)
{
	char in[64];
	emptied();
	come("more", 0);
	cr_assert_eq(skua_recv(near, in, sizeof in, MSG_PEEK), 4);
	expect_read("more");
	skua_close(near);
	skua_close(far);
}

/* A deadline that is past is one look, and what is there is found, though no event has told of it. */
static void looked_at_once(void)
{
	char in[64];
	emptied();
	cr_assert_eq(skua_recv_until(near, in, sizeof in, 0, 0), -ETIMEDOUT);
	come("more", 0);
	cr_assert_eq(skua_recv_until(near, in, sizeof in, 0, 0), 4);
	cr_assert_eq(skua_recv_until(near, in, sizeof in, 0, skua_now_ns() + MS), -ETIMEDOUT);
	come("more", 0);
	cr_assert_eq(skua_read_until(near, in, sizeof in, 0), 4);
	skua_close(near);
	skua_close(far);
}

static void *after_a_short_read(void *arg)
{
	after_the_reader_waits();
	before_the_reader_waits();
	looked_at_first();
	looked_at_once();
	return arg;
}

static void after_short_reads(void)
{
	in_task(after_a_short_read, NULL);
}

Test(short_read, hides_nothing_that_comes_after_it)
{
	wired(1, 3, after_short_reads);
}
