"""What a batch tells of its inputs, while it runs and at its end."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Generator
from typing import Final

from agecam.commands.console import complain, printable, tell
from agecam.commands.job import Job, Summary
from agecam.commands.plan import Plan
from agecam.errors import AgeCamError, OutputError

log = logging.getLogger(__name__)

Outcomes = Generator[tuple[Job, Callable[[], Summary]], None, None]
"""Each job that is over, and what gives its summary or raises why there is none."""

_GO_ON: Final = "give the same command again to go on"


class BatchReport:
    """Tells what becomes of each input, failures on standard error, and merges what they all go into."""

    def __init__(self, plan: Plan, *, quiet: bool) -> None:
        """With ``quiet`` only failures are told."""
        self._plan, self._quiet = plan, quiet
        self._whole = {job for job, _ in plan.done}
        self._failed: dict[Job, str] = {}
        self._cut = 0
        self._has_failed = False

    def begin(self) -> None:
        """Tell what is known before any work."""
        for note in self._plan.notes:
            self._tell(note)
        if self._plan.done:
            number, of = len(self._plan.done), len(self._plan.jobs)
            self._tell(f"{number} of {of} inputs were done before and are skipped; --force does them again.")
        for _, summary in self._plan.done:
            if summary.warning is not None:
                self._fail(summary.warning)

    def take(self, outcomes: Outcomes) -> None:
        """Tell what becomes of each input."""
        for job, outcome in outcomes:
            try:
                summary = outcome()
            except AgeCamError as error:
                log.debug("%s", error, exc_info=True)
                self._failed[job] = str(error)
                self._fail(self._failed[job])
            except Exception as error:  # noqa: BLE001 - logged, but for what an address holds
                text = "".join(traceback.format_exception(error)).replace(job.spec, job.name)
                log.error("unexpected error in annotating %s\n%s", printable(job.name), text)
                self._failed[job] = (
                    f"{job.name} could not be annotated ({type(error).__name__}); the log says why."
                )
                self._fail(self._failed[job])
            else:
                self._take(job, summary)

    def _take(self, job: Job, summary: Summary) -> None:
        if summary.is_whole:
            self._whole.add(job)
        elif summary.stopped_by is not None:
            self._cut += 1
        else:
            self._failed[job] = summary.warning or ""
        if summary.warning is not None:
            self._fail(summary.warning)
        self._tell(summary.sentence())
        for note in summary.notes:
            self._tell(note)

    def finish(self) -> bool:
        """Write what all inputs go into; whether one has failed, for whatever reason."""
        results = [(job, self._failed.get(job)) for job in self._plan.jobs]
        for merged in self._plan.merged if self._whole else ():
            try:
                path = merged.write(results)
            except OutputError as error:
                self._fail(str(error))
                continue
            if path != merged.path:
                self._fail(f"{merged.path} has come to be there meanwhile; the result is {path}.")
            self._tell(f"{path}: {_inputs(len(self._whole))}.")
        if self._failed and len(self._plan.jobs) > 1:
            whole, every = len(self._whole), _inputs(len(self._plan.jobs))
            self._tell(f"{whole} of {every} done, {len(self._failed)} failed.")
        return self._has_failed

    def end_early(self, how: str) -> None:
        """Tell what is done, cut and left."""
        whole, every = len(self._whole), len(self._plan.jobs)
        if every == 1:
            if not whole and not self._cut:
                complain(f"{how} before anything was done.")
            return
        left = every - whole - self._cut - len(self._failed)
        counts = f"{len(self._failed)} failed, " if self._failed else ""
        counts += f"{self._cut} cut off, {left} left"
        complain(f"{how}: {whole} of {every} inputs done, {counts}; {_GO_ON}.")

    def _fail(self, sentence: str) -> None:
        self._has_failed = True
        complain(sentence)

    def _tell(self, sentence: str) -> None:
        if not self._quiet:
            tell(sentence)


def _inputs(number: int) -> str:
    return f"{number} input{'' if number == 1 else 's'}"
