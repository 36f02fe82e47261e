# SPDX-License-Identifier: Apache-2.0
"""Model of suspending with un-stolen slots: the entry "this fiber's task stack is stealable", and the later syncs.

Modelled: a fiber that spawns, suspends, is resumed by an event and syncs; the context that runs its commit callback;
workers that steal from the running fiber or take the entry, put it back or drop it, and park; a thief that forces
with a stale pointer to the fiber, whether it runs or not.

States: `head` occupied slots, `args` the task in each slot, `limit`, the word `ts` = (top, split, tag, force);
`listed`, `entries` in the ready deques; `registered` and `happened` for what the fiber waits for. A task runs in
the user's time.

Not modelled: private slots of the running fiber that nobody sees (idle.py), store buffers (the commit ends with locked
instructions), the scan slot by slot (task_stack.py).

Rules: no task runs twice and at the end all have run; at most one entry; in each quiet state, if a worker sleeps, there
is no entry and no public slot, and a suspended fiber has no un-stolen slot; at the end no entry is left and `listed`
is 0.
"""

from explorer import BLOCKED, Process, Violation, user
from idle import Waking

INFINITY = 9
TWICE = ("spawn", "spawn", "suspend", "sync", "spawn", "suspend", "sync", "sync")
ONCE = ("spawn", "spawn", "suspend", "sync", "sync")


class SuspendSlots(Waking):
    name = "suspend_slots"
    mutants = {
        "put_back_without_notify": "once",
        "no_look_after_unlisting": "twice",
        "entry_dropped_after_one_slot": "once",
        "registers_before_sharing": "twice",
        "shares_without_limit": "once",
    }
    sizes = {"once": (ONCE, 2, False), "twice": (TWICE, 1, False), "force": (ONCE, 1, True), "big": (TWICE, 2, False)}
    short_sizes = ("once", "twice", "force")
    all_sizes = ("big",)

    def __init__(self, size, mutant=None):
        super().__init__(size, mutant)
        self.program, workers, has_forcer = self.sizes[size]
        self.progress = size != "big"
        self.shared = dict(word=(0, 0), sleepers=frozenset(), tokens=frozenset(), ts=(0, 0, 0, 0), limit=0, head=0,
                           args=(0, 0), finished=frozenset(), ran=frozenset(), is_running=True, committing=False,
                           listed=False, entries=0, registered=False, happened=False)
        common = dict(claimed=None, back=None, seen=None, old=None)
        self.processes = [Process("fiber", "go_on", at=0, spawned=0, aim=None, old=None),
                          Process("committer", "commit_wait", **common), Process("event", "happen")]
        self.processes += [Process("worker%d" % i, "find", declared=False, job=None, **common)
                           for i in range(workers)]
        if has_forcer:
            self.processes.append(Process("forcer", "force_look", old=None, count=0))

    @staticmethod
    def execute(s, task):
        if task in s.ran:
            raise Violation("task %d runs a second time" % task)
        s.ran = s.ran | {task}

    # The fiber.

    def go_on(self, s, me):
        if me.at == len(self.program):
            return BLOCKED
        operation = self.program[me.at]
        me.at += 1
        if operation == "spawn":
            me.spawned += 1
            s.args = s.args[:s.head] + (me.spawned,) + s.args[s.head + 1:]
            s.head += 1
        elif operation == "suspend":
            s.is_running = False
            s.committing = True
            me.pc = "await_resume"
        else:
            s.head -= 1
            me.pc = "sync_compare"

    def await_resume(self, s, me):
        if not s.is_running:
            return BLOCKED
        me.pc = "go_on"

    def sync_compare(self, s, me):
        if s.head >= s.limit:
            self.execute(s, s.args[s.head])
            me.pc = "go_on"
        else:
            me.pc = "sync_read"

    def sync_read(self, s, me):
        top, split, _, _ = me.old = s.ts
        if top > s.head:
            me.old = None
            me.pc = "sync_join"
            return
        me.aim = split if s.head >= split else s.choose(range(top, s.head + 1))
        s.limit = me.aim
        me.pc = "sync_cas"

    def sync_cas(self, s, me):
        top, _, tag, _ = me.old
        if s.ts == me.old:
            s.ts = (top, me.aim, tag + 1, 0)
            self.execute(s, s.args[s.head])
            me.pc = "go_on"
        else:
            me.pc = "sync_read"
        me.old = me.aim = None

    def sync_join(self, s, me):
        if s.args[s.head] not in s.finished:
            return BLOCKED
        s.limit = s.head
        me.pc = "sync_lower"

    def sync_lower(self, s, me):
        s.ts = (s.head, s.head, s.ts[2] + 1, 0)
        me.pc = "go_on"

    # The commit callback, on the context that runs next.

    def commit_wait(self, s, me):
        if not s.committing:
            return BLOCKED
        s.committing = False
        me.pc = "commit_register" if self.is_mutant("registers_before_sharing") else "commit_read"

    def commit_read(self, s, me):
        me.old = (s.ts, s.head)
        if not self.is_mutant("shares_without_limit"):
            s.limit = s.head
        me.pc = "commit_cas"

    def commit_cas(self, s, me):
        old, head = me.old
        if s.ts != old:
            me.pc = "commit_read"
            return
        if head < old[1]:
            raise Violation("split is lowered by a commit")
        s.ts = (old[0], head, old[2] + 1, 0)
        me.old = None
        me.pc = "commit_list" if old[0] < head else self.after_sharing()

    def after_sharing(self):
        return "commit_wait" if self.is_mutant("registers_before_sharing") else "commit_register"

    def commit_list(self, s, me):
        was_listed, s.listed = s.listed, True
        me.back = self.after_sharing()
        if was_listed:
            self.end_notify(me)
        else:
            me.pc = "push"

    def push(self, s, me):
        s.entries += 1
        me.pc = "notify_word"

    def commit_register(self, s, me):
        me.pc = "commit_read" if self.is_mutant("registers_before_sharing") else "commit_wait"
        if s.happened:
            s.happened = False
            s.is_running = True
        else:
            s.registered = True

    # What the fiber waits for.

    @user
    def happen(self, s, me):
        if s.registered:
            s.registered = False
            s.is_running = True
        elif not s.is_running and not s.happened:
            s.happened = True
        else:
            return BLOCKED

    # Workers.

    def find(self, s, me):
        top, split, _, _ = s.ts
        if s.is_running and top < split and s.head > top:
            me.old = s.ts
            me.pc = "steal"
        else:
            me.pc = "find_entry"

    def find_entry(self, s, me):
        if s.entries:
            s.entries -= 1
            me.pc = "take_read"
        else:
            me.pc = "park_bit" if me.declared else "declare"

    def declare(self, s, me):
        s.word = (s.word[0] + 1, s.word[1] + 1)
        me.declared = True
        me.pc = "find"

    def replace_top(self, s, me):
        """The steal's compare-and-swap."""
        top, split, tag, force = me.old
        if s.ts == me.old:
            s.ts = (top + 1, split, tag, force)
            me.job = s.args[top]
        me.old = None

    def steal(self, s, me):
        self.replace_top(s, me)
        me.pc = "settle" if me.job else "find"

    # The entry is in hand.

    def take_read(self, s, me):
        top, split, _, _ = s.ts
        if top >= split:
            me.pc = "unlist"
        elif s.head > top:
            me.old = s.ts
            me.pc = "take_cas"

    def take_cas(self, s, me):
        self.replace_top(s, me)
        me.pc = "take_look" if me.job else "take_read"

    def take_look(self, s, me):
        if s.ts[0] < s.ts[1] and not self.is_mutant("entry_dropped_after_one_slot"):
            me.pc = "put_back"
        else:
            me.pc = "unlist"

    def put_back(self, s, me):
        s.entries += 1
        back = "settle" if me.job else "find"
        if self.is_mutant("put_back_without_notify"):
            me.pc = back
        else:
            self.call_notify(me, back)

    def unlist(self, s, me):
        s.listed = False
        me.pc = "unlist_look"
        if self.is_mutant("no_look_after_unlisting", "entry_dropped_after_one_slot"):
            me.pc = "settle" if me.job else "find"

    def unlist_look(self, s, me):
        if s.ts[0] < s.ts[1]:
            me.pc = "list_again"
        else:
            me.pc = "settle" if me.job else "find"

    def list_again(self, s, me):
        was_listed, s.listed = s.listed, True
        if was_listed:
            me.pc = "settle" if me.job else "find"
        else:
            me.pc = "put_back"

    def settle(self, s, me):
        me.pc = "run"
        if me.declared:
            me.declared = False
            s.word = (s.word[0] - 1, s.word[1] - 1)
            if s.word[1] == 0:
                self.call_notify(me, "run")

    @user
    def run(self, s, me):
        self.execute(s, me.job)
        s.finished = s.finished | {me.job}
        me.job = None
        me.pc = "find"

    def park_bit(self, s, me):
        s.sleepers = s.sleepers | {me.index}
        me.pc = "park_count"

    def park_count(self, s, me):
        s.word = (s.word[0], s.word[1] - 1)
        me.pc = "park_fiber"

    def park_fiber(self, s, me):
        top, split, _, _ = s.ts
        me.pc = "park_cancel" if s.is_running and top < split and s.head > top else "park_entry"

    def park_entry(self, s, me):
        me.pc = "park_cancel" if s.entries else "asleep"

    def park_cancel(self, s, me):
        if me.index in s.sleepers:
            s.sleepers = s.sleepers - {me.index}
            me.pc = "park_recount"
        else:
            me.pc = "asleep"

    def park_recount(self, s, me):
        s.word = (s.word[0], s.word[1] + 1)
        me.pc = "find"

    def asleep(self, s, me):
        if me.index not in s.tokens:
            return BLOCKED
        s.tokens = s.tokens - {me.index}
        me.pc = "find"

    # A thief that forces through an old pointer.

    def force_look(self, s, me):
        top, split, _, force = s.ts
        if force or top < split or s.head <= split:
            return BLOCKED
        me.old = s.ts
        me.pc = "force_claim"

    def force_claim(self, s, me):
        if s.ts == me.old:
            me.old = s.ts = me.old[:3] + (1,)
            me.pc = "force_limit"
        else:
            me.old = None
            me.pc = "force_look"

    def force_limit(self, s, me):
        s.limit = INFINITY
        me.pc = "force_scan"

    def force_scan(self, s, me):
        me.count = max(0, s.head - me.old[1])
        me.pc = "force_publish"

    def force_publish(self, s, me):
        top, split, tag, _ = me.old
        if s.ts == me.old:
            s.ts = (top, split + s.choose(range((me.count + 1) // 2, me.count + 1)), tag, 0)
        me.old, me.count = None, 0
        me.pc = "force_look"

    # Rules.

    def check(self, s, us):
        if s.entries > 1:
            raise Violation("two entries for one fiber")
        if us[0].pc == "go_on" and s.is_running and s.limit < s.ts[1]:
            raise Violation("limit is below split")

    def quiet(self, s, us):
        asleep = any(me.pc == "asleep" for me in us)
        top, split, _, _ = s.ts
        if asleep and s.entries:
            raise Violation("a worker sleeps, and there is an entry")
        if asleep and s.is_running and us[0].pc == "go_on" and top < split:
            raise Violation("a worker sleeps, and there is a public slot")
        if asleep and not s.is_running and top < s.head:
            raise Violation("a worker sleeps, and the suspended fiber has an un-stolen slot")

    def final(self, s, us):
        if us[0].at < len(self.program) or us[0].pc != "go_on":
            return False
        if len(s.ran) != us[0].spawned:
            raise Violation("not every task has run")
        return s.entries == 0 and not s.listed
