"""Tables are read as spreadsheets and scripts write them."""

import io
from pathlib import Path

import pytest
from PIL import Image

from train.data.labels import LabelOptions
from train.data.readers import Dataset, Sample, read_dataset
from train.errors import DataError

ROWS = (("file", "age", "gender"), ("jörg.jpg", "34", "m"), ("zoë, 2.jpg", "20-29", "female"))
EXPECTED = [
    Sample("photos", "jörg.jpg", 34, 34, False),
    Sample("photos", "zoë, 2.jpg", 20, 29, True),
]


def write(folder: Path, content: bytes | str, *files: str, name: str = "labels.csv") -> Path:
    """A folder ``photos`` with one table and empty images."""
    photos = folder / "photos"
    for file in files or ("jörg.jpg", "zoë, 2.jpg"):
        (photos / file).parent.mkdir(parents=True, exist_ok=True)
        (photos / file).touch()
    (photos / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return photos


def written(delimiter: str, line_end: str = "\n") -> str:
    return line_end.join(delimiter.join(f'"{c}"' if "," in c else c for c in row) for row in ROWS)


def reasons(dataset: Dataset) -> list[tuple[str, str]]:
    return [(skip.file, skip.reason) for skip in dataset.skipped]


@pytest.mark.parametrize(
    ("delimiter", "name"), [(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "bar")]
)
def test_any_delimiter_is_found_out(tmp_path: Path, delimiter: str, name: str) -> None:
    dataset = read_dataset(write(tmp_path, written(delimiter)))
    assert list(dataset.samples) == EXPECTED
    assert dataset.notes == (f"photos/labels.csv: 2 rows, {name}, UTF-8",)


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        *(("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("utf-16", "UTF-16"), ("utf-16-le", "UTF-16")),
        *(("utf-16-be", "UTF-16"), ("cp1252", "Windows-1252"), ("latin-1", "Windows-1252")),
    ],
)
def test_any_encoding_is_found_out(tmp_path: Path, encoding: str, name: str) -> None:
    dataset = read_dataset(write(tmp_path, written(";", "\r\n").encode(encoding)))
    assert list(dataset.samples) == EXPECTED
    assert dataset.notes[0].endswith(f"semicolon, {name}")


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_on_any_system(tmp_path: Path, line_end: str) -> None:
    assert list(read_dataset(write(tmp_path, written(",", line_end))).samples) == EXPECTED


def test_unicode_text_of_excel_is_a_table(tmp_path: Path) -> None:
    photos = write(tmp_path, written("\t", "\r\n").encode("utf-16"), name="Labels.txt")
    assert list(read_dataset(photos).samples) == EXPECTED


def test_a_first_line_may_name_the_delimiter(tmp_path: Path) -> None:
    assert list(read_dataset(write(tmp_path, "sep=;\r\n" + written(";", "\r\n"))).samples) == EXPECTED


@pytest.mark.parametrize(
    "header",
    [
        *("File,Age,Gender", "FILENAME , Years, SEX", "path,age_years,sex", "Image Name,Age (years),gender"),
        *("img_path,AGE,Sex", "Dateiname,Alter,Geschlecht", "id,age,sex", "name,age,gender"),
        *("Datei,Alter (Jahre),Geschlecht", "fichier,âge,sexe", "Foto,a\u0302ge [ans],Sexe"),
    ],
)
def test_columns_have_the_names_that_are_common(tmp_path: Path, header: str) -> None:
    (sample,) = read_dataset(write(tmp_path, f"{header}\n1.jpg,34,m", "1.jpg")).samples
    assert sample == Sample("photos", "1.jpg", 34, 34, False)


def test_columns_that_say_nothing_are_named_once(tmp_path: Path) -> None:
    text = "file;age;camera;id;\n1.jpg;30;Canon;7;\n2.jpg;31;Nikon;8;"
    dataset = read_dataset(write(tmp_path, text, "1.jpg", "2.jpg"))
    assert dataset.notes == ("photos/labels.csv: 2 rows, semicolon, UTF-8; columns not used: camera, id",)
    assert [sample.female for sample in dataset.samples] == [None, None]


def test_what_is_not_known_is_no_person_and_no_date(tmp_path: Path) -> None:
    text = "file,gender,dob,date,person,race\n1.jpg,f,NA,,nan,NA\n2.jpg,m,NaT,2020-01-01,?,x"
    dataset = read_dataset(write(tmp_path, text, "1.jpg", "2.jpg"))
    assert list(dataset.samples) == [
        Sample("photos", "1.jpg", None, None, True),
        Sample("photos", "2.jpg", None, None, False, "x"),
    ]


def test_rows_that_name_an_image_again_say_whether_they_differ(tmp_path: Path) -> None:
    text = "file,age\n1.jpg,30\n1.jpg,31\n2.jpg,4\n2.jpg,4"
    dataset = read_dataset(write(tmp_path, text, "1.jpg", "2.jpg"))
    assert [sample.age for sample in dataset.samples] == [30, 4]
    assert reasons(dataset) == [("1.jpg", "listed before, with other labels"), ("2.jpg", "listed twice")]


def test_a_stray_quotation_mark_is_told_with_its_line(tmp_path: Path) -> None:
    for rows in ('1.jpg,30,"good\n2.jpg,31,', '1.jpg,30,"good\n2.jpg,31,"bad\n'):
        with pytest.raises(DataError, match=r"\(line 3: a quotation mark is opened and not closed\)"):
            read_dataset(write(tmp_path, f"file,age,note\n0.jpg,29,\n{rows}", "0.jpg", "1.jpg", "2.jpg"))
    quoted = 'file,note,age\n1.jpg,"two\nlines, ""quoted""",30\n2.jpg,5" tall,31'
    assert [s.age for s in read_dataset(write(tmp_path, quoted, "1.jpg", "2.jpg")).samples] == [30, 31]


def test_a_spreadsheet_is_to_be_saved_as_a_table(tmp_path: Path) -> None:
    photos = write(tmp_path, b"PK\x03\x04", "1.jpg", name="Labels.xlsx")
    assert ("Labels.xlsx", "spreadsheet, to be saved as CSV") in reasons(read_dataset(photos))
    with pytest.raises(DataError, match=r"labels\.csv is a spreadsheet, not a text: save it as CSV"):
        read_dataset(write(tmp_path, b"PK\x03\x04", "1.jpg"))


def test_decimal_commas_are_ages(tmp_path: Path) -> None:
    dataset = read_dataset(write(tmp_path, 'file,age\n1.jpg,"34,5"\n2.jpg,34,5', "1.jpg", "2.jpg"))
    assert [(sample.file, sample.age) for sample in dataset.samples] == [("1.jpg", 34.5)]
    assert reasons(dataset) == [("2.jpg", "more cells than columns")]


def test_genders_may_be_numbers_by_an_option(tmp_path: Path) -> None:
    photos = write(tmp_path, "file,sex\n1.jpg,0\n2.jpg,1\n3.jpg,1.0", "1.jpg", "2.jpg", "3.jpg")
    dataset = read_dataset(photos)
    assert not dataset.samples
    assert {skip.kind for skip in dataset.skipped} == {
        "gender is a number (--genders 0=male,1=female says which is which)"
    }
    samples = read_dataset(photos, LabelOptions.parse("0=male,1=female", "auto")).samples
    assert [sample.female for sample in samples] == [False, True, True]


def test_dates_of_birth_and_photograph_are_ages(tmp_path: Path) -> None:
    rows = [
        "1.jpg,03.05.1990,2020-05-02,",
        "2.jpg,1990,2020,",
        "3.jpg,1990-05-03,,",  # its photograph tells when it was taken
        "4.jpg,1990-05-03,,",
        "5.jpg,1990-05-03,2020-01-01,7",  # an age counts more
        "6.jpg,soon,2020-01-01,",
        "7.jpg,2021-01-01,2020-01-01,",
        "8.jpg,,,",
    ]
    photos = write(
        tmp_path, "\n".join(["file,dob,date_taken,age", *rows]), *(f"{n}.jpg" for n in range(1, 9))
    )
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2001:05:03 10:00:00"
    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "JPEG", exif=exif)
    (photos / "3.jpg").write_bytes(stream.getvalue())
    dataset = read_dataset(photos)
    assert [(sample.file[0], sample.age_low, sample.age_high) for sample in dataset.samples] == [
        ("1", 29, 29),
        ("2", 29, 30),
        ("3", 11, 11),
        ("5", 7, 7),
        ("8", None, None),
    ]
    assert reasons(dataset) == [
        ("4.jpg", "date of birth, but none of the photograph, in a column or in EXIF"),
        ("6.jpg", "date that is none: 'soon'"),
        ("7.jpg", "photograph before the birth: 2021-01-01 and 2020-01-01"),
    ]


def test_dates_that_can_be_read_in_two_ways_are_refused(tmp_path: Path) -> None:
    photos = write(tmp_path, "file,DOB,date\n1.jpg,3/4/1990,2020-03-05", "1.jpg")
    with pytest.raises(DataError, match=r"labels\.csv: the column DOB has dates .* --date-order dmy or mdy"):
        read_dataset(photos)
    ages = [read_dataset(photos, LabelOptions(date_order=order)).samples[0].age for order in ("dmy", "mdy")]
    assert ages == [29, 30]


def test_dates_of_photographs_alone_are_not_read(tmp_path: Path) -> None:
    dataset = read_dataset(write(tmp_path, "file,age,date\n1.jpg,30,3/4/2020", "1.jpg"))
    assert [sample.age for sample in dataset.samples] == [30]
    assert dataset.notes == ("photos/labels.csv: 1 row, comma, UTF-8; columns not used: date",)


def test_persons_and_splits_are_read(tmp_path: Path) -> None:
    text = (
        "file,age,subject_id,part\n1.jpg,30,anna,Training\n2.jpg,31,,val\n3.jpg,32,bob,\n4.jpg,33,bob,fold 2"
    )
    dataset = read_dataset(write(tmp_path, text, "1.jpg", "2.jpg", "3.jpg", "4.jpg"))
    assert [(sample.person, sample.split) for sample in dataset.samples] == [
        ("anna", "train"),
        ("", "validation"),
        ("bob", ""),
    ]
    assert reasons(dataset) == [("4.jpg", "split is none of train, validation, test: 'fold 2'")]


def test_files_may_be_spelled_as_on_another_system(tmp_path: Path) -> None:
    files = ("anna/1.JPG", "bob/1.jpg", "bob/mu\u0308ller.jpg", "5.png", "6.jpg", "6.png", "7.jpg")
    names = [
        r"Anna\1.jpg",
        "./bob/1.jpg",
        "bob/m\u00fcller.jpg",
        "5",
        "6",
        r"C:\Users\me\photos\7.jpg",
        "/home/me/carl/1.jpg",
        "carl/1.jpg",
        "",
    ]
    dataset = read_dataset(write(tmp_path, "\n".join(["file,age", *(f"{n},30" for n in names)]), *files))
    assert [sample.file for sample in dataset.samples] == sorted([*files[:4], "7.jpg"])
    assert reasons(dataset)[:4] == [
        ("6", "more than one file of that name"),
        ("/home/me/carl/1.jpg", "no such file"),
        ("carl/1.jpg", "no such file"),
        ("labels.csv, line 10", "no file named"),
    ]


def test_a_name_of_two_lines_is_the_name_of_a_column(tmp_path: Path) -> None:
    (sample,) = read_dataset(
        write(tmp_path, 'file;"age\n(years)";"place,\ntime"\n1.jpg;30;here', "1.jpg")
    ).samples
    assert sample.age_low == 30


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n1.jpg,30", r"labels\.csv has the columns a, b; needed: file and at least one of age, gender"),
        ("file,camera\n1.jpg,x", r"has the columns file, camera; needed: .* dob"),
        (
            "1.jpg;30;m\n2.jpg;31;f",
            r"has the columns 1\.jpg, 30, m; needed: .* Its first line must name them",
        ),
        ("age,gender\n30,m", r"has the columns age, gender; needed: file"),
        ('"a\nb",\x1b[1m,\n1.jpg,30,', r"has the columns a b, \[1m, \(no name\); needed: file"),
        (f"{'a' * 5000},b\n1.jpg,30", rf"has the columns {'a' * 40}…, b; needed: file"),
        (",".join("abcdefghijklmnopqrstuvwxyz"), r", s, t and 6 more; needed: file"),
        ("", r"labels\.csv is empty; needed: file"),
        ('file,age,gender\n"' + "x" * 200_000, "is not a table that can be read"),
    ],
)
def test_a_table_that_is_none_is_told_with_what_was_found(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(DataError, match=says):
        read_dataset(write(tmp_path, text, "1.jpg"))
