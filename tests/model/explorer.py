# SPDX-License-Identifier: Apache-2.0
"""A small breadth-first state explorer for the protocols of the scheduler.

Concept: a model is a set of processes that share named variables. One step of one process is one access to shared
memory (a load, a store, an atomic read-modify-write) together with whatever follows in registers. The explorer runs
every order of these steps, keeps every state once, and stops at the first state that breaks a rule of the model; since
it goes breadth first, the interleaving it prints is a shortest one.

States: a state is a tuple (values of the shared variables, registers of each process, store buffer of each process).
Steps are methods of the model named by the process's program counter `pc`; they change a scratch copy and are free of
side effects elsewhere.

Memory: loads, stores and read-modify-writes act at once, except `store()`, which goes into the process's own FIFO store
buffer (TSO, as on x86-64) and reaches memory by a later drain step of its own. `load()` sees the own buffer first. A
step that begins with `fenced()` waits until the buffer is empty: that is what a full fence, a locked instruction, or
another process's membarrier does. Reorderings that only weaker machines make (AArch64) are not explored.

Eager and user steps: a step marked `@user` belongs to the program that the scheduler runs, which may take for ever
before it goes on. Everything else is eager: it happens sooner or later. A state in which no eager step is possible is
quiet; there the model says (in `quiet()`) what must hold even if no user code ever comes back.

What is checked: `check()` in each state, `quiet()` in each quiet state, `final()` where nothing at all can move (else:
deadlock), and, if the model asks for it (`progress = True`), that no fair schedule of eager steps runs for ever: there
is no strongly connected set of states in which each process either moves or is blocked somewhere.
"""

import sys
from collections import deque
from operator import itemgetter

sys.dont_write_bytecode = True

BLOCKED = object()


class Violation(Exception):
    """A rule of the protocol is broken in a reachable state."""


def user(step):
    """Marks a step that belongs to user code: it may be put off for ever."""
    step.is_user = True
    return step


class Process:
    """A process at its start: its name, its first pc, and its registers with their first values."""

    def __init__(self, name, pc, **registers):
        self.name = name
        self.pc = pc
        self.registers = registers


class Registers:
    """The registers of the process that takes the step, as attributes; `index` is its number in the model."""


class Shared:
    """Scratch copy of the shared variables, as attributes, with the store buffers and the choices of one step."""

    def store(self, me, name, value):
        """A plain store: into the own buffer."""
        self._buffers[me.index] += ((name, value),)

    def load(self, me, name):
        """A plain load: the own buffer's youngest store to the variable, else memory."""
        for stored, value in reversed(self._buffers[me.index]):
            if stored == name:
                return value
        return getattr(self, name)

    def buffered(self, index):
        """True while process `index` has stores that have not reached memory."""
        return self._buffers[index] != ()

    def choose(self, options):
        """One of the options; the explorer runs the step again for each of the others."""
        options = list(options)
        script, at = self._script, self._at
        if at == len(script):
            script.append([0, len(options)])
        self._at = at + 1
        return options[script[at][0]]


def fenced(s, me):
    """True when a step that needs the own store buffer empty can be taken."""
    return not s.buffered(me.index)


class Model:
    """Base of all models: subclasses set `shared` (dict) and `processes` (list) and define the steps."""

    name = "model"
    mutants = {}  # name of a deliberate fault -> the size in which it shows
    short_sizes = ()
    all_sizes = ()
    progress = False
    symmetric = False

    def __init__(self, size, mutant=None):
        self.size = size
        self.mutant = mutant
        self.shared = {}
        self.processes = []

    def is_mutant(self, *names):
        return self.mutant in names

    def canonical(self, state):
        """One state out of those that differ only in the names of like processes (used if `symmetric`)."""
        return state

    def check(self, s, us):
        """Raises Violation if the state is wrong. `us` are the registers of all processes."""

    def quiet(self, s, us):
        """Raises Violation if the state is wrong although no eager step is left."""

    def final(self, s, us):
        """True if nothing needs to move any more."""
        return True


class Result:
    """What an exploration found: states, and for a violation its message and the way there."""

    def __init__(self, states, violation=None, trace=(), complete=True):
        self.states = states
        self.violation = violation
        self.trace = list(trace)
        self.complete = complete


def getter(names):
    """A function from a dict to the tuple of the values of these names."""
    if len(names) == 1:
        return lambda values: (values[names[0]],)
    return itemgetter(*names)


class _Explorer:
    def __init__(self, model, limit):
        self.model = model
        self.limit = limit
        self.shared_names = tuple(model.shared)
        self.register_names = [("pc",) + tuple(p.registers) for p in model.processes]
        self.get_shared = getter(self.shared_names)
        self.get_registers = [getter(names) for names in self.register_names]
        self.asks_check = type(model).check is not Model.check
        self.steps = {}
        self.parents = {}
        self.edges = {}

    def first(self):
        model = self.model
        registers = tuple((p.pc,) + tuple(p.registers.values()) for p in model.processes)
        return (tuple(model.shared.values()), registers, ((),) * len(registers))

    def unpack_shared(self, state):
        s = Shared()
        s.__dict__ = values = dict(zip(self.shared_names, state[0]))
        values["_buffers"] = list(state[2])
        values["_script"] = []
        values["_at"] = 0
        return s

    def unpack_registers(self, state, index):
        me = Registers()
        me.__dict__ = values = dict(zip(self.register_names[index], state[1][index]))
        values["index"] = index
        return me

    def pack(self, state, s, me):
        index = me.index
        registers = list(state[1])
        registers[index] = self.get_registers[index](me.__dict__)
        after = (self.get_shared(s.__dict__), tuple(registers), tuple(s._buffers))
        return self.model.canonical(after) if self.model.symmetric else after

    def drain(self, state, index):
        """The oldest buffered store of process `index` reaches memory."""
        (name, value), rest = state[2][index][0], state[2][index][1:]
        at = self.shared_names.index(name)
        buffers = state[2][:index] + (rest,) + state[2][index + 1:]
        after = (state[0][:at] + (value,) + state[0][at + 1:], state[1], buffers)
        return self.model.canonical(after) if self.model.symmetric else after

    def moves(self, state):
        """All steps possible in the state: (process, label, is eager, next state)."""
        moves = []
        for index, registers in enumerate(state[1]):
            if state[2][index]:
                moves.append((index, "(drain %s)" % state[2][index][0][0], True, self.drain(state, index)))
            pc = registers[0]
            step = self.steps.get(pc)
            if step is None:
                method = getattr(self.model, pc)
                step = self.steps[pc] = (method, not getattr(method, "is_user", False))
            script = []
            while True:
                s = self.unpack_shared(state)
                me = self.unpack_registers(state, index)
                s._script = script
                if step[0](s, me) is not BLOCKED:
                    moves.append((index, pc, step[1], self.pack(state, s, me)))
                while script and script[-1][0] + 1 == script[-1][1]:
                    script.pop()
                if not script:
                    break
                script[-1][0] += 1
        return moves

    def visit(self, state, moves):
        """Asks the model's questions about one state."""
        model = self.model
        is_quiet = not any([move[2] for move in moves])
        if not self.asks_check and not is_quiet:
            return
        s = self.unpack_shared(state)
        us = [self.unpack_registers(state, index) for index in range(len(state[1]))]
        model.check(s, us)
        if is_quiet:
            model.quiet(s, us)
        if not moves and not model.final(s, us):
            raise Violation("deadlock: nothing can move")

    def trace(self, state):
        """The steps that led to the state, runs of one process on one line."""
        way = []
        while self.parents[state] is not None:
            state, index, label = self.parents[state]
            way.append((self.model.processes[index].name, label))
        lines = []
        for name, label in reversed(way):
            if lines and lines[-1][0] == name:
                lines[-1][1].append(label)
            else:
                lines.append((name, [label]))
        return ["%-10s %s" % (name, ", ".join(labels)) for name, labels in lines]

    def describe(self, state):
        shared = ", ".join("%s=%s" % pair for pair in zip(self.shared_names, state[0]))
        places = ", ".join("%s at %s" % (p.name, r[0]) for p, r in zip(self.model.processes, state[1]))
        return "%s | %s" % (shared, places)

    def run(self):
        first = self.first()
        self.parents[first] = None
        queue = deque([first])
        state = first
        try:
            while queue:
                state = queue.popleft()
                moves = self.moves(state)
                self.visit(state, moves)
                for index, label, _, after in moves:
                    if after not in self.parents:
                        self.parents[after] = (state, index, label)
                        queue.append(after)
                if self.model.progress:
                    self.edges[state] = [(move[0], move[3]) for move in moves if move[2]]
                if len(self.parents) > self.limit:
                    return Result(len(self.parents), complete=False)
            if self.model.progress:
                state = first
                state = self.find_livelock()
                if state is not None:
                    raise Violation("livelock: eager steps can go on for ever")
        except Violation as violation:
            return Result(len(self.parents), str(violation), self.trace(state) + [self.describe(state)])
        return Result(len(self.parents))

    def find_livelock(self):
        """A state on a fair endless run of eager steps, or None."""
        for group in components(self.edges):
            members = set(group)
            inside = [(index, after) for state in group for index, after in self.edges[state] if after in members]
            if not inside:
                continue
            movers = {index for index, _ in inside}
            ready = [{index for index, _ in self.edges[state]} for state in group]
            starved = set.intersection(*ready) - movers
            if not starved:
                return group[0]
        return None


def components(edges):
    """Strongly connected components (Tarjan, without recursion) of {node: [(label, next node)]}."""
    order, low, on_stack, stack, count = {}, {}, set(), [], 0
    for root in edges:
        if root in order:
            continue
        order[root] = low[root] = count
        count += 1
        stack.append(root)
        on_stack.add(root)
        work = [(root, iter(edges[root]))]
        while work:
            node, rest = work[-1]
            for _, after in rest:
                if after not in order:
                    order[after] = low[after] = count
                    count += 1
                    stack.append(after)
                    on_stack.add(after)
                    work.append((after, iter(edges[after])))
                    break
                if after in on_stack:
                    low[node] = min(low[node], order[after])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == order[node]:
                    group = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        group.append(member)
                        if member == node:
                            break
                    yield group


def explore(model, limit=5000000):
    """Explores all states of the model, at most `limit`."""
    return _Explorer(model, limit).run()
