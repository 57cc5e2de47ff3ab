"""Damaged input for every entry point: read or refused in one sentence, in time and in bounds.

    python -m benchmarks.fuzz [--entry images] [--cases 10000] [--seed 0] [--jobs 1] [--failures FOLDER]

A case is a whole file that was damaged: bits, bytes, lengths, blocks, parts of other files; or odd values
in JSON and tables. It is read in a process that is used again until it dies. A fault is a crash, an exception
that is no ``AgeCamError``, an error that is not one line, more seconds or memory than allowed, a thread left
running, and anything printed. A case that takes too long is read again, since another program may have held
it up; the least time counts. Inputs that show a fault are kept in ``--failures``, with what was wrong beside
them; the same seed makes the same cases. Linux and macOS.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import gc
import multiprocessing
import os
import re
import resource
import shutil
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Final, Literal

from agecam.errors import AgeCamError
from agecam.logs import set_up_logging
from benchmarks.fuzz_entries import ENTRY_POINTS, EntryPoint, read_corpus

_PATIENCE: Final = 8
"""How many times the limit a case may take before its process is killed: on a busy machine all is slow."""
_TRIES: Final = 3
_NAP_S: Final = 0.05
"""Between two looks at how long threads have waited for a processor: what ended in between is not seen."""
_START_S: Final = 1800.0
"""For a process to load its libraries."""
_CLEANING: Final = 500
"""Cases between two rounds of the garbage collector, and two sentences about how far it is."""

Outcome = Literal["read", "refused", "fault"]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one case; ``text`` says what was wrong, or how it was refused."""

    case: int
    outcome: Outcome
    text: str = ""
    seconds: float = 0.0


@dataclass(slots=True)
class Summary:
    """What became of all cases of one entry point."""

    entry: str
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    faults: list[Result] = field(default_factory=list)
    slowest_s: float = 0.0

    def add(self, result: Result) -> None:
        self.outcomes[result.outcome] += 1
        self.slowest_s = max(self.slowest_s, result.seconds)
        if result.outcome == "fault":
            self.faults.append(result)

    def sentence(self) -> str:
        counts = ", ".join(f"{self.outcomes[name]} {name}" for name in ("read", "refused", "fault"))
        return f"{self.entry}: {self.outcomes.total()} cases: {counts}; slowest {self.slowest_s:.1f} s"


def fuzz(
    entry: str, cases: range, *, seed: int = 0, limit_s: float = 5.0, failures: Path | None = None
) -> Summary:
    """Read these cases of an entry point, one after another in a process beside this one."""
    summary = Summary(entry)
    with tempfile.TemporaryDirectory(prefix="agecam-fuzz-") as work, contextlib.ExitStack() as stack:
        reader = _Reader(entry, seed, Path(work))
        stack.callback(reader.stop)
        for case in cases:
            result = reader.read(case, limit_s)
            if result.outcome == "fault" and failures is not None:
                _keep(reader.case_folder, failures / entry / str(case), result.text)
            summary.add(result)
            if summary.outcomes.total() % _CLEANING == 0:
                print(summary.sentence(), flush=True)
    return summary


class _Reader:
    """A process that reads case after case, started again when it dies."""

    def __init__(self, entry: str, seed: int, work: Path) -> None:
        self._entry, self._seed, self._work = entry, seed, work
        self.case_folder = work / "case"
        (work / "corpus").mkdir()
        self._process: multiprocessing.process.BaseProcess | None = None
        self._connection: Connection | None = None

    def read(self, case: int, limit_s: float) -> Result:
        results = [self._read_once(case, limit_s)]
        while results[-1].seconds > limit_s and len(results) < _TRIES:
            results.append(self._read_once(case, limit_s))
        crash = next((result for result in results if result.text.startswith("crash")), None)
        best = crash or min(results, key=lambda result: result.seconds)
        if best.seconds > limit_s and best.outcome != "fault":
            return Result(case, "fault", f"took {best.seconds:.1f} s ({best.outcome})", best.seconds)
        return best

    def _read_once(self, case: int, limit_s: float) -> Result:
        seconds = 0.0
        try:
            connection, pid = self._connected()
            connection.send(case)
            is_there, seconds, late_s = _wait_for(connection, pid, limit_s * _PATIENCE)
            if is_there:
                result: Result
                result, has_grown = connection.recv()
                if has_grown:
                    self.stop()
                return replace(result, seconds=max(0.0, result.seconds - late_s))
            text = "did not end"
        except (EOFError, ConnectionError):
            text = "crash"
        trace = self._end()
        return Result(case, "fault", f"{text}\n{trace}", seconds)

    def _connected(self) -> tuple[Connection, int]:
        """The connection to the process, and its number."""
        if self._connection is None or self._process is None:
            context = multiprocessing.get_context("spawn")
            self._connection, theirs = context.Pipe()
            arguments = (self._entry, self._seed, self._work, theirs)
            self._process = context.Process(target=_serve, args=arguments, daemon=True)
            self._process.start()
            theirs.close()
            if not self._connection.poll(_START_S):
                raise TimeoutError(f"the process for {self._entry} has not started")
            self._connection.recv()
        return self._connection, self._process.pid or 0

    def _end(self) -> str:
        """Kill the process, unless it is dead; gives its exit code and what its fault handler wrote."""
        assert self._process is not None
        self._process.join(1)
        code = self._process.exitcode
        self.stop()
        trace = (self._work / "crash.txt").read_text(errors="replace")
        return f"exit code {code}\n{trace}"

    def stop(self) -> None:
        if self._process is not None and self._connection is not None:
            self._process.kill()
            self._process.join()
            self._connection.close()
        self._process = self._connection = None


def _wait_for(connection: Connection, pid: int, patience_s: float) -> tuple[bool, float, float]:
    """Whether an answer has come, its seconds, and for how many more threads waited for a processor."""
    started_s = time.monotonic()
    before = _waits_s(pid)
    waits = dict(before)
    seconds = late_s = 0.0
    is_there = False
    while not is_there and seconds < patience_s:
        is_there = connection.poll(_NAP_S)
        waits |= _waits_s(pid)
        late_s = sum(waits.values()) - sum(before.values())
        seconds = time.monotonic() - started_s - late_s
    return is_there, seconds, late_s


def _waits_s(pid: int) -> dict[str, float]:
    """For how long each thread of a process has been ready to run and did not, in seconds, by its number."""
    waits = {}
    for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):  # the thread has ended
            waits[path.parent.name] = int(path.read_text().split()[1]) / 1e9
    return waits


def _keep(case: Path, place: Path, text: str) -> None:
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(case, place / "input")
    (place / "fault.txt").write_text(text, encoding="utf-8", errors="backslashreplace")


def _serve(entry: str, seed: int, work: Path, connection: Connection) -> None:
    """Of the process: read the cases whose numbers come."""
    point = ENTRY_POINTS[entry]
    corpus_folder = work / "corpus"
    if not any(corpus_folder.iterdir()):
        point.make(corpus_folder)
    corpus = read_corpus(corpus_folder)
    if point.warm_up is not None:
        point.warm_up(corpus_folder)
    gc.freeze()  # what libraries hold stays: collectors then look at what the cases leave alone
    crash = (work / "crash.txt").open("w")
    faulthandler.enable(crash)
    printed = (work / "printed.txt").open("w+b")
    for descriptor in (1, 2):
        os.dup2(printed.fileno(), descriptor)
    warnings.simplefilter("error")
    set_up_logging(verbose=False, path=work / "agecam.log")
    connection.send("ready")
    while True:
        try:
            case: int = connection.recv()
        except EOFError:
            return
        if case % _CLEANING == 0:
            gc.collect()
        folder = work / "case"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        point.damage(corpus, Random(f"{entry}-{seed}-{case}"), folder)
        result = _read(point, case, folder)
        sys.stdout.flush()
        sys.stderr.flush()
        if size := os.fstat(printed.fileno()).st_size:
            text = os.pread(printed.fileno(), min(size, 2000), 0).decode(errors="replace")
            os.ftruncate(printed.fileno(), 0)
            os.lseek(printed.fileno(), 0, os.SEEK_SET)
            result = Result(case, "fault", f"printed: {text}\n{result.text}", result.seconds)
        peak = _peak_memory()
        if peak > point.max_memory and result.outcome != "fault":
            result = Result(case, "fault", f"took {peak / 1e6:.0f} MB ({result.text})", result.seconds)
        # The peak of a process never sinks.
        connection.send((result, peak > point.max_memory))


def _read(point: EntryPoint, case: int, folder: Path) -> Result:
    started_s = time.monotonic()
    outcome: Outcome = "read"
    text = ""
    try:
        point.read(folder)
    except AgeCamError as error:
        outcome, text = "refused", str(error)
        if "\n" in text or not text.endswith((".", ")")):
            outcome, text = "fault", f"not one sentence: {text}"
    except BaseException:  # noqa: BLE001 - what is looked for
        outcome, text = "fault", traceback.format_exc()
    seconds = time.monotonic() - started_s
    left = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    if left and outcome != "fault":
        outcome, text = "fault", f"left threads: {left}"
    return Result(case, outcome, text, seconds)


def _peak_memory() -> int:
    """Of this process so far, bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux, whose ru_maxrss begins with that of the process that started this one
        found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text())
        return int(found[1]) * 1024 if found else 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--entry", choices=list(ENTRY_POINTS), action="append", help="all, without one")
    parser.add_argument("--cases", type=int, default=10_000, help="of each entry point")
    parser.add_argument("--first", type=int, default=0, help="the number of the first case")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--limit", type=float, default=5.0, help="seconds a case")
    parser.add_argument("--failures", type=Path, default=Path("fuzz-failures"))
    options = parser.parse_args()
    found = 0
    for entry in options.entry or ENTRY_POINTS:
        last = options.first + options.cases
        shares = [
            range(first, last, options.jobs) for first in range(options.first, options.first + options.jobs)
        ]
        total = Summary(entry)
        with ThreadPoolExecutor(options.jobs) as pool:
            for part in pool.map(
                lambda share, entry=entry: fuzz(
                    entry, share, seed=options.seed, limit_s=options.limit, failures=options.failures
                ),
                shares,
            ):
                total.outcomes += part.outcomes
                total.faults += part.faults
                total.slowest_s = max(total.slowest_s, part.slowest_s)
        for fault in total.faults:
            lines = fault.text.strip().splitlines()
            print(f"  {entry} {fault.case}: {' | '.join(dict.fromkeys((lines[0], lines[-1])))[:300]}")
        print(total.sentence(), flush=True)
        found += len(total.faults)
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())
