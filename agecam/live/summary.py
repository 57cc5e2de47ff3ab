"""The summary of a session, on demand."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from agecam.errors import OutputError
from agecam.live.notices import Notices, Remedy
from agecam.live.people import PeopleObserver


def save_summary(people: PeopleObserver, notices: Notices, folder: Path) -> None:
    """Write a page, a table and JSON about everybody who was seen into ``folder``, and tell."""
    from agecam.output.summary import write_summary

    report = people.report(f"Session until {datetime.now():%Y-%m-%d %H:%M}")
    if not report.number:
        notices.warn("Nobody has been seen yet; there is nothing to sum up.")
        return
    try:
        page, table, _ = write_summary(report, folder)
    except OutputError as error:
        notices.error(str(error), Remedy.CHOOSE_RECORDINGS_FOLDER)
    else:
        notices.tell(
            f"Summary saved: {page}, and the same as {table.suffix} and .json", Remedy.SHOW_IN_FOLDER, page
        )
