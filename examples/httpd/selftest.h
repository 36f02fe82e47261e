/* SPDX-License-Identifier: Apache-2.0 */
/* The server tried by a client of its own, over a temporary folder. */
#ifndef HTTPD_SELFTEST_H
#define HTTPD_SELFTEST_H

/* Says what it found. Call from: a plain thread. Returns: 0, or 1 if something was wrong. */
int selftest(void);

#endif
