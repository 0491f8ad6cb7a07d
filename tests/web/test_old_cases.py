"""Old cases over HTTP and from the command line: looked at first, then brought in; long forms too."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import func, select

from fireinvest.messages import render
from fireinvest.services.jobs import Runner
from fireinvest.services.long_work import HANDLERS
from fireinvest.services.old_ledger import job
from fireinvest.services.old_ledger.columns import COLUMNS
from fireinvest.services.people import Post
from fireinvest.store import Database
from fireinvest.store.access import AccessRow
from fireinvest.store.cases import CaseRow
from tests.services.office import FUYUAN
from tests.services.old_form import BEGUN, WHOLE, Cells, form_of
from tests.test_cli import run
from tests.web.office import database_of, hidden, person_with, sign_in, text_of, token

ADDRESS = "/import/cases"
OFFICER = Post("carrier", division=FUYUAN, tier="county")
WRONG: Cells = WHOLE | {"old_number": "2023-002", "replied_on": "2023-07-01"}


def officer(app: Flask) -> FlaskClient:
    person_with(database_of(app), "wang", OFFICER)
    client = sign_in(app, "wang")
    client.get("/desk?lang=en")
    return client


def send(client: FlaskClient, content: bytes | None, do: str = "look", **fields: str) -> Any:
    page = client.get(ADDRESS).text
    data: dict[str, object] = {
        "csrf_token": token(page), "key": hidden(page, "key"), "do": do, **fields,
    }  # fmt: skip
    if content is not None:
        data["files"] = (BytesIO(content), "旧台账.xlsx")
    return client.post(ADDRESS, data=data)


def cases(database: Database) -> int:
    with database.readers.begin() as session:
        return session.scalar(select(func.count()).select_from(CaseRow)) or 0


def test_a_form_is_looked_at_and_then_brought_in(app: Flask) -> None:
    client, database = officer(app), database_of(app)
    looked = send(client, form_of(WHOLE, WRONG, BEGUN))
    page = text_of(looked.text)
    assert looked.status_code == 400
    assert "Y3" in page or "Z3" in page
    assert "“2023-07-01”" in page
    assert "Report 2025-05-13" in page or "Submit the report" in page
    assert cases(database) == 0
    done = send(client, None, "apply", staged=hidden(looked.text, "staged"))
    assert done.status_code == 200
    assert cases(database) == 2
    again = text_of(send(client, form_of(WHOLE, BEGUN), "apply").text)
    assert "There already: 2." in again
    assert cases(database) == 2
    with database.readers.begin() as session:
        query = select(AccessRow.new_values).where(AccessRow.what == "old_cases_brought_in")
        told = list(session.scalars(query))
    assert len(told) == 2
    assert '"brought":2' in str(told[0]).replace(" ", "")


def test_the_empty_form_says_how_it_is_filled_in(quick_app: Flask) -> None:
    client = officer(quick_app)
    client.get("/desk?lang=zh")
    with client.get(f"{ADDRESS}/form") as answer:
        book: Any = load_workbook(BytesIO(answer.data))
    sheet = book.worksheets[0]
    heads = [render(each.label, "zh") for each in COLUMNS.values()]
    assert [cell.value for cell in sheet[3]] == heads
    assert len(book.sheetnames) == 3
    kinds = {each.type for each in sheet.data_validations.dataValidation}
    assert {"list", "date", "decimal"} <= kinds
    # Filled in, it is read: what was typed into the very form.
    for at, name in enumerate(COLUMNS, start=1):
        sheet.cell(4, at).value = BEGUN.get(name)
    filled = BytesIO()
    book.save(filled)
    assert send(client, filled.getvalue()).status_code == 200


def test_what_is_no_form_is_told_beside_the_field(quick_app: Flask) -> None:
    client = officer(quick_app)
    for content in (None, b"no excel", form_of()):
        answer = send(client, content)
        assert answer.status_code == 400
        assert 'aria-invalid="true"' in answer.text
    person_with(database_of(quick_app), "sun")
    for path in (ADDRESS, f"{ADDRESS}/form"):
        assert sign_in(quick_app, "sun").get(path).status_code == 403


def test_a_long_form_is_a_job(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fireinvest.web.views.old_cases.IN_REQUEST", 1)
    client, database = officer(app), database_of(app)
    found = app.extensions["fireinvest"]
    runner = Runner(database, found.blobs, found.settings, HANDLERS)
    asked = send(client, form_of(WHOLE, WRONG, BEGUN))
    assert asked.status_code == 303
    assert runner.drain() == 1
    page = client.get(asked.location)
    assert "Would be brought in: 2." in text_of(page.text)
    assert cases(database) == 0
    with client.get(f"{asked.location}/files/0") as answer:
        report = load_workbook(BytesIO(answer.data)).active
    assert report is not None
    assert "“2023-07-01”" in str(report.cell(5, 7).value)
    staged = page.text.partition("staged=")[2].partition('"')[0]
    asked = send(client, None, "apply", staged=staged)
    assert runner.drain() == 1
    assert "Brought in: 2." in text_of(client.get(asked.location).text)
    assert cases(database) == 2
    assert job.OLD_CASES in HANDLERS


def test_the_command_looks_and_brings_in(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    environ = {"DATABASE_URL": database_url, "SECRET_KEY": "only for tests"}
    person_with(database, "wang", OFFICER)
    path = tmp_path / "旧台账.xlsx"
    path.write_bytes(form_of(WHOLE, WRONG))
    looked = run("import-cases", str(path), "--lang", "en", **environ)
    assert looked.exit_code == 1, looked.output
    assert "Would be brought in: 1." in looked.stdout
    assert "“2023-07-01”" in looked.stdout
    assert cases(database) == 0
    for words in (("--apply",), ("--apply", "--by", "nobody")):
        refused = run("import-cases", str(path), *words, **environ)
        assert refused.exit_code == 2, words
    done = run("import-cases", str(path), "--apply", "--by", "wang", "--lang", "en", **environ)
    assert "Brought in: 1." in done.stdout
    assert cases(database) == 1
