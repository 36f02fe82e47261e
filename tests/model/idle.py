# SPDX-License-Identifier: Apache-2.0
"""Model of idling, parking and waking: no spawned task stays out of reach, no wake-up is lost.

Modelled: an owner that runs a fiber (with a TSO store buffer) and spawns, syncs, publishes, reclaims, pushes ready
entries, carries an inbox item to its ready deque; workers without work that search, arm, force, steal, declare
themselves, park and are woken; an outside submitter of inbox items. The word {hungry, searching}, the mask `sleepers`,
one park token per worker. In the sizes "wanted" idler 1 is the stand-in of a seat (seat.py has the seat itself) that is
wanted, always or (size "wanted_hint") at any look: it rests without a force before, once in each search, and leaves
without P2 to P4 if others search.

States: a fiber's slots are the words `ts` = (top, split, tag, force), `limit`, `poll` and `head`, the number of
occupied slots as memory shows it (the owner's buffered stores of run functions grow and shrink it one by one). A
stolen task runs in the user's time: it may never end.

Not modelled: the scan of the slots slot by slot and the order of argument and run stores (task_stack.py), the
suspension of the owner at a stolen join (join.py; here it waits for the thief), time, AArch64.

Rules, in each quiet state (user code may never come back, everything else has run its course):
  R1  if some worker sleeps, there is no work: no un-stolen slot, no ready entry, no inbox item
  R2  hungry = workers asleep, searching = 0, sleepers = their bits, no token lies about
in each state:
  H   if a worker is hungry and has armed once, the running fiber has a public slot or poll = NULL, unless its owner
      is in a slow path or the thief that has emptied the public part is about to arm
and there is no fair endless run of searching and parking.

What the exploration taught. Of the three re-armings two are only for a quick answer: without that of the thief and of
the reclaim everybody is still woken in time (a publication notifies, and who parks arms). The third is needed: a first
spawn that nobody asked for publishes nothing and notifies nobody, so poll = END must be stored before hungry is read.
With a membarrier in park the fence of notify is not needed, and the owner has none; without one (size "plain") it is.
A stand-in that leaves without a look is relied upon by nobody as long as others search; and if something private keeps
it, it has to force that like any other, or would look at it for ever, with a membarrier each time.
"""

from explorer import BLOCKED, Model, Process, Violation, fenced, user

END, NULL = "end", "null"
INFINITY = 99
CLAIMED = 1  # place of the register `claimed`


def mirror(workers):
    """The set with workers 1 and 2 exchanged."""
    return frozenset(3 - worker for worker in workers)


class Waking(Model):
    """notify() of the protocol, shared by the models that wake: pc goes on at `me.back` afterwards."""

    def call_notify(self, me, back):
        me.back = back
        me.pc = "notify_word"

    def end_notify(self, me):
        me.pc = me.back
        me.back = me.seen = me.claimed = None

    def needs_fence(self, me):
        """N1; what has a fence of its own before it is not asked."""
        return not self.is_mutant("notify_without_fence")

    def notify_word(self, s, me):
        # N1 and N2: a full fence, then the word.
        if self.needs_fence(me) and not fenced(s, me):
            return BLOCKED
        if s.word[1] > 0:
            self.end_notify(me)
        else:
            me.seen = s.word
            me.pc = "notify_mask"

    def notify_mask(self, s, me):
        if s.sleepers:
            me.pc = "notify_count"
        else:
            self.end_notify(me)

    def notify_count(self, s, me):
        # N3: the right to wake is the change of searching from 0 to 1.
        if not fenced(s, me):
            return BLOCKED
        if s.word != me.seen:
            me.pc = "notify_word"
            return
        s.word = (s.word[0], 1)
        me.seen = None
        me.pc = "notify_claim"

    def notify_claim(self, s, me):
        # N4: whoever clears the bit owes the token.
        if not s.sleepers:
            me.pc = "notify_undo"
            return
        me.claimed = s.choose(sorted(s.sleepers))
        s.sleepers = s.sleepers - {me.claimed}
        me.pc = "notify_token"

    def notify_token(self, s, me):
        self.give_token(s, me.claimed)
        self.end_notify(me)

    def notify_undo(self, s, me):
        # N5
        s.word = (s.word[0], s.word[1] - 1)
        me.pc = "notify_again"

    def notify_again(self, s, me):
        if s.sleepers:
            me.pc = "notify_word"
        else:
            self.end_notify(me)

    @staticmethod
    def give_token(s, worker):
        if worker in s.tokens:
            raise Violation("second token for worker %d" % worker)
        s.tokens = s.tokens | {worker}


class Idle(Waking):
    name = "idle"
    progress = True
    mutants = {
        "no_membarrier_in_park": "one",
        "no_look_after_bit": "one",
        "notify_without_fence": "plain",
        "last_searcher_wakes_nobody": "queue",
        "thief_does_not_rearm": "one",
        "reclaim_does_not_rearm": "one",
        "end_stored_after_hungry_read": "one",
        "switch_in_stores_end_last": "one",
        "unpark_forgets_claim": "one",
        "carrier_does_not_notify": "carry",
        "wanted_leaves_alone": "wanted_queue",
        "bit_set_after_count": "wanted_queue",
        "wanted_never_forces": "wanted_alone",
    }
    short_sizes = ("one", "two", "queue", "carry", "plain", "wanted_alone", "wanted_push", "wanted_plain")
    all_sizes = ("big", "wanted", "wanted_queue", "wanted_hint")

    sizes = {
        # program of the owner, number of idlers, whether there is an outside submitter, whether there is a membarrier;
        # in those that begin with "wanted" idler 1 is wanted
        "one": (("enter", "spawn", "spawn", "sync", "spawn"), 1, False, True),
        "two": (("spawn",), 2, False, True),
        "queue": (("push",), 2, True, True),
        "plain": (("spawn", "sync", "spawn", "push"), 1, True, False),
        "carry": (("carry",), 1, True, True),
        "big": (("spawn", "spawn", "sync"), 2, False, True),
        "wanted_alone": (("enter", "spawn", "spawn"), 1, False, True),
        "wanted": (("spawn",), 2, False, True),
        "wanted_push": (("push",), 2, False, True),
        "wanted_queue": (("push",), 2, True, True),
        "wanted_plain": (("spawn", "push"), 2, False, False),
        "wanted_hint": (("spawn",), 2, False, True),
    }

    def __init__(self, size, mutant=None):
        super().__init__(size, mutant)
        self.program, idlers, has_submitter, self.has_barrier = self.sizes[size]
        self.progress = size != "big"
        self.has_seat = size.startswith("wanted")
        self.shared = dict(sleepers=frozenset(), tokens=frozenset(), word=(0, 0), running=False, poll=END,
                           ts=(0, 0, 0, 0), limit=0, head=0, done=frozenset(), queue=0, forcing=False)
        self.shared["running"] = self.program[0] != "enter"
        self.shared["poll"] = END if self.has_barrier else NULL
        common = dict(claimed=None, back=None, seen=None, old=None, aim=None, declared=False, is_fresh=False, job=None,
                      is_wanted=False, is_refused=False)
        self.processes = [Process("owner", "owner_user", **common, at=0, top_of=0, is_first=False)]
        self.processes += [Process("idler%d" % i, "round_fiber", **common) for i in range(1, idlers + 1)]
        if has_submitter:
            self.processes.append(Process("outside", "submit", claimed=None, back=None, seen=None, is_done=False))
        self.symmetric = idlers == 2 and not self.has_seat
        self.numbers = {}
        self.workers = idlers + 1

    # The two idlers are alike: of a state and its mirror image only one is kept, so they may swap names in a trace.

    def canonical(self, state):
        shared, (owner, first, second, *others), buffers = state
        sleepers, tokens = shared[:2]
        rank_first = (self.number_of(first), 1 in sleepers, 1 in tokens)
        rank_second = (self.number_of(second), 2 in sleepers, 2 in tokens)
        if rank_first <= rank_second:
            return state
        shared = (mirror(sleepers), mirror(tokens)) + shared[2:]
        processes = tuple([r if r[CLAIMED] is None else r[:CLAIMED] + (3 - r[CLAIMED],) + r[CLAIMED + 1:]
                           for r in (owner, second, first, *others)])
        return (shared, processes, buffers)

    def number_of(self, registers):
        registers = registers[:CLAIMED] + registers[CLAIMED + 1:]
        return self.numbers.setdefault(registers, len(self.numbers))

    # The owner needs no fence of its own where every parker passes a membarrier, and begins with a look at the bits.

    def needs_fence(self, me):
        return super().needs_fence(me) and (me.index != 0 or not self.has_barrier)

    def call_notify(self, me, back):
        super().call_notify(me, back)
        if me.index == 0 and self.has_barrier:
            me.pc = "notify_owner"

    def notify_owner(self, s, me):
        if s.sleepers:
            me.pc = "notify_word"
        else:
            self.end_notify(me)

    # The owner's program.

    @user
    def owner_user(self, s, me):
        if me.at == len(self.program):
            return BLOCKED
        operation = self.program[me.at]
        me.at += 1
        if operation == "spawn":
            s.store(me, "head", me.top_of + 1)
            me.top_of += 1
            me.pc = "spawn_compare"
        elif operation == "sync":
            s.store(me, "head", me.top_of - 1)
            me.top_of -= 1
            me.pc = "sync_compare"
        elif operation in ("push", "carry"):
            me.pc = operation
        else:
            me.pc = "enter_announce"

    def push(self, s, me):
        s.store(me, "queue", 1)
        self.call_notify(me, "owner_user")

    # An item goes through the hands of a busy worker: from the inbox to its ready deque.

    def carry(self, s, me):
        me.pc = "owner_user"
        if s.queue:
            s.queue = 0
            me.pc = "carry_push"

    def carry_push(self, s, me):
        s.store(me, "queue", 1)
        if self.is_mutant("carrier_does_not_notify"):
            me.pc = "owner_user"
        else:
            self.call_notify(me, "owner_user")

    # A fiber is switched in: with poll = NULL, so that its first spawn settles poll.

    def enter_announce(self, s, me):
        s.store(me, "running", True)
        if self.is_mutant("switch_in_stores_end_last"):
            me.pc = "enter_hungry"
        else:
            s.store(me, "poll", NULL)
            me.is_first = True
            me.pc = "owner_user"

    def enter_hungry(self, s, me):
        if not fenced(s, me):
            return BLOCKED
        me.seen = s.word[0]
        me.pc = "enter_poll"

    def enter_poll(self, s, me):
        s.store(me, "poll", NULL if me.seen > 0 else END)
        me.seen = None
        me.pc = "owner_user"

    # Spawn: the compare, and the slow path that answers.

    def spawn_compare(self, s, me):
        if s.load(me, "poll") == END:
            me.pc = "owner_user"
        else:
            me.pc = "answer_hungry" if self.has_barrier else "publish_read"

    def answer_hungry(self, s, me):
        me.seen = s.word[0]
        me.pc = "answer_public"
        if me.is_first and me.seen == 0:
            me.pc = "settle_poll"
        me.is_first = False

    def answer_public(self, s, me):
        me.pc = "settle_poll" if s.ts[0] < s.ts[1] else "publish_read"

    def publish_read(self, s, me):
        me.old = s.ts
        split = s.ts[1]
        count = me.top_of - split
        me.aim = split + min(count, max((count + 1) // 2, me.seen)) if self.has_barrier else me.top_of
        s.store(me, "limit", me.aim)
        me.pc = "publish_cas"

    def publish_cas(self, s, me):
        if not fenced(s, me):
            return BLOCKED
        if s.ts != me.old:
            me.pc = "publish_read"
            return
        top, _, tag, _ = s.ts
        s.ts = (top, me.aim, tag + 1, 0)
        me.old = None
        me.pc = "settle_poll" if self.has_barrier else "settled"

    def settle_poll(self, s, me):
        me.seen = None
        if not self.is_mutant("end_stored_after_hungry_read"):
            s.store(me, "poll", END)
        me.pc = "settle_hungry"

    def settle_hungry(self, s, me):
        if not fenced(s, me):
            return BLOCKED
        me.pc = "settle_public" if s.word[0] > 0 else self.not_armed()

    def settle_public(self, s, me):
        if s.ts[0] >= s.ts[1]:
            s.store(me, "poll", NULL)
            me.pc = "settled"
        else:
            me.pc = self.not_armed()

    def not_armed(self):
        return "settle_late" if self.is_mutant("end_stored_after_hungry_read") else "settled"

    def settle_late(self, s, me):
        s.store(me, "poll", END)
        me.pc = "settled"

    def settled(self, s, me):
        has_published, me.aim = me.aim is not None, None
        if has_published:
            self.call_notify(me, "owner_user")
        else:
            me.pc = "owner_user"

    # Sync of slot `top_of`.

    def sync_compare(self, s, me):
        me.pc = "owner_user" if me.top_of >= s.load(me, "limit") else "sync_read"

    def sync_read(self, s, me):
        me.old = s.ts
        top, split, _, force = s.ts
        if me.top_of >= split:
            me.aim = split + (me.top_of - split + 1) // 2 if force else split
        elif top > me.top_of:
            me.old = me.aim = None
            me.pc = "sync_wait"
            return
        else:
            me.aim = s.choose(range(top, me.top_of + 1)) if self.has_barrier else me.top_of
        s.store(me, "limit", me.aim)
        me.pc = "sync_cas"

    def sync_cas(self, s, me):
        if not fenced(s, me):
            return BLOCKED
        if s.ts != me.old:
            me.pc = "sync_read"
            return
        top, _, tag, _ = s.ts
        s.ts = (top, me.aim, tag + 1, 0)
        me.old = me.aim = None
        me.pc = "sync_rearm"

    def sync_rearm(self, s, me):
        is_hungry = s.word[0] > 0 and self.has_barrier and not self.is_mutant("reclaim_does_not_rearm")
        me.pc = "sync_public" if is_hungry else "owner_user"

    def sync_public(self, s, me):
        if s.ts[0] >= s.ts[1]:
            s.store(me, "poll", NULL)
        me.pc = "owner_user"

    def sync_wait(self, s, me):
        if me.top_of not in s.done:
            return BLOCKED
        s.done = s.done - {me.top_of}
        s.store(me, "limit", me.top_of)
        me.pc = "sync_lower"

    def sync_lower(self, s, me):
        if not fenced(s, me):
            return BLOCKED
        s.ts = (me.top_of, me.top_of, s.ts[2] + 1, 0)
        me.pc = "sync_rearm"

    # A round of a worker without work: `declared` tells whether it is counted as hungry and searching.

    def round_fiber(self, s, me):
        top, split, _, _ = s.ts
        if s.running and top < split and s.head > top:
            me.old = s.ts
            me.pc = "steal"
        elif me.declared and s.running and self.has_barrier:
            me.pc = "round_arm"
        else:
            me.is_fresh = False
            me.pc = "round_queue"

    def round_arm(self, s, me):
        s.poll = NULL
        me.is_fresh = False
        me.pc = "round_queue"

    def round_queue(self, s, me):
        if s.queue:
            s.queue = 0
            me.pc = "found"
        else:
            me.pc = "round_force" if me.declared else "declare"

    def declare(self, s, me):
        s.word = (s.word[0] + 1, s.word[1] + 1)
        me.declared = me.is_fresh = True
        me.pc = "round_fiber"

    # Steal one slot of the running fiber.

    def steal(self, s, me):
        if s.ts != me.old:
            me.old = None
            me.pc = "round_fiber"
            return
        top, split, tag, force = s.ts
        s.ts = (top + 1, split, tag, force)
        me.old = None
        me.job = top
        me.pc = "steal_hungry" if top + 1 == split else "found"

    def steal_hungry(self, s, me):
        me.pc = "steal_arm" if s.word[0] > 0 and not self.is_mutant("thief_does_not_rearm") else "found"

    def steal_arm(self, s, me):
        s.poll = NULL
        me.pc = "found"

    def found(self, s, me):
        me.pc = "work"
        me.is_refused = False
        if me.declared:
            s.word = (s.word[0] - 1, s.word[1] - 1)
            me.declared = me.is_fresh = False
            if s.word[1] == 0 and not self.is_mutant("last_searcher_wakes_nobody"):
                self.call_notify(me, "work")

    @user
    def work(self, s, me):
        if me.job is not None:
            s.done = s.done | {me.job}
        me.job = None
        me.pc = "round_fiber"

    # Force.

    def is_wanted(self, s, me):
        """A hint of outside threads, which may come and go between two looks."""
        if not self.has_seat or me.index != 1:
            return False
        return self.size != "wanted_hint" or s.choose((False, True))

    def round_force(self, s, me):
        _, split, _, _ = s.ts
        if not me.is_refused and self.is_wanted(s, me):
            self.begin_park(me)
        elif not s.running or s.head <= split or not self.has_barrier:
            self.begin_park(me)
        elif s.forcing:
            return BLOCKED
        else:
            s.forcing = True
            me.pc = "force_mark"

    def force_mark(self, s, me):
        top, split, tag, _ = s.ts
        s.ts = (top, split, tag, 1)
        me.old = (split, tag)
        me.pc = "force_limit"

    def force_limit(self, s, me):
        s.limit = INFINITY
        me.pc = "force_scan"

    def force_scan(self, s, me):
        # The membarrier, then the scan.
        if s.buffered(0):
            return BLOCKED
        me.aim = me.old[0] + (s.head - me.old[0] + 1) // 2
        me.pc = "force_publish"

    def force_publish(self, s, me):
        top, _, tag, force = s.ts
        if force and tag == me.old[1]:
            s.ts = (top, me.aim, tag, 0)
        s.forcing = False
        me.old = me.aim = None
        me.pc = "round_fiber"

    # Park.

    def begin_park(self, me):
        me.pc = "park_hint" if self.has_seat and me.index == 1 else "park_bit"

    def park_hint(self, s, me):
        me.is_wanted = self.is_wanted(s, me)
        me.pc = "park_leave" if self.is_mutant("bit_set_after_count") else "park_bit"

    def park_bit(self, s, me):
        # P1
        s.sleepers = s.sleepers | {me.index}
        if self.is_mutant("bit_set_after_count") and me.index == 1:
            self.end_count(me)
        else:
            me.pc = "park_leave"

    def park_leave(self, s, me):
        s.word = (s.word[0], s.word[1] - 1)
        me.is_wanted = me.is_wanted and (s.word[1] > 0 or self.is_mutant("wanted_leaves_alone"))
        if self.is_mutant("bit_set_after_count") and me.index == 1:
            me.pc = "park_bit"
        else:
            self.end_count(me)

    def end_count(self, me):
        me.pc = "sleep" if me.is_wanted or self.is_mutant("no_look_after_bit") else "park_arm"
        me.is_wanted = False

    def park_arm(self, s, me):
        # P2
        if s.running and self.has_barrier:
            s.poll = NULL
        me.pc = "park_fiber"

    def park_fiber(self, s, me):
        # P3 and P4
        if s.buffered(0) and self.has_barrier and not self.is_mutant("no_membarrier_in_park"):
            return BLOCKED
        top, split, _, _ = s.ts
        is_public = top < split and s.head > top
        is_private = s.head > split and self.has_barrier
        me.pc = "unpark" if s.running and (is_public or is_private) else "park_queue"

    def park_queue(self, s, me):
        me.pc = "unpark" if s.queue else "sleep"

    def unpark(self, s, me):
        # P5
        if me.index in s.sleepers:
            s.sleepers = s.sleepers - {me.index}
            me.pc = "unpark_count"
        else:
            me.pc = "unpark_count" if self.is_mutant("unpark_forgets_claim") else "sleep"

    def unpark_count(self, s, me):
        s.word = (s.word[0], s.word[1] + 1)
        me.is_refused = self.has_seat and me.index == 1 and not self.is_mutant("wanted_never_forces")
        me.pc = "round_fiber"

    def sleep(self, s, me):
        # P6
        if me.index not in s.tokens:
            return BLOCKED
        s.tokens = s.tokens - {me.index}
        me.is_refused = False
        me.pc = "round_fiber"

    # An outside thread.

    @user
    def submit(self, s, me):
        if me.is_done:
            return BLOCKED
        me.is_done = True
        s.queue = 1
        self.call_notify(me, "submit")

    # Rules.

    def check(self, s, us):
        """H, in each state: it may be broken only by those who are about to mend it."""
        owner, top, split = us[0], s.ts[0], s.ts[1]
        if not s.running or top < split or owner.pc not in ("owner_user", "spawn_compare", "sync_compare", "sync_wait"):
            return
        is_mended = any(me.pc in ("steal_hungry", "steal_arm") for me in us)
        is_hungry = any(me.declared and not me.is_fresh for me in us[1:self.workers])
        if is_hungry and s.load(owner, "poll") == END and not is_mended:
            raise Violation("H: somebody is hungry, nothing is public, poll is not armed, and nobody will arm it")

    def quiet(self, s, us):
        asleep = frozenset(me.index for me in us if me.pc == "sleep")
        top, split, _, _ = s.ts
        has_slot = s.running and s.head > top
        if asleep and (has_slot or s.queue):
            raise Violation("R1: everybody else sleeps, and there is work")
        if s.word != (len(asleep), 0) or s.sleepers != asleep or s.tokens:
            raise Violation("R2: counts, bits and tokens do not agree")
