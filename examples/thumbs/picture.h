/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A picture in memory, and its ways to and from files.
 *
 *   picture.c  whatever file it is: looks at how it begins, and leaves a whole file or none
 *   jpeg.c     by libjpeg (-turbo), whose errors arrive by longjmp and end here
 *   png.c      by libpng's simplified interface
 *   scale.c    smaller
 *
 * Metadata (Exif, colour profiles) is not kept. Call from: anywhere, one caller at a time for a picture.
 */
#ifndef SKUA_EXAMPLES_THUMBS_PICTURE_H
#define SKUA_EXAMPLES_THUMBS_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { PROBLEM_BYTES = 256 }; /* at least libjpeg's JMSG_LENGTH_MAX */

/* Rows from top to bottom without gaps. 1 channel: grey, 2: grey and alpha, 3: red, green, blue, 4: and alpha. */
struct picture {
	unsigned width, height, channels;
	unsigned char *pixels; /* from malloc */
};

enum picture_format { PICTURE_JPEG, PICTURE_PNG };

/*
 * All return whether it went well; else problem, of PROBLEM_BYTES, says why, and a picture that was to be filled has
 * pixels that are NULL.
 */
bool picture_read(const char *path, struct picture *picture, enum picture_format *format, char *problem);
bool picture_write(const char *path, const struct picture *picture, enum picture_format format, char *problem);

/* Makes `to` as large as from fits into a square of `size` pixels; never larger than it is. The rows in parallel. */
bool picture_scale(const struct picture *from, struct picture *to, unsigned size, char *problem);

/* Gets the memory for width, height and channels. For jpeg.c, png.c and scale.c. */
bool picture_allocate(struct picture *picture, char *problem);

/* The two halves of picture_read and picture_write that know a format; a failed read may leave pixels to free. */
bool jpeg_read(FILE *file, struct picture *picture, char *problem);
bool jpeg_write(FILE *file, const struct picture *picture, char *problem);
bool png_read(FILE *file, struct picture *picture, char *problem);
bool png_write(FILE *file, const struct picture *picture, char *problem);

#endif
