/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nqueens: any number of children. Usage: nqueens [n]
 *
 * In how many ways can n queens stand on an n by n board so that none attacks another? The queens are set row by row;
 * each free square of a row is a child that counts the solutions with a queen there. How many children there are is
 * known only at run time, so they are spawned in a loop, and a second loop takes back as many.
 *
 * A sync always takes back the youngest spawn that is not yet synced, so the results come in reverse order. Here this
 * does not matter, since they are added. Where it does, count the second loop downwards.
 *
 * A board is three sets of attacked columns, one bit each. They are arguments: every child gets its own copy, and so
 * there is nothing to undo and nothing shared.
 */
#include "example.h"

#include <skua/skua.h>

/* Solutions for the rows that are left; full has a bit for each column. */
SKUA_TASK(int64_t, place, uint32_t, full, uint32_t, columns, uint32_t, falling, uint32_t, rising)
{
	if (columns == full)
		return 1;
	int children = 0;
	for (uint32_t open = full & ~(columns | falling | rising); open != 0; open &= open - 1) {
		uint32_t queen = open & (~open + 1); /* the lowest bit alone */
		SKUA_SPAWN(place, full, columns | queen, (falling | queen) << 1, (rising | queen) >> 1);
		children++;
	}
	int64_t solutions = 0;
	for (int i = 0; i < children; i++)
		solutions += SKUA_SYNC(place);
	return solutions;
}

int main(int argc, char **argv)
{
	static const int64_t known[] = { 1,   1,   0,    0,    2,     10,    4,      40,      92,
					 352, 724, 2680, 14200, 73712, 365596, 2279184, 14772512, 95815104 };
	int n = example_size(argc, argv, 13, 1, (int)(sizeof(known) / sizeof(known[0])) - 1);
	int64_t solutions = SKUA_RUN(place, (UINT32_C(1) << n) - 1, 0, 0, 0);

	printf("nqueens %d: %lld solutions\n", n, (long long)solutions);
	if (solutions != known[n]) {
		fprintf(stderr, "nqueens: wrong, there are %lld\n", (long long)known[n]);
		return 1;
	}
	return 0;
}
