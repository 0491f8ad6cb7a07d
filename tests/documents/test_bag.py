"""Bags: written as RFC 8493 says, read without trust, and every changed byte named."""

import hashlib
import stat
import zipfile
from collections.abc import Callable
from contextlib import closing
from functools import partial
from io import BytesIO
from pathlib import Path
from shutil import copytree

import bagit
import pytest

from fireinvest.documents.bag import (
    ChangedMeanwhile,
    Tag,
    bag_members,
    decoded,
    encoded,
    to_folder,
    zip_stream,
)
from fireinvest.documents.bag_reading import (
    BagCheck,
    NotABag,
    What,
    ZipBag,
    bags_in,
    check_bag,
    part_of,
)
from fireinvest.documents.package import (
    LONGEST_PATH,
    Entry,
    Names,
    in_parts,
    is_safe_name,
    safe_name,
)

INFO = (("Source-Organization", "某大队"), ("Bag-Count", "1 of 1"))
TAGS = (Tag("index.html", "目录".encode()), Tag("schema/case.json", b"{}"))
FILES = {"case.json": b'{"a":1}', "originals/e1.jpg": bytes(range(256)), "odd%25 name": b"x"}


def entry(path: str, content: bytes, sha256: str | None = None) -> Entry:
    return Entry(path, path, partial(BytesIO, content), len(content), sha256, "data")


def entries() -> list[Entry]:
    return [entry(path, content) for path, content in FILES.items()]


def written(folder: Path) -> Path:
    to_folder(bag_members(entries(), TAGS, INFO), folder)
    return folder


def zipped() -> bytes:
    return zip_stream(bag_members(entries(), TAGS, INFO), "bag").read()


def found(path: Path) -> BagCheck:
    (bag,) = bags_in(path)
    with closing(bag):
        return check_bag(bag)


def faults(path: Path) -> list[tuple[str, What]]:
    return [(each.path, each.what) for each in found(path).faults]


def test_the_library_of_congress_finds_it_valid(tmp_path: Path) -> None:
    # Of a name with a percent sign the library doesn't know that it is encoded; ours have none.
    plain = [each for each in entries() if "%" not in each.path]
    to_folder(bag_members(plain, TAGS, INFO), tmp_path / "bag")
    bag = bagit.Bag(str(tmp_path / "bag"))
    assert bag.version_info == (1, 0)
    assert bag.validate()
    assert set(bag.algorithms) == {"sha256", "sha512"}
    assert bag.info["Payload-Oxum"] == f"{sum(each.size for each in plain)}.2"
    (tmp_path / "bag/data/case.json").write_bytes(b'{"a":2}')
    with pytest.raises(bagit.BagValidationError):
        bag.validate()


def test_it_is_whole_as_a_folder_and_as_a_zip(tmp_path: Path) -> None:
    seals: list[str] = []
    to_folder(bag_members(entries(), TAGS, INFO, made=seals.append), tmp_path / "bag")
    (tmp_path / "bag.zip").write_bytes(zipped())
    for name in ("bag", "bag.zip"):
        check = found(tmp_path / name)
        assert check.faults == []
        assert check.name == "bag"
        assert check.seal == seals[0]
        assert check.info["Source-Organization"] == "某大队"
        assert {path[5:] for path in check.hashes if path.startswith("data/")} == set(FILES)
    # Another tool unpacks it as well, and the same content is the same bytes.
    with zipfile.ZipFile(tmp_path / "bag.zip") as archive:
        assert archive.testzip() is None
        assert archive.read("bag/data/originals/e1.jpg") == FILES["originals/e1.jpg"]
    assert zipped() == zipped()


def test_a_file_that_is_not_what_it_should_be_is_never_packed() -> None:
    wrong = entry("a", b"content", hashlib.sha256(b"other").hexdigest())
    with pytest.raises(ChangedMeanwhile):
        zip_stream(bag_members([wrong], (), ()), "bag").read()


def _positions(path: str, size: int) -> list[int]:
    if path.startswith("tagmanifest"):
        # Nothing else covers these: each byte of a line and a half is tried, and some of the rest.
        return [*range(240), *range(240, size, 7), size - 1]
    return sorted({0, size // 3, size // 2, size - 1})


def test_every_changed_byte_is_found_and_its_file_named(tmp_path: Path) -> None:
    folder = written(tmp_path / "bag")
    paths = sorted(each for each in folder.rglob("*") if each.is_file())
    assert len(paths) == 11
    for path in paths:
        whole = path.read_bytes()
        name = path.relative_to(folder).as_posix()
        for place in _positions(name, len(whole)):
            # The second turns capitals into small letters and back.
            changed = bytearray(whole)
            changed[place] ^= (0x01, 0x20)[place % 2]
            path.write_bytes(bytes(changed))
            assert (name, What.CHANGED) in faults(folder), (name, place)
        path.write_bytes(whole)
    assert faults(folder) == []


Deed = Callable[[Path], object]


@pytest.mark.parametrize(
    ("deed", "expected"),
    [
        (lambda bag: (bag / "data/case.json").unlink(), [("data/case.json", What.MISSING)]),
        (lambda bag: (bag / "index.html").unlink(), [("index.html", What.MISSING)]),
        (lambda bag: (bag / "bagit.txt").unlink(), [("bagit.txt", What.MISSING)]),
        (lambda bag: (bag / "data/new").write_text("x"), [("data/new", What.ADDED)]),
        (lambda bag: (bag / "new").write_text("x"), [("new", What.ADDED)]),
        (
            lambda bag: (bag / "data/case.json").rename(bag / "data/case2.json"),
            [("data/case.json", What.MISSING), ("data/case2.json", What.ADDED)],
        ),
        (
            lambda bag: (bag / "tagmanifest-sha512.txt").unlink(),
            [("tagmanifest-sha512.txt", What.MISSING)],
        ),
        (
            lambda bag: (bag / "manifest-sha256.txt").unlink(),
            [("manifest-sha256.txt", What.MISSING)],
        ),
        (lambda bag: (bag / "data/case.json").write_bytes(b""), [("data/case.json", What.CHANGED)]),
        (
            lambda bag: (
                (bag / "data/case.json").unlink(),
                (bag / "data/case.json").symlink_to("/etc/hostname"),
            ),
            [("data/case.json", What.CHANGED)],
        ),
        (lambda bag: (bag / "data/Thumbs.db").write_text("made by Windows"), []),
    ],
)  # fmt: skip
def test_what_was_taken_added_or_renamed_is_named(
    tmp_path: Path, deed: Deed, expected: list[tuple[str, What]]
) -> None:
    deed(written(tmp_path / "bag"))
    assert faults(tmp_path / "bag") == expected


def test_a_list_made_anew_over_a_changed_file_is_told_by_the_other_list(tmp_path: Path) -> None:
    folder = written(tmp_path / "bag")
    old = hashlib.sha256(FILES["case.json"]).hexdigest()
    (folder / "data/case.json").write_bytes(b'{"a":2}')
    new = hashlib.sha256(b'{"a":2}').hexdigest()
    manifest = folder / "manifest-sha256.txt"
    manifest.write_text(manifest.read_text().replace(old, new))
    assert faults(folder) == [
        ("data/case.json", What.CHANGED), ("manifest-sha256.txt", What.CHANGED),
    ]  # fmt: skip


# ---------------------------------------------------------------------------- evil zips


def _zip(*names: str, mode: int = stat.S_IFREG | 0o644, content: bytes = b"x") -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("bag/bagit.txt", *names):
            info = zipfile.ZipInfo(name)
            info.external_attr = (mode if name in names else stat.S_IFREG | 0o644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content if name in names else b"y")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (_zip("bag/../../etc/passwd"), "leads out"),
        (_zip("/etc/passwd"), "leads out"),
        (_zip("C:/x"), "leads out"),
        (_zip("bag/./x"), "leads out"),
        (_zip("bag/" + "x" * 1000), "leads out"),
        (_zip("bag/link", mode=stat.S_IFLNK | 0o777), "a link"),
        (_zip("bag/pipe", mode=stat.S_IFIFO | 0o777), "a link"),
        (_zip("bag/A", "bag/a"), "twice"),
        (_zip("beside"), "beside the package"),
        (_zip("bag/bomb", content=bytes(200 * 1024**2)), "far more"),
        (zipped()[:-200], "damaged"),
        (zipped()[: len(zipped()) // 2], "damaged"),
        (b"no zip", "damaged"),
        (b"", "damaged"),
    ],
)
def test_an_evil_zip_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(NotABag, match=why):
        ZipBag(BytesIO(content), "evil")


def test_a_byte_changed_within_a_zip_is_named(tmp_path: Path) -> None:
    content = bytearray(zipped())
    with zipfile.ZipFile(BytesIO(bytes(content))) as archive:
        info = archive.getinfo("bag/data/originals/e1.jpg")
    content[info.header_offset + 30 + len(info.filename) + 20 + 40] ^= 1
    (tmp_path / "bag.zip").write_bytes(bytes(content))
    assert faults(tmp_path / "bag.zip") == [("data/originals/e1.jpg", What.CHANGED)]


def test_where_there_is_no_package(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(NotABag):
            bags_in(path)
    # Parts that lie side by side, unpacked or not, are found together.
    written(tmp_path / "a")
    copytree(tmp_path / "a", tmp_path / "b")
    (tmp_path / "c.zip").write_bytes(zipped())
    (tmp_path / "d").symlink_to(tmp_path / "a")
    bags = bags_in(tmp_path)
    assert len(bags) == 3
    for each in bags:
        each.close()


# ---------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    "path", ["plain", "a%b", "a%0Ab", "line\nbreak", "return\rhere", "%25", "%2", "%"]
)
def test_paths_are_encoded_as_the_standard_says(path: str) -> None:
    assert decoded(encoded(path)) == path
    assert "\n" not in encoded(path)
    assert "\r" not in encoded(path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("现场照片.JPG", "e1.jpg"),
        ("图1 plan.pdf", "1-plan.pdf"),
        ("con.txt", "e1-con.txt"),
        ("LPT1", "e1-LPT1"),
        ("trailing. . ", "trailing"),
        ("..", "e1"),
        ("a/b\\c:d*e?.png", "a-b-c-d-e.png"),
        ("x" * 300 + ".pdf", "x" * 56 + ".pdf"),
        ("", "e1"),
    ],
)
def test_names_are_safe_everywhere(name: str, expected: str) -> None:
    found = safe_name(name, "e1")
    assert found == expected
    assert is_safe_name(found)


def test_no_two_paths_differ_in_their_case_alone_and_none_is_too_long() -> None:
    names = Names()
    taken = [names.take("originals", each) for each in ("A.jpg", "a.JPG", "a.jpg")]
    assert taken == ["originals/A.jpg", "originals/a-2.jpg", "originals/a-3.jpg"]
    long = names.take("f" * 80, "x" * 60 + ".pdf")
    assert len(long) <= LONGEST_PATH
    assert len(names.take("f" * 80, "x" * 60 + ".pdf")) <= LONGEST_PATH
    with pytest.raises(ValueError, match="too long"):
        names.take("f" * 119, "a.pdf")


def test_parts_are_filled_in_order_and_one_large_file_has_its_own() -> None:
    def sized(*sizes: int) -> list[Entry]:
        return [Entry(f"{each}", "", BytesIO, each, None, "data") for each in sizes]

    def cut(most: int, first: int, *sizes: int) -> list[list[int]]:
        return [[each.size for each in part] for part in in_parts(sized(*sizes), most, first)]

    assert cut(10, 0, 5, 5) == [[5, 5]]
    assert cut(10, 1, 5, 5) == [[5], [5]]
    assert cut(10, 0, 3, 99, 3, 3) == [[3], [99], [3, 3]]
    assert cut(10, 99, 3) == [[3]] or cut(10, 99, 3) == [[], [3]]
    assert cut(10, 0) == [[]]


@pytest.mark.parametrize(
    ("written_as", "expected"),
    [("1 of 1", (1, 1)), ("2 of 3", (2, 3)), ("4 of 3", None), ("0 of 1", None), ("", None)],
)
def test_which_part_it_is(written_as: str, expected: tuple[int, int] | None) -> None:
    assert part_of({"Bag-Count": written_as}) == expected
