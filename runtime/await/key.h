/* SPDX-License-Identifier: Apache-2.0 */
/* A task's own variables: skua_key of await.h. */
#ifndef SK_AWAIT_KEY_H
#define SK_AWAIT_KEY_H

/* Destroys the values of a task that ended, and frees them. Call from: the task's fiber, at its end. */
void sk_key_end(void ***values);

#endif
