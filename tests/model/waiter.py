# SPDX-License-Identifier: Apache-2.0
"""Model of waiting for one of several things: tickets, and the commit of a wait that may be fired before it is over.

Modelled: one fiber that waits twice, first for event A with a timer and cancellable, then for event B; the context that
runs its commits after the switch; the timer, the canceller and the makers of the two events, each of which may be as
slow as it likes, so that what it fires may be stale.

States: `wake`: (seq, cause) of the fiber, cause 0 while armed; `committed`: the seq whose commit is over; `frame`: the
wait whose variables lie on the fiber's stack; `timer`: the ticket in the wheel; `waiting`, `cancelled`: of the scope;
`event`: per event 0, a ticket or DONE, as in await/async.h; `runs`: somebody runs the fiber.

Not modelled: what runs meanwhile, the wheel, memory order below the atomic operations (the accesses to waiting and
cancelled are seq_cst).

Rules: the fiber is resumed only while nobody runs it, and once for each wait; a wait ends with a cause that has
happened; nothing uses the variables of a wait that has returned; a fiber whose event, deadline or cancellation has come
does not wait for ever.
"""

from explorer import BLOCKED, Model, Process, Violation, user

DONE = "done"
ARMED, BEFORE, TIMEOUT, CANCEL, EVENT = range(5)
# (event, with a timer, cancellable)
ALL = (("A", True, True), ("B", False, False))
NO_TIMER = (("A", False, True), ("B", False, True))
TIMERS = (("A", True, False), ("B", True, False))


class Waiter(Model):
    name = "waiter"
    progress = False
    mutants = {
        "returns_before_commit": "all",
        "ticket_without_seq": "all",
        "cancelled_read_first": "all",
        "armed_before_switch": "all",
        "goes_on_without_retracting": "all",
        "leaves_its_ticket": "all",
    }
    sizes = {"all": ALL, "cancel": NO_TIMER, "timers": TIMERS}
    short_sizes = ("all", "cancel", "timers")
    all_sizes = ()

    def __init__(self, size, mutant=None):
        super().__init__(size, mutant)
        self.waits = self.sizes[size]
        self.shared = dict(runs=True, wake=(0, EVENT), committed=0, frame=0, pending=0, timer=None, waiting=None,
                           cancelled=0, event=(0, 0))
        self.processes = [Process("fiber", "begin", wait=0, cause=None), Process("context", "idle", goes_on=False),
                          Process("timer", "time_passes", ticket=None), Process("canceller", "cancel", ticket=None),
                          Process("maker of A", "make", ticket=None), Process("maker of B", "make", ticket=None)]

    # What all share.

    def end(self, s, ticket, cause):
        """CAS of wake; True if this one ended the wait."""
        seq = s.wake[0] if self.is_mutant("ticket_without_seq") else ticket
        if s.wake != (seq, ARMED):
            return False
        s.wake = (seq, cause)
        return True

    def resume(self, s):
        if s.runs:
            raise Violation("the fiber is resumed while somebody runs it")
        s.runs = True

    def uses_frame(self, s, wait):
        if s.frame != wait:
            raise Violation("variables of wait %d are used after it has returned" % wait)

    @staticmethod
    def set_event(s, index, value):
        s.event = s.event[:index] + (value,) + s.event[index + 1:]

    # The fiber.

    def begin(self, s, me):
        if me.wait == len(self.waits):
            return BLOCKED
        me.wait += 1
        s.frame = me.wait
        me.cause = None
        if self.waits[me.wait - 1][2] and s.cancelled:
            me.cause = CANCEL
            me.pc = "returns"
        else:
            me.pc = "switch_away"

    def switch_away(self, s, me):
        if self.is_mutant("armed_before_switch") and s.wake[0] != me.wait:
            s.wake = (me.wait, ARMED)
            s.waiting = me.wait
            return None
        s.runs = False
        s.pending = me.wait
        me.pc = "sleeps"
        return None

    def sleeps(self, s, me):
        if not s.runs:
            return BLOCKED
        if s.committed != me.wait and not self.is_mutant("returns_before_commit"):
            return BLOCKED
        me.cause = s.wake[1]
        if s.wake[0] != me.wait or me.cause == ARMED:
            raise Violation("wait %d goes on, but nothing has ended it" % me.wait)
        me.pc = "leaves_event"
        return None

    def leaves_event(self, s, me):
        """The ticket is taken back from an event that did not end the wait."""
        index = me.wait - 1
        if me.cause in (TIMEOUT, CANCEL) and s.event[index] == me.wait and not self.is_mutant("leaves_its_ticket"):
            self.set_event(s, index, 0)
        me.pc = "leaves_timer"

    def leaves_timer(self, s, me):
        if s.timer == me.wait:
            s.timer = None
        me.pc = "returns"

    def returns(self, s, me):
        index = me.wait - 1
        if me.cause in (BEFORE, EVENT) and s.event[index] != DONE:
            raise Violation("wait %d ends by an event that has not happened" % me.wait)
        if me.cause == CANCEL and not s.cancelled:
            raise Violation("wait %d is cancelled by nobody" % me.wait)
        if s.event[index] == me.wait:
            raise Violation("wait %d returns while its event has its ticket" % me.wait)
        s.frame = 0
        me.pc = "begin"

    # The context after the switch.

    def idle(self, s, me):
        if not s.pending:
            return BLOCKED
        me.goes_on = False
        me.pc = "arm"
        return None

    def arm(self, s, me):
        if not self.is_mutant("armed_before_switch"):
            s.wake = (s.pending, ARMED)
        me.pc = "set_timer" if self.waits[s.pending - 1][1] else self.after_timer(s)

    def after_timer(self, s):
        if not self.waits[s.pending - 1][2]:
            return "enlist"
        return "look_cancelled" if self.is_mutant("cancelled_read_first") else "show_ticket"

    def set_timer(self, s, me):
        self.uses_frame(s, s.pending)
        s.timer = s.pending
        me.pc = self.after_timer(s)

    def show_ticket(self, s, me):
        s.waiting = s.pending
        me.pc = "enlist" if self.is_mutant("cancelled_read_first") else "look_cancelled"

    def look_cancelled(self, s, me):
        if s.cancelled:
            me.pc = "retract_cancelled"
        else:
            me.pc = "show_ticket" if self.is_mutant("cancelled_read_first") else "enlist"

    def retract_cancelled(self, s, me):
        me.goes_on = self.end(s, s.pending, CANCEL)
        me.pc = "commit"

    def enlist(self, s, me):
        self.uses_frame(s, s.pending)
        index = s.pending - 1
        if s.event[index] == DONE:
            me.pc = "retract_before"
        else:
            self.set_event(s, index, s.pending)
            me.pc = "commit"

    def retract_before(self, s, me):
        me.goes_on = self.end(s, s.pending, BEFORE) or self.is_mutant("goes_on_without_retracting")
        me.pc = "commit"

    def commit(self, s, me):
        s.committed = s.pending
        s.pending = 0
        me.pc = "go_on" if me.goes_on else "idle"

    def go_on(self, s, me):
        self.resume(s)
        me.pc = "idle"

    # Those who fire.

    @user
    def time_passes(self, s, me):
        if s.timer is None:
            return BLOCKED
        me.ticket = s.timer
        s.timer = None
        me.pc = "fire_timer"
        return None

    def fire_timer(self, s, me):
        if self.end(s, me.ticket, TIMEOUT):
            self.resume(s)
        me.pc = "time_passes"

    @user
    def cancel(self, s, me):
        s.cancelled = 1
        me.pc = "find_waiting"

    def find_waiting(self, s, me):
        me.ticket = s.waiting
        me.pc = "fire_cancel" if me.ticket else "rests"

    def fire_cancel(self, s, me):
        if self.end(s, me.ticket, CANCEL):
            self.resume(s)
        me.pc = "rests"

    @user
    def make(self, s, me):
        index = me.index - 4
        me.ticket = s.event[index]
        self.set_event(s, index, DONE)
        me.pc = "fire_event" if me.ticket else "rests"

    def fire_event(self, s, me):
        if self.end(s, me.ticket, EVENT):
            self.resume(s)
        me.pc = "rests"

    def rests(self, s, me):
        return BLOCKED

    # Rules.

    def quiet(self, s, us):
        fiber = us[0]
        if s.runs or fiber.wait == 0:
            return
        _, _, cancellable = self.waits[fiber.wait - 1]
        if s.event[fiber.wait - 1] == DONE:
            raise Violation("the event of wait %d has happened, and it waits for ever" % fiber.wait)
        if cancellable and s.cancelled:
            raise Violation("wait %d is cancelled, and waits for ever" % fiber.wait)

    def final(self, s, us):
        return us[0].pc == "begin" and us[0].wait == len(self.waits)
