/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pictures for the test of thumbs: makes them, and checks what became of them.
 *
 *     samples make DIR                     writes pictures of all kinds
 *     samples check SIZE PICTURE SMALL     whether SMALL is what PICTURE scaled to SIZE should be
 */
#include "samples.h"

#include <stdlib.h>
#include <string.h>

static const struct sample {
	const char *name;
	unsigned width, height, channels;
} samples[] = {
	{ "rgb.jpg", 900, 600, 3 },     { "grey.jpeg", 333, 777, 1 },   { "large.JPG", 2400, 1500, 3 },
	{ "small.png", 40, 30, 3 },     { "alpha.png", 700, 500, 4 },   { "grey.png", 513, 257, 1 },
	{ "grey_alpha.png", 300, 400, 2 }, { "tall.png", 3, 1000, 3 },  { "point.png", 1, 1, 4 },
};

static bool make(const char *folder, const struct sample *sample, char *problem)
{
	char path[4096];
	struct picture picture = { .width = sample->width, .height = sample->height, .channels = sample->channels };
	if (!picture_allocate(&picture, problem))
		return false;
	unsigned char *pixel = picture.pixels;
	for (unsigned y = 0; y < picture.height; y++) {
		for (unsigned x = 0; x < picture.width; x++) {
			for (unsigned c = 0; c < picture.channels; c++)
				*pixel++ = (unsigned char)sample_ideal(x, y, c, &picture);
		}
	}
	snprintf(path, sizeof(path), "%s/%s", folder, sample->name);
	size_t length = strlen(sample->name);
	bool png = strcmp(sample->name + length - 4, ".png") == 0;
	bool good = picture_write(path, &picture, png ? PICTURE_PNG : PICTURE_JPEG, problem);
	free(picture.pixels);
	return good;
}

int main(int argc, char **argv)
{
	char problem[PROBLEM_BYTES] = "usage: samples make DIR | samples check SIZE PICTURE SMALL";
	bool good = false;
	if (argc == 3 && strcmp(argv[1], "make") == 0) {
		good = true;
		for (size_t i = 0; good && i < sizeof(samples) / sizeof(*samples); i++)
			good = make(argv[2], &samples[i], problem);
	} else if (argc == 5 && strcmp(argv[1], "check") == 0) {
		good = sample_check((unsigned)strtoul(argv[2], NULL, 10), argv[3], argv[4], problem);
	}
	if (!good)
		fprintf(stderr, "samples: %s\n", problem);
	return !good;
}
