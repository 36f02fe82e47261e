/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sorts size keys of 32 bits, or the addresses of size words:
 *
 *     uniform      random keys
 *     presorted    keys in order
 *     few          random keys, only 16 different ones
 *     words        words drawn from the system's list (or made up if it has none), compared by strcmp
 *
 * It shows what a program gets that calls the library and thinks no further. Each run sorts other data: a processor
 * that is shown the same thousand keys again and again soon foresees every branch of a sort.
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

static sort_data data;
static const char **dictionary_word; /* for words: what they are drawn from */
static size_t dictionary_count;
static uint64_t state = 42; /* of the random numbers */
static uint64_t input_sum;

sort_data sort_input(void)
{
	return data;
}

static uint64_t random_next(void)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return state >> 32;
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
static char *make_up_words(void)
{
	char *text = array(MADE_WORDS, MADE_BYTES + 1);
	char *at = text;
	for (int i = 0; i < MADE_WORDS; i++) {
		for (uint64_t syllables = 1 + random_next() % (MADE_BYTES / 2); syllables > 0; syllables--) {
			*at++ = "bdfgklmnprstvz"[random_next() % 14];
			*at++ = "aeiou"[random_next() % 5];
		}
		*at++ = '\n';
	}
	*at = '\0';
	return text;
}

static void read_words(void)
{
	char *text = read_dictionary();
	dictionary_word = split(text ? text : make_up_words(), &dictionary_count);
}

static void draw_words(void)
{
	for (size_t i = 0; i < data.count; i++)
		data.word[i] = dictionary_word[random_next() * dictionary_count >> 32];
}

static void draw_keys(const char *variant)
{
	bool presorted = strcmp(variant, "presorted") == 0;
	bool few = strcmp(variant, "few") == 0;
	if (!presorted && !few && strcmp(variant, "uniform") != 0)
		kernel_fail("variant '%s' is not uniform, presorted, few or words", variant);
	for (size_t i = 0; i < data.count; i++) {
		uint32_t key = (uint32_t)random_next();
		data.key[i] = presorted ? (uint32_t)i : few ? key >> 28 : key;
	}
}

/* Does not depend on the order. */
static uint64_t sum(void)
{
	uint64_t total = 0;
	for (size_t i = 0; i < data.count; i++)
		total += data.key ? kernel_hash(&data.key[i], sizeof(data.key[i]))
				  : kernel_hash(data.word[i], strlen(data.word[i]));
	return total;
}

static void begin(const kernel_params *params)
{
	if (params->size < 1 || params->size > INT32_MAX)
		kernel_fail("size %ld is not from 1 to %d", params->size, INT32_MAX);
	data.count = (size_t)params->size;
	if (strcmp(params->variant, "words") == 0) {
		read_words();
		data.word = array(data.count, sizeof(*data.word));
	} else {
		data.key = array(data.count, sizeof(*data.key));
	}
}

void kernel_setup(const kernel_params *params)
{
	if (!data.count)
		begin(params);
	if (data.word)
		draw_words();
	else
		draw_keys(params->variant);
	input_sum = sum();
}

/* In order, and the same elements as before: the sum of their hashes says so. */
uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	for (size_t i = 1; i < data.count; i++)
		if (data.key ? data.key[i - 1] > data.key[i] : strcmp(data.word[i - 1], data.word[i]) > 0)
			kernel_fail("not sorted at %zu", i);
	if (sum() != input_sum)
		kernel_fail("what is sorted is not the input");
	return data.count;
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return 0;
}
