/* SPDX-License-Identifier: Apache-2.0 */
/* The inbox; see inbox.h. */
#include "sched/inbox.h"

#include "base/hot.h"
#include "base/hostile.h"

void sk_inbox_push(sk_inbox *inbox, sk_inbox_node *node)
{
	sk_inbox_node *head = sk_load_relaxed(&inbox->head); /* relaxed: only compared and linked to */
	do {
		node->next = head;
		sk_hostile_point();
	} while (!sk_cas_release(&inbox->head, &head, node)); /* edge inbox.push -> : the node's content */
}

sk_inbox_node *sk_inbox_take_all(sk_inbox *inbox)
{
	if (sk_inbox_seen_empty(inbox))
		return NULL; /* without an exchange, so that looking does not move the line */
	sk_inbox_node *node = sk_exchange_acquire(&inbox->head, NULL); /* edge -> inbox.push : the nodes' contents */
	sk_inbox_node *oldest = NULL;
	while (node) {
		sk_inbox_node *next = node->next;
		node->next = oldest;
		oldest = node;
		node = next;
	}
	return oldest;
}

SK_HOT bool sk_inbox_seen_empty(sk_inbox *inbox)
{
	return sk_load_relaxed(&inbox->head) == NULL; /* relaxed: a hint; who must be sure has a fence before it */
}
