"""The templates of an office's papers and the series of their numbers, kept by the office itself."""

import io
from collections.abc import Mapping
from typing import Any, BinaryIO, cast

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from fireinvest.documents.portable import NotPrinted, pdf_of_docx
from fireinvest.messages import Faulty, Label, Problem, Text, Words, render
from fireinvest.regulation.calendar import LAST_DAY
from fireinvest.regulation.profile import PaperKind, Ruleset
from fireinvest.services.files import tidy_name
from fireinvest.services.issuing import FIRE_RESCUE
from fireinvest.services.log import Act
from fireinvest.services.papers import series as numbers
from fireinvest.services.papers import templates as service
from fireinvest.services.papers.offices import (
    AGENCY,
    GOVERNMENT,
    Keeper,
    Office,
    house_of,
    offices_of,
)
from fireinvest.services.papers.series import Series
from fireinvest.services.papers.templates import DOCX, FIELD, TemplateFault
from fireinvest.store import papers as store
from fireinvest.store.agencies import agencies_in
from fireinvest.store.papers import StoredTemplate
from fireinvest.store.people import names_of_logins
from fireinvest.web import law, noting
from fireinvest.web.forms.people import Choice, Field, FieldKind, Written
from fireinvest.web.forms.step import placed
from fireinvest.web.present import say
from fireinvest.web.present_offices import FORMS, HOUSES, stage_lines, tag_groups
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.uploads import takes_files
from fireinvest.web.visiting import origin, sent_at, today, who

blueprint = Blueprint("paper_offices", __name__, url_prefix="/offices/papers")

_LONGEST = 60
_LONGEST_COUNT = 6
_PDF = "application/pdf"
_SERIES = "<int(min=1, max=2147483647):series_id>"
_VERSION = "<int(min=1, max=2147483647):version>"


# ---------------------------------------------------------------------------- templates


@blueprint.get("")
@signed_in
def show() -> ResponseReturnValue:
    """The kinds of papers by stage, and which template counts for each in the office."""
    office, offices = _office()
    ruleset = _ruleset(office)
    asked = request.args.get("q", "").strip()[:_LONGEST]
    only_own = "own" in request.args
    with state().database.readers.begin() as session:
        lasts = store.last_templates(session, office.division, office.tier)
        names = names_of_logins(session, {each.uploaded_by for each in lasts.values()})
    own = {name for name, each in lasts.items() if each.sha256 is not None}
    kinds = [
        each
        for each in _kinds(ruleset, office)
        if (not only_own or each.id in own) and _is_meant(each, asked)
    ]
    return render_template(
        "papers_office/list.html",
        **_common(office, offices, ruleset),
        stages=stage_lines(ruleset, kinds, lasts, names),
        count=len(kinds),
        own_count=sum(each.id in own for each in _kinds(ruleset, office)),
        asked=asked,
        only_own=only_own,
    )


@blueprint.get("/<kind>")
@signed_in
def kind(kind: str) -> ResponseReturnValue:
    """All fields of a kind with their tags, the template that counts, and its versions."""
    office, offices = _office()
    ruleset = _ruleset(office)
    return _kind_page(office, offices, ruleset, _kind(ruleset, office, kind), ())


@blueprint.get("/<kind>/template")
@signed_in
def current(kind: str) -> ResponseReturnValue:
    """The template that counts, or the built-in one, to be changed in Word."""
    office, _offices = _office()
    found = _kind(_ruleset(office), office, kind)
    if "built-in" in request.args:
        template = service.built_in(found).docx
    else:
        template = _template(office, found)
    return _docx(
        template, _("%(kind)s template", kind=render(found.label, "zh")), found, "template"
    )


@blueprint.get(f"/<kind>/template/{_VERSION}")
@signed_in
def version(kind: str, version: int) -> ResponseReturnValue:
    """An earlier version of the office's own template."""
    office, _offices = _office()
    found = _kind(_ruleset(office), office, kind)
    with state().database.readers.begin() as session:
        kept = service.find_version(session, office, found.id, version)
    if kept is None or kept.sha256 is None:
        abort(404)
    try:
        template = service.stored_template(state().blobs, kept)
    except Faulty as lost:
        return _told_problems(lost, office, found)
    name = tidy_name(kept.name).rpartition(".")[0] or kept.name
    return _docx(template, name, found, f"template v{version}")


@blueprint.get("/<kind>/sample/<form>")
@signed_in
def sample(kind: str, form: str) -> ResponseReturnValue:
    """The template that counts filled in with examples, as Word or as PDF."""
    if form not in ("docx", "pdf"):
        abort(404)
    office, _offices = _office()
    found = _kind(_ruleset(office), office, kind)
    try:
        return _sample(_template(office, found), found, form)
    except (Faulty, TemplateFault, NotPrinted) as refusal:
        return _told_problems(refusal, office, found)


def _sample(template: bytes, kind: PaperKind, form: str) -> Response:
    filled = service.sample(template, kind)
    name = _("%(kind)s sample", kind=render(kind.label, "zh"))
    if form == "docx":
        return _docx(filled, name, kind, "sample")
    answer: Response = send_file(
        io.BytesIO(pdf_of_docx(filled)),
        mimetype=_PDF,
        as_attachment=True,
        download_name=f"{name}.pdf",
        max_age=0,
    )
    return answer


@blueprint.post("/<kind>/upload")
@signed_in
@takes_files
def upload(kind: str) -> ResponseReturnValue:
    """A Word file is tried; from then on it is the office's template, or only its sample is given."""
    office, offices = _office()
    ruleset = _ruleset(office)
    found = _kind(ruleset, office, kind)
    given = request.files.get(FIELD)
    try:
        if given is None or not given.filename:
            raise Faulty([Problem(FIELD, Text("Choose a file."))])
        stream = cast(BinaryIO, given.stream)
        if request.form.get("do") == "try":
            template = service.tried(found, given.filename, stream)
            return _sample(template, found, "docx")
        before = _last(office, found)
        kept = service.upload(
            state().database, state().blobs, office, found, given.filename, stream, by=_keeper()
        )
    except Faulty as faulty:
        page = _kind_page(office, offices, ruleset, found, faulty.problems)
        return page, 400
    if before == kept:
        flash(_("Just this file counts already; nothing was changed."), "warning")
    else:
        flash(_("It was tried and works. From the next paper on, it is used."), "done")
    return _to_kind(office, found)


@blueprint.post("/<kind>/back")
@signed_in
def back(kind: str) -> ResponseReturnValue:
    """The built-in template counts again."""
    office, _offices = _office()
    found = _kind(_ruleset(office), office, kind)
    try:
        service.back(state().database, office, found, by=_keeper())
    except Faulty as faulty:
        return _told_problems(faulty, office, found)
    flash(_("The built-in template is used again. Your own versions are kept."), "done")
    return _to_kind(office, found)


@blueprint.post(f"/<kind>/again/{_VERSION}")
@signed_in
def again(kind: str, version: int) -> ResponseReturnValue:
    """An earlier version of the office's own counts again; it is tried anew."""
    office, _offices = _office()
    found = _kind(_ruleset(office), office, kind)
    try:
        service.again(state().database, state().blobs, office, found, version, by=_keeper())
    except Faulty as faulty:
        return _told_problems(faulty, office, found)
    flash(_("It was tried and works. From the next paper on, it is used."), "done")
    return _to_kind(office, found)


def _kind_page(
    office: Office,
    offices: tuple[Office, ...],
    ruleset: Ruleset,
    kind: PaperKind,
    problems: tuple[Problem, ...],
) -> str:
    with state().database.readers.begin() as session:
        versions = store.template_versions(session, office.division, office.tier, kind.id)
        names = names_of_logins(session, {each.uploaded_by for each in versions})
    return render_template(
        "papers_office/kind.html",
        **_common(office, offices, ruleset),
        kind=kind,
        form=FORMS[kind.form],
        house=HOUSES[house_of(kind)],
        versions=versions,
        last=versions[0] if versions else None,
        names=names,
        groups=tag_groups(kind.id),
        beside=placed(problems),
        field=FIELD,
    )


def _last(office: Office, kind: PaperKind) -> StoredTemplate | None:
    with state().database.readers.begin() as session:
        return store.last_template(session, office.division, office.tier, kind.id)


def _template(office: Office, kind: PaperKind) -> bytes:
    with state().database.readers.begin() as session:
        return service.template_for(session, state().blobs, office.division, office.tier, kind).docx


def _docx(content: bytes, name: str, kind: PaperKind, what: str) -> Response:
    noting.note(Act.DOWNLOAD, item=f"{what} {kind.id}")
    answer: Response = send_file(
        io.BytesIO(content),
        mimetype=DOCX,
        as_attachment=True,
        download_name=f"{name}.docx",
        max_age=0,
    )
    return answer


def _to_kind(office: Office, kind: PaperKind) -> ResponseReturnValue:
    address = url_for("paper_offices.kind", kind=kind.id, office=office.code)
    return redirect(address, 303)


def _told_problems(
    refusal: Faulty | TemplateFault | NotPrinted, office: Office, kind: PaperKind
) -> ResponseReturnValue:
    """Say on the page of the kind why there is nothing to take away."""
    if isinstance(refusal, Faulty):
        flash(" ".join(say(each.text) for each in refusal.problems), "warning")
    elif isinstance(refusal, TemplateFault):
        flash(say(service.fault_words(refusal)), "warning")
    else:
        flash(say(refusal.text), "warning")
    return _to_kind(office, kind)


# ---------------------------------------------------------------------------- series


def _series_fields(houses: tuple[str, ...], *, is_new: bool) -> tuple[Field, ...]:
    fields = [
        Field("label", Text("name of the series"), hint=Text("As colleagues call it.")),
        Field(
            "pattern",
            Text("pattern of the number"),
            hint=Text(
                "As numbers look, with {year} and {number} once each; {number:03} fills up with "
                "zeros: 001."
            ),
        ),
    ]
    if is_new:
        choices = tuple(Choice(each, HOUSES[each]) for each in houses)
        if len(houses) > 1:
            fields.append(
                Field("issued_by", Text("whose papers"), FieldKind.CHOICE, choices=choices)
            )
        fields.append(
            Field(
                "used",
                Text("last number used this year"),
                is_needed=False,
                hint=Text("Where numbers were given by hand before; blank: it begins with 1."),
            )
        )
    return tuple(fields)


@blueprint.route("/series", methods=["GET", "POST"])
@signed_in
def series() -> ResponseReturnValue:
    """The series of numbers of the office, how far each has come, and a form to add one."""
    office, offices = _office()
    ruleset = _ruleset(office)
    fields = _series_fields(office.houses, is_new=True)
    if request.method == "GET":
        pattern = "〔{year}〕{number}号"
        return _series_page(
            office, offices, ruleset, Written(fields, MultiDict({"pattern": pattern})), [], {}
        )
    written = Written(fields, request.form)
    chosen = request.form.getlist("kinds")
    try:
        label, pattern = written.line("label"), written.line("pattern")
        house = written.choice("issued_by") if len(office.houses) > 1 else office.houses[0]
        used = _count(written)
        written.check()
        assert house is not None  # noqa: S101 - checked just now
        numbers.add(
            state().database,
            office,
            issued_by=house,
            label=label,
            pattern=pattern,
            kinds=chosen,
            known=[each.id for each in _numbered(ruleset, (house,))],
            used=used,
            by=_keeper(),
        )
    except Faulty as faulty:
        beside = placed(faulty.problems)
        return _series_page(office, offices, ruleset, written, chosen, beside), 400
    flash(_("The series is added."), "done")
    return redirect(url_for("paper_offices.series", office=office.code), 303)


@blueprint.route(f"/series/{_SERIES}", methods=["GET", "POST"])
@signed_in
def one_series(series_id: int) -> ResponseReturnValue:
    """A series is renamed, or numbers other kinds; before it has begun, its pattern is changed."""
    office, offices = _office()
    ruleset = _ruleset(office)
    found = _series(office, series_id)
    fields = _series_fields(office.houses, is_new=False)
    if request.method == "GET":
        held = MultiDict({"label": found.label, "pattern": found.pattern})
        written = Written(fields, held)
        return _one_page(office, offices, ruleset, found, written, list(found.kinds), {})
    written = Written(fields, request.form)
    chosen = request.form.getlist("kinds")
    try:
        label, pattern = written.line("label"), written.line("pattern")
        written.check()
        numbers.change(
            state().database,
            office,
            series_id,
            label=label,
            pattern=pattern,
            kinds=chosen,
            known=[each.id for each in _numbered(ruleset, (found.issued_by,))],
            by=_keeper(),
        )
    except Faulty as faulty:
        beside = placed(faulty.problems)
        return _one_page(office, offices, ruleset, found, written, chosen, beside), 400
    flash(_("It is saved."), "done")
    return redirect(url_for("paper_offices.series", office=office.code), 303)


@blueprint.post(f"/series/{_SERIES}/switch")
@signed_in
def switch(series_id: int) -> ResponseReturnValue:
    """A series goes out of use, or into use again."""
    office, _offices = _office()
    _series(office, series_id)
    is_active = request.form.get("to") == "on"
    try:
        numbers.switch(state().database, office, series_id, is_active=is_active, by=_keeper())
    except Faulty as faulty:
        flash(" ".join(say(each.text) for each in faulty.problems), "warning")
    else:
        told = (
            _("The series is in use again; it goes on after its last number.")
            if is_active
            else _("The series is switched off. Numbers that it gave stay.")
        )
        flash(told, "done")
    return redirect(url_for("paper_offices.series", office=office.code), 303)


def _count(written: Written) -> int:
    typed = written.line("used")
    if not typed:
        return 0
    if not (typed.isascii() and typed.isdecimal() and len(typed) <= _LONGEST_COUNT):
        written.problems.append(Problem("used", Text("A whole number is needed.")))
        return 0
    return int(typed)


def _series_page(
    office: Office,
    offices: tuple[Office, ...],
    ruleset: Ruleset,
    written: Written,
    chosen: list[str],
    beside: Mapping[str, list[Words]],
) -> str:
    with state().database.readers.begin() as session:
        found = numbers.series_lines(session, office.division, office.tier)
    lines = [each for each in found if each.series.issued_by in office.houses]
    year = today().year
    return render_template(
        "papers_office/series.html",
        **_common(office, offices, ruleset),
        lines=lines,
        next_of={
            each.series.id: numbers.looks_like(
                each.series.pattern, year, each.counts.get(year, 0) + 1
            )
            for each in lines
        },
        written=written,
        chosen=chosen,
        beside=beside,
        elsewhere=_elsewhere(written, beside),
        kinds=_numbered(ruleset, office.houses),
        houses=HOUSES,
        year=year,
    )


def _one_page(
    office: Office,
    offices: tuple[Office, ...],
    ruleset: Ruleset,
    found: Series,
    written: Written,
    chosen: list[str],
    beside: Mapping[str, list[Words]],
) -> str:
    return render_template(
        "papers_office/one_series.html",
        **_common(office, offices, ruleset),
        series=found,
        written=written,
        chosen=chosen,
        beside=beside,
        elsewhere=_elsewhere(written, beside),
        kinds=_numbered(ruleset, (found.issued_by,)),
    )


def _elsewhere(written: Written, beside: Mapping[str, list[Words]]) -> list[Words]:
    names = {*(each.name for each in written.fields), "kinds"}
    return [text for name, texts in beside.items() if name not in names for text in texts]


def _series(office: Office, series_id: int) -> Series:
    with state().database.readers.begin() as session:
        found = numbers.find(session, office, series_id)
    if found is None:
        abort(404)
    return found


# ---------------------------------------------------------------------------- shared


def _office() -> tuple[Office, tuple[Office, ...]]:
    """Return the office that the address names, or the first of those that whoever is here keeps."""
    offices = offices_of(who().actor, law.law().divisions)
    if not offices:
        abort(403)
    asked = request.args.get("office")
    if asked is None:
        return offices[0], offices
    found = next((each for each in offices if each.code == asked), None)
    if found is None:
        abort(403)
    return found, offices


def _ruleset(office: Office) -> Ruleset:
    return law.law().in_force(office.division, min(today(), LAST_DAY))


def _kinds(ruleset: Ruleset, office: Office) -> list[PaperKind]:
    """The kinds that are made here and that whoever is here keeps."""
    return [
        each
        for each in ruleset.papers.values()
        if house_of(each) in office.houses and service.has_built_in(each)
    ]


def _kind(ruleset: Ruleset, office: Office, kind: str) -> PaperKind:
    found = next((each for each in _kinds(ruleset, office) if each.id == kind), None)
    if found is None:
        abort(404)
    return found


def _numbered(ruleset: Ruleset, houses: tuple[str, ...]) -> list[PaperKind]:
    return [
        each for each in ruleset.papers.values() if each.is_numbered and house_of(each) in houses
    ]


def _is_meant(kind: PaperKind, asked: str) -> bool:
    """Does a kind bear what was asked for in one of its names?"""
    wanted = asked.casefold()
    return wanted in kind.label.zh.casefold() or wanted in kind.label.en.casefold()


def _keeper() -> Keeper:
    visitor = who()
    return Keeper(
        visitor.person.login, sent_at(), today(), origin(), acting_for=visitor.acting_login
    )


def _common(office: Office, offices: tuple[Office, ...], ruleset: Ruleset) -> dict[str, Any]:
    codes = {each.division for each in offices}
    with state().database.readers.begin() as session:
        agencies = agencies_in(session, codes, today())
    named: dict[tuple[str, str], Label] = {}
    for each in agencies:
        if each.body == FIRE_RESCUE and each.valid_from <= today():
            label = Label(each.label_zh, each.label_en)
            named.setdefault((each.division, each.tier), label)
    called = {each: _called(each, named, ruleset) for each in offices}
    return {
        "office": office,
        "offices": list(called.items()),
        "office_name": called[office],
        "ruleset": ruleset,
    }


def _called(office: Office, agencies: Mapping[tuple[str, str], Label], ruleset: Ruleset) -> Words:
    """How an office is called: as its agency, as its government, or by its place where it is both."""
    place = law.law().divisions[office.division]
    if office.houses == (GOVERNMENT,):
        if not place.is_government:
            return Text("Administrative Committee of %(place)s", place=place.label)
        return Text("People's Government of %(place)s", place=place.label)
    if office.houses == (AGENCY,):
        body = ruleset.bodies[FIRE_RESCUE].label
        known = agencies.get((office.division, office.tier))
        return known or Text("%(body)s of %(place)s", body=body, place=place.label)
    return place.label
