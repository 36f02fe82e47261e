# SPDX-License-Identifier: Apache-2.0
"""Echo servers, each under the same load, and with connections on which nothing happens."""
import contextlib
import json
import signal
import subprocess
import time

from . import processes

SERVERS = {name: f"echo-{name}" for name in ("skua", "epoll", "libuv", "asio", "go")}
PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}


@contextlib.contextmanager
def serving(name, program, workers):
    """A server that listens. Ended by SIGTERM, and if that does not help killed."""
    port = processes.free_port()
    with processes.running([program, port, workers], processes.cores_for(workers)) as server:
        processes.wait_for_server(server, port, name)
        yield server, port
        if server.poll() is not None:
            raise processes.Failure(f"echo {name} ended with {server.returncode}")
        server.send_signal(signal.SIGTERM)
        processes.ended(server, f"echo {name}", allowed=(0, -signal.SIGTERM))


@contextlib.contextmanager
def holding(plan, programs, port, count, workers):
    """Connections on which nothing happens; before and after, a message is echoed on each of them."""
    load = programs.path("load")
    with processes.running([load, port, count, "hold", plan.bytes], processes.cores_for(1, workers), **PIPES) as held:
        if processes.line(held, "load") != "held":
            raise processes.Failure("load: not held")
        yield
        held.stdin.close()
        if json.loads(processes.line(held, "load"))["connections"] != count:
            raise processes.Failure("load: connections are missing")
        processes.ended(held, "load")


def loaded(plan, programs, port, server, connections, workers):
    """Runs the load. Returns its numbers, with the server's processor time for each request."""
    command = [programs.path("load"), port, connections, plan.seconds, plan.bytes, workers]
    with processes.running(command, processes.cores_for(workers, workers), **PIPES) as load:
        processes.line(load, "load")
        before = processes.cpu_ns(server)
        processes.line(load, "load")
        used = processes.cpu_ns(server) - before
        numbers = json.loads(processes.line(load, "load"))
        processes.ended(load, "load")
    return {**numbers, "cpu_us": used / 1e3 / numbers["requests"]}


def run(plan, programs, results):
    found = programs.present("echo", SERVERS, results)
    for workers in plan.workers:
        layout = "apart" if set(processes.cores_for(workers)).isdisjoint(processes.cores_for(workers, workers)) else \
            "shared"
        for connections in plan.connections:
            seen = {name: [] for name in found}
            for name in processes.in_turn(found, plan.rounds):
                try:
                    with serving(name, found[name], workers) as (server, port):
                        seen[name].append(loaded(plan, programs, port, server, connections, workers))
                except processes.DoesNotFit as words:
                    results.leave_out(f"{connections} connections: {words}")
                except processes.Failure as failure:
                    results.fail(f"echo {name}, {workers} workers, {connections} connections: {failure}")
            for name, runs in seen.items():
                if runs:
                    results.add("echo", f"{connections} connections", name, "req/s", [one["per_second"] for one in
                    runs],
                                workers=workers, cores=layout,
                                **{key: [one[key] for one in runs] for key in ("p50_us", "p99_us", "max_us", "cpu_us")})


def idle(plan, programs, results):
    """Processor time and memory of each server with connections on which nothing happens."""
    found = programs.present("idle", SERVERS, results)
    workers = max(plan.workers)
    for name in found:
        try:
            with serving(name, found[name], workers) as (server, port):
                empty = processes.memory_kb(server)
                with holding(plan, programs, port, plan.idle_connections, workers):
                    time.sleep(min(0.5, plan.idle_s))
                    before = processes.cpu_ns(server)
                    time.sleep(plan.idle_s)
                    used = processes.cpu_ns(server) - before
                    memory = processes.memory_kb(server)
            results.add("idle", f"{plan.idle_connections} connections", name, "us", [used / 1e3], workers=workers,
                        seconds=plan.idle_s, kb_each=round((memory - empty) / plan.idle_connections, 2))
        except processes.DoesNotFit as words:
            results.leave_out(f"idle: {words}")
        except processes.Failure as failure:
            results.fail(f"idle {name}: {failure}")
