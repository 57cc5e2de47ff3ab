"""The page that shows reports of inputs: whole, safe and in need of nothing else."""

import base64
import re
from html.parser import HTMLParser

import pytest

from agecam.messages import Estimate
from agecam.output import InputReport, render_report
from agecam.output.charts import age_histogram, clock_text, count_chart
from agecam.output.report_data import AGE_BINS, CountOverTime, PersonReport, age_bin

JPEG = base64.b64encode(b"\xff\xd8\xff some bytes of an image").decode()
WOMAN = PersonReport(1, Estimate(34.4, 28.2, 41.0, 0.91), 5.0, 65.0, 42.5, JPEG)
UNKNOWN = PersonReport(2, None, 10.0, 11.0, 1.0)
VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Checks that elements are nested, and keeps what a reader sees."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open and data.strip():
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.texts)


def ages(*those: float) -> tuple[int, ...]:
    counts = [0] * AGE_BINS
    for age in those:
        counts[age_bin(age)] += 1
    return tuple(counts)


def video(name: str = "clip.mp4") -> InputReport:
    count = CountOverTime(0.0, 30.0, (1.0, 0.5, 2.0), 2)
    return InputReport(
        name, frames=1500, duration_s=75.0, people=(WOMAN, UNKNOWN), ages=ages(34.4), female=1, count=count
    )


def photograph(name: str = "photo.jpg", *people: PersonReport) -> InputReport:
    return InputReport(name, is_still=True, frames=1, people=people, ages=ages(34.4), female=len(people))


def test_a_video_shows_its_people_with_crop_estimate_and_times() -> None:
    page = Page(render_report([video()], made="AgeCam 1.0"))
    for text in (
        "clip.mp4",
        "1:15, 1500 frames, 2 people.",
        "Person 1",
        "34",
        "(28 to 41)",
        "female, 91 %",
        "0:05 to 1:05",
        "42.5 s in view",
        "no estimate",
        "AgeCam 1.0",
    ):
        assert any(text in shown for shown in page.texts), text
    assert [value for tag, name, value in page.attributes if (tag, name) == ("img", "src")] == [
        f"data:image/jpeg;base64,{JPEG}"
    ]
    labels = [value for _, name, value in page.attributes if name == "aria-label"]
    assert labels == ["Number of people by age in years", "Number of people in view over time"]


def test_it_says_that_estimates_can_be_wrong_and_need_consent() -> None:
    text = Page(render_report([video()])).text
    assert "They can be wrong" in text
    assert "consent" in text


def test_a_page_asks_nothing_of_a_network_and_runs_nothing() -> None:
    text = render_report([video(), photograph("photo.jpg", WOMAN)])
    page = Page(text)
    assert "http:" not in text
    assert "https:" not in text
    assert "url(" not in text
    assert not any(tag in ("script", "link", "iframe", "object") for tag, _, _ in page.attributes)
    links = [value for _, name, value in page.attributes if name in ("src", "href")]
    assert all(value.startswith(("data:image/jpeg;", "#")) for value in links)
    policies = [value for _, name, value in page.attributes if name == "content"]
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in policies
    assert "prefers-color-scheme: dark" in text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<script>alert(1)</script>.mp4", "<script>alert(1)</script>.mp4"),
        ('a" onload="x.jpg', 'a" onload="x.jpg'),
        ("scans [/2024] & more.mp4", "scans [/2024] & more.mp4"),
        ("Jos\u00e9 \u732b.mp4", "Jos\u00e9 \u732b.mp4"),
        ("bell\a, bytes \udcff, turned \u202egpj.mp4", r"bell\x07, bytes \udcff, turned \u202egpj.mp4"),
    ],
)
@pytest.mark.parametrize("kind", ["video", "photograph", "failed"])
def test_names_are_text(name: str, shown: str, kind: str) -> None:
    one = {
        "video": video(name),
        "photograph": photograph(name, WOMAN),
        "failed": InputReport(name, error=f"{name} is damaged."),
    }[kind]
    text = render_report([one, one])
    text.encode()  # no halves of pairs are left
    page = Page(text)
    assert shown in page.text
    assert not any(tag == "script" or attribute == "onload" for tag, attribute, _ in page.attributes)


def test_several_inputs_have_a_summary_that_leads_to_each() -> None:
    failed = InputReport("broken.mp4", error="broken.mp4 is damaged.")
    page = Page(render_report([video("one.mp4"), failed, video("two.mp4"), photograph("photo.jpg", WOMAN)]))
    links = [value for tag, name, value in page.attributes if (tag, name) == ("a", "href")]
    anchors = [value for _, name, value in page.attributes if name == "id"]
    assert links == ["#input-1", "#input-2", "#pictures"]
    assert anchors == ["input-1", "input-2", "pictures"]
    assert "1 picture" in page.texts
    assert "broken.mp4 is damaged." in page.text
    assert page.texts[3:7] == ["4", "inputs", "5", "people"]
    assert "2:30" in page.texts


def test_pictures_are_shown_together_and_those_without_faces_named() -> None:
    page = Page(render_report([photograph("a.jpg", WOMAN), photograph("b.jpg"), photograph("c.jpg", WOMAN)]))
    assert "3 pictures, 2 faces." in page.texts
    assert not any(tag == "td" for tag, _, _ in page.attributes)  # no row for each
    assert page.text.index("a.jpg") < page.text.index("No face in")
    assert page.text.rindex("b.jpg") > page.text.index("No face in")
    assert "Person" not in page.text
    assert "in view" not in page.text


def test_hidden_faces_are_told() -> None:
    hidden = InputReport("clip.mp4", people=(UNKNOWN,), hides_faces=True)
    page = Page(render_report([hidden]))
    assert "Faces were made unrecognisable, and none is shown here." in page.texts
    assert not any(tag == "img" for tag, _, _ in page.attributes)


def test_people_who_are_counted_alone_are_told() -> None:
    page = Page(render_report([InputReport("clip.mp4", people=(WOMAN,), more_people=7)]))
    assert "And 7 people who were in view for a shorter time." in page.texts


@pytest.mark.parametrize("inputs", [[], [InputReport("clip.mp4")], [InputReport("a.mp4", error="no")]])
def test_inputs_without_anybody_make_a_page_too(inputs: list[InputReport]) -> None:
    assert "AgeCam report" in Page(render_report(inputs)).texts


def test_a_page_stays_small_enough_to_open() -> None:
    page = render_report([photograph(f"{number}.jpg", WOMAN) for number in range(3100)])
    assert page.count("<img ") == 3000
    assert "100 more people are shown without their faces." in page


def test_a_histogram_has_a_bar_for_each_age_that_there_is() -> None:
    chart = age_histogram(ages(3, 31, 33, 100), "faces")
    assert re.findall(r"<title>(.*?)</title>", chart) == [
        "0 to 4 years: 1",
        "30 to 34 years: 2",
        "100 to 104 years: 1",
    ]
    heights = [float(value) for value in re.findall(r'class="bar".*? height="([\d.]+)"', chart)]
    assert heights == [heights[0], 2 * heights[0], heights[0]]


def test_a_line_follows_the_number_of_people_over_the_whole_time() -> None:
    chart = count_chart(CountOverTime(60.0, 30.0, (0.0, 2.0, 1.0), 2), 90.0)
    (points,) = re.findall(r'<polyline class="line" points="(.*?)"', chart)
    steps = [tuple(map(float, point.split(","))) for point in points.split()]
    assert [x for x, _ in steps] == sorted(x for x, _ in steps)
    zero, two, one = (steps[index][1] for index in (0, 2, 4))
    assert two < one < zero
    assert zero - one == pytest.approx(one - two, abs=0.2)
    assert ">1:00</text>" in chart
    assert ">2:30</text>" in chart


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (65.9, "1:05"), (7265, "2:01:05")])
def test_times_are_shown_as_players_do(seconds: float, text: str) -> None:
    assert clock_text(seconds) == text
