/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of Matrix Market files: the banner, comments, the line of sizes, then one entry in each line. Entries are
 * kept as they come and then dealt out to their rows.
 */
#include "matrix_market.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	LINE_BYTES = 1100 /* the format allows 1024 characters */
};

typedef struct entry {
	uint32_t row;
	uint32_t column;
	double value;
} entry;

typedef struct reader {
	const char *path;
	FILE *file;
	unsigned long line_number;
	char line[LINE_BYTES];
	char *problem;
	size_t problem_bytes;
	bool pattern;
	bool symmetric;
	size_t rows;
	size_t columns;
	size_t stored;  /* entries in the file */
	size_t entries; /* in the matrix, both halves */
	entry *entry;
} reader;

__attribute__((format(printf, 2, 3))) static int refuse(reader *r, const char *format, ...)
{
	char text[256];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	snprintf(r->problem, r->problem_bytes, "%s:%lu: %s", r->path, r->line_number, text);
	return -1;
}

/* Returns: 1 a line is there, 0 the file is over, -1 refused. */
static int next_line(reader *r)
{
	errno = 0;
	if (!fgets(r->line, sizeof(r->line), r->file))
		return ferror(r->file) ? refuse(r, "cannot be read: %s", strerror(errno)) : 0;
	r->line_number++;
	size_t length = strlen(r->line);
	if (length == sizeof(r->line) - 1 && r->line[length - 1] != '\n')
		return refuse(r, "the line is too long");
	return 1;
}

/* As next_line, without comments and empty lines. */
static int next_content(reader *r)
{
	int got;
	do
		got = next_line(r);
	while (got > 0 && (r->line[0] == '%' || r->line[strspn(r->line, " \t\r\n")] == '\0'));
	return got;
}

static int read_banner(reader *r)
{
	char object[32] = "";
	char format[32] = "";
	char field[32] = "";
	char symmetry[32] = "";
	int got = next_line(r);
	if (got < 0)
		return -1;
	if (got == 0 || strncmp(r->line, "%%MatrixMarket", 14) != 0)
		return refuse(r, "no Matrix Market file: the first line does not begin with %%%%MatrixMarket");
	if (sscanf(r->line + 14, "%31s %31s %31s %31s", object, format, field, symmetry) != 4)
		return refuse(r, "the banner lacks words: object, format, field and symmetry are expected");
	if (strcasecmp(object, "matrix") != 0)
		return refuse(r, "holds a %s, not a matrix", object);
	if (strcasecmp(format, "coordinate") != 0)
		return refuse(r, "format '%s' is not supported, only coordinate", format);
	r->pattern = strcasecmp(field, "pattern") == 0;
	if (!r->pattern && strcasecmp(field, "real") != 0 && strcasecmp(field, "integer") != 0)
		return refuse(r, "field '%s' is not supported, only real, integer and pattern", field);
	r->symmetric = strcasecmp(symmetry, "symmetric") == 0;
	if (!r->symmetric && strcasecmp(symmetry, "general") != 0)
		return refuse(r, "symmetry '%s' is not supported, only general and symmetric", symmetry);
	return 0;
}

/* Reads a number without sign. Returns: whether there is one; *at is then behind it. */
static bool read_count(char **at, unsigned long long *value)
{
	char *from = *at + strspn(*at, " \t");
	errno = 0;
	*value = strtoull(from, at, 10);
	return *from >= '0' && *from <= '9' && errno == 0;
}

static bool only_space(const char *at)
{
	return at[strspn(at, " \t\r\n")] == '\0';
}

static int read_sizes(reader *r)
{
	unsigned long long rows;
	unsigned long long columns;
	unsigned long long stored;
	char *at = r->line;
	int got = next_content(r);
	if (got < 0)
		return -1;
	if (got == 0)
		return refuse(r, "ends before the line of sizes");
	if (!read_count(&at, &rows) || !read_count(&at, &columns) || !read_count(&at, &stored) || !only_space(at))
		return refuse(r, "the line of sizes is not three numbers: rows, columns, entries");
	if (rows > UINT32_MAX || columns > UINT32_MAX)
		return refuse(r, "%llu x %llu is more than this reader's indices of 32 bits", rows, columns);
	if (r->symmetric && rows != columns)
		return refuse(r, "is said to be symmetric, but is %llu x %llu", rows, columns);
	if (stored > SIZE_MAX / (2 * sizeof(entry)))
		return refuse(r, "%llu entries are too many", stored);
	r->rows = (size_t)rows;
	r->columns = (size_t)columns;
	r->stored = (size_t)stored;
	return 0;
}

static int read_entry(reader *r, entry *to)
{
	unsigned long long row;
	unsigned long long column;
	char *at = r->line;
	char *end;
	if (!read_count(&at, &row) || !read_count(&at, &column))
		return refuse(r, "an entry does not begin with its row and column");
	if (row < 1 || row > r->rows || column < 1 || column > r->columns)
		return refuse(r, "entry (%llu, %llu) is outside of %zu x %zu", row, column, r->rows, r->columns);
	if (r->symmetric && row < column)
		return refuse(r, "entry (%llu, %llu) is above the diagonal of a symmetric matrix", row, column);
	*to = (entry){ (uint32_t)(row - 1), (uint32_t)(column - 1), 1 };
	if (!r->pattern) {
		to->value = strtod(at, &end);
		if (end == at)
			return refuse(r, "entry (%llu, %llu) has no value", row, column);
		at = end;
	}
	if (!only_space(at))
		return refuse(r, "something stands behind entry (%llu, %llu)", row, column);
	r->entries += r->symmetric && row != column ? 2 : 1;
	return 0;
}

/* The array grows with the file, so that a wrong line of sizes asks for no memory. */
static int read_entries(reader *r)
{
	size_t room = 0;
	for (size_t i = 0; i < r->stored; i++) {
		int got = next_content(r);
		if (got < 0)
			return -1;
		if (got == 0)
			return refuse(r, "ends after %zu of %zu entries", i, r->stored);
		if (i == room) {
			room = room ? 2 * room : 4096;
			entry *larger = realloc(r->entry, room * sizeof(*larger));
			if (!larger)
				return refuse(r, "no memory for %zu entries", room);
			r->entry = larger;
		}
		if (read_entry(r, &r->entry[i]) < 0)
			return -1;
	}
	int more = next_content(r);
	return more > 0 ? refuse(r, "more than %zu entries", r->stored) : more;
}

static void put(sparse *m, size_t *next, uint32_t row, uint32_t column, double value)
{
	size_t at = next[row]++;
	m->column[at] = column;
	m->value[at] = value;
}

/* Deals the entries out to their rows: first how many, then where. */
static int deal(reader *r, sparse *m)
{
	*m = (sparse){ .rows = r->rows, .columns = r->columns };
	m->begin = calloc(r->rows + 1, sizeof(*m->begin));
	m->column = malloc(r->entries * sizeof(*m->column) + 1);
	m->value = malloc(r->entries * sizeof(*m->value) + 1);
	size_t *next = malloc((r->rows + 1) * sizeof(*next));
	if (!m->begin || !m->column || !m->value || !next) {
		free(next);
		matrix_market_free(m);
		return refuse(r, "no memory for %zu rows and %zu entries", r->rows, r->entries);
	}
	for (size_t i = 0; i < r->stored; i++) {
		entry e = r->entry[i];
		m->begin[e.row + 1]++;
		if (r->symmetric && e.row != e.column)
			m->begin[e.column + 1]++;
	}
	for (size_t row = 0; row < r->rows; row++)
		m->begin[row + 1] += m->begin[row];
	memcpy(next, m->begin, (r->rows + 1) * sizeof(*next));
	for (size_t i = 0; i < r->stored; i++) {
		entry e = r->entry[i];
		put(m, next, e.row, e.column, e.value);
		if (r->symmetric && e.row != e.column)
			put(m, next, e.column, e.row, e.value);
	}
	free(next);
	return 0;
}

int matrix_market_read(const char *path, sparse *matrix, char *problem, size_t problem_bytes)
{
	reader r = { .path = path, .problem = problem, .problem_bytes = problem_bytes };
	*matrix = (sparse){ 0 };
	r.file = fopen(path, "r");
	if (!r.file)
		return refuse(&r, "cannot be opened: %s", strerror(errno));
	int result = read_banner(&r);
	if (result == 0)
		result = read_sizes(&r);
	if (result == 0)
		result = read_entries(&r);
	if (result == 0)
		result = deal(&r, matrix);
	free(r.entry);
	fclose(r.file);
	return result;
}

void matrix_market_free(sparse *matrix)
{
	free(matrix->begin);
	free(matrix->column);
	free(matrix->value);
	*matrix = (sparse){ 0 };
}
