# SPDX-License-Identifier: Apache-2.0
"""Model of the seat of worker 0: its own thread (the stand-in), outside threads that come and go, the other workers.

Modelled: `held`, the stand-in's own word to sleep on, the bit and token of worker 0, whether the vacant seat counts as
hungry; outside threads that take the seat (and leave at once if its bit is claimed) or hand their root in, and sleep
outside until their root is done; roots that end where they began, or give way to others (the holder of the seat: hands
over), or whose rest somebody steals; searching, parking and waking as in idle.py; the monitor's waking; the arming of
the fiber in the seat when the holder's root has ended elsewhere; the stand-in that is `wanted`, and leaves without a
last look if others search.

States: `work` is the set of all visible pieces: ("root", r) in the inbox, ("left", r) in worker 0's ready deque,
("ready", r) in that of another worker, ("slot", r) public in a fiber. The holder takes from worker 0's deque, and
slots of its own root. `asleep` is the set of roots on whose done word a thread sleeps. `watch`: the monitor is awake;
here it goes to sleep the moment that nothing waits any more. `armed` counts only while the holder runs a piece of
another root. Running a piece takes the user's time: it may never end.

Not modelled: task stacks and poll (idle.py), timers, the stop of the runtime, store buffers (all accesses of this
protocol are seq_cst or have a full fence between them).

Rules, in each quiet state:
  R1  if there is work, nobody sleeps: no worker parked, the seat not vacant
  R2  no outside thread sleeps although its root is done
  R3  hungry, searching, bits and tokens agree with who sleeps where
  R4  if a root is active and the seat is vacant, somebody is hungry, so that running owners publish
  R5  if a root is in the inbox (all are busy then: R1), the monitor is awake
  R6  a holder that runs a piece of another root although its own is done is armed: it gives way at its next spawn
and there is no fair endless run of searching and parking.
"""

from explorer import BLOCKED, Process, Violation, user
from idle import Waking

REST = 1  # a root whose thread is not modelled


class Seat(Waking):
    name = "seat"
    progress = True
    mutants = {
        "no_token_read_after_vacating": "one",
        "visitor_vacates_without_token_read": "crowd",
        "leaves_without_notify": "one",
        "entering_ignores_claim": "one",
        "leaves_without_settling": "one",
        "standin_ignores_claim": "one",
        "standin_looks_before_clearing": "one",
        "waker_calls_nobody": "one",
        "waker_calls_before_token": "one",
        "finisher_wakes_nobody": "one",
        "finisher_arms_nobody": "rest",
        "last_searcher_wakes_nobody": "crowd",
        "wanted_leaves_alone": "wanted",
    }
    sizes = {
        # outside threads, workers beside worker 0, runs of each outside thread, kinds of pieces that may give way
        "one": (1, 1, 2, ("root",)),
        "two": (2, 0, 1, ("root", "slot")),
        # begins with a piece that waits in worker 0's deque, while worker 1 searches
        "rest": (1, 1, 1, ("root", "slot")),
        "crowd": (2, 1, 1, ()),
        # begin with the stand-in in the seat and worker 1, which search, and the others asleep
        "wanted": (1, 1, 1, ("root",)),
        "wanted_again": (1, 1, 2, ("root",)),
        "wanted_three": (1, 2, 1, ()),
    }
    short_sizes = ("one", "two", "rest", "wanted")
    all_sizes = ("crowd", "wanted_again", "wanted_three")

    def __init__(self, size, mutant=None):
        super().__init__(size, mutant)
        outside, others, runs, self.yielding = self.sizes[size]
        self.shared = dict(word=(0, 0), sleepers=frozenset([0]), tokens=frozenset(), held=0, standin=0, armed=False,
                           seat_hungry=False, watch=False, active=0, work=frozenset(), done=frozenset(),
                           asleep=frozenset(), in_seat=frozenset(), wanted=False)
        common = dict(claimed=None, back=None, seen=None, watcher=None, declared=False, job=None, root=None,
                      hands_over=False, is_wanted=False)
        self.processes = [Process("standin", "standin_sleep", worker=0, runs=0, **common)]
        self.processes += [Process("worker%d" % i, "find", worker=i, runs=0, **common) for i in range(1, others + 1)]
        self.processes += [Process("outside%d" % i, "begin", worker=None, runs=runs, **common)
                           for i in range(1, outside + 1)]
        self.progress = size != "crowd"
        if size == "rest":
            self.shared.update(word=(1, 1), active=1, work=frozenset([("left", REST)]))
            self.processes[1].pc = "search"
            self.processes[1].registers["declared"] = True
        if size.startswith("wanted"):
            self.shared.update(word=(1 + others, 2), held=1, sleepers=frozenset(range(2, 1 + others)))
            for process in self.processes[:1 + others]:
                process.pc = "search"
                process.registers["declared"] = True
            for process in self.processes[2:1 + others]:
                process.pc = "asleep"

    # Waking: worker 0 has a token, and a stand-in to call. `watcher` says who wakes the monitor if nobody was woken.

    def call_notify(self, me, back, watcher=None):
        super().call_notify(me, back)
        me.watcher = watcher

    def end_notify(self, me):
        back, was_woken, watcher = me.back, me.claimed is not None, me.watcher
        super().end_notify(me)
        me.watcher = None
        if watcher and not was_woken:
            me.back = back
            me.pc = watcher

    def notify_claim(self, s, me):
        super().notify_claim(s, me)
        if me.claimed == 0 and me.pc == "notify_token":
            me.pc = "call_first" if self.is_mutant("waker_calls_before_token") else "wake_token"

    def call_first(self, s, me):
        s.standin = 1
        me.pc = "notify_token"

    def wake_token(self, s, me):
        self.give_token(s, 0)
        me.pc = "wake_standin"
        if self.is_mutant("waker_calls_nobody"):
            self.end_notify(me)

    def wake_standin(self, s, me):
        s.standin = 1
        self.end_notify(me)

    def watch_after_notify(self, s, me):
        if s.word[1] == 0:
            s.watch = self.anything_waits(s)
        me.pc, me.back = me.back, None

    def watch_after_settling(self, s, me):
        own = "left" if me.worker == 0 else "ready"
        if any(kind in ("root", own) for kind, _ in s.work):
            s.watch = True
        me.pc, me.back = me.back, None

    @staticmethod
    def anything_waits(s):
        return any(kind != "slot" for kind, _ in s.work)

    # Looking for work: a worker's own thread, or the holder of the seat.

    def must_leave(self, s, me):
        return me.root is not None and (me.hands_over or me.root in s.done)

    @staticmethod
    def pieces(s, me):
        if me.root is None:
            return s.work
        return [piece for piece in s.work if piece[0] == "left" or piece == ("slot", me.root)]

    def find(self, s, me):
        if self.must_leave(s, me):
            me.pc = "leave"
        elif self.pieces(s, me):
            self.take(s, me)
            me.pc = "run"
        else:
            me.pc = "declare"

    def take(self, s, me):
        me.job = s.choose(sorted(self.pieces(s, me)))
        s.work = s.work - {me.job}
        s.watch = s.watch and self.anything_waits(s)
        if me.root is not None:
            s.armed = me.job[1] != me.root  # a fiber that is switched in

    def declare(self, s, me):
        s.word = (s.word[0] + 1, s.word[1] + 1)
        me.declared = True
        me.pc = "search"

    def search(self, s, me):
        if not self.must_leave(s, me) and self.pieces(s, me):
            self.take(s, me)
            me.pc = "settle"
        elif me.root is None:
            me.pc = "park_bit" if me.worker else "park_hint"
        else:
            me.pc = "leave" if self.is_mutant("leaves_without_settling") else "settle"

    def settle(self, s, me):
        me.declared = False
        s.word = (s.word[0] - 1, s.word[1] - 1)
        me.pc = back = "run" if me.job else "leave"
        if s.word[1] == 0 and not self.is_mutant("last_searcher_wakes_nobody"):
            self.call_notify(me, back, "watch_after_settling")

    def park_hint(self, s, me):
        me.is_wanted = s.wanted
        me.pc = "park_bit"

    def park_bit(self, s, me):
        s.sleepers = s.sleepers | {me.worker}
        me.pc = "park_count"

    def park_count(self, s, me):
        s.word = (s.word[0], s.word[1] - 1)
        me.pc = "park_look"
        if me.is_wanted and (s.word[1] > 0 or self.is_mutant("wanted_leaves_alone")):
            me.declared = False
            me.pc = "standin_unwant"
        me.is_wanted = False

    def park_look(self, s, me):
        if s.work:
            me.pc = "park_cancel"
        elif me.worker == 0:
            me.declared = False
            me.pc = "standin_unwant"
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
        """The piece ends, or gives way (a holder was asked to hand over), or lets its rest be stolen, or spawns."""
        kind, root = me.job
        options = ["end"]
        if kind in self.yielding:
            options.append("gives_way")
        if kind == "root" and me.worker == 0:
            options.append("is_stolen")
        if me.root is not None and me.root != root and s.armed:
            options.append("spawn")
        option = s.choose(options)
        if option == "end":
            me.job = None
            me.seen = (root, root in s.in_seat)
            me.pc = "finish_active"
        elif option == "spawn":
            s.armed = False
            me.pc = "spawn_look"
        elif option == "gives_way":
            me.hands_over = me.root is not None
            self.give_way(s, me)
        else:
            me.job = None
            s.work = s.work | {("slot", root)}
            self.call_notify(me, "find")

    def give_way(self, s, me):
        s.work = s.work | {("left" if me.worker == 0 else "ready", me.job[1])}
        me.job = None
        self.call_notify(me, "find")

    def spawn_look(self, s, me):
        if self.must_leave(s, me):
            self.give_way(s, me)
        else:
            me.pc = "run"

    def finish_active(self, s, me):
        s.active -= 1
        me.pc = "finish_done"

    def finish_done(self, s, me):
        root = me.seen[0]
        s.done = s.done | {root}
        me.pc = "finish_wake"
        if root == me.root:
            me.seen = None
            me.pc = "find"

    def finish_wake(self, s, me):
        root, was_in_seat = me.seen
        if not self.is_mutant("finisher_wakes_nobody"):
            s.asleep = s.asleep - {root}
        me.seen = None
        me.pc = "finish_arm" if was_in_seat and not self.is_mutant("finisher_arms_nobody") else "find"

    def finish_arm(self, s, me):
        s.armed = s.armed or s.held == 1
        me.pc = "find"

    # The stand-in.

    def standin_unwant(self, s, me):
        s.wanted = False
        me.pc = "standin_leave"

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
        me.pc = "standin_take"
        if not self.is_mutant("standin_looks_before_clearing"):
            s.standin = 0

    def standin_take(self, s, me):
        if s.held:
            me.pc = "standin_clear" if self.is_mutant("standin_looks_before_clearing") else "standin_sleep"
        else:
            s.held = 1
            me.pc = "standin_cancel"

    def standin_clear(self, s, me):
        s.standin = 0
        me.pc = "standin_sleep"

    def standin_cancel(self, s, me):
        if 0 in s.sleepers:
            s.sleepers = s.sleepers - {0}
            me.pc = "standin_recount"
        else:
            me.pc = "standin_hungry" if self.is_mutant("standin_ignores_claim") else "standin_token"

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
            me.pc = "give_up"
            return
        s.held = 1
        me.pc = "enter_retract"

    def give_up(self, s, me):
        s.wanted = True
        me.pc = "hand_in"

    def enter_retract(self, s, me):
        if 0 in s.sleepers:
            s.sleepers = s.sleepers - {0}
            me.pc = "enter_hungry"
        else:
            me.pc = "enter_hungry" if self.is_mutant("entering_ignores_claim") else "visit_vacate"

    def enter_hungry(self, s, me):
        s.word = (s.word[0] - int(s.seat_hungry), s.word[1])
        s.seat_hungry = False
        s.in_seat = s.in_seat | {me.root}
        me.worker = 0
        me.job = ("root", me.root)
        me.pc = "run"

    def visit_vacate(self, s, me):
        s.held = 0
        me.pc = "give_up" if self.is_mutant("visitor_vacates_without_token_read") else "visit_reread"

    def visit_reread(self, s, me):
        if 0 in s.tokens:
            s.standin = 1
        me.pc = "give_up"

    def hand_in(self, s, me):
        s.work = s.work | {("root", me.root)}
        self.call_notify(me, "await_root", "watch_after_notify")

    def leave(self, s, me):
        s.sleepers = s.sleepers | {0}
        s.armed = False
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
        me.declared = me.hands_over = False
        me.pc = "await_root"
        if s.active > 0 and not self.is_mutant("leaves_without_notify"):
            self.call_notify(me, "await_root", "watch_after_notify")

    def await_root(self, s, me):
        if me.root not in s.done:
            s.asleep = s.asleep | {me.root}
            me.pc = "await_wake"
            return
        s.done = s.done - {me.root}
        s.in_seat = s.in_seat - {me.root}
        me.root = None
        me.pc = "begin"

    def await_wake(self, s, me):
        if me.root in s.asleep:
            return BLOCKED
        me.pc = "await_root"

    # Rules.

    def quiet(self, s, us):
        asleep = {me.worker for me in us if me.pc == "asleep"}
        vacant = s.held == 0
        if s.work and (asleep or vacant):
            raise Violation("R1: there is work, and somebody sleeps")
        if s.asleep & s.done:
            raise Violation("R2: an outside thread sleeps although its root is done")
        bits = frozenset(asleep | ({0} if vacant else set()))
        hungry = len(asleep) + int(vacant and s.seat_hungry)
        if s.word != (hungry, 0) or s.sleepers != bits or s.tokens:
            raise Violation("R3: counts, bits and tokens do not agree")
        if s.active and vacant and not hungry:
            raise Violation("R4: a root is active, the seat is vacant, and nobody is hungry")
        if not s.watch and any(kind == "root" for kind, _ in s.work):
            raise Violation("R5: a root waits in the inbox, all are busy, and the monitor sleeps")
        for me in us:
            if me.worker == 0 and me.root in s.done and me.pc == "run" and not s.armed:
                raise Violation("R6: the holder's root is done, and it runs another's without being armed")
