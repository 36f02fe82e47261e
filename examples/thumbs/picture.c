/* SPDX-License-Identifier: Apache-2.0 */
/* Picture files of either format; see picture.h. */
#include "picture.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t PIXEL_BYTES_MAX = UINT64_C(1) << 31;

static bool failed(char *problem, const char *text)
{
	snprintf(problem, PROBLEM_BYTES, "%s", text);
	return false;
}

bool picture_allocate(struct picture *picture, char *problem)
{
	uint64_t bytes = (uint64_t)picture->width * picture->height * picture->channels;
	if (bytes > PIXEL_BYTES_MAX)
		return failed(problem, "more than 2 GiB of pixels");
	picture->pixels = malloc((size_t)bytes);
	return picture->pixels != NULL || failed(problem, "no memory for its pixels");
}

/* What a file is, is seen at how it begins; its name says little. Returns -1 for neither. */
static int format_of(FILE *file)
{
	static const unsigned char jpeg[] = { 0xff, 0xd8, 0xff };
	static const unsigned char png[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
	unsigned char begin[sizeof(png)];
	size_t bytes = fread(begin, 1, sizeof(begin), file);
	rewind(file);
	if (bytes >= sizeof(jpeg) && memcmp(begin, jpeg, sizeof(jpeg)) == 0)
		return PICTURE_JPEG;
	return bytes >= sizeof(png) && memcmp(begin, png, sizeof(png)) == 0 ? PICTURE_PNG : -1;
}

bool picture_read(const char *path, struct picture *picture, enum picture_format *format, char *problem)
{
	*picture = (struct picture){ .pixels = NULL };
	FILE *file = fopen(path, "rb");
	if (file == NULL)
		return failed(problem, strerror(errno));
	int found = format_of(file);
	bool good;
	if (found < 0)
		good = failed(problem, ferror(file) ? "it cannot be read" : "neither JPEG nor PNG");
	else
		good = found == PICTURE_JPEG ? jpeg_read(file, picture, problem) : png_read(file, picture, problem);
	fclose(file);
	if (!good) {
		free(picture->pixels);
		picture->pixels = NULL;
	}
	*format = found == PICTURE_PNG ? PICTURE_PNG : PICTURE_JPEG;
	return good;
}

/* Under another name until it is whole. */
bool picture_write(const char *path, const struct picture *picture, enum picture_format format, char *problem)
{
	char part[PATH_MAX];
	if (snprintf(part, sizeof(part), "%s.part", path) >= (int)sizeof(part))
		return failed(problem, strerror(ENAMETOOLONG));
	FILE *file = fopen(part, "wb");
	if (file == NULL)
		return failed(problem, strerror(errno));
	bool good = format == PICTURE_JPEG ? jpeg_write(file, picture, problem) : png_write(file, picture, problem);
	if (fclose(file) != 0 && good)
		good = failed(problem, strerror(errno));
	if (good && rename(part, path) != 0)
		good = failed(problem, strerror(errno));
	if (!good)
		remove(part);
	return good;
}
