/* SPDX-License-Identifier: Apache-2.0 */
/* What select needs of events; they are explained in event.c. Call from: anywhere. */
#ifndef SK_AWAIT_EVENT_H
#define SK_AWAIT_EVENT_H

#include "await/waitable.h"

#include <skua/sync.h>

static inline sk_waitable *sk_event_of(skua_event *event)
{
	return (sk_waitable *)(void *)event;
}

bool sk_event_is_there(uint32_t word);

#endif
