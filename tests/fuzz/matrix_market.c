/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matrix Market files: the input is the file. A matrix that is read has all its entries inside, row by row; what is
 * refused is refused with a text that begins with the file's name. Memory for millions of rows is refused (the linker
 * wraps malloc and calloc), which has to be told as well.
 */
#include "matrix_market.h"
#include "fuzz.h"
#include "memory_files.h"

#define PATH MEMORY_ROOT "/matrix"

enum {
	MEMORY_MAX = 1 << 20,
	PROBLEM_BYTES = 256
};

void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);

void *__wrap_malloc(size_t bytes)
{
	return bytes > MEMORY_MAX ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
	return bytes > 0 && count > MEMORY_MAX / bytes ? NULL : __real_calloc(count, bytes);
}

static void check_matrix(const sparse *m)
{
	FUZZ_REQUIRE(m->begin[0] == 0, "the first row begins at %zu", m->begin[0]);
	for (size_t row = 0; row < m->rows; row++) {
		FUZZ_REQUIRE(m->begin[row] <= m->begin[row + 1], "row %zu", row);
		for (size_t i = m->begin[row]; i < m->begin[row + 1]; i++) {
			/* Reads the value too, so that one that was not allocated or not set is seen. */
			volatile double value = m->value[i];
			(void)value;
			FUZZ_REQUIRE(m->column[i] < m->columns, "row %zu has column %u", row, m->column[i]);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sparse matrix;
	char *problem = malloc(PROBLEM_BYTES);
	if (!problem)
		abort();
	problem[0] = '\0';
	memory_files_set(&(memory_file){ "matrix", (const char *)data, size }, 1);
	if (matrix_market_read(PATH, &matrix, problem, PROBLEM_BYTES) == 0) {
		check_matrix(&matrix);
		matrix_market_free(&matrix);
	} else {
		FUZZ_REQUIRE(strncmp(problem, PATH ":", strlen(PATH) + 1) == 0, "'%s'", problem);
		FUZZ_REQUIRE(!matrix.begin && !matrix.column && !matrix.value, "a refused matrix keeps memory");
	}
	free(problem);
	return 0;
}
