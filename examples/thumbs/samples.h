/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pictures that the test of thumbs is made with. All are the same: from left to right the first channel rises, from
 * top to bottom the second one; alpha rises from left to right. So a scaled one is known without scaling.
 */
#ifndef SKUA_EXAMPLES_THUMBS_SAMPLES_H
#define SKUA_EXAMPLES_THUMBS_SAMPLES_H

#include "picture.h"

/* What the picture shows in a place. */
double sample_ideal(unsigned x, unsigned y, unsigned c, const struct picture *picture);

/* Whether the second file is what the first one scaled to size should be. */
bool sample_check(unsigned size, const char *path, const char *small_path, char *problem);

#endif
