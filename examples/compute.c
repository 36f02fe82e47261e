/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compute: a server whose answers take computing, and that is there for others meanwhile. Usage: compute [queens]
 *
 * A request is a number of queens, and the answer in how many ways they stand on a board (see nqueens.c): a search on
 * all cores. The connection's task enters the fork-join world by SKUA_RUN, as main would, in the middle of that of
 * await; nothing is handed to other threads, and there are no two pools of them to be balanced.
 *
 * A worker that computes still looks around: where a task spawns or a loop goes on, it lets in what has become ready.
 * So other connections are answered within some milliseconds, however long the search takes. (Code that does neither
 * keeps its core; it calls skua_yield now and then.) The program is its own client: two connections ask for the whole
 * board, a third one asks for one queen, a ping, until they have their answers.
 */
#include "example.h"

#include <skua/skua.h>
#include <stdatomic.h>

enum { ASKING = 2 };

static const int64_t known[] = { 1, 1, 0, 0, 2, 10, 4, 40, 92, 352, 724, 2680, 14200, 73712, 365596 };
static int listener, queens;
static _Atomic int asking = ASKING;

SKUA_TASK(int64_t, place, uint32_t, full, uint32_t, columns, uint32_t, falling, uint32_t, rising)
{
	if (columns == full)
		return 1;
	int children = 0;
	for (uint32_t open = full & ~(columns | falling | rising); open != 0; open &= open - 1) {
		uint32_t queen = open & (~open + 1);
		SKUA_SPAWN(place, full, columns | queen, (falling | queen) << 1, (rising | queen) >> 1);
		children++;
	}
	int64_t solutions = 0;
	while (children-- > 0)
		solutions += SKUA_SYNC(place);
	return solutions;
}

static int serve(void *arg)
{
	int peer = (int)(intptr_t)arg, asked;
	while (skua_read_all(peer, &asked, sizeof(asked)) == sizeof(asked) && asked >= 0 && asked < 32)
		skua_write_all(peer, &(int64_t){ SKUA_RUN(place, (1u << asked) - 1, 0, 0, 0) }, sizeof(int64_t));
	return skua_close(peer);
}

static int take_connections(void *server)
{
	int peer;
	while ((peer = skua_accept(listener)) >= 0)
		skua_group_run(server, serve, (void *)(intptr_t)peer);
	return 0;
}

/* Returns the answer, or an error. */
static int64_t ask(int peer, int number)
{
	int64_t answer;
	ptrdiff_t result = skua_write_all(peer, &number, sizeof(number));
	if (result >= 0)
		result = skua_read_all(peer, &answer, sizeof(answer));
	return result == sizeof(answer) ? answer : result < 0 ? result : -EPIPE;
}

static void *compute(void *right)
{
	int peer = skua_dial("127.0.0.1", (unsigned)skua_local_port(listener));
	int64_t answer = ask(peer, queens);
	atomic_fetch_sub(&asking, 1);
	skua_close(peer);
	return answer == known[queens] ? right : NULL;
}

int main(int argc, char **argv)
{
	skua_group server = SKUA_GROUP_INIT;
	skua_future *computing[ASKING];
	int pings = 0, wrong = 0;
	uint64_t slowest_ns = 0, begin_ns;
	queens = example_size(argc, argv, 12, 1, 14);
	listener = skua_listen("127.0.0.1", 0, 128);
	skua_group_run(&server, take_connections, &server);
	int peer = skua_dial("127.0.0.1", (unsigned)skua_local_port(listener));
	for (int i = 0; i < ASKING; i++)
		computing[i] = skua_async(compute, &server);
	for (; asking > 0 && !wrong; pings++) {
		begin_ns = skua_now_ns();
		wrong = ask(peer, 1) != 1;
		if (skua_now_ns() - begin_ns > slowest_ns)
			slowest_ns = skua_now_ns() - begin_ns;
		skua_sleep_ns(1000000);
	}
	for (int i = 0; i < ASKING; i++)
		wrong |= skua_await(computing[i]) == NULL;
	skua_close(peer);
	skua_close(listener);
	wrong |= skua_group_wait(&server) < 0 || pings == 0;
	printf("compute: %d queens, twice, and meanwhile %d pings, the slowest in %.1f ms%s\n", queens, pings,
	       (double)slowest_ns / 1e6, wrong ? ", WRONG" : "");
	return wrong;
}
