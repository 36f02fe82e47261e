/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that are only in memory, for readers that open files by their names: fopen and stat of the program are wrapped
 * by the linker (tests/fuzz/CMakeLists.txt), and names below MEMORY_ROOT lead here. One thread.
 */
#ifndef FUZZ_MEMORY_FILES_H
#define FUZZ_MEMORY_FILES_H

#include <stddef.h>

#define MEMORY_ROOT "/nowhere"

typedef struct memory_file {
	const char *name; /* below MEMORY_ROOT: a/cpu.max */
	const char *bytes;
	size_t size;
} memory_file;

/* From here on, these files are there, and the directories of their names. The list stays the caller's. */
void memory_files_set(const memory_file *files, unsigned count);

#endif
