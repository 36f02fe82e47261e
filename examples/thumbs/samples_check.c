/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a thumbnail is what it should be; see samples.h. */
#include "samples.h"

#include <stdlib.h>

enum { TOLERANCE = 10, OPAQUE_ENOUGH = 64 };

/* What the picture shows in a place. */
double sample_ideal(unsigned x, unsigned y, unsigned c, const struct picture *picture)
{
	bool alpha = picture->channels % 2 == 0 && c == picture->channels - 1;
	if (alpha || c == 0)
		return 255 * (x + 0.5) / picture->width;
	return c == 1 ? 255 * (y + 0.5) / picture->height : 128;
}

/* Whether the sides are those of the picture in a square of size. */
static bool right_size(const struct picture *picture, const struct picture *small, unsigned size)
{
	unsigned longest = picture->width > picture->height ? picture->width : picture->height;
	double factor = longest > size ? (double)size / longest : 1;
	double width = picture->width * factor, height = picture->height * factor;
	return small->channels == picture->channels && small->width >= 1 && small->height >= 1 &&
	       small->width + 0.501 >= width && small->width <= (width < 1 ? 1 : width + 0.501) &&
	       small->height + 0.501 >= height && small->height <= (height < 1 ? 1 : height + 0.501);
}

static bool right_pixels(const struct picture *small)
{
	const unsigned char *pixel = small->pixels;
	for (unsigned y = 0; y < small->height; y++) {
		for (unsigned x = 0; x < small->width; x++, pixel += small->channels) {
			bool clear = small->channels % 2 == 0 && pixel[small->channels - 1] < OPAQUE_ENOUGH;
			for (unsigned c = clear ? small->channels - 1 : 0; c < small->channels; c++) {
				double error = pixel[c] - sample_ideal(x, y, c, small);
				if (error > TOLERANCE || error < -TOLERANCE)
					return false;
			}
		}
	}
	return true;
}

bool sample_check(unsigned size, const char *path, const char *small_path, char *problem)
{
	struct picture picture, small = { .pixels = NULL };
	enum picture_format format, small_format;
	bool good = picture_read(path, &picture, &format, problem) &&
	            picture_read(small_path, &small, &small_format, problem);
	if (good && (format != small_format || !right_size(&picture, &small, size))) {
		snprintf(problem, PROBLEM_BYTES, "%s: %u x %u", small_path, small.width, small.height);
		good = false;
	} else if (good && !right_pixels(&small)) {
		snprintf(problem, PROBLEM_BYTES, "%s: not the picture's colours", small_path);
		good = false;
	}
	free(picture.pixels);
	free(small.pixels);
	return good;
}
