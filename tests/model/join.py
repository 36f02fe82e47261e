# SPDX-License-Identifier: Apache-2.0
"""Model of the join of a stolen task: slot.state from 0 to DONE, or from 0 to the waiting fiber and then to DONE.

Modelled: three workers, one fiber whose slots are stolen and joined (one slot twice), the idle fibers on which workers
stand, the switch as two moments (registers saved; the next context runs the commit callback), and recycling.

States: `state` per slot; `saved`: the fibers whose registers are saved, that is, which may be switched to; `pool`: idle
fibers; `open`: spawned tasks that nobody has taken; `ended`: slots whose task has ended. A task runs in the user's
time.

Not modelled: how a slot is stolen (task_stack.py), parking, memory order below the atomic operations.

Rules: nobody switches to a fiber that is not saved; no fiber that somebody stands on is taken from the pool; a join
returns only when its task has ended; every join returns.
"""

from explorer import BLOCKED, Model, Process, Violation, user

DONE = "done"
FIBER = 0  # the fiber that joins
PROGRAM = (("spawn", 0), ("spawn", 1), ("sync", 1), ("spawn", 1), ("sync", 1), ("sync", 0))
LONG = (("spawn", 0), ("spawn", 1), ("spawn", 2), ("sync", 2), ("sync", 1), ("spawn", 1), ("sync", 1), ("sync", 0))


class Join(Model):
    name = "join"
    progress = True
    mutants = {
        "registers_before_switch": "short",
        "finisher_looks_then_stores": "short",
        "recycles_before_switch": "short",
        "failed_registration_waits": "short",
        "state_not_cleared": "short",
    }
    sizes = {"short": (PROGRAM, 3), "big": (LONG, 4)}
    short_sizes = ("short",)
    all_sizes = ("big",)

    def __init__(self, size, mutant=None):
        super().__init__(size, mutant)
        self.program, workers = self.sizes[size]
        self.shared = dict(at=0, state=(0, 0, 0), open=frozenset(), ended=frozenset(), saved=frozenset([workers]),
                           pool=frozenset([workers]))
        self.processes = [Process("worker0", "run_fiber", stands_on=FIBER, left=None, slot=None)]
        self.processes += [Process("worker%d" % i, "take", stands_on=i, left=None, slot=None)
                           for i in range(1, workers)]

    @staticmethod
    def set_state(s, slot, value):
        old = s.state[slot]
        s.state = s.state[:slot] + (value,) + s.state[slot + 1:]
        return old

    def switch(self, s, me, fiber):
        """Saves the registers of the fiber that the worker stands on and takes up the other's."""
        if fiber not in s.saved:
            raise Violation("fiber %d is switched to before its registers are saved" % fiber)
        me.left = me.stands_on
        me.stands_on = fiber
        s.saved = (s.saved | {me.left}) - {fiber}

    # On the fiber that joins.

    @user
    def run_fiber(self, s, me):
        if s.at == len(self.program):
            return BLOCKED
        operation, slot = self.program[s.at]
        s.at += 1
        if operation == "spawn":
            s.open = s.open | {slot}
            s.ended = s.ended - {slot}
        elif slot in s.open:
            s.open = s.open - {slot}
        else:
            me.slot = slot
            me.pc = "sync_look"

    def sync_look(self, s, me):
        if s.state[me.slot] == DONE:
            me.pc = "joined"
        elif self.is_mutant("registers_before_switch"):
            me.pc = "register_early"
        else:
            me.pc = "suspend"

    def register_early(self, s, me):
        me.pc = "joined"
        if s.state[me.slot] == 0:
            self.set_state(s, me.slot, FIBER + 1)
            me.pc = "suspend"

    def suspend(self, s, me):
        if not s.pool:
            return BLOCKED
        fiber = s.choose(sorted(s.pool))
        s.pool = s.pool - {fiber}
        self.switch(s, me, fiber)
        me.left = None
        if self.is_mutant("registers_before_switch"):
            me.slot = None
            me.pc = "take"
        else:
            me.pc = "commit"

    def joined(self, s, me):
        if me.slot not in s.ended:
            raise Violation("a join returns before its task has ended")
        if not self.is_mutant("state_not_cleared"):
            self.set_state(s, me.slot, 0)
        me.slot = None
        me.pc = "run_fiber"

    # On the context after it.

    def commit(self, s, me):
        if s.state[me.slot] == 0:
            self.set_state(s, me.slot, FIBER + 1)
        elif not self.is_mutant("failed_registration_waits"):
            me.pc = "go_on_at_once"
            return
        me.slot = None
        me.pc = "take"

    def go_on_at_once(self, s, me):
        self.switch(s, me, FIBER)
        me.pc = "recycle"

    def recycle(self, s, me):
        """The commit callback of an idle fiber, on the fiber that joins."""
        if not self.is_mutant("recycles_before_switch"):
            s.pool = s.pool | {me.left}
        me.left = None
        me.slot = self.program[s.at - 1][1]
        me.pc = "joined"

    # On an idle fiber.

    def take(self, s, me):
        if not s.open:
            return BLOCKED
        me.slot = s.choose(sorted(s.open))
        s.open = s.open - {me.slot}
        me.pc = "run_task"

    @user
    def run_task(self, s, me):
        s.ended = s.ended | {me.slot}
        me.pc = "finish_look" if self.is_mutant("finisher_looks_then_stores") else "finish"

    def finish(self, s, me):
        self.after_finish(s, me, self.set_state(s, me.slot, DONE))

    def finish_look(self, s, me):
        me.left = s.state[me.slot]
        me.pc = "finish_store"

    def finish_store(self, s, me):
        self.set_state(s, me.slot, DONE)
        self.after_finish(s, me, me.left)

    def after_finish(self, s, me, old):
        me.slot = me.left = None
        if old == DONE:
            raise Violation("a task ends twice")
        me.pc = "resume" if old else "take"
        if old and self.is_mutant("recycles_before_switch"):
            s.pool = s.pool | {me.stands_on}

    def resume(self, s, me):
        self.switch(s, me, FIBER)
        me.pc = "recycle"

    # Rules.

    def check(self, s, us):
        for me in us:
            if me.stands_on in s.saved:
                raise Violation("worker %d stands on a fiber that counts as saved" % me.index)
            if me.stands_on in s.pool:
                raise Violation("fiber %d is in the pool while worker %d stands on it" % (me.stands_on, me.index))

    def quiet(self, s, us):
        waits = FIBER in s.saved
        if waits and not any(me.pc == "run_task" for me in us):
            raise Violation("the fiber waits for ever")

    def final(self, s, us):
        return s.at == len(self.program)
