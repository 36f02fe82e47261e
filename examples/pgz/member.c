/* SPDX-License-Identifier: Apache-2.0 */
/* What a gzip member begins and ends with (RFC 1952). */
#include "pgz.h"

#include <string.h>

enum { METHOD_DEFLATE = 8, FLAG_NAME = 8, SMALLEST = 2, FASTEST = 4, UNIX = 3 };

static unsigned char *little_endian(unsigned char *to, uint32_t number)
{
	for (int i = 0; i < 4; i++)
		*to++ = (unsigned char)(number >> (8 * i));
	return to;
}

int pgz_write_header(int fd, int level, const struct pgz_header *header)
{
	unsigned char bytes[10] = { 0x1f, 0x8b, METHOD_DEFLATE };
	bytes[3] = header->name != NULL ? FLAG_NAME : 0;
	little_endian(bytes + 4, header->mtime);
	bytes[8] = level == 9 ? SMALLEST : level == 1 ? FASTEST : 0;
	bytes[9] = UNIX;
	int error = pgz_write(fd, bytes, sizeof(bytes));
	if (error == 0 && header->name != NULL)
		error = pgz_write(fd, header->name, strlen(header->name) + 1);
	return error;
}

int pgz_write_trailer(int fd, uint32_t crc, uint32_t total)
{
	unsigned char bytes[8];
	little_endian(little_endian(bytes, crc), total);
	return pgz_write(fd, bytes, sizeof(bytes));
}
