/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sorts size keys of 32 bits, or the addresses of size words:
 *
 *     uniform      random keys
 *     presorted    keys in order
 *     few          random keys, only 16 different ones
 *     words        words drawn from the system's list (or made up if it has none), compared by strcmp
 *
 * It shows what a program gets that calls the library and thinks no further.
 */
#include "problem.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

const char kernel_name[] = "sort";

static const char dictionary[] = "/usr/share/dict/words";

enum {
	MADE_WORDS = 100000,
	MADE_BYTES = 12
};

static sort_data input;
static sort_data data;
static uint64_t input_sum;

sort_data sort_input(void)
{
	return data;
}

static uint64_t random_next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 32;
}

static void *array(size_t count, size_t bytes)
{
	void *memory = malloc(count * bytes + 1);
	if (!memory)
		kernel_fail("no memory for %zu elements", count);
	return memory;
}

/* The text's lines as strings. */
static const char **split(char *text, size_t *count)
{
	*count = 0;
	for (const char *at = text; *at; at++)
		*count += *at == '\n';
	const char **word = array(*count, sizeof(*word));
	for (size_t i = 0; i < *count; i++) {
		char *end = strchr(text, '\n');
		*end = '\0';
		word[i] = text;
		text = end + 1;
	}
	return word;
}

/* The system's words, one in a line; NULL if there are none. */
static char *read_dictionary(void)
{
	FILE *file = fopen(dictionary, "r");
	if (!file || fseek(file, 0, SEEK_END) < 0)
		return NULL;
	long size = ftell(file);
	rewind(file);
	char *text = size > 0 ? array((size_t)size, 1) : NULL;
	if (text)
		text[fread(text, 1, (size_t)size, file)] = '\0';
	fclose(file);
	return text && strchr(text, '\n') ? text : NULL;
}

/* Syllables after each other, so that many words begin alike. */
static char *make_up_words(uint64_t *state)
{
	char *text = array(MADE_WORDS, MADE_BYTES + 1);
	char *at = text;
	for (int i = 0; i < MADE_WORDS; i++) {
		for (uint64_t syllables = 1 + random_next(state) % (MADE_BYTES / 2); syllables > 0; syllables--) {
			*at++ = "bdfgklmnprstvz"[random_next(state) % 14];
			*at++ = "aeiou"[random_next(state) % 5];
		}
		*at++ = '\n';
	}
	*at = '\0';
	return text;
}

static void make_words(uint64_t *state)
{
	size_t words;
	char *text = read_dictionary();
	const char **word = split(text ? text : make_up_words(state), &words);
	input.word = array(input.count, sizeof(*input.word));
	data.word = array(input.count, sizeof(*data.word));
	for (size_t i = 0; i < input.count; i++)
		input.word[i] = word[random_next(state) * words >> 32];
	free(word);
}

static void make_keys(const char *variant, uint64_t *state)
{
	bool presorted = strcmp(variant, "presorted") == 0;
	bool few = strcmp(variant, "few") == 0;
	if (!presorted && !few && strcmp(variant, "uniform") != 0)
		kernel_fail("variant '%s' is not uniform, presorted, few or words", variant);
	input.key = array(input.count, sizeof(*input.key));
	data.key = array(input.count, sizeof(*data.key));
	for (size_t i = 0; i < input.count; i++) {
		uint32_t key = (uint32_t)random_next(state);
		input.key[i] = presorted ? (uint32_t)i : few ? key >> 28 : key;
	}
}

/* Does not depend on the order. */
static uint64_t sum(sort_data of)
{
	uint64_t total = 0;
	for (size_t i = 0; i < of.count; i++)
		total += of.key ? of.key[i] : kernel_hash(of.word[i], strlen(of.word[i]));
	return total;
}

void kernel_setup(const kernel_params *params)
{
	if (!input.count) {
		uint64_t state = 42;
		if (params->size < 1 || params->size > INT32_MAX)
			kernel_fail("size %ld is not from 1 to %d", params->size, INT32_MAX);
		input.count = data.count = (size_t)params->size;
		if (strcmp(params->variant, "words") == 0)
			make_words(&state);
		else
			make_keys(params->variant, &state);
		input_sum = sum(input);
	}
	if (input.key)
		memcpy(data.key, input.key, input.count * sizeof(*input.key));
	else
		memcpy(data.word, input.word, input.count * sizeof(*input.word));
}

uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	uint64_t hash = 0;
	(void)params;
	(void)result;
	for (size_t i = 1; i < data.count; i++)
		if (data.key ? data.key[i - 1] > data.key[i] : strcmp(data.word[i - 1], data.word[i]) > 0)
			kernel_fail("not sorted at %zu", i);
	if (sum(data) != input_sum)
		kernel_fail("what is sorted is not the input");
	if (data.key)
		return kernel_hash(data.key, data.count * sizeof(*data.key));
	for (size_t i = 0; i < data.count; i++)
		hash = hash * 31 + kernel_hash(data.word[i], strlen(data.word[i]));
	return hash;
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return 0;
}
