/* SPDX-License-Identifier: Apache-2.0 */
/* Mail; see mail.h. */
#include "sched/mail.h"

#include "base/hostile.h"

#define SHUT ((uintptr_t)0)
#define OPEN_BIT ((uintptr_t)1)

static bool is_letter(uintptr_t box)
{
	return box != SHUT && !(box & OPEN_BIT);
}

static uintptr_t open_for(const struct sk_root *root)
{
	return (uintptr_t)root | OPEN_BIT;
}

bool sk_mail_send(sk_fiber *fiber, sk_letter *letter, sk_worker *to)
{
	uintptr_t box = sk_load_relaxed(&to->box);           /* relaxed: the CAS decides */
	struct sk_root *root = sk_load_relaxed(&fiber->root); /* relaxed: own */
	if (box != open_for(NULL) && box != open_for(root))
		return false;
	letter->slot.state = 0;
	letter->root = root;
	letter->scope = fiber->scope;
	letter->to = to;
	sk_hostile_point();
	/* edge mail.sent -> : the letter. Relaxed on failure: nothing was seen */
	return sk_cas_release(&to->box, &box, (uintptr_t)letter);
}

bool sk_mail_take_back(sk_letter *letter)
{
	uintptr_t box = (uintptr_t)letter;
	/* relaxed: what is in the letter is our own; who took it tells by join.done */
	return sk_cas_relaxed(&letter->to->box, &box, SHUT);
}

void sk_mail_open(sk_worker *worker)
{
	if (sk_load_relaxed(&worker->box) != SHUT) /* relaxed: SHUT is left by the owner only */
		return;
	worker->box_root = worker->seat_root;
	worker->box_opened = true;
	/* relaxed: nothing goes with it, who sends brings it all */
	sk_store_relaxed(&worker->box, open_for(worker->seat_root));
}

bool sk_mail_shut(sk_worker *worker)
{
	if (!worker->box_opened)
		return true; /* what is in there was left, and told, before */
	worker->box_opened = false;
	uintptr_t box = sk_load_relaxed(&worker->box); /* relaxed: the CAS decides */
	sk_hostile_point();
	if (box == SHUT)
		return true;
	/* edge mail.left -> : a letter is seen before the notification that follows, or none is put any more */
	return (box & OPEN_BIT && sk_cas_seq_cst(&worker->box, &box, SHUT)) || box == SHUT;
}

static bool take(sk_worker *from, uintptr_t box, sk_work *work)
{
	/* edge -> mail.sent : the letter. Relaxed on failure: somebody else has it */
	if (!sk_cas_acquire(&from->box, &box, SHUT))
		return false;
	sk_letter *letter = (sk_letter *)box; /* NOLINT: the word is a letter */
	work->kind = SK_WORK_STOLEN;
	work->stolen = (sk_stolen){ .slot = &letter->slot,
		                    .run = letter->slot.run,
		                    .root = letter->root,
		                    .scope = letter->scope,
		                    .by_mail = true,
		                    .is_one_of_many = letter->is_one_of_many };
	return true;
}

bool sk_mail_seen(const sk_worker *worker)
{
	/* edge -> mail.left : put before its owner shut the box */
	return is_letter(sk_load_relaxed(&((sk_worker *)worker)->box)); /* relaxed: the fence of who parks */
}

bool sk_mail_is_open(const sk_worker *worker)
{
	return sk_load_relaxed(&((sk_worker *)worker)->box) & OPEN_BIT; /* relaxed: a hint */
}

/* One of another root is left from when the seat was another's. */
static bool may_take(const sk_worker *worker, uintptr_t box)
{
	return is_letter(box) && (!worker->seat_root || worker->box_root == worker->seat_root);
}

bool sk_mail_waits(const sk_worker *worker)
{
	return may_take(worker, sk_load_relaxed(&((sk_worker *)worker)->box)); /* relaxed: a hint */
}

bool sk_mail_take(sk_worker *worker, sk_work *work)
{
	uintptr_t box = sk_load_relaxed(&worker->box); /* relaxed: the CAS decides */
	if (!may_take(worker, box) || !take(worker, box, work))
		return false;
	sk_stats_add(worker, mailed, 1);
	return true;
}

bool sk_mail_take_from(sk_worker *victim, sk_work *work)
{
	uintptr_t box = sk_load_relaxed(&victim->box); /* relaxed: the CAS decides */
	return is_letter(box) && take(victim, box, work);
}
