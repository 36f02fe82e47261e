# SPDX-License-Identifier: Apache-2.0
"""Model of the task stack: spawn, sync, publish, reclaim, steal and force on one fiber; each task runs exactly once.

Modelled: one owner with a TSO store buffer that runs a fixed program of spawns and syncs and takes each slow path
whenever it likes; a thief that steals, and arms the limit when there is nothing to steal; one or two thieves that
force; the next task on the same fiber (`begin`); slots that are used again. The scan of a forcing thief reads slot by
slot, upwards or galloping.

States: per slot run function and argument (both the number of the task; 0: empty) and state (1: done); `limit`; the
word `ts` = (top, split, tag, force). `ran` lists the tasks that have run.

Not modelled: wrap-around of the tag, when a slow path is taken (poll, hunger: idle.py), suspension (join.py,
suspend_slots.py), AArch64.

Rules: no task runs twice, none from a cleared slot, none with another's argument; at the end all have run;
limit >= split whenever the owner is outside a slow path; never stuck.
"""

from explorer import BLOCKED, Model, Process, Violation, fenced

INFINITY = 9
SLOTS = 3

PAIR = (("spawn", 0), ("spawn", 1), ("sync", 1), ("sync", 0))
NEST = (("spawn", 0), ("spawn", 1), ("sync", 1), ("spawn", 1), ("sync", 1), ("sync", 0))
AGAIN = (("spawn", 0), ("sync", 0), ("begin", 0), ("spawn", 0), ("spawn", 1), ("sync", 1), ("sync", 0))


class TaskStack(Model):
    name = "task_stack"
    mutants = {
        "no_membarrier_in_force": "nest",
        "cas_before_limit": "nest",
        "force_sets_finite_limit": "nest",
        "sync_puts_run_back": "nest",
        "run_read_after_steal": "nest",
        "begin_lowers_limit": "again",
        "no_tag": "nest",
        "limit_read_before_clear": "nest",
    }
    sizes = {"nest": (NEST, 1), "again": (AGAIN, 1), "big": (NEST + AGAIN[:2], 1), "forcers": (PAIR, 2)}
    short_sizes = ("nest", "again")
    all_sizes = ("big", "forcers")

    def __init__(self, size, mutant=None):
        super().__init__(size, mutant)
        self.program, forcers = self.sizes[size]
        self.shared = dict(ts=(0, 0, 0, 0), limit=0, ran=frozenset())
        for slot in range(SLOTS):
            self.shared.update({"run%d" % slot: 0, "arg%d" % slot: 0, "state%d" % slot: 0})
        self.processes = [Process("owner", "next_operation", at=0, slot=0, spawned=0, old=None, aim=None, limit=None),
                          Process("thief", "look", old=None, run=0)]
        self.processes += [Process("forcer%d" % i, "force_look", old=None, at=0, count=None) for i in range(forcers)]

    def execute(self, s, task, place):
        if task == 0:
            raise Violation("the %s runs an empty slot" % place)
        if task in s.ran:
            raise Violation("the %s runs task %d a second time" % (place, task))
        s.ran = s.ran | {task}

    @staticmethod
    def replace(s, old, new):
        """The compare-and-swap on the word."""
        if s.ts != old:
            return False
        s.ts = new
        return True

    def owned(self, old, top, split):
        return (top, split, old[2] + (0 if self.is_mutant("no_tag") else 1), 0)

    # The owner.

    def next_operation(self, s, me):
        if me.at == len(self.program):
            return BLOCKED
        operation, me.slot = self.program[me.at]
        if operation == "spawn":
            s.store(me, "arg%d" % me.slot, me.spawned + 1)
            me.pc = "spawn_run"
        elif operation == "sync":
            me.pc = "sync_clear"
        else:
            me.pc = "begin"
        if operation == "sync" and self.is_mutant("limit_read_before_clear"):
            me.pc = "sync_limit_early"

    def end_operation(self, me):
        me.at += 1
        me.old = me.aim = me.limit = None
        me.pc = "next_operation"

    def begin(self, s, me):
        if s.ts[:2] != (0, 0):
            raise Violation("the task stack of an idle fiber is not empty")
        if self.is_mutant("begin_lowers_limit"):
            s.store(me, "limit", 0)
        self.end_operation(me)

    def spawn_run(self, s, me):
        me.spawned += 1
        s.store(me, "run%d" % me.slot, me.spawned)
        me.pc = s.choose(["spawn_fast", "publish_read"])

    def spawn_fast(self, s, me):
        self.end_operation(me)

    def publish_read(self, s, me):
        me.old = s.ts
        split, head = s.ts[1], me.slot + 1
        me.aim = s.choose(range(split + 1, head + 1)) if split < head else split
        if not self.is_mutant("cas_before_limit"):
            s.store(me, "limit", me.aim)
        me.pc = "publish_cas"

    def publish_cas(self, s, me):
        if not fenced(s, me):
            return BLOCKED
        if not self.replace(s, me.old, self.owned(me.old, me.old[0], me.aim)):
            me.pc = "publish_read"
        elif self.is_mutant("cas_before_limit"):
            me.pc = "publish_limit"
        else:
            self.end_operation(me)

    def publish_limit(self, s, me):
        s.store(me, "limit", me.aim)
        self.end_operation(me)

    def sync_limit_early(self, s, me):
        me.limit = s.load(me, "limit")
        me.pc = "sync_clear"

    def sync_clear(self, s, me):
        me.aim = s.load(me, "run%d" % me.slot)
        s.store(me, "run%d" % me.slot, 0)
        me.pc = "sync_compare"

    def sync_compare(self, s, me):
        limit = me.limit if self.is_mutant("limit_read_before_clear") else s.load(me, "limit")
        if me.slot >= limit:
            self.execute(s, s.load(me, "arg%d" % me.slot), "owner")
            self.end_operation(me)
            return
        if self.is_mutant("sync_puts_run_back"):
            s.store(me, "run%d" % me.slot, me.aim)
        me.aim = None
        me.pc = "sync_read"

    def sync_read(self, s, me):
        me.old = s.ts
        top, split, _, force = s.ts
        if top > me.slot:
            me.pc = "join_wait"
            return
        if me.slot >= split:
            me.aim = s.choose(range(split, me.slot + 1)) if force or top == split else split
        else:
            me.aim = s.choose(range(top, me.slot + 1))
        s.store(me, "limit", me.aim)
        me.pc = "sync_cas"

    def sync_cas(self, s, me):
        if not fenced(s, me):
            return BLOCKED
        if self.replace(s, me.old, self.owned(me.old, me.old[0], me.aim)):
            me.pc = "sync_run"
        else:
            me.pc = "sync_read"

    def sync_run(self, s, me):
        if self.is_mutant("sync_puts_run_back"):
            s.store(me, "run%d" % me.slot, 0)
        self.execute(s, s.load(me, "arg%d" % me.slot), "owner")
        self.end_operation(me)

    def join_wait(self, s, me):
        if getattr(s, "state%d" % me.slot) != 1:
            return BLOCKED
        s.store(me, "state%d" % me.slot, 0)
        if self.is_mutant("sync_puts_run_back"):
            s.store(me, "run%d" % me.slot, 0)
        s.store(me, "limit", me.slot)
        me.pc = "join_cas"

    def join_cas(self, s, me):
        if not fenced(s, me):
            return BLOCKED
        if s.ts[:2] != (me.slot + 1, me.slot + 1):
            raise Violation("a task below a stolen one, or above the head, is public")
        s.ts = self.owned(s.ts, me.slot, me.slot)
        self.end_operation(me)

    # The thief.

    def look(self, s, me):
        me.old = s.ts
        if s.ts[0] >= s.ts[1]:
            me.old = None
            if s.limit == INFINITY:
                return BLOCKED
            s.limit = INFINITY  # arm; at any time, also late
            return
        me.pc = "look_run"

    def look_run(self, s, me):
        me.run = getattr(s, "run%d" % me.old[0])
        if me.run == 0 and not self.is_mutant("run_read_after_steal"):
            me.old = None
            me.pc = "look"
        else:
            me.pc = "steal"

    def steal(self, s, me):
        top, split, tag, force = me.old
        if self.replace(s, me.old, (top + 1, split, tag, force)):
            me.pc = "run_stolen"
        else:
            me.old, me.run = None, 0
            me.pc = "look"

    def run_stolen(self, s, me):
        slot = me.old[0]
        if self.is_mutant("run_read_after_steal"):
            me.run = getattr(s, "run%d" % slot)
        if me.run != getattr(s, "arg%d" % slot):
            raise Violation("the thief runs task %d with the argument of %d" % (me.run, getattr(s, "arg%d" % slot)))
        self.execute(s, me.run, "thief")
        me.pc = "finish_stolen"

    def finish_stolen(self, s, me):
        setattr(s, "state%d" % me.old[0], 1)
        me.old, me.run = None, 0
        me.pc = "look"

    # A thief that forces.

    def force_look(self, s, me):
        split = s.ts[1]
        if s.ts[3] or s.ts[0] < split or split >= SLOTS or getattr(s, "run%d" % split) == 0:
            return BLOCKED
        me.old = s.ts
        me.pc = "force_claim"

    def force_claim(self, s, me):
        top, split, tag, _ = me.old
        if self.replace(s, me.old, (top, split, tag, 1)):
            me.old = (top, split, tag, 1)
            me.pc = "force_limit"
        else:
            self.end_force(me)

    def force_limit(self, s, me):
        s.limit = me.old[1] + 1 if self.is_mutant("force_sets_finite_limit") else INFINITY
        me.pc = "force_barrier"

    def force_barrier(self, s, me):
        if s.buffered(0) and not self.is_mutant("no_membarrier_in_force"):
            return BLOCKED
        me.at = me.old[1]
        me.pc = "force_scan"

    def force_scan(self, s, me):
        """Reads one slot: the first, then upwards, or the last at once (an occupied one stands for those below)."""
        if me.at == SLOTS or getattr(s, "run%d" % me.at) == 0:
            me.count = me.at - me.old[1]
            me.pc = "force_publish"
            return
        me.at += 1
        if me.at == SLOTS - 2 and s.choose([False, True]):
            me.pc = "force_gallop"

    def force_gallop(self, s, me):
        if getattr(s, "run%d" % (SLOTS - 1)) == 0:
            me.pc = "force_scan"
        else:
            me.count = SLOTS - me.old[1]
            me.pc = "force_publish"

    def force_publish(self, s, me):
        top, split, tag, _ = me.old
        count = 1 if self.is_mutant("force_sets_finite_limit") and me.count else me.count
        self.replace(s, me.old, (top, split + count, tag, 0))
        self.end_force(me)

    @staticmethod
    def end_force(me):
        me.old = me.count = None
        me.at = 0
        me.pc = "force_look"

    # Rules.

    def check(self, s, us):
        owner = us[0]
        if owner.pc == "next_operation" and s.load(owner, "limit") < s.ts[1]:
            raise Violation("limit %d is below split %d" % (s.load(owner, "limit"), s.ts[1]))

    def final(self, s, us):
        if us[0].at < len(self.program):
            return False
        if len(s.ran) != us[0].spawned:
            raise Violation("not every task has run")
        return True
