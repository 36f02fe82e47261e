/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the records of tasks come from; see records.c. Call from: any thread; nothing blocks but a lock for some
 * instructions.
 */
#ifndef SK_AWAIT_RECORDS_H
#define SK_AWAIT_RECORDS_H

#include "await/async.h"

/* A record as it was given back, or zeroed with state FREE. NULL: no memory. */
sk_async *sk_record_take(void);
void sk_record_give(sk_async *record);

#endif
