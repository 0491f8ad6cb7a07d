"""An office's templates and numbers over HTTP: who keeps them, what is refused, what is shown."""

import io
import zipfile
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from fireinvest.services.papers import series as numbers
from fireinvest.services.papers.offices import Keeper, Office, house_of
from fireinvest.services.people import Post
from fireinvest.store import papers as store
from fireinvest.store.access import AccessRow
from tests.queries import counted
from tests.services.office import CITY, FUYUAN, LAW, NOW, TODAY
from tests.web.office import database_of, person_with, sign_in, text_of, token
from tests.web.test_papers import Office as County
from tests.web.test_papers import word_text

LIST, SERIES = "/offices/papers", "/offices/papers/series"
PATTERN = "曲消火调〔{year}〕{number}号"
HEAD = Post("agency_head", division=CITY, tier="city")


@pytest.fixture
def head(quick_app: Flask) -> FlaskClient:
    """The head of the city's agency, who reads English."""
    return keeper(quick_app, "head", HEAD)


def keeper(app: Flask, login: str, *posts: Post) -> FlaskClient:
    person_with(database_of(app), login, *posts)
    client = sign_in(app, login)
    client.get("/desk?lang=en")
    return client


def changed(docx: bytes, old: str, new: str) -> bytes:
    """A Word file with something else in its body."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(docx)) as package,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as changed,
    ):
        for name in package.namelist():
            part = package.read(name)
            if name == "word/document.xml":
                assert old.encode() in part
                part = part.replace(old.encode(), new.encode())
            changed.writestr(name, part)
    return made.getvalue()


def send(
    client: FlaskClient, content: bytes, kind: str = "team_request", do: str = "use",
    name: str = "本单位模板.docx",
) -> tuple[int, bytes]:  # fmt: skip
    form = token(client.get(f"{LIST}/{kind}").text)
    data = {"csrf_token": form, "do": do, "template": (io.BytesIO(content), name)}
    answer = client.post(f"{LIST}/{kind}/upload", data=data)
    return answer.status_code, answer.data


def post(client: FlaskClient, address: str, **data: object) -> tuple[int, str]:
    form = token(client.get(SERIES).text)
    answer = client.post(address, data={"csrf_token": form, **data})
    return answer.status_code, answer.text


def test_an_own_template_is_tried_used_and_given_up_again(app: Flask) -> None:
    head = keeper(app, "head", HEAD)
    built_in = head.get(f"{LIST}/team_request/template").data
    status, refused = send(head, changed(built_in, "{{ opening }}", "{{ openning }}"))
    assert status == 400
    text = text_of(refused.decode())
    assert "Paragraph" in text
    assert "There is no field “openning”: {{ openning }}" in text
    assert "Nothing was changed" in text
    assert send(head, b"")[0] == 400
    with database_of(app).readers.begin() as session:
        assert store.last_templates(session, CITY, "city") == {}

    own = changed(built_in, "{{ opening }}", "本单位：{{ opening }}")
    status, sample = send(head, own, do="try")
    assert (status, "本单位：" in word_text(sample)) == (200, True)
    assert head.get(f"{LIST}/team_request/template").data == built_in  # Only tried.
    assert send(head, own)[0] == 303
    page = text_of(head.get(f"{LIST}/team_request").text)
    assert "own, version 1" in page
    assert "本单位模板.docx" in page
    assert head.get(f"{LIST}/team_request/template").data == own
    assert head.get(f"{LIST}/team_request/template?built-in=1").data == built_in
    assert head.get(f"{LIST}/team_request/template/1").data == own
    assert head.get(f"{LIST}/team_request/template/2").status_code == 404
    assert "本单位：" in word_text(head.get(f"{LIST}/team_request/sample/docx").data)
    assert head.get(f"{LIST}/team_request/sample/odt").status_code == 404

    assert post(head, f"{LIST}/team_request/back")[0] == 303
    assert head.get(f"{LIST}/team_request/template").data == built_in
    assert post(head, f"{LIST}/team_request/again/1")[0] == 303
    assert head.get(f"{LIST}/team_request/template").data == own
    with database_of(app).readers.begin() as session:
        query = (
            select(AccessRow.what).where(AccessRow.what.like("template%")).order_by(AccessRow.id)
        )
        assert list(session.scalars(query)) == [
            "template_uploaded", "template_built_in", "template_uploaded",
        ]  # fmt: skip


def test_the_next_paper_of_the_office_is_drawn_up_with_it(quick_app: Flask) -> None:
    county = County(quick_app)
    carrier = county.client("carrier")
    built_in = carrier.get(f"{LIST}/team_request/template").data
    county.draw()
    assert send(carrier, changed(built_in, "{{ opening }}", "富源：{{ opening }}"))[0] == 303
    county.draw()
    assert ["富源：" in county.words(item) for item in (1, 2)] == [False, True]
    # Another office neither has it nor sees it.
    far = county.client("far")
    assert far.get(f"{LIST}/team_request/template").data == built_in
    assert far.get(f"{LIST}/team_request/template/1").status_code == 404
    assert far.get(f"{LIST}/team_request?office={FUYUAN}-county").status_code == 403
    assert "own, version" not in far.get(LIST).text


def test_a_template_that_fits_no_more_is_told_and_no_paper_is_drawn_up(quick_app: Flask) -> None:
    county = County(quick_app)
    built_in = county.client("carrier").get(f"{LIST}/team_request/template").data
    content = changed(built_in, "{{ opening }}", "{{ of_an_older_version }}")
    blob = quick_app.extensions["fireinvest"].blobs.put(io.BytesIO(content), at_most=10**7)
    with county.database.sessions.begin() as session:
        version = store.StoredTemplate(
            FUYUAN, "county", "team_request", 1, blob.sha256, blob.size, "旧.docx", NOW, "head"
        )
        store.add_template(session, version)
    assert county.draw().endswith("/papers/kinds/team_request")
    page = county.page("carrier", "/papers/kinds/team_request")
    assert "The template of your office fails: Paragraph" in text_of(page)
    assert "of_an_older_version" in page
    sample = county.client("carrier").get(f"{LIST}/team_request/sample/docx")
    assert sample.status_code == 303
    assert "of_an_older_version" in county.client("carrier").get(sample.location).text


def test_void_numbers_are_listed_and_the_next_one_goes_on(quick_app: Flask) -> None:
    county = County(quick_app)
    carrier = county.client("carrier")
    added = {"label": "火灾调查", "pattern": "富消火调〔{year}〕{number:03}号"}
    assert post(carrier, SERIES, **added)[0] == 303
    for item in (1, 2):
        county.draw()
        county.change("number", series="1", document_no="", item=item)
    # A number of a series stays with its paper: else it would be on none.
    assert "numbers are not given twice" in county.told("number", 1)
    county.change("void", item=1, reason="写错")
    number = county.paper(1).document_no
    assert number is not None
    assert number.endswith("〕001号")
    page = text_of(carrier.get(SERIES).text)
    assert "1 void" in page
    assert number in page
    assert f"{number[:-4]}003号" in page  # Next.
    assert f"{number[:-4]}002号" not in page


def test_every_field_is_listed_with_its_tag_and_example(head: FlaskClient) -> None:
    page = unescape(head.get(f"{LIST}/scene_survey").text)
    for tag in (
        "{{ title }}", "{{ case.unit }}", "{{ issuer.name }}", "{{ paper.number }}", "{{ blank }}",
        "{%p for line in surroundings %}\n{{ line }}\n{%p endfor %}",
        "{%tr for row in plans %}\n{{ row.title }} | {{ row.drawn_by }}",
        "{{ row.scale }}\n{%tr endfor %}",
        "{%tr for roww in row.pins %}", "{{ roww.label }}",
        "{%p if plan_1 %}\n{{ plan_1 }}\n{%p endif %}",
    ):  # fmt: skip
        assert tag in page, tag
    text = text_of(page)
    assert "起火单位（场所） unit or place that burned {{ case.unit }} 某某商贸有限公司" in text
    assert "建筑坐北朝南。" in text


def test_the_list_has_the_kinds_of_the_house_and_can_be_narrowed(head: FlaskClient) -> None:
    rules = LAW.in_force(CITY, TODAY)
    for kind in rules.papers.values():
        status = head.get(f"{LIST}/{kind.id}").status_code
        assert status == (200 if house_of(kind) == "agency" else 404), kind.id
    assert head.get(f"{LIST}/nothing").status_code == 404
    whole = text_of(head.get(LIST).text)
    assert "Request for a team" in whole
    assert "Notice of a closed scene" in head.get(f"{LIST}?q=CLOSED+sc").text
    assert "Request for a team" not in head.get(f"{LIST}?q=封闭").text
    assert "No kind of paper is called so." in head.get(f"{LIST}?q=xyz").text
    assert "No kind of paper is called so." in head.get(f"{LIST}?own=1").text


@pytest.mark.parametrize(
    ("posts", "allowed"),
    [
        ((Post("archivist", division=CITY, tier="city"),), ("team_request",)),
        ((Post("carrier", division=CITY, tier="city"),), ("team_request",)),
        ((Post("government_registrar", division=CITY, tier="city"),), ("team_order",)),
        ((HEAD, Post("government_registrar", division=CITY, tier="city")),
         ("team_order", "team_request")),
        ((Post("government_handler", division=CITY, tier="city"),), ()),
        ((Post("system_administrator"),), ()),
        ((), ()),
    ],
)  # fmt: skip
def test_an_office_keeps_its_own_papers(
    quick_app: Flask, posts: tuple[Post, ...], allowed: tuple[str, ...]
) -> None:
    client = keeper(quick_app, "x", *posts)
    assert client.get(LIST).status_code == (200 if allowed else 403)
    assert client.get(SERIES).status_code == (200 if allowed else 403)
    assert ("Templates and numbers" in client.get("/desk").text) is bool(allowed)
    refused = 404 if allowed else 403
    for kind in ("team_order", "team_request"):
        expected = 200 if kind in allowed else refused
        assert client.get(f"{LIST}/{kind}").status_code == expected


def test_a_series_is_added_changed_and_switched_off(head: FlaskClient) -> None:
    status, page = post(
        head, SERIES, label="", pattern="曲{year}{number", used="x", kinds="nothing"
    )
    assert status == 400
    text = text_of(page)
    assert 'value="曲{year}{number"' in page  # What was typed stays.
    assert "A whole number is needed." in text
    status, page = post(head, SERIES, label="发文", pattern="曲{year}{number", kinds="nothing")
    assert status == 400
    assert "In braces stand only {year} and {number}" in text_of(page)
    assert "Choose one of the list." in text_of(page)
    assert post(head, SERIES, label="发文", pattern=PATTERN, used="36")[0] == 303
    text = text_of(head.get(SERIES).text)
    assert f"〔{NOW.year + 1}〕37号" in text or "37号" in text
    one = f"{SERIES}/1"
    assert 'value="发文"' in head.get(one).text
    assert post(head, one, label="发文", pattern="x{year}-{number}")[0] == 400
    assert post(head, one, label="调查发文", pattern=PATTERN, kinds="team_request")[0] == 303
    text = text_of(head.get(SERIES).text)
    assert "调查发文" in text
    assert "1 kind only" in text
    assert post(head, f"{one}/switch", to="off")[0] == 303
    assert "switched off" in head.get(SERIES).text
    assert post(head, f"{one}/switch", to="on")[0] == 303
    assert "switched off" not in head.get(SERIES).text
    for address in (f"{SERIES}/2", f"{SERIES}/2/switch"):
        assert post(head, address, label="x", pattern=PATTERN)[0] == 404


def test_nobody_reaches_the_series_of_another_office(quick_app: Flask, head: FlaskClient) -> None:
    assert post(head, SERIES, label="发文", pattern=PATTERN)[0] == 303
    far = keeper(quick_app, "far", Post("agency_head", division=FUYUAN, tier="county"))
    assert far.get(f"{SERIES}/1").status_code == 404
    assert post(far, f"{SERIES}/1/switch", to="off")[0] == 404
    assert far.get(f"{SERIES}?office={CITY}-city").status_code == 403
    assert "发文" not in text_of(far.get(SERIES).text).split("Add a series", 1)[0].split("Next")[-1]


def test_without_libreoffice_it_says_so_in_plain_words(
    head: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    answer = head.get(f"{LIST}/team_request/sample/pdf")
    assert answer.status_code == 303
    assert "LibreOffice is missing on the server" in head.get(answer.location).text


def test_the_lists_take_the_same_statements_however_long_they_are(
    quick_app: Flask, head: FlaskClient
) -> None:
    database = database_of(quick_app)

    def add(count: int) -> None:
        by = Keeper("head", NOW, TODAY)
        office = Office(CITY, "city")
        for number in range(count):
            numbers.add(
                database, office, issued_by="agency", label=f"{count}", kinds=(), known=(),
                pattern=f"{count}-{number}-{{year}}-{{number}}", used=number + 1, by=by,
            )  # fmt: skip
        with database.sessions.begin() as session:
            for number in range(count):
                version = store.StoredTemplate(
                    CITY, "city", "team_request", count * 10 + number, None, 0, "", NOW, "head"
                )
                store.add_template(session, version)

    def statements(address: str) -> int:
        with counted(database) as sent:
            assert head.get(address).status_code == 200
        return len(sent)

    pages = (LIST, SERIES, f"{LIST}/team_request")
    add(1)
    few = [statements(each) for each in pages]
    add(8)
    assert [statements(each) for each in pages] == few
