/* SPDX-License-Identifier: Apache-2.0 */
/* Names and numbers, without a network. */
#include "wired.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>

static void *look_up(void *arg)
{
	struct addrinfo *list = NULL;
	const struct addrinfo stream = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
	cr_assert_eq(skua_resolve("127.0.0.1", "80", &stream, &list), 0);
	struct sockaddr_in *address = (struct sockaddr_in *)(void *)list->ai_addr;
	cr_assert_eq(ntohl(address->sin_addr.s_addr), INADDR_LOOPBACK);
	cr_assert_eq(ntohs(address->sin_port), 80);
	freeaddrinfo(list);
	int error = skua_resolve("localhost", "80", &stream, &list);
	cr_assert_eq(error, 0, "%s", skua_strerror(error));
	address = (struct sockaddr_in *)(void *)list->ai_addr;
	cr_assert_eq(ntohl(address->sin_addr.s_addr), INADDR_LOOPBACK);
	freeaddrinfo(list);
	const struct addrinfo wrong = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = 1 << 30 };
	cr_assert_eq(skua_resolve("127.0.0.1", "80", &wrong, &list), -EINVAL);
	const struct addrinfo numeric = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	cr_assert_eq(skua_resolve("localhost", "80", &numeric, &list), -ENOENT);
	const struct addrinfo numeric_host = { .ai_flags = AI_NUMERICHOST };
	cr_assert_eq(skua_resolve("localhost", "80", &numeric_host, &list), -ENOENT);
	cr_assert_eq(skua_resolve(NULL, "no-such-service", NULL, &list), -ENOENT);
	return arg;
}

static void looks_up(void)
{
	everywhere(look_up, NULL);
}

Test(resolve, names_and_numbers)
{
	wired(1, 2, looks_up);
}

static void *give_up(void *arg)
{
	struct addrinfo *list = NULL;
	int error = skua_resolve_until("localhost", "80", NULL, &list, skua_now_ns() + (uint64_t)int_of(arg));
	if (error == 0)
		freeaddrinfo(list);
	return number(error);
}

/* Given up at all moments; the look-up ends by itself. */
static void gives_up(void)
{
	cr_assert_eq(int_of(in_task(give_up, number(0))), -ETIMEDOUT);
	for (int i = 1; i < 60; i++) {
		skua_future *looking = skua_async(give_up, number(i * 10000));
		if (i % 3 == 0)
			skua_cancel(looking);
		int error = int_of(skua_await(looking));
		cr_assert(error == 0 || error == -ETIMEDOUT || (i % 3 == 0 && error == -ECANCELED), "%s",
			  skua_strerror(error));
	}
}

Test(resolve, a_look_up_can_be_given_up)
{
	wired(1, 2, gives_up);
}

static void *listen_and_dial(void *arg)
{
	char path[200];
	/* On all addresses there are. */
	int listening = skua_listen(NULL, 0, 8);
	cr_assert_geq(listening, 0, "%s", skua_strerror(listening));
	int port = skua_local_port(listening);
	cr_assert_gt(port, 0);
	int fd = skua_dial("127.0.0.1", (unsigned)port);
	cr_assert_geq(fd, 0, "%s", skua_strerror(fd));
	cr_assert_gt(skua_local_port(fd), 0);
	skua_close(fd);
	fd = skua_dial(NULL, (unsigned)port);
	cr_assert_geq(fd, 0, "no host is this one: %s", skua_strerror(fd));
	skua_close(fd);
	/* It is taken, and so is an address that is nobody's here. */
	cr_assert_eq(skua_listen("127.0.0.1", (unsigned)port, 8), -EADDRINUSE);
	cr_assert_eq(skua_listen("192.0.2.1", 0, 8), -EADDRNOTAVAIL);
	skua_close(listening);

	cr_assert_eq(skua_listen("127.0.0.1", UINT16_MAX + 1, 8), -EINVAL);
	cr_assert_eq(skua_dial("127.0.0.1", UINT16_MAX + 1), -EINVAL);
	memset(path, 'x', sizeof path);
	memcpy(path, "/tmp/", 5);
	path[sizeof path - 1] = '\0';
	cr_assert_eq(skua_listen(path, 0, 8), -ENAMETOOLONG);
	cr_assert_eq(skua_dial(path, 0), -ENAMETOOLONG);

	snprintf(path, sizeof path, "/tmp/skua-resolve-%d", (int)getpid());
	unlink(path);
	listening = skua_listen(path, 0, 8);
	cr_assert_geq(listening, 0);
	cr_assert_eq(skua_local_port(listening), -EAFNOSUPPORT, "a path has no port");
	skua_close(listening);
	cr_assert_eq(skua_local_port(listening), -EBADF);
	unlink(path);
	return arg;
}

static void listens_and_dials(void)
{
	everywhere(listen_and_dial, NULL);
}

Test(resolve, sockets_by_name_and_by_path)
{
	wired(1, 2, listens_and_dials);
}
