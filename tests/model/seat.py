# SPDX-License-Identifier: Apache-2.0
"""Model of the seat of worker 0: its own thread (the stand-in), outside threads that come and go, the other workers.

Modelled: `held`, the stand-in's own word to sleep on, the bit and token of worker 0, whether the vacant seat counts as
hungry; outside threads that take the seat or hand their root in and sleep; roots that end where they began or whose
rest becomes a ready entry that any worker finishes; searching, parking and waking as in idle.py; the directed wake-up
of the seat's holder when its root has ended elsewhere.

States: `work` is the set of all visible pieces (inbox and ready deques in one): ("root", r) or ("rest", r). Running a
piece takes the user's time: it may never end.

Not modelled: task stacks and poll (idle.py), timers, the stop of the runtime, the monitor, store buffers (all accesses
of this protocol are seq_cst).

Rules, in each quiet state:
  R1  if there is work, nobody sleeps: no worker parked, the seat not vacant
  R2  no thread sleeps in the seat or beside it although its root is done
  R3  hungry, searching, bits and tokens agree with who sleeps where
  R4  if a root is active and the seat is vacant, somebody is hungry, so that running owners publish
and there is no fair endless run of searching and parking.
"""

from explorer import BLOCKED, Process, Violation, user
from idle import Waking


class Seat(Waking):
    name = "seat"
    progress = True
    mutants = {
        "no_token_read_after_vacating": "one",
        "leaves_without_notify": "two",
        "entering_ignores_claim": "one",
        "leaves_without_settling": "one",
        "waker_reads_held_first": "one",
        "root_done_wakes_nobody": "one",
        "last_searcher_wakes_nobody": "crowd",
    }
    sizes = {
        # outside threads, workers beside worker 0, runs of each outside thread
        "one": (1, 1, 2),
        "two": (2, 0, 1),
        "crowd": (2, 1, 1),
    }
    short_sizes = ("one", "two")
    all_sizes = ("crowd",)

    def __init__(self, size, mutant=None):
        super().__init__(size, mutant)
        outside, others, runs = self.sizes[size]
        self.shared = dict(word=(0, 0), sleepers=frozenset([0]), tokens=frozenset(), held=0, standin=0,
                           seat_hungry=False, active=0, work=frozenset(), done=frozenset(), in_seat=frozenset())
        common = dict(claimed=None, back=None, seen=None, declared=False, job=None)
        self.processes = [Process("standin", "standin_sleep", worker=0, root=None, runs=0, **common)]
        self.processes += [Process("worker%d" % i, "find", worker=i, root=None, runs=0, **common)
                           for i in range(1, others + 1)]
        self.processes += [Process("outside%d" % i, "begin", worker=None, root=None, runs=runs, **common)
                           for i in range(1, outside + 1)]
        self.progress = size != "crowd"

    # Waking: worker 0 has a token and a seat.

    def notify_claim(self, s, me):
        super().notify_claim(s, me)
        if me.claimed == 0 and me.pc == "notify_token":
            me.pc = "wake_held_first" if self.is_mutant("waker_reads_held_first") else "wake_token"

    def wake_held_first(self, s, me):
        if s.held == 0:
            s.standin = 1
        me.pc = "notify_token"

    def wake_token(self, s, me):
        self.give_token(s, 0)
        me.pc = "wake_held"

    def wake_held(self, s, me):
        me.pc = "wake_standin"
        if s.held:
            self.end_notify(me)

    def wake_standin(self, s, me):
        s.standin = 1
        self.end_notify(me)

    # Looking for work: a worker's own thread, or the holder of the seat.

    def must_leave(self, s, me):
        return me.root is not None and me.root in s.done

    def find(self, s, me):
        if self.must_leave(s, me):
            me.pc = "leave"
        elif s.work:
            self.take(s, me)
            me.pc = "run"
        else:
            me.pc = "declare"

    @staticmethod
    def take(s, me):
        me.job = s.choose(sorted(s.work))
        s.work = s.work - {me.job}

    def declare(self, s, me):
        s.word = (s.word[0] + 1, s.word[1] + 1)
        me.declared = True
        me.pc = "search"

    def search(self, s, me):
        if self.must_leave(s, me):
            me.pc = "leave" if self.is_mutant("leaves_without_settling") else "settle"
        elif s.work:
            self.take(s, me)
            me.pc = "settle"
        else:
            me.pc = "park_bit"

    def settle(self, s, me):
        me.declared = False
        s.word = (s.word[0] - 1, s.word[1] - 1)
        me.pc = back = "run" if me.job else "leave"
        if s.word[1] == 0 and not self.is_mutant("last_searcher_wakes_nobody"):
            self.call_notify(me, back)

    def park_bit(self, s, me):
        s.sleepers = s.sleepers | {me.worker}
        me.pc = "park_count"

    def park_count(self, s, me):
        s.word = (s.word[0], s.word[1] - 1)
        me.pc = "park_look"

    def park_look(self, s, me):
        if s.work or self.must_leave(s, me):
            me.pc = "park_cancel"
        elif me.worker == 0 and me.root is None:
            me.declared = False
            me.pc = "standin_leave"
        else:
            me.pc = "asleep"

    def park_cancel(self, s, me):
        if me.worker in s.sleepers:
            s.sleepers = s.sleepers - {me.worker}
            me.pc = "park_recount"
        else:
            me.pc = "asleep"

    def park_recount(self, s, me):
        s.word = (s.word[0], s.word[1] + 1)
        me.pc = "search"

    def asleep(self, s, me):
        if me.worker not in s.tokens:
            return BLOCKED
        s.tokens = s.tokens - {me.worker}
        me.pc = "search"

    @user
    def run(self, s, me):
        """The piece of work ends, or (a root) its rest becomes ready and this worker looks for other work."""
        kind, root = me.job
        me.job = None
        if kind == "root" and s.choose([False, True]):
            s.work = s.work | {("rest", root)}
            self.call_notify(me, "find")
            return
        me.seen = root
        me.pc = "finish_active"

    def finish_active(self, s, me):
        s.active -= 1
        me.pc = "finish_done"

    def finish_done(self, s, me):
        root, me.seen = me.seen, None
        s.done = s.done | {root}
        is_elsewhere = root in s.in_seat and me.worker != 0
        me.pc = "finish_wake" if is_elsewhere and not self.is_mutant("root_done_wakes_nobody") else "find"

    def finish_wake(self, s, me):
        me.pc = "find"
        if 0 in s.sleepers:
            s.sleepers = s.sleepers - {0}
            me.pc = "finish_count"

    def finish_count(self, s, me):
        s.word = (s.word[0], s.word[1] + 1)
        me.back = "find"
        me.pc = "wake_token"

    # The stand-in.

    def standin_leave(self, s, me):
        s.seat_hungry = True
        me.pc = "standin_vacate"

    def standin_vacate(self, s, me):
        s.held = 0
        me.pc = "standin_sleep" if self.is_mutant("no_token_read_after_vacating") else "standin_reread"

    def standin_reread(self, s, me):
        if 0 in s.tokens:
            s.standin = 1
        me.pc = "standin_sleep"

    def standin_sleep(self, s, me):
        if not s.standin:
            return BLOCKED
        s.standin = 0
        me.pc = "standin_take"

    def standin_take(self, s, me):
        if s.held:
            me.pc = "standin_sleep"
        else:
            s.held = 1
            me.pc = "standin_cancel"

    def standin_cancel(self, s, me):
        if 0 in s.sleepers:
            s.sleepers = s.sleepers - {0}
            me.pc = "standin_recount"
        else:
            me.pc = "standin_token"

    def standin_recount(self, s, me):
        s.word = (s.word[0], s.word[1] + 1)
        me.pc = "standin_hungry"

    def standin_token(self, s, me):
        if 0 not in s.tokens:
            return BLOCKED
        s.tokens = s.tokens - {0}
        me.pc = "standin_hungry"

    def standin_hungry(self, s, me):
        if not s.seat_hungry:
            s.word = (s.word[0] + 1, s.word[1])
        s.seat_hungry = False
        me.declared = True
        me.pc = "search"

    # An outside thread.

    @user
    def begin(self, s, me):
        if me.runs == 0:
            return BLOCKED
        me.runs -= 1
        s.active += 1
        me.root = 10 * me.index + me.runs
        me.pc = "enter"

    def enter(self, s, me):
        if s.held:
            me.pc = "hand_in"
            return
        s.held = 1
        me.worker = 0
        s.in_seat = s.in_seat | {me.root}
        me.pc = "enter_retract"

    def hand_in(self, s, me):
        s.work = s.work | {("root", me.root)}
        self.call_notify(me, "await_root")

    def await_root(self, s, me):
        if me.root not in s.done:
            return BLOCKED
        self.forget_root(s, me)

    @staticmethod
    def forget_root(s, me):
        s.done = s.done - {me.root}
        s.in_seat = s.in_seat - {me.root}
        me.root = None
        me.pc = "begin"

    def enter_retract(self, s, me):
        me.seen = s.seat_hungry
        s.seat_hungry = False
        if 0 in s.sleepers:
            s.sleepers = s.sleepers - {0}
            me.pc = "enter_uncount" if me.seen else "enter_run"
        else:
            me.pc = "enter_run" if self.is_mutant("entering_ignores_claim") else "enter_token"

    def enter_uncount(self, s, me):
        s.word = (s.word[0] - 1, s.word[1])
        me.pc = "enter_run"

    def enter_token(self, s, me):
        if 0 not in s.tokens:
            return BLOCKED
        s.tokens = s.tokens - {0}
        me.pc = "enter_settle"

    def enter_settle(self, s, me):
        s.word = (s.word[0] - int(me.seen), s.word[1] - 1)
        me.pc = "enter_run"
        if s.word[1] == 0:
            self.call_notify(me, "enter_run")

    def enter_run(self, s, me):
        me.seen = None
        me.job = ("root", me.root)
        me.pc = "run"

    def leave(self, s, me):
        s.seat_hungry = False
        me.pc = "leave_offer"

    def leave_offer(self, s, me):
        s.sleepers = s.sleepers | {0}
        me.pc = "leave_vacate"

    def leave_vacate(self, s, me):
        s.held = 0
        me.pc = "leave_look" if self.is_mutant("no_token_read_after_vacating") else "leave_reread"

    def leave_reread(self, s, me):
        if 0 in s.tokens:
            s.standin = 1
        me.pc = "leave_look"

    def leave_look(self, s, me):
        me.worker = None
        me.declared = False
        is_active = s.active > 0
        self.forget_root(s, me)
        if is_active and not self.is_mutant("leaves_without_notify"):
            self.call_notify(me, "begin")

    # Rules.

    def quiet(self, s, us):
        asleep = {me.worker for me in us if me.pc == "asleep"}
        vacant = s.held == 0
        if s.work and (asleep or vacant):
            raise Violation("R1: there is work, and somebody sleeps")
        for me in us:
            if me.pc == "asleep" and self.must_leave(s, me):
                raise Violation("R2: a thread sleeps in the seat although its root is done")
        bits = frozenset(asleep | ({0} if vacant else set()))
        hungry = len(asleep) + int(vacant and s.seat_hungry)
        if s.word != (hungry, 0) or s.sleepers != bits or s.tokens:
            raise Violation("R3: counts, bits and tokens do not agree")
        if s.active and vacant and not hungry:
            raise Violation("R4: a root is active, the seat is vacant, and nobody is hungry")
