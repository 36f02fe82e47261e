# SPDX-License-Identifier: Apache-2.0
"""Programs as processes of their own: pinned, ended whatever happens, and their processor time and memory."""
import contextlib
import ctypes
import os
import pathlib
import select
import signal
import socket
import subprocess
import time

PATIENCE_S = 90
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)
TICKS = os.sysconf("SC_CLK_TCK")


class Failure(Exception):
    """A program that gave a wrong result, ended by itself or did not answer."""


class DoesNotFit(Exception):
    """What the machine does not allow: left out, with its words."""


def cores_for(count, beside=0):
    """The first cores that this process may use; `beside`: those after so many others, or the same if there are not."""
    cores = sorted(os.sched_getaffinity(0))
    if beside and len(cores) >= beside + count:
        return cores[beside:beside + count]
    return cores[:count]


def start(command, cores, environment=None, **how):
    """Starts a program on these cores; the kernel kills it if this process dies."""
    def before():
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.sched_setaffinity(0, cores)
    return subprocess.Popen([str(part) for part in command], env={**os.environ, **(environment or {})},
                            preexec_fn=before, **how)


@contextlib.contextmanager
def running(command, cores, environment=None, **how):
    """A program that is killed at the end of the block, unless it has ended."""
    process = start(command, cores, environment, **how)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                if pipe:
                    pipe.close()


def ended(process, name, allowed=(0,)):
    try:
        status = process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        raise Failure(f"{name} does not end") from None
    if status == 3:
        raise DoesNotFit(f"{name}: too many connections for RLIMIT_NOFILE")
    if status not in allowed:
        raise Failure(f"{name} ended with {status}")


def line(process, name):
    """The next line that a program prints. Its stdout must be an unbuffered pipe (bufsize=0)."""
    text = b""
    end = time.monotonic() + PATIENCE_S
    while not text.endswith(b"\n"):
        if not select.select([process.stdout], [], [], max(0, end - time.monotonic()))[0]:
            raise Failure(f"{name} does not answer")
        byte = process.stdout.read(1)
        if not byte:
            ended(process, name, allowed=())
        text += byte
    return text.decode().strip()


def output(command, cores, name, environment=None):
    """Runs a program to its end. Returns what it printed, and its greatest resident memory in MB."""
    with running(command, cores, environment, stdout=subprocess.PIPE, bufsize=0) as process:
        text = b""
        end = time.monotonic() + PATIENCE_S
        while True:
            if not select.select([process.stdout], [], [], max(0, end - time.monotonic()))[0]:
                raise Failure(f"{name} does not end")
            part = process.stdout.read(4096)
            if not part:
                break
            text += part
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise Failure(f"{name} ended with {process.returncode}")
        return text.decode(), usage.ru_maxrss / 1024


def cpu_ns(process):
    """Processor time of all threads that a process has, from /proc: ns if the kernel counts so, else its ticks."""
    total = 0
    for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
        with contextlib.suppress(OSError):  # a thread that has just ended
            total += int((task / "schedstat").read_text().split()[0])
    if total:
        return total
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1_000_000_000 // TICKS


def memory_kb(process):
    """Resident memory of a process."""
    for text in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if text.startswith("VmRSS:"):
            return int(text.split()[1])
    return 0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_server(process, port, name):
    end = time.monotonic() + PATIENCE_S
    while True:
        if process.poll() is not None:
            raise Failure(f"{name} ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise Failure(f"{name} does not listen") from None
            time.sleep(0.01)


def in_turn(names, rounds):
    """Each round with everybody in it, and each beginning with another one."""
    names = list(names)
    for number in range(rounds):
        first = number % len(names)
        yield from names[first:] + names[:first]
