/* SPDX-License-Identifier: Apache-2.0 */
/* Names and numbers, without a network. */
#include "wired.h"

#include <netdb.h>
#include <netinet/in.h>

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
