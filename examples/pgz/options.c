/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of pgz: gzip's letters, and pigz's -p. */
#include "pgz.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS_MAX = 1024 };

static const char usage[] =
        "usage: pgz [-1..-9] [-cfkn] [-p workers] [file ...]\n"
        "Compresses each file to file.gz, or standard input to standard output.\n"
        "  -1 .. -9      fastest .. smallest (--fast, --best); 6 if not given\n"
        "  -c            to standard output, and keep the files (--stdout)\n"
        "  -f            also over an existing file.gz, through links, to a terminal (--force)\n"
        "  -k            keep the files (--keep)\n"
        "  -n            no name and time in the output (--no-name)\n"
        "  -p workers    1 to 1024; one per usable core if not given (--processes)\n"
        "  -h            this text (--help)\n"
        "Ends with 0; 1 when something went wrong; 2 when a file was left alone.\n";

static const struct option long_options[] = {
	{ "fast", no_argument, NULL, '1' },    { "best", no_argument, NULL, '9' },
	{ "stdout", no_argument, NULL, 'c' },  { "force", no_argument, NULL, 'f' },
	{ "keep", no_argument, NULL, 'k' },    { "no-name", no_argument, NULL, 'n' },
	{ "help", no_argument, NULL, 'h' },    { "processes", required_argument, NULL, 'p' },
	{ NULL, 0, NULL, 0 },
};

void pgz_say(const char *file, const char *format, ...)
{
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	fprintf(stderr, "pgz: %s: %s\n", file, text);
}

/* Returns the number of workers, or 0 if the text is none. */
static unsigned workers_of(const char *text)
{
	char *end = NULL;
	errno = 0;
	long workers = strtol(text, &end, 10);
	bool good = end != text && *end == '\0' && errno == 0 && workers >= 1 && workers <= WORKERS_MAX;
	return good ? (unsigned)workers : 0;
}

/* Takes one option. Returns as pgz_options_parse. */
static int take(int letter, struct pgz_options *options)
{
	switch (letter) {
	case 'c':
		options->to_stdout = true;
		return -1;
	case 'f':
		options->force = true;
		return -1;
	case 'k':
		options->keep = true;
		return -1;
	case 'n':
		options->no_name = true;
		return -1;
	case 'p':
		options->workers = workers_of(optarg);
		if (options->workers > 0)
			return -1;
		pgz_say("-p", "%s: not a number from 1 to %d", optarg, WORKERS_MAX);
		return PGZ_ERROR;
	case 'h':
		fputs(usage, stdout);
		return fflush(stdout) == 0 ? PGZ_OK : PGZ_ERROR;
	default:
		if (letter >= '1' && letter <= '9') {
			options->level = letter - '0';
			return -1;
		}
		fputs(usage, stderr); /* getopt has said which option it does not know */
		return PGZ_ERROR;
	}
}

int pgz_options_parse(int argc, char **argv, struct pgz_options *options)
{
	*options = (struct pgz_options){ .level = 6 };
	int letter;
	while ((letter = getopt_long(argc, argv, "123456789cfhknp:", long_options, NULL)) != -1) {
		int end = take(letter, options);
		if (end >= 0)
			return end;
	}
	options->files = argv + optind;
	options->file_count = argc - optind;
	return -1;
}
