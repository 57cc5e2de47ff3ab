"""The report is one whole page, whatever was measured, and asks nothing of the network."""

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.vision.calibration import Calibration
from tests.train.samples import table_of_samples
from train.data.crops import STORED_PX
from train.data.readers import Sample
from train.evaluate.gallery import Report
from train.evaluate.groups import all_metrics
from train.evaluate.report import write_report

_VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Checks that tags close in order, and keeps titles, addresses and ids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.headings: list[str] = []
        self.images = 0
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.images += tag == "img"
        for name, value in attributes:
            if name in ("src", "href", "xlink:href") and value:
                self.addresses.append(value)
            if name == "id" and value:
                self.ids.append(value)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


def report_of(
    predictions: dict[str, NDArray[np.float32]], run: Path | None = None, name: str = "set"
) -> Report:
    random = np.random.default_rng(0)
    samples = [
        Sample(name, f"<{i}>.jpg", *((20 + i % 60,) * 2 if i % 3 else (30, 39)), i % 2 == 0, "AB"[i % 2])
        for i in range(120)
    ]
    yaws = np.repeat([5.0, 30.0, 60.0], 40)
    table = replace(table_of_samples(samples), yaw_deg=yaws, pitch_deg=yaws - 30, face_px=yaws)
    everything = all_metrics(predictions, table, Calibration())
    metrics = {
        "models": ["age.tflite"],
        "data": "prepared",
        "split": "test",
        "views": 4,
        "calibration": {"origin": "given"},
        "datasets": {name: everything},
        "all": everything,
    }
    metrics["bias"] = {"test": {name: everything["bias"]}} if "bias" in everything else {}
    crops = random.integers(0, 256, (120, STORED_PX, STORED_PX), dtype=np.uint8)
    return Report(metrics, predictions, table, crops, Calibration(), () if run is None else (run,))


def some_predictions() -> dict[str, NDArray[np.float32]]:
    random = np.random.default_rng(0)
    ages = random.random((120, 101), np.float32) ** 8
    return {"age": ages / ages.sum(axis=1, keepdims=True), "gender": random.random(120, np.float32)}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, str]:
    """The report of a run of both heads, and its page."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "log.csv").write_text(
        "epoch,loss,val_loss,age_distance,val_age_distance\n0,4,5,9,8\n1,3,4,7,7.5\n", encoding="utf-8"
    )
    report = report_of(some_predictions(), folder)
    write_report(folder / "report.html", report)
    return report, (folder / "report.html").read_text(encoding="utf-8")


def test_the_page_is_whole_and_refers_to_nothing_outside_it(written: tuple[Report, str]) -> None:
    _, text = written
    page = Page(text)
    assert page.headings == [
        "Overview", "Class balance", "Age", "Bias by decade", "Gender", "By pose and size", "By group",
        "Learning curves", "Images",
    ]  # fmt: skip
    assert all(address.startswith(("data:", "#")) for address in page.addresses)
    assert len(page.ids) == len(set(page.ids))
    assert 100 < page.images <= 150
    assert "&lt;7&gt;.jpg" in text
    assert "url(http" not in text
    assert "@import" not in text


@pytest.mark.parametrize(
    ("predictions", "lacks"),
    [
        ({"gender": some_predictions()["gender"]}, "Age"),
        ({"age": some_predictions()["age"]}, "Gender"),
        ({"age": np.linspace(1, 90, 120, dtype=np.float32)[:, None]}, "Gender"),
    ],
)
def test_one_model_alone_and_one_without_doubt_have_their_report_too(
    tmp_path: Path, predictions: dict[str, NDArray[np.float32]], lacks: str
) -> None:
    write_report(tmp_path / "report.html", report_of(predictions))
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "Overview" in page.headings
    assert lacks not in page.headings


def test_corruptions_and_the_live_path_have_their_tables(tmp_path: Path) -> None:
    report = report_of({"gender": some_predictions()["gender"]}, name="a_b")
    main = {"all": {"age_mae": 5.0, "gender_accuracy": 0.9}, "a_b": {"age_mae": 5.0}}
    worse = {"all": {"age_mae": 6.5, "gender_accuracy": 0.8}, "a_b": {"age_mae": 6.5}}
    metrics = dict(report.metrics)
    metrics["corruptions"] = [
        {"kind": "clean", "name": "clean", "metrics": main},
        {"kind": "blur", "name": "2 % of the crop", "metrics": worse},
        {"kind": "rotation", "name": "20°", "metrics": worse},
    ]
    metrics["live"] = {
        "count": 120,
        "not_found": {"all": 2, "a_b": 2},
        "stored": main,
        "live": worse,
        "difference": {"all": {"age_mae": 1.5, "gender_accuracy": -0.1}, "a_b": {"age_mae": 1.5}},
        "corrupted": [
            {
                "name": "rotated 20°",
                "not_found": {"all": 3},
                "stored": main,
                "live": worse,
                "difference": main,
            }
        ],
    }
    write_report(
        tmp_path / "report.html",
        Report(metrics, report.predictions, report.table, report.crops, report.calibration),
    )
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert {"Corruptions", "Through the live path"} <= set(Page(text).headings)
    assert "+1.50" in text
    assert "-10.0 %" in text
    assert "rotated 20°<small>3 not found</small>" in text


def test_errors_classes_roc_and_counts_are_drawn_and_bands_are_named(written: tuple[Report, str]) -> None:
    report, text = written
    for said in (
        "Images by decade of the label and gender",
        "Images by yaw and gender",
        "Errors",
        "ROC curve, female as the positive class",
        f"AUC {report.metrics['all']['gender']['auc']:.3f}",
        "female for the positive class",
    ):
        assert said in text, said
    everything = report.metrics["all"]
    counts = everything["confusion"]["gender"]
    assert sum(map(sum, counts)) == 120
    matrix = text[text.index("Genders: images") - 1500 : text.index("Genders: images")]
    assert all(f">{count}<small>" in matrix for row in counts for count in row)
    over = everything["balanced_over"]
    assert set(over) == set(everything["balanced"])
    assert over == {key: ["30-39"] for key in ("range_accuracy", "gender_accuracy")}
    for bands in over.values():
        left_out = [band for band in everything["age_bands"] if band not in bands]
        assert f"With these age groups counting alike, {', '.join(bands)}:" in text
        assert f"(too few images: {', '.join(left_out)})." in text


def test_one_class_has_no_roc_curve(tmp_path: Path) -> None:
    report = report_of({"gender": some_predictions()["gender"]})
    women = replace(report.table, female=np.ones(120))
    metrics = dict(report.metrics) | {"all": all_metrics(report.predictions, women, Calibration())}
    metrics["datasets"] = {"set": metrics["all"]}
    write_report(tmp_path / "report.html", replace(report, table=women, metrics=metrics))
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "ROC curve" not in text
    assert "Reliability" in text


def test_what_is_undefined_or_of_too_few_images_is_a_dash_and_no_zero(tmp_path: Path) -> None:
    predictions = {"gender": np.full(120, 0.1, np.float32)}
    report = report_of(predictions)
    assert "precision" not in report.metrics["all"]["gender"], "nobody is taken for female"
    write_report(tmp_path / "report.html", report)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    overview = text[text.index("<h2>Overview") : text.index("<h2>Gender")]
    assert "<td>–</td>" not in overview, "a column of nothing but dashes is left out"
    groups = text[text.index("<h2>By group") : text.index("<h2>Images")]
    assert "<td>female</td><td>–</td>" in groups
    assert "<small>60</small>" in groups
