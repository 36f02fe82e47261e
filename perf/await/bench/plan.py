# SPDX-License-Identifier: Apache-2.0
"""How much is measured: the default, --short and --tiny."""
import dataclasses

MICRO = {"switch": 5000000, "yield": 1000000, "spawn": 1000000, "pingpong": 500000, "buffered": 2000000,
         "mutex": 5000000, "contended": 500000, "sleepers": 1000000}


@dataclasses.dataclass
class Plan:
    workers: list
    rounds: int = 3
    micro_rounds: int = 5
    micro_part: float = 1  # of the counts above
    connections: tuple = (1, 100, 10000)
    seconds: float = 1
    bytes: int = 64
    idle_connections: int = 10000
    idle_s: float = 5
    file_bytes: int = 64 << 20
    blocks: tuple = (4096, 65536)
    depth: int = 32
    passes: int = 3
    kernels: tuple = (("fib", 37), ("nqueens", 12))
    none_ms: int = 500
    busy: int = 100
    pace: int = 1000


def short(workers):
    return Plan(workers, rounds=1, micro_rounds=1, micro_part=0.1, connections=(1, 10000), seconds=0.25, idle_s=1,
                file_bytes=16 << 20, passes=2, kernels=(("fib", 33), ("nqueens", 11)), none_ms=200)


def tiny(workers):
    return Plan(workers, rounds=1, micro_rounds=1, micro_part=0.0005, connections=(1, 20), seconds=0.05,
                idle_connections=200, idle_s=0.05, file_bytes=1 << 20, blocks=(4096,), depth=8, passes=1,
                kernels=(("fib", 18), ("nqueens", 7)), none_ms=20, busy=10)
