/* SPDX-License-Identifier: Apache-2.0 */
/* The sum of 0 to 999 by halves; exit status 0 if it is right. */
#include <skua/skua.h>
#include <stdio.h>

SKUA_TASK(long, sum, long, begin, long, end)
{
	if (end - begin == 1)
		return begin;
	SKUA_SPAWN(sum, begin, begin + (end - begin) / 2);
	long right = SKUA_CALL(sum, begin + (end - begin) / 2, end);
	return SKUA_SYNC(sum) + right;
}

int main(void)
{
	long total = SKUA_RUN(sum, 0L, 1000L);
	printf("%ld\n", total);
	skua_stop();
	return total == 499500 ? 0 : 1;
}
