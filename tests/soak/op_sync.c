/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of sync.h, each with a team at it and something that must come out right. */
#include "soak.h"

#include <stdlib.h>

static unsigned draw_party_count(soak_op *op)
{
	return 2 + (unsigned)soak_draw(op, SOAK_TEAM_MAX - 2);
}

static unsigned draw_rounds(soak_op *op)
{
	return 1 + (unsigned)soak_draw(op, op->size / 16 + 4);
}

/* --- mutex: a number that only the owner touches --- */

typedef struct counted {
	skua_mutex mutex;
	unsigned rounds;
	uint64_t count, inside;
} counted;

static void lock_in_a_way(soak_op *own, skua_mutex *mutex)
{
	int error;
	switch (soak_draw(own, 4)) {
	case 0:
		for (unsigned i = 0; i < 3; i++) {
			if (skua_mutex_trylock(mutex) == 0)
				return;
			skua_yield();
		}
		skua_mutex_lock(mutex);
		break;
	case 1:
		while ((error = skua_mutex_lock_until(mutex, soak_soon(own))) != 0)
			SOAK_REQUIRE(error == -ETIMEDOUT, "lock_until: %s", skua_strerror(error));
		break;
	default:
		skua_mutex_lock(mutex);
	}
}

static void counts(soak_op *own, void *arg, unsigned index)
{
	counted *c = arg;
	for (unsigned i = 0; i < c->rounds; i++) {
		lock_in_a_way(own, &c->mutex);
		SOAK_REQUIRE(c->inside == 0, "party %" PRIu64 " has the mutex too", c->inside - 1);
		c->inside = index + 1;
		soak_moment(own);
		SOAK_REQUIRE(c->inside == index + 1, "party %" PRIu64 " has the mutex too", c->inside - 1);
		c->inside = 0;
		c->count++;
		skua_mutex_unlock(&c->mutex);
	}
}

void soak_op_mutex(soak_op *op)
{
	counted c = { .mutex = SKUA_MUTEX_INIT, .rounds = draw_rounds(op) };
	unsigned parties = draw_party_count(op);
	soak_team(op, SOAK_ANY, parties, counts, &c);
	SOAK_REQUIRE(c.count == (uint64_t)parties * c.rounds, "counted to %" PRIu64, c.count);
}

/* --- condition: a buffer with little room --- */

#define ROOM 3u

typedef struct buffer {
	skua_mutex mutex;
	skua_cond changed;
	uint64_t place[ROOM], put, taken;
	uint64_t sum;   /* of what was taken */
	uint64_t whole; /* how many are to be put */
	bool is_broadcast;
} buffer;

static void wait_for_change(soak_op *own, buffer *b)
{
	int error = 0;
	if (soak_chance(own, 3))
		error = skua_cond_wait_until(&b->changed, &b->mutex, soak_soon(own));
	else
		SOAK_REQUIRE(skua_cond_wait(&b->changed, &b->mutex) == 0, "a wait ends by a signal");
	SOAK_REQUIRE(error == 0 || error == -ETIMEDOUT, "cond_wait_until: %s", skua_strerror(error));
}

static void tell(buffer *b)
{
	/* Both sides wait at the same condition, so a signal might reach the wrong one, unless there is only one. */
	if (b->is_broadcast)
		skua_cond_broadcast(&b->changed);
	else
		skua_cond_signal(&b->changed);
}

static void puts_or_takes(soak_op *own, void *arg, unsigned index)
{
	buffer *b = arg;
	bool puts = index % 2 == 0;
	skua_mutex_lock(&b->mutex);
	for (;;) {
		while (puts ? b->put < b->whole && b->put - b->taken == ROOM
		            : b->taken < b->whole && b->put == b->taken)
			wait_for_change(own, b);
		if ((puts ? b->put : b->taken) == b->whole)
			break;
		if (puts) {
			b->place[b->put % ROOM] = b->put + 1;
			b->put++;
		} else {
			uint64_t value = b->place[b->taken % ROOM];
			SOAK_REQUIRE(value == b->taken + 1, "%" PRIu64 " at %" PRIu64, value, b->taken);
			b->sum += value;
			b->taken++;
		}
		tell(b);
		if (soak_chance(own, 4)) {
			skua_mutex_unlock(&b->mutex);
			soak_moment(own);
			skua_mutex_lock(&b->mutex);
		}
	}
	skua_cond_broadcast(&b->changed);
	skua_mutex_unlock(&b->mutex);
}

void soak_op_condition(soak_op *op)
{
	buffer b = { .mutex = SKUA_MUTEX_INIT, .changed = SKUA_COND_INIT, .whole = draw_rounds(op) * 2 };
	unsigned parties = soak_chance(op, 3) ? 2 : draw_party_count(op) / 2 * 2;
	b.is_broadcast = parties > 2;
	soak_team(op, SOAK_ANY, parties, puts_or_takes, &b);
	SOAK_REQUIRE(b.sum == b.whole * (b.whole + 1) / 2, "the sum is %" PRIu64, b.sum);
}

/* --- read-write lock: two numbers that are always equal for who reads --- */

typedef struct twins {
	skua_rwlock rwlock;
	unsigned rounds;
	uint64_t one, other;
	atomic_uint writes;
} twins;

static void read_twins(soak_op *own, twins *t)
{
	int error = -EBUSY;
	if (soak_chance(own, 4))
		error = skua_rwlock_tryrdlock(&t->rwlock);
	else if (soak_chance(own, 4))
		error = skua_rwlock_rdlock_until(&t->rwlock, soak_soon(own));
	else
		SOAK_REQUIRE((error = skua_rwlock_rdlock(&t->rwlock)) == 0, "rdlock");
	if (error == 0) {
		uint64_t seen = t->one;
		soak_moment(own);
		SOAK_REQUIRE(t->one == seen && t->other == seen, "somebody writes while others read");
		skua_rwlock_rdunlock(&t->rwlock);
	}
	SOAK_REQUIRE(error == 0 || error == -EBUSY || error == -ETIMEDOUT, "rdlock: %s", skua_strerror(error));
}

static void write_twins(soak_op *own, twins *t)
{
	int error = -EBUSY;
	if (soak_chance(own, 4))
		error = skua_rwlock_trywrlock(&t->rwlock);
	else if (soak_chance(own, 4))
		error = skua_rwlock_wrlock_until(&t->rwlock, soak_soon(own));
	else
		SOAK_REQUIRE((error = skua_rwlock_wrlock(&t->rwlock)) == 0, "wrlock");
	if (error == 0) {
		t->one++;
		soak_moment(own);
		t->other++;
		atomic_fetch_add(&t->writes, 1);
		skua_rwlock_wrunlock(&t->rwlock);
	}
	SOAK_REQUIRE(error == 0 || error == -EBUSY || error == -ETIMEDOUT, "wrlock: %s", skua_strerror(error));
}

static void reads_or_writes(soak_op *own, void *arg, unsigned index)
{
	twins *t = arg;
	(void)index;
	for (unsigned i = 0; i < t->rounds; i++) {
		if (soak_chance(own, 4))
			write_twins(own, t);
		else
			read_twins(own, t);
	}
}

void soak_op_rwlock(soak_op *op)
{
	twins t = { .rwlock = SKUA_RWLOCK_INIT, .rounds = draw_rounds(op) };
	soak_team(op, SOAK_ANY, draw_party_count(op), reads_or_writes, &t);
	SOAK_REQUIRE(t.one == atomic_load(&t.writes) && t.other == t.one, "%" PRIu64 " writes of %u", t.one,
	             atomic_load(&t.writes));
	SOAK_REQUIRE(skua_rwlock_trywrlock(&t.rwlock) == 0, "nobody has it any more");
}

/* --- semaphore: so many inside and no more --- */

typedef struct room {
	skua_sem sem;
	unsigned places, rounds;
	atomic_uint inside;
} room;

static void goes_in(soak_op *own, void *arg, unsigned index)
{
	room *r = arg;
	(void)index;
	for (unsigned i = 0; i < r->rounds; i++) {
		int error = 0;
		if (soak_chance(own, 4))
			error = skua_sem_trywait(&r->sem);
		else if (soak_chance(own, 4))
			error = skua_sem_wait_until(&r->sem, soak_soon(own));
		else
			SOAK_REQUIRE(skua_sem_wait(&r->sem) == 0, "sem_wait");
		SOAK_REQUIRE(error == 0 || error == -EAGAIN || error == -ETIMEDOUT, "sem: %s", skua_strerror(error));
		if (error != 0)
			continue;
		unsigned inside = atomic_fetch_add(&r->inside, 1) + 1;
		SOAK_REQUIRE(inside <= r->places, "%u inside of %u", inside, r->places);
		soak_moment(own);
		atomic_fetch_sub(&r->inside, 1);
		skua_sem_post(&r->sem, 1);
	}
}

void soak_op_semaphore(soak_op *op)
{
	room r = { .places = 1 + (unsigned)soak_draw(op, 4), .rounds = draw_rounds(op) };
	skua_sem_init(&r.sem, r.places);
	soak_team(op, SOAK_ANY, draw_party_count(op), goes_in, &r);
	for (unsigned i = 0; i <= r.places; i++)
		SOAK_REQUIRE(skua_sem_trywait(&r.sem) == (i < r.places ? 0 : -EAGAIN), "%u of %u are left", i,
		             r.places);
}

/* --- events: a chain of them, each set by the first one who has seen the one before --- */

#define EVENTS_MAX 16u

typedef struct chain {
	skua_event event[EVENTS_MAX];
	atomic_uint setters[EVENTS_MAX];
	unsigned length;
	uint64_t told[EVENTS_MAX]; /* written before the event is set */
} chain;

static void follows(soak_op *own, void *arg, unsigned index)
{
	chain *c = arg;
	(void)index;
	for (unsigned i = 0; i < c->length; i++) {
		int error;
		if (atomic_fetch_add(&c->setters[i], 1) == 0) {
			c->told[i] = i + 1;
			soak_moment(own);
			skua_event_set(&c->event[i]);
		}
		do
			error = soak_chance(own, 3) ? skua_event_wait_until(&c->event[i], soak_soon(own))
			                            : skua_event_wait(&c->event[i]);
		while (error == -ETIMEDOUT);
		SOAK_REQUIRE(error == 0 && skua_event_is_set(&c->event[i]), "event %u", i);
		SOAK_REQUIRE(c->told[i] == i + 1, "event %u was seen, what was before it not", i);
	}
}

void soak_op_event(soak_op *op)
{
	chain *c = soak_zeroed(1, sizeof *c);
	c->length = 1 + (unsigned)soak_draw(op, EVENTS_MAX);
	soak_team(op, SOAK_ANY, draw_party_count(op), follows, c);
	skua_event_clear(&c->event[0]);
	SOAK_REQUIRE(skua_event_wait_until(&c->event[0], soak_soon(op)) == -ETIMEDOUT, "it was cleared");
	free(c);
}

/* --- barrier: in each round all have done their part before anybody goes on, and one is told so --- */

typedef struct march {
	skua_barrier barrier;
	unsigned parties, rounds;
	uint64_t at[SOAK_TEAM_MAX];
	atomic_uint chosen;
} march;

static void marches(soak_op *own, void *arg, unsigned index)
{
	march *m = arg;
	for (unsigned round = 1; round <= m->rounds; round++) {
		soak_moment(own);
		m->at[index] = round;
		int result = skua_barrier_wait(&m->barrier);
		SOAK_REQUIRE(result == 0 || result == 1, "barrier: %d", result);
		atomic_fetch_add(&m->chosen, (unsigned)result);
		for (unsigned i = 0; i < m->parties; i++)
			SOAK_REQUIRE(m->at[i] == round, "party %u is at %" PRIu64 " in round %u", i, m->at[i], round);
		result = skua_barrier_wait(&m->barrier);
		SOAK_REQUIRE(result == 0 || result == 1, "barrier: %d", result);
		atomic_fetch_add(&m->chosen, (unsigned)result);
	}
}

void soak_op_barrier(soak_op *op)
{
	march m = { .parties = draw_party_count(op), .rounds = 1 + (unsigned)soak_draw(op, op->size / 32 + 2) };
	SOAK_REQUIRE(skua_barrier_init(&m.barrier, m.parties) == 0, "a barrier of %u", m.parties);
	soak_team(op, SOAK_ANY, m.parties, marches, &m);
	SOAK_REQUIRE(atomic_load(&m.chosen) == 2 * m.rounds, "%u were chosen in %u rounds", atomic_load(&m.chosen),
	             2 * m.rounds);
}

/* --- wait group: some work, some wait for all of it --- */

typedef struct works {
	skua_wait_group left;
	unsigned workers, rounds;
	uint64_t done[SOAK_TEAM_MAX];
} works;

static void works_or_waits(soak_op *own, void *arg, unsigned index)
{
	works *w = arg;
	if (index < w->workers) {
		for (unsigned i = 0; i < w->rounds; i++) {
			soak_moment(own);
			w->done[index]++;
			skua_wait_group_done(&w->left);
		}
		return;
	}
	int error;
	do
		error = soak_chance(own, 3) ? skua_wait_group_wait_until(&w->left, soak_soon(own))
		                            : skua_wait_group_wait(&w->left);
	while (error == -ETIMEDOUT);
	SOAK_REQUIRE(error == 0, "wait_group_wait: %s", skua_strerror(error));
	for (unsigned i = 0; i < w->workers; i++)
		SOAK_REQUIRE(w->done[i] == w->rounds, "party %u did %" PRIu64 " of %u", i, w->done[i], w->rounds);
}

void soak_op_waitgroup(soak_op *op)
{
	unsigned parties = draw_party_count(op);
	works w = { .left = SKUA_WAIT_GROUP_INIT, .workers = 1 + parties / 2, .rounds = draw_rounds(op) };
	SOAK_REQUIRE(skua_wait_group_add(&w.left, w.workers * w.rounds) == 0, "wait_group_add");
	soak_team(op, SOAK_ANY, parties, works_or_waits, &w);
}

/* --- once: several things, each done by one and seen by all --- */

#define ONCES 8u

typedef struct deeds {
	skua_once once[ONCES];
	unsigned times[ONCES];
} deeds;

typedef struct deed {
	deeds *all;
	soak_op *own;
	unsigned which;
} deed;

static void do_deed(void *arg)
{
	deed *one = arg;
	soak_moment(one->own);
	one->all->times[one->which]++;
}

static void does_all(soak_op *own, void *arg, unsigned index)
{
	deeds *all = arg;
	for (unsigned i = 0; i < ONCES; i++) {
		deed one = { all, own, (i + index) % ONCES };
		SOAK_REQUIRE(skua_once_run(&all->once[one.which], do_deed, &one) == 0, "nobody is cancelled");
		SOAK_REQUIRE(all->times[one.which] == 1, "deed %u was done %u times", one.which, all->times[one.which]);
	}
}

void soak_op_once(soak_op *op)
{
	deeds *all = soak_zeroed(1, sizeof *all);
	soak_team(op, SOAK_ANY, draw_party_count(op), does_all, all);
	free(all);
}

/* --- channel: each number once, and in order from each sender --- */

typedef struct traffic {
	skua_channel *channel;
	unsigned senders, receivers;
	uint64_t rounds;
	atomic_uint sending;
	_Atomic uint64_t sum, received;
} traffic;

typedef struct letter {
	uint32_t sender;
	uint32_t number;
} letter;

static void sends(soak_op *own, traffic *t, unsigned index)
{
	for (uint64_t i = 1; i <= t->rounds; i++) {
		letter one = { index, (uint32_t)i };
		int error;
		switch (soak_draw(own, 3)) {
		case 0: /* without room somebody has to wait */
			if ((error = skua_channel_try_send(t->channel, &one)) == -EAGAIN)
				error = skua_channel_send(t->channel, &one);
			break;
		case 1:
			while ((error = skua_channel_send_until(t->channel, &one, soak_soon(own))) == -ETIMEDOUT)
				;
			break;
		default:
			error = skua_channel_send(t->channel, &one);
		}
		SOAK_REQUIRE(error == 0, "send: %s", skua_strerror(error));
		if (soak_chance(own, 8))
			soak_moment(own);
	}
	if (atomic_fetch_sub(&t->sending, 1) == 1)
		skua_channel_close(t->channel);
}

static void receives(soak_op *own, traffic *t)
{
	uint32_t last[SOAK_TEAM_MAX] = { 0 };
	for (;;) {
		letter one = { 0, 0 };
		int error;
		switch (soak_draw(own, 3)) {
		case 0:
			if ((error = skua_channel_try_recv(t->channel, &one)) == -EAGAIN)
				error = skua_channel_recv(t->channel, &one);
			break;
		case 1:
			while ((error = skua_channel_recv_until(t->channel, &one, soak_soon(own))) == -ETIMEDOUT)
				;
			break;
		default:
			error = skua_channel_recv(t->channel, &one);
		}
		if (error == -EPIPE)
			return;
		SOAK_REQUIRE(error == 0 && one.sender < t->senders, "recv: %s", skua_strerror(error));
		SOAK_REQUIRE(one.number > last[one.sender], "%u of sender %u after %u", one.number, one.sender,
		             last[one.sender]);
		last[one.sender] = one.number;
		atomic_fetch_add(&t->sum, one.number);
		atomic_fetch_add(&t->received, 1);
		if (soak_chance(own, 8))
			soak_moment(own);
	}
}

static void sends_or_receives(soak_op *own, void *arg, unsigned index)
{
	traffic *t = arg;
	if (index < t->senders)
		sends(own, t, index);
	else
		receives(own, t);
}

void soak_op_channel(soak_op *op)
{
	static const size_t capacities[] = { 0, 1, 2, 7, 64, SKUA_UNBOUNDED };
	traffic t = { .senders = 1 + (unsigned)soak_draw(op, SOAK_TEAM_MAX / 2),
		      .receivers = 1 + (unsigned)soak_draw(op, SOAK_TEAM_MAX / 2),
		      .rounds = soak_draw(op, op->size / 8 + 2) };
	t.channel = skua_channel_create(capacities[soak_draw(op, 6)], sizeof(letter));
	SOAK_REQUIRE(t.channel, "no memory for a channel");
	atomic_store(&t.sending, t.senders);
	soak_team(op, SOAK_ANY, t.senders + t.receivers, sends_or_receives, &t);
	uint64_t received = atomic_load(&t.received), sum = atomic_load(&t.sum);
	SOAK_REQUIRE(received == t.senders * t.rounds, "%" PRIu64 " of %" PRIu64 " came", received,
	             t.senders * t.rounds);
	SOAK_REQUIRE(sum == t.senders * (t.rounds * (t.rounds + 1) / 2), "the sum is %" PRIu64, sum);
	skua_channel_destroy(t.channel);
}
