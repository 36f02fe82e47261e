/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the reader of Matrix Market files with good and bad ones, written to a file of its own. */
#include "matrix_market.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/skua_matrix_market_XXXXXX";
static unsigned failures;

static void write_file(const char *text)
{
	FILE *file = fopen(path, "w");
	if (!file || fputs(text, file) < 0 || fclose(file) != 0) {
		perror(path);
		exit(1);
	}
}

static void expect(bool holds, const char *what, const char *text)
{
	if (holds)
		return;
	failures++;
	fprintf(stderr, "failed: %s, for\n%s\n", what, text);
}

/* The matrix as rows of "(row column value)", one after the other. */
static void expect_read(const char *text, const char *entries)
{
	sparse m;
	char problem[256] = "";
	char told[512] = "";
	write_file(text);
	if (matrix_market_read(path, &m, problem, sizeof(problem)) < 0) {
		expect(false, problem, text);
		return;
	}
	for (size_t row = 0; row < m.rows; row++)
		for (size_t i = m.begin[row]; i < m.begin[row + 1]; i++)
			snprintf(told + strlen(told), sizeof(told) - strlen(told), "(%zu %u %g)", row, m.column[i],
			         m.value[i]);
	expect(strcmp(told, entries) == 0, told, text);
	matrix_market_free(&m);
}

/* where: "<line>: " and the beginning of the message. */
static void expect_refused(const char *text, const char *where)
{
	sparse m;
	char problem[256] = "";
	write_file(text);
	expect(matrix_market_read(path, &m, problem, sizeof(problem)) < 0, "a bad file was read", text);
	size_t prefix = strlen(path) + 1;
	bool names = strncmp(problem, path, prefix - 1) == 0 && strlen(problem) > prefix;
	expect(names && strncmp(problem + prefix, where, strlen(where)) == 0, problem, text);
}

#define GENERAL "%%MatrixMarket matrix coordinate real general\n"

int main(void)
{
	int file = mkstemp(path);
	if (file < 0) {
		perror(path);
		return 1;
	}
	close(file);

	expect_read(GENERAL "% a comment\n\n2 3 3\n2 1 -1.5\n1 3 2e1\n2 2 4\n", "(0 2 20)(1 0 -1.5)(1 1 4)");
	expect_read("%%MatrixMarket MATRIX Coordinate Integer Symmetric\n3 3 2\n3 1 7\n2 2 5\n",
	            "(0 2 7)(1 1 5)(2 0 7)");
	expect_read("%%MatrixMarket matrix coordinate pattern general\r\n1 2 2\r\n1 1\r\n1 2\r\n", "(0 0 1)(0 1 1)");
	expect_read(GENERAL "5 5 0\n", "");

	expect_refused("", "0: no Matrix Market file");
	expect_refused("1 1 1\n", "1: no Matrix Market file");
	expect_refused("%%MatrixMarket matrix coordinate real\n", "1: the banner lacks words");
	expect_refused("%%MatrixMarket vector coordinate real general\n", "1: holds a vector");
	expect_refused("%%MatrixMarket matrix array real general\n", "1: format 'array'");
	expect_refused("%%MatrixMarket matrix coordinate complex general\n", "1: field 'complex'");
	expect_refused("%%MatrixMarket matrix coordinate real skew-symmetric\n", "1: symmetry 'skew-symmetric'");
	expect_refused(GENERAL "% only a comment\n", "2: ends before the line of sizes");
	expect_refused(GENERAL "2 2\n", "2: the line of sizes");
	expect_refused(GENERAL "2 -2 1\n", "2: the line of sizes");
	expect_refused(GENERAL "5000000000 2 1\n", "2: 5000000000 x 2 is more");
	expect_refused("%%MatrixMarket matrix coordinate real symmetric\n2 3 0\n", "2: is said to be symmetric");
	expect_refused("%%MatrixMarket matrix coordinate real symmetric\n2 2 1\n1 2 1\n", "3: entry (1, 2) is above");
	expect_refused(GENERAL "2 2 1\n3 1 1\n", "3: entry (3, 1) is outside");
	expect_refused(GENERAL "2 2 1\n0 1 1\n", "3: entry (0, 1) is outside");
	expect_refused(GENERAL "2 2 1\n1 1\n", "3: entry (1, 1) has no value");
	expect_refused(GENERAL "2 2 1\n1 1 1 1\n", "3: something stands behind");
	expect_refused(GENERAL "2 2 1\nx 1 1\n", "3: an entry does not begin");
	expect_refused(GENERAL "2 2 2\n1 1 1\n", "3: ends after 1 of 2 entries");
	expect_refused(GENERAL "2 2 1\n1 1 1\n1 2 1\n", "4: more than 1 entries");
	unlink(path);

	char problem[256] = "";
	sparse m;
	expect(matrix_market_read(path, &m, problem, sizeof(problem)) < 0 && strstr(problem, "cannot be opened"),
	       problem, "a file that does not exist");
	return failures ? 1 : 0;
}
