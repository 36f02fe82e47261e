/* SPDX-License-Identifier: Apache-2.0 */
/* PNG by libpng's simplified interface, which turns every kind of PNG into 8 bits and returns its errors. */
#include "picture.h"

#include <png.h>
#include <string.h>

static bool failed(png_image *image, char *problem)
{
	snprintf(problem, PROBLEM_BYTES, "%s", image->message);
	png_image_free(image);
	return false;
}

static void begin(png_image *image)
{
	memset(image, 0, sizeof(*image));
	image->version = PNG_IMAGE_VERSION;
}

bool png_read(FILE *file, struct picture *picture, char *problem)
{
	png_image image;
	begin(&image);
	if (!png_image_begin_read_from_stdio(&image, file))
		return failed(&image, problem);
	image.format &= PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA; /* no palette, no 16 bits */
	picture->width = image.width;
	picture->height = image.height;
	picture->channels = PNG_IMAGE_SAMPLE_CHANNELS(image.format);
	if (!picture_allocate(picture, problem)) {
		png_image_free(&image);
		return false;
	}
	return png_image_finish_read(&image, NULL, picture->pixels, 0, NULL) || failed(&image, problem);
}

bool png_write(FILE *file, const struct picture *picture, char *problem)
{
	static const png_uint_32 formats[] = { PNG_FORMAT_GRAY, PNG_FORMAT_GA, PNG_FORMAT_RGB, PNG_FORMAT_RGBA };
	png_image image;
	begin(&image);
	image.width = picture->width;
	image.height = picture->height;
	image.format = formats[picture->channels - 1];
	return png_image_write_to_stdio(&image, file, 0, picture->pixels, 0, NULL) || failed(&image, problem);
}
