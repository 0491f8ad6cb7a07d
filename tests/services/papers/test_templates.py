"""Templates of an office: tried before they count, refused by their place, seen by nobody else."""

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from fireinvest.documents.word import check_template
from fireinvest.gateways.blobs import LocalBlobs
from fireinvest.messages import Faulty, render
from fireinvest.services.files import FileLost, FileState, clear_staged, stage, verify_files
from fireinvest.services.papers import templates
from fireinvest.services.papers.context import example_context
from fireinvest.services.papers.offices import Keeper, Office, offices_of
from fireinvest.services.people import create_person
from fireinvest.services.recovery.ledger import files_named_by
from fireinvest.store import Database
from fireinvest.store import papers as store
from fireinvest.store.access import AccessRow
from fireinvest.store.dump import layouts_at
from fireinvest.store.schema import newest_revision
from fireinvest.workflow.permissions import Actor, Grant
from tests.services.office import CITY, LAW, NOW, TODAY
from tests.uploads import archive, old_document

RULES = LAW.in_force(CITY, TODAY)
REQUEST = RULES.papers["team_request"]
OFFICE, ELSEWHERE = Office(CITY, "city"), Office("530325", "county")
BY = Keeper("head", NOW, TODAY)
BUILT_IN = templates.built_in(REQUEST)
DOCUMENT, RELATIONS, TYPES = (
    "word/document.xml", "word/_rels/document.xml.rels", "[Content_Types].xml",
)  # fmt: skip
TAG = "{{ opening }}"


def with_parts(change: Callable[[dict[str, bytes]], object]) -> bytes:
    """The built-in template with its parts changed; the same bytes at any time."""
    with zipfile.ZipFile(io.BytesIO(BUILT_IN.docx)) as package:
        parts = {each: package.read(each) for each in package.namelist()}
    change(parts)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as package:
        for name, content in parts.items():
            package.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def with_tag(tag: str, old: str = TAG) -> bytes:
    """The built-in template with something else where a tag stands."""

    def change(parts: dict[str, bytes]) -> None:
        assert old.encode() in parts[DOCUMENT]
        parts[DOCUMENT] = parts[DOCUMENT].replace(old.encode(), tag.encode())

    return with_parts(change)


def with_relation(target: str) -> bytes:
    """The built-in template with a picture that comes from outside."""
    link = (
        '<Relationship Id="rIdX" TargetMode="External" Type="http://schemas.openxmlformats.org/'
        f'officeDocument/2006/relationships/image" Target="{target}"/></Relationships>'
    )

    def change(parts: dict[str, bytes]) -> None:
        parts[RELATIONS] = parts[RELATIONS].replace(b"</Relationships>", link.encode())

    return with_parts(change)


def with_macros(parts: dict[str, bytes]) -> None:
    parts["word/vbaProject.bin"] = b"x"
    parts[TYPES] = parts[TYPES].replace(
        b"vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
        b"vnd.ms-word.document.macroEnabled.main+xml",
    )


def bomb(parts: dict[str, bytes]) -> None:
    parts["word/media/image1.png"] = bytes(80 * 1024 * 1024)


def upload(
    database: Database, blobs: LocalBlobs, content: bytes, name: str = "模板.docx",
    office: Office = OFFICE,
) -> store.StoredTemplate:  # fmt: skip
    return templates.upload(database, blobs, office, REQUEST, name, io.BytesIO(content), by=BY)


def mark(database: Database, blobs: LocalBlobs, office: Office = OFFICE) -> str:
    """By what papers of the office say which template they were made with."""
    with database.readers.begin() as session:
        return templates.template_for(session, blobs, office.division, office.tier, REQUEST).mark


def logged(database: Database) -> list[tuple[str, str | None, str | None]]:
    with database.readers.begin() as session:
        query = select(AccessRow).where(AccessRow.what.like("template%")).order_by(AccessRow.id)
        return [(each.what, each.item, each.new_values) for each in session.scalars(query)]


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path / "files")


# ---------------------------------------------------------------------------- built in


@pytest.mark.parametrize("kind", ["team_request", "scene_survey"])
def test_a_built_in_template_stands_its_own_trial(kind: str) -> None:
    found = RULES.papers[kind]
    assert templates.has_built_in(found)
    template = templates.built_in(found)
    assert template.mark.startswith("built-in:")
    assert template.docx is templates.built_in(found).docx  # Made once.
    assert templates.tried(found, "x.docx", io.BytesIO(template.docx)) == template.docx


# ---------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("make", "name", "place", "why"),
    [
        (lambda: with_tag("{{ opening"), "a.docx", "Paragraph", "This tag is not closed: {{ opening"),
        (lambda: with_tag("{{ openning }}"), "a.docx", "Paragraph", "There is no field “openning”"),
        (lambda: with_tag("{{ case.secret }}"), "a.docx", "Paragraph", "There is no field “secret”"),
        (lambda: with_tag("{%p if opening %}"), "a.docx", "Paragraph", "{%p if opening %}"),
        (lambda: with_tag("{% endfor %}"), "a.docx", "Paragraph", "{% endfor %}"),
        (lambda: with_tag("{{ opening.__class__ }}"), "a.docx", "Paragraph", "__class__"),
        (lambda: with_tag("{{ self.__init__.__globals__ }}"), "a.docx", "Paragraph", "self"),
        (lambda: with_tag("{{ ''.format() }}"), "a.docx", "Paragraph", "format"),
        (
            lambda: with_tag("{% for x in range(999999999) %}x{% endfor %}"),
            "a.docx", "Paragraph", "range",
        ),
        (
            lambda: with_tag("{% for a in blank * 9999 %}{% for b in blank %}x{% endfor %}{% endfor %}"),
            "a.docx", "Paragraph", "can't be filled in",
        ),
        (lambda: with_tag("{{ row.nothing }}", "{{ row.name }}"), "a.docx", "Table 1, row 3", "nothing"),
        (lambda: with_relation("http://elsewhere/x.png"), "a.docx", "rels", "http://elsewhere/x.png"),
        (lambda: with_parts(with_macros), "a.docx", "", "macros"),
        (lambda: with_parts(bomb), "a.docx", "", "no Word file"),
        (lambda: bytes(templates.LARGEST + 1), "a.docx", "", "at most 8 MB"),
        (lambda: b"", "a.docx", "", "This file is empty."),
        (lambda: b"only words", "a.docx", "", "no Word file"),
        (lambda: old_document("WordDocument"), "a.docx", "", "no Word file"),
        (lambda: old_document("WordDocument"), "A.DOC", "", "Save it as a Word document"),
        (lambda: BUILT_IN.docx, "a.docm", "", "Save it as a Word document"),
        (lambda: archive("xl/workbook.xml", "[Content_Types].xml"), "a.docx", "", "no Word file"),
    ],
)  # fmt: skip
def test_a_broken_template_is_refused_with_its_place_and_the_one_before_stays(
    quick_database: Database,
    blobs: LocalBlobs,
    make: Callable[[], bytes],
    name: str,
    place: str,
    why: str,
) -> None:
    before = upload(quick_database, blobs, with_tag(f"{TAG}。"))
    kept = sorted(blobs.names())
    with pytest.raises(Faulty) as faulty:
        upload(quick_database, blobs, make(), name)
    [problem] = faulty.value.problems
    said = render(problem.text, "en")
    assert problem.field == templates.FIELD
    assert place in said, said
    assert why in said, said
    assert mark(quick_database, blobs) == before.sha256
    assert sorted(blobs.names()) == kept
    assert len(logged(quick_database)) == 1


@pytest.mark.parametrize(
    "tag",
    [
        # As Word leaves a tag behind that its spelling checker has looked at.
        "{{ ope</w:t></w:r><w:r><w:t>ning }}",
        '{{ </w:t></w:r><w:proofErr w:type="spellStart"/><w:r><w:t>opening }}',
        "{</w:t></w:r><w:r><w:t>{ opening }</w:t></w:r><w:r><w:t>}",
    ],
)
def test_a_tag_split_by_word_still_works(
    quick_database: Database, blobs: LocalBlobs, tag: str
) -> None:
    upload(quick_database, blobs, with_tag(tag))
    with quick_database.readers.begin() as session:
        template = templates.template_for(session, blobs, CITY, "city", REQUEST)
    filled = templates.sample(template.docx, REQUEST)
    with zipfile.ZipFile(io.BytesIO(filled)) as package:
        text = package.read(DOCUMENT).decode()
    assert example_context(REQUEST.id)["opening"] in text
    assert "{" not in text


# ---------------------------------------------------------------------------- counting


def test_a_good_one_counts_from_then_on_for_its_own_office(
    database: Database, blobs: LocalBlobs
) -> None:
    assert mark(database, blobs) == BUILT_IN.mark
    first = upload(database, blobs, with_tag(f"{TAG}一"))
    assert (first.version, mark(database, blobs)) == (1, first.sha256)
    assert mark(database, blobs, ELSEWHERE) == BUILT_IN.mark
    with database.readers.begin() as session:
        own = templates.template_for(session, blobs, CITY, "city", REQUEST)
        # Another kind of the same office keeps its own.
        other = RULES.papers["expert_engagement"]
        found = templates.template_for(session, blobs, CITY, "city", other)
    assert found == templates.built_in(other)
    check_template(own.docx, example_context(REQUEST.id))
    # The same file once more is not another version.
    assert upload(database, blobs, with_tag(f"{TAG}一")) == first
    second = upload(database, blobs, with_tag(f"{TAG}二"))
    assert (second.version, mark(database, blobs)) == (2, second.sha256)
    templates.back(database, OFFICE, REQUEST, by=BY)
    templates.back(database, OFFICE, REQUEST, by=BY)  # Nothing is changed.
    assert mark(database, blobs) == BUILT_IN.mark
    again = templates.again(database, blobs, OFFICE, REQUEST, 1, by=BY)
    assert (again.version, mark(database, blobs)) == (4, first.sha256)
    for gone in (3, 99):
        with pytest.raises(Faulty):
            templates.again(database, blobs, OFFICE, REQUEST, gone, by=BY)
    with database.readers.begin() as session:
        versions = store.template_versions(session, CITY, "city", REQUEST.id)
        lasts = store.last_templates(session, CITY, "city")
    assert [each.sha256 for each in versions] == [
        first.sha256, None, second.sha256, first.sha256,
    ]  # fmt: skip
    assert lasts == {REQUEST.id: again}
    assert [each[0] for each in logged(database)] == [
        "template_uploaded", "template_uploaded", "template_built_in", "template_uploaded",
    ]  # fmt: skip
    assert f'"sha256":"{first.sha256}"' in (logged(database)[0][2] or "")


def test_going_back_without_an_own_one_changes_nothing(
    quick_database: Database, blobs: LocalBlobs
) -> None:
    templates.back(quick_database, OFFICE, REQUEST, by=BY)
    assert logged(quick_database) == []


def test_a_paper_is_not_made_with_a_template_that_was_changed_on_the_disk(
    database: Database, blobs: LocalBlobs, tmp_path: Path
) -> None:
    kept = upload(database, blobs, with_tag(f"{TAG}一"))
    [path] = [each for each in (tmp_path / "files").rglob("*") if each.name == kept.sha256]
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(FileLost):
        mark(database, blobs)
    with database.readers.begin() as session:
        [fault] = verify_files(session, blobs)
    assert (fault.number, fault.item, fault.state) == (
        f"{CITY} city", f"template {REQUEST.id}", FileState.CHANGED,
    )  # fmt: skip


def test_its_bytes_are_kept_when_waiting_files_are_cleared_and_go_into_backups(
    database: Database, blobs: LocalBlobs
) -> None:
    content = with_tag(f"{TAG}一")
    person = create_person(database, login="sun", name="某某", now=NOW)
    stage(database, blobs, person, "a.docx", io.BytesIO(content), at_most=10**7, now=NOW)
    kept = upload(database, blobs, content)
    later = NOW + timedelta(days=30)
    assert clear_staged(database, blobs, before=later - timedelta(days=3), now=later) == 1
    assert mark(database, blobs) == kept.sha256
    [layout] = [
        each for each in layouts_at(newest_revision() or "") if each.name == "paper_templates"
    ]
    named = files_named_by(layout)
    assert named is not None
    with database.readers.begin() as session:
        row = session.execute(select(layout.table)).one()
    assert named(tuple(row)) == [kept.sha256]


# ---------------------------------------------------------------------------- whose


@pytest.mark.parametrize(
    ("grants", "expected"),
    [
        ((), ()),
        ((Grant("agency_head", division=CITY, tier="city"),), (Office(CITY, "city", ("agency",)),)),
        ((Grant("archivist", division=CITY, tier="city"),), (Office(CITY, "city", ("agency",)),)),
        ((Grant("carrier", division=CITY, tier="city"),), (Office(CITY, "city", ("agency",)),)),
        (
            (Grant("government_registrar", division=CITY, tier="city"),),
            (Office(CITY, "city", ("government",)),),
        ),
        (
            (
                Grant("agency_head", division=CITY, tier="city"),
                Grant("government_registrar", division=CITY, tier="city"),
                Grant("agency_head", division="530325", tier="county"),
            ),
            (Office(CITY, "city"), Office("530325", "county", ("agency",))),
        ),
        # A post that covers the counties of a city is none at their offices.
        ((Grant("agency_head", division=CITY, tier="county"),), ()),
        ((Grant("carrier", case_id="5303-2025-0001"),), ()),
        ((Grant("government_handler", division=CITY, tier="city"),), ()),
        ((Grant("system_administrator"),), ()),
        ((Grant("agency_head", division="999999", tier="city"),), ()),
    ],
)
def test_each_keeps_the_papers_of_their_own_office(
    grants: tuple[Grant, ...], expected: tuple[Office, ...]
) -> None:
    assert offices_of(Actor("x", grants), LAW.divisions) == expected
