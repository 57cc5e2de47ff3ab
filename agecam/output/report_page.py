"""A report as one HTML page that needs nothing else: no network, no other file, no script."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from agecam.messages import Estimate
from agecam.output.charts import age_histogram, clock_text, count_chart
from agecam.output.report_data import AGE_BINS, InputReport, PersonReport
from agecam.output.report_style import STYLE

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_NOTICE: Final = (
    "Ages and genders are estimates of a program, made from faces alone. They can be wrong, for some people "
    "more often than for others; of ten people about eight are as old as the range says. An estimated gender "
    "is what a face looks like to the program, not who somebody is. Use this page with the consent of the "
    "people who are on it, and keep it as you would keep photographs of them."
)
_PICTURES: Final = "pictures"
_MAX_CROPS: Final = 3_000
"""Of the whole page: 3 to 6 kB each, a third more as text; beyond, browsers take long to open it."""


def render_report(inputs: Sequence[InputReport], *, made: str = "") -> str:
    """The page about these inputs, in their order; ``made`` says by what and when, for the foot of the page.

    Names are text, whatever they hold. Images are shown together, videos one by one.
    """
    crops = _Crops()
    videos = [one for one in inputs if not one.is_still and one.error is None]
    stills = [one for one in inputs if one.is_still and one.error is None]
    ids = {id(one): f"input-{number}" for number, one in enumerate(videos, 1)}
    body = [
        "<h1>AgeCam report</h1>",
        f'<p class="notice">{_NOTICE}</p>',
        *_summary(inputs),
        *(_table(inputs, ids) if videos and len(inputs) > 1 else ()),
        *_failures(one for one in inputs if one.error is not None),
    ]
    for video in videos:
        body += _video(video, ids[id(video)], crops, has_charts=len(inputs) > 1)
    if stills:
        body += _stills(stills, crops)
    if crops.left_out:
        body.append(f'<p class="soft">{crops.left_out} more people are shown without their faces.</p>')
    if made:
        body.append(f'<p class="soft">{_text(made)}</p>')
    head = (
        '<meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex">'
        f"<title>AgeCam report</title><style>{STYLE}</style>"
    )
    lines = "\n".join(body)
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>\n{lines}\n</body></html>\n'


class _Crops:
    """Faces on the page so far."""

    def __init__(self) -> None:
        self._shown = 0
        self.left_out = 0

    def image(self, person: PersonReport) -> str:
        if person.crop_jpeg and self._shown < _MAX_CROPS:
            self._shown += 1
            source = f"data:image/jpeg;base64,{_text(person.crop_jpeg)}"
            return f'<img src="{source}" alt="" loading="lazy">'
        self.left_out += bool(person.crop_jpeg)
        return '<span class="blank"></span>'


def _summary(inputs: Sequence[InputReport]) -> Iterator[str]:
    done = [one for one in inputs if one.error is None]
    people = sum(one.number for one in done)
    ages = [sum(one.ages[index] for one in done) for index in range(AGE_BINS)]
    noun = "faces" if done and all(one.is_still for one in done) else "people"
    facts = [(str(len(inputs)), "input" if len(inputs) == 1 else "inputs"), (str(people), noun)]
    female, male = sum(one.female for one in done), sum(one.male for one in done)
    if female + male:
        facts.append((f"{female / (female + male):.0%}".replace("%", " %"), "estimated female"))
    duration_s = sum(one.duration_s for one in done)
    if duration_s:
        facts.append((_length(duration_s), "of video"))
    if len(done) == 1 and not done[0].is_still:
        facts.append((str(done[0].count.most), "most at once"))
    yield _facts(facts)
    charts = []
    if sum(ages):
        charts.append(("Estimated ages, years", age_histogram(ages, noun)))
    if len(done) == len(inputs) == 1 and not done[0].is_still:
        charts.append(("People in view over time", count_chart(done[0].count, done[0].duration_s)))
    yield _charts(charts)


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    cells = "".join(f"<div><b>{number}</b>{what}</div>" for number, what in facts)
    return f'<div class="facts">{cells}</div>'


def _charts(charts: Sequence[tuple[str, str]]) -> str:
    figures = "".join(f"<figure><h3>{title}</h3>{svg}</figure>" for title, svg in charts)
    return f'<div class="charts">{figures}</div>' if charts else ""


def _table(inputs: Sequence[InputReport], ids: dict[int, str]) -> Iterator[str]:
    """A row for each video; images, of which there may be thousands, share one."""
    yield '<table><tr><th>Input</th><th class="number">People</th><th class="number">Most at once</th>'
    yield '<th class="number">Length</th></tr>'
    for one in inputs:
        name = f"<bdi>{_text(one.name)}</bdi>"
        if one.error is not None:
            yield _row(name, "failed")
        elif not one.is_still:
            link = f'<a href="#{ids[id(one)]}">{name}</a>'
            yield _row(link, str(one.number), str(one.count.most), _length(one.duration_s))
    stills = [one.number for one in inputs if one.is_still and one.error is None]
    if stills:
        pictures = _number_of(len(stills), "picture", "pictures")
        yield _row(f'<a href="#{_PICTURES}">{pictures}</a>', str(sum(stills)))
    yield "</table>"


def _row(name: str, *numbers: str) -> str:
    cells = "".join(f'<td class="number">{cell}</td>' for cell in (*numbers, "", "")[:3])
    return f"<tr><td>{name}</td>{cells}</tr>"


def _failures(inputs: Iterable[InputReport]) -> Iterator[str]:
    for one in inputs:
        yield f'<p class="error"><bdi>{_text(one.name)}</bdi>: {_text(one.error or "")}</p>'


def _video(one: InputReport, anchor: str, crops: _Crops, *, has_charts: bool) -> Iterator[str]:
    yield f'<h2 id="{anchor}"><bdi>{_text(one.name)}</bdi></h2>'
    people = _number_of(one.number, "person", "people")
    yield f'<p class="soft">{_length(one.duration_s)}, {one.frames} frames, {people}.</p>'
    yield from _hidden(one)
    if has_charts and one.number:
        charts = [("People in view over time", count_chart(one.count, one.duration_s))]
        if sum(one.ages):
            charts.insert(0, ("Estimated ages, years", age_histogram(one.ages, "people")))
        yield _charts(charts)
    if one.people:
        yield '<ul class="people">'
        for person in one.people:
            when = (
                f"{clock_text(person.first_s)} to {clock_text(person.last_s)}",
                f"{_length(person.seen_s)} in view",
            )
            yield _card(person, f"Person {person.track_id}", when, crops)
        yield "</ul>"
    if one.more_people:
        more = _number_of(one.more_people, "person who was", "people who were")
        yield f'<p class="soft">And {more} in view for a shorter time.</p>'


def _stills(inputs: Sequence[InputReport], crops: _Crops) -> Iterator[str]:
    yield f'<h2 id="{_PICTURES}">Pictures</h2>'
    faces = _number_of(sum(one.number for one in inputs), "face", "faces")
    yield f'<p class="soft">{_number_of(len(inputs), "picture", "pictures")}, {faces}.</p>'
    yield from _hidden(inputs[0])
    yield '<ul class="people">'
    for one in inputs:
        name = f"<bdi>{_text(one.name)}</bdi>"
        for person in one.people:
            yield _card(person, name, (), crops)
    yield "</ul>"
    empty = [one for one in inputs if not one.number]
    if empty:
        names = ", ".join(f"<bdi>{_text(one.name)}</bdi>" for one in empty)
        yield f'<p class="soft">No face in {names}.</p>'


def _hidden(one: InputReport) -> Iterator[str]:
    if one.hides_faces:
        yield '<p class="soft">Faces were made unrecognisable, and none is shown here.</p>'


def _card(person: PersonReport, title: str, when: Sequence[str], crops: _Crops) -> str:
    lines = [f'<span class="soft">{title}</span>', *_estimate(person.estimate)]
    lines += [f'<span class="soft">{line}</span>' for line in when]
    return f"<li>{crops.image(person)}<div>{'<br>'.join(lines)}</div></li>"


def _estimate(estimate: Estimate | None) -> tuple[str, ...]:
    if estimate is None:
        return ("no estimate",)
    likelier = max(estimate.female, 1 - estimate.female)
    gender = "female" if estimate.female >= 0.5 else "male"
    return (
        f"<b>{estimate.age:.0f}</b> ({estimate.age_low:.0f} to {estimate.age_high:.0f})",
        f"{gender}, {likelier * 100:.0f} %",
    )


def _length(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else clock_text(round(seconds))


def _number_of(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _text(text: str) -> str:
    """Text of others as HTML that shows it: no markup, and nothing that cannot be seen or written."""
    shown = (char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
    return html.escape("".join(shown))
