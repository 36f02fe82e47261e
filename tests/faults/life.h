/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program of the fault sweep and of the strains: it starts two workers, uses a bit of everything, and stops. It
 * goes on after an error that the headers name, and counts it; anything else that is not as it should be ends the
 * process.
 */
#ifndef FAULTS_LIFE_H
#define FAULTS_LIFE_H

#define LIFE_WRONG 3 /* the exit status of a process that found something wrong */

#include <stdbool.h>

void life(void);

/* Set before a life: how many workers it starts (2); does what is refused hit the C library's own calls too? */
extern unsigned life_workers;
extern bool life_is_poor;

/* Of all lives of the process. */
extern unsigned life_errors;
extern char life_first_error[96];

/* Says what is wrong, and ends the process. */
__attribute__((format(printf, 1, 2), noreturn)) void life_wrong(const char *format, ...);

#endif
