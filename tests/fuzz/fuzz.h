/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzz targets share: an input that is a text of lines `name=value`, and the end of a run that has found
 * something.
 *
 * A target is a function that libFuzzer calls with one input after the other. It looks not only for what sanitizers
 * see: what the reader returns must agree with what its header promises, whatever the input was.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Says what is wrong and ends the run; libFuzzer keeps the input. */
#define FUZZ_REQUIRE(condition, ...)                                                                                   \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: not so: %s: ", __FILE__, __LINE__, #condition);                        \
			fprintf(stderr, __VA_ARGS__);                                                                  \
			fputc('\n', stderr);                                                                           \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

/* The input as a string, to be freed; it ends at the first NUL, as a string from outside would. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	if (!text)
		abort();
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* Cuts the next line off *text; NULL if there is none. */
static inline char *fuzz_line(char **text)
{
	return *text ? strsep(text, "\n") : NULL;
}

/* The value, if the line is `name=value`; else NULL. */
static inline char *fuzz_value(char *line, const char *name)
{
	size_t length = strlen(name);
	return strncmp(line, name, length) == 0 && line[length] == '=' ? line + length + 1 : NULL;
}

#endif
