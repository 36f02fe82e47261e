/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of pgz share: the options, reading and writing, and the compressor.
 *
 *   main.c      the way of one call: options, runtime, one file after the other
 *   options.c   the command line
 *   file.c      names, refusals, the output that is either whole or not there
 *   deflater.c  the parallel part: one input to one gzip member
 *   block.c     one block of it
 *   member.c    what a gzip member begins and ends with
 *   io.c        reads and writes that come back only when they are done
 *
 * Tasks are in deflater.c only, and call block.c and io.c; all the rest is the main thread's.
 */
#ifndef SKUA_EXAMPLES_PGZ_H
#define SKUA_EXAMPLES_PGZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* As gzip's: a warning means that a file was left alone, and errors count more than warnings. */
enum pgz_status { PGZ_OK = 0, PGZ_ERROR = 1, PGZ_WARNING = 2 };

struct pgz_options {
	int level;        /* 1 to 9 */
	unsigned workers; /* 0: what skua chooses */
	bool to_stdout, force, keep, no_name;
	char **files;
	int file_count; /* 0: from standard input to standard output */
};

/* What a gzip member says of its file. */
struct pgz_header {
	const char *name; /* NULL: none */
	uint32_t mtime;   /* seconds since 1970; 0: none */
};

/* What went wrong: where, and errno's number. */
struct pgz_problem {
	const char *what; /* NULL: nothing */
	int error;
};

/* Returns -1, or the status with which the program is to end at once. */
int pgz_options_parse(int argc, char **argv, struct pgz_options *options);

/* Says something about a file on stderr. */
__attribute__((format(printf, 2, 3))) void pgz_say(const char *file, const char *format, ...);

/* Returns the number of bytes, less than asked for only at the end of the input, or a negative errno. */
ssize_t pgz_read(int fd, void *to, size_t bytes);
/* Returns 0 or a negative errno. */
int pgz_write(int fd, const void *from, size_t bytes);

/* What a member begins and ends with; total is its length modulo 2^32. They return 0 or a negative errno. */
int pgz_write_header(int fd, int level, const struct pgz_header *header);
int pgz_write_trailer(int fd, uint32_t crc, uint32_t total);

/* The compressor: its buffers, and a z_stream for each worker, used for one input after the other. */
struct deflater;

/* NULL: no memory. The runtime must be running until the deflater is destroyed. */
struct deflater *deflater_create(int level, unsigned workers);
/* Writes what can be read from in as one gzip member. Returns what went wrong first. */
struct pgz_problem deflater_run(struct deflater *deflater, int in, int out, const struct pgz_header *header);
void deflater_destroy(struct deflater *deflater);

/* Compresses one file ("-": standard input). Says what goes wrong. */
enum pgz_status pgz_file(struct deflater *deflater, const char *name, const struct pgz_options *options);

#endif
