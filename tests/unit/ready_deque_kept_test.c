/* SPDX-License-Identifier: Apache-2.0 */
/* The place beside the queue of a ready deque, when the owner keeps it for itself. */
#include "numbered_deque.h"

#include "sys/membarrier.h"

static void need_membarrier(void)
{
	if (!sk_membarrier_start())
		cr_skip_test("membarrier does not work here, and without it nothing is kept");
}

Test(ready_deque_kept, what_is_kept_is_the_owners_and_can_be_stolen)
{
	need_membarrier();
	deque d;
	begin(&d, 0);
	sk_ready_thief thief = { &d.deque };
	cr_assert_not(sk_ready_deque_soon_is_kept(thief));
	sk_ready_deque_keep_soon(&d.deque, true);
	cr_assert(sk_ready_deque_soon_is_kept(thief));
	push_soon(&d);
	cr_assert_eq(sk_ready_deque_take_soon(&d.deque), soon_of(0));
	cr_assert_eq(sk_ready_deque_take_soon(&d.deque), 0);
	push_soon(&d);
	cr_assert_eq(sk_ready_deque_steal_soon(thief), soon_of(1));
	cr_assert_eq(sk_ready_deque_steal_soon(thief), 0);
	push_soon(&d);
	sk_ready_deque_keep_soon(&d.deque, false);
	cr_assert_not(sk_ready_deque_soon_is_kept(thief));
	cr_assert_eq(sk_ready_deque_take_soon(&d.deque), soon_of(2));
	end(&d);
}

Test(ready_deque_kept, nobody_steals_what_its_owner_is_about_to_take)
{
	need_membarrier();
	deque d;
	begin(&d, 0);
	sk_ready_thief thief = { &d.deque };
	sk_ready_deque_keep_soon(&d.deque, true);
	push_soon(&d);
	sk_store_relaxed(&d.deque.taking, 1); /* K1 */
	cr_assert_eq(sk_ready_deque_steal_soon(thief), 0);
	cr_assert_eq(sk_load_relaxed(&d.deque.claims), 0, "the claim is over");
	sk_store_relaxed(&d.deque.taking, 0);
	cr_assert_eq(sk_ready_deque_take_soon(&d.deque), soon_of(0));
	end(&d);
}

Test(ready_deque_kept, the_owner_exchanges_while_somebody_claims)
{
	need_membarrier();
	deque d;
	begin(&d, 0);
	sk_ready_deque_keep_soon(&d.deque, true);
	push_soon(&d);
	sk_store_relaxed(&d.deque.claims, 1); /* C1 */
	cr_assert_eq(sk_ready_deque_take_soon(&d.deque), soon_of(0));
	sk_store_relaxed(&d.deque.claims, 0);
	end(&d);
}

static void race_for_what_is_kept(size_t count, unsigned keep_period)
{
	deque d;
	crowd thieves;
	begin(&d, count);
	d.patience = 100;
	if (!keep_period)
		sk_ready_deque_keep_soon(&d.deque, true);
	crowd_start(&thieves, 2, take_until_over, &d);
	push_and_take(&d, count, keep_period);
	stop(&d, &thieves);
	end(&d);
}

Test(ready_deque_kept, what_is_kept_is_taken_exactly_once)
{
	need_membarrier();
	race_for_what_is_kept(CROWD_ROUNDS(300000), 0);
}

Test(ready_deque_kept, what_is_kept_now_and_then_is_taken_exactly_once)
{
	need_membarrier();
	race_for_what_is_kept(CROWD_ROUNDS(300000), 7);
	race_for_what_is_kept(CROWD_ROUNDS(300000), 1000);
}
