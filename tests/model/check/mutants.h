/* SPDX-License-Identifier: Apache-2.0 */
/* The mutants: mutants.c. */
#ifndef MODEL_MUTANTS_H
#define MODEL_MUTANTS_H

/*
 * Weakens each operation in turn, or those whose mutants begin so. Prints a table; returns how many rows are not as the
 * file says.
 */
unsigned mutants_run(const char *expectations, const char *beginning);

/* Prints the interleaving in which a mutant fails, or several at once: is one the reason why another is not found? */
unsigned mutants_show(char **names, int count);

/* Lists all mutants, as the file names them. */
unsigned mutants_list(void);

#endif
