/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dummy location that stands for fences under ThreadSanitizer. See atomic.h. Any thread touches it, none uses
 * what it holds.
 */
#include "base/atomic.h"

#if SK_THREAD_SANITIZER
uint32_t sk_fence_location;
#endif
