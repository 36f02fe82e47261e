/* SPDX-License-Identifier: Apache-2.0 */
/* The checker's tests of itself: litmus.c. */
#ifndef MODEL_LITMUS_H
#define MODEL_LITMUS_H

/* Prints a table. Returns how many tests were wrong. */
unsigned litmus_run(void);

#endif
