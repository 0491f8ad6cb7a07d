"""Somebody of ill will at every address and form: what is sent, and what must hold after it."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import count
from random import Random
from typing import Any
from urllib.parse import quote_from_bytes, urlsplit
from zipfile import ZipFile

from flask import Flask, got_request_exception
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from fireinvest.clock import utcnow
from fireinvest.services.passwords import hash_password
from fireinvest.services.people import Post
from fireinvest.store.attempts import AttemptRow
from fireinvest.store.factors import AuthenticatorRow
from fireinvest.store.people import GrantRow, Person
from fireinvest.store.sign_ins import SignInRow
from fireinvest.web.rights import ASSETS
from fireinvest.workflow.permissions import SYSTEM
from tests.fuzz import corpus
from tests.fuzz.corpus import nasty
from tests.fuzz.pages import Field, Form, Page
from tests.fuzz.watching import Change, Logged, Watch
from tests.services.office import CITY, FUYUAN, facts, opened, submitted
from tests.web.everybody import NOBODY, Town
from tests.web.office import PASSWORD, person_with, sign_in, token

#: Who walks: nobody, people of the case, the government, and the three administrators.
CAST = (
    NOBODY, "carrier", "leader", "member", "handler", "head", "o.carrier", "accounts", "security",
    "audit",
)  # fmt: skip
#: Whose accounts are worked on; nobody of the cast is among them.
SPARE = tuple(f"spare{each}" for each in range(1, 7))
ANOTHER_PASSWORD = "another horse battery"
ADDRESS = "127.0.0.1"

#: What may be written without a line in the log: what somebody hasn't sent yet, counts, and signs
#: of life.
UNLOGGED = {
    "attempts", "drafts", "leases", "one_time_codes", "sign_ins.challenge", "sign_ins.seen_at",
    "staged_files",
}  # fmt: skip
#: What a refused request may write: that it was refused, and what was brought to be sent again.
REFUSED = {*UNLOGGED, "access_log"}
#: What a proof of who it is writes.
PROVED = {*REFUSED, "sign_ins", "authenticators"}

#: Written out by hand: what no page may tell.
INNER = re.compile(
    r"Traceback|sqlalchemy|psycopg|sqlite3|site-packages|File &#34;|File \"|werkzeug|jinja2|"
    r"<class |object at 0x|/fireinvest/(?:web|services|store)/|IntegrityError|DataError|\[SQL"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

#: Forms behind which more lies than behind others, and how much more often they are sent.
DEPTHS = {
    "step.step": 24, "step.code_action": 12, "step.correct": 8, "step.void": 6, "intake.show": 4,
    "people.give_post": 3, "people.name_deputy": 3, "organisation.merge": 2, "accounts.new": 2,
    "leaving.show": 2, "accounts.confirm_import": 2,
}  # fmt: skip

Pairs = list[tuple[str, str]]
Files = list[tuple[str, str, bytes]]


@dataclass
class Sent:
    """A request as it is sent."""

    login: str
    method: str
    address: str
    body: bytes = b""
    content_type: str | None = None
    headers: Pairs = field(default_factory=list)

    def __str__(self) -> str:
        """Enough of it to send it again."""
        return (
            f"{self.login}: {self.method} {self.address[:300]!r} {self.headers!r:.300} "
            f"{self.content_type!r:.80} {self.body!r:.700}"
        )


class Fuzz:
    """One run of requests that are drawn from a seed; ``faults`` is what didn't hold."""

    def __init__(self, app: Flask, seed: int) -> None:
        self.chance = Random(seed)
        self.app = app
        # A fault is answered as in production, and told here.
        app.config["PROPAGATE_EXCEPTIONS"] = False
        self.town = Town(app)
        self.database = self.town.database
        for each in SPARE:
            person_with(self.database, each, Post("carrier", division=FUYUAN, tier="county"))
        self.numbers = [self.town.ref.number, *self._more_cases()]
        self.rules: dict[str, list[Rule]] = defaultdict(list)
        for rule in app.url_map.iter_rules():
            # Parts of files come by PATCH, which no form sends: they have tests of their own.
            if not (rule.methods or set()) & {"GET", "POST"}:
                continue
            self.rules[rule.endpoint].append(rule)
        self.faults: dict[tuple[str, str], str] = {}
        #: How often each endpoint was asked.
        self.asked: dict[str, int] = defaultdict(int)
        #: How often each endpoint changed something.
        self.changed: dict[str, int] = defaultdict(int)
        self.addresses: dict[str, list[str]] = defaultdict(list)
        self.forms: dict[str, list[tuple[str, Form]]] = defaultdict(list)
        self.reached: dict[str, set[str]] = defaultdict(set)
        self.tokens: dict[str, str] = {}
        self.stale: set[str] = set()
        self.sent = 0
        self._names = count(1)
        self._raised: list[BaseException] = []
        self._read: tuple[TestResponse, Page] | None = None
        with self.database.readers.begin() as session:
            self._posts = list(session.scalars(select(GrantRow.id)))
        self._password = hash_password(PASSWORD)
        self.watch = Watch(self.database)
        got_request_exception.connect(self._raise, app)

    def close(self) -> None:
        """Stop looking."""
        got_request_exception.disconnect(self._raise, self.app)
        self.watch.close()

    def _raise(self, _app: Flask, exception: BaseException, **_more: object) -> None:
        self._raised.append(exception)

    def _more_cases(self) -> Iterator[str]:
        yield opened(self.database, known=facts(FUYUAN, deaths=0)).number
        ref = opened(self.database, known=facts(FUYUAN, deaths=1))
        submitted(self.database, ref)
        yield ref.number

    # ------------------------------------------------------------------------ the run

    def everywhere(self, people: int = len(CAST)) -> None:
        """Once at every route as so many of the cast, by GET and by POST, well-meant and not."""
        routes = [
            (method, rule)
            for rule in sorted(self.app.url_map.iter_rules(), key=lambda each: each.rule)
            for method in sorted((rule.methods or set()) & {"GET", "POST"})
        ]
        for login in CAST:
            for address in (
                "/desk",
                "/me",
                "/people",
                "/people/agencies",
                "/log",
                "/board",
                "/cases",
            ):
                self.send(Sent(login, "GET", address))
        for method, rule in routes:
            for login in self.chance.sample(CAST, people):
                if method == "GET":
                    self.send(self._get(login, rule))
                elif self.chance.random() < 0.7:
                    self._use_form(login, rule, self.chance.choice((0, 0, 1, 2)))
                else:
                    self.send(self._wild(login, rule))
        for method, rule in routes:
            if rule.endpoint not in self.asked:
                self.send(Sent("carrier", method, self._address(rule, odd=0)))

    def on_and_on(self, steps: int) -> None:
        """So many more: mostly forms that are nearly right, at which somebody gets through."""
        rules = sorted(self.app.url_map.iter_rules(), key=lambda each: each.rule)
        posts = [each for each in rules if "POST" in (each.methods or ())]
        weights = [DEPTHS.get(each.endpoint, 1) for each in posts]
        for step in range(steps):
            if step % 60 == 0:
                self._mend()
            (rule,) = self.chance.choices(posts, weights)
            known = sorted(self.reached[rule.endpoint])
            login = self.chance.choice(known if known and self.chance.random() < 0.9 else CAST)
            drawn = self.chance.random()
            if drawn < 0.75:
                self._use_form(login, rule, self.chance.choice((0, 1, 1, 1, 2)))
            elif drawn < 0.82:
                self.send(self._wild(login, rule))
            elif drawn < 0.88:
                self.send(self._no_form(login, rule))
            elif drawn < 0.92:
                self.send(self._other_method(login, self.chance.choice(rules)))
            else:
                self.send(self._get(login, self.chance.choice(rules)))

    # ------------------------------------------------------------------------ what is sent

    def _get(self, login: str, rule: Rule) -> Sent:
        address = self._address(rule)
        if self.chance.random() < 0.5:
            address += "?" + self._query()
        return Sent(login, "GET", address, headers=self._headers())

    def _query(self) -> str:
        if self.chance.random() < 0.1:
            return self.chance.choice(
                ("%", "%ff=%ff", "a[]=1&a[]=2", "&&==", "%00=%00", "q=" + "x" * 9000)
            )
        names = self.chance.choices(corpus.QUERIES, k=self.chance.choice((1, 2, 3)))
        return "&".join(f"{each}={_quoted(nasty(self.chance, self._kind(each)))}" for each in names)

    def _kind(self, name: str) -> str:
        if name in ("since", "until", "on") or name.endswith(("_from", "_until", "_on")):
            return "date"
        return "number" if name in ("size", "page", "year", "seq", "deaths") else "text"

    def _headers(self) -> Pairs:
        if self.chance.random() < 0.75:
            return []
        return [self.chance.choice(corpus.HEADERS)]

    def _address(self, rule: Rule, *, odd: float = 0.2) -> str:
        """An address of this rule: one that was seen on a page, a usual one, or an odd one."""
        seen = self.addresses[rule.endpoint]
        if seen and self.chance.random() < 0.6:
            return self.chance.choice(seen)
        address = rule.rule
        is_odd = self.chance.random() < odd
        for name in sorted(rule.arguments):
            part = self.chance.choice(corpus.PARTS) if is_odd else self._usual(name)
            held = re.compile(rf"<(?:[^<>]*:)?{name}>")
            while found := held.search(address):
                address = address[: found.start()] + part + address[found.end() :]
        return address

    def _usual(self, name: str) -> str:
        match name:
            case "number":
                return self.chance.choice(self.numbers)
            case "login":
                return self.chance.choice((*SPARE, "left", "member", "carrier"))
            case "person_id":
                return str(self.chance.randint(1, 27))
            case "seq":
                return str(self.chance.randint(1, 12))
            case "place":
                return str(self.chance.randint(0, 2))
            case "step":
                return self.chance.choice(
                    ("update_figures", "establish_team", "submit_report", "receive_report", "reply")
                )
            case "name":
                return self.chance.choice(("merge", "hand_over", "raise_level", "decide_recusal"))
            case "clock":
                return "report"
            case "instance":
                return "1"
            case "year":
                return str(self.chance.randint(2020, 2030))
            case "filename":
                return "app.css"
            case _:
                return str(self.chance.randint(1, 6))

    def _use_form(self, login: str, rule: Rule, mutations: int) -> None:
        """Open a page, fill one of its forms in as it is meant, change so much, and send it."""
        found = self._form_of(login, rule)
        if found is None:
            self.send(self._wild(login, rule))
            return
        address, form = found
        pairs, files = self._filled(form)
        for _ in range(mutations):
            self._mutate(form, pairs, files)
        if self.chance.random() < 0.95:
            pairs = [(name, value) for name, value in pairs if name != "csrf_token"]
            pairs.append(("csrf_token", self._token(login)))
        headers = self._headers() if mutations else []
        sent = _posted(login, address, pairs, files, headers, in_parts=form.has_files)
        self._prove(sent, self.send(sent))

    def _prove(self, sent: Sent, answer: TestResponse | None) -> None:
        """Say once more who it is, where what was sent asks for that first."""
        if answer is None or answer.status_code != 401 or not _is_page(answer):
            return
        for form in self._page(answer).forms:
            if any(each.name == "proof_password" for each in form.fields):
                pairs, _files = self._filled(form)
                self.send(_posted(sent.login, form.action, pairs, [], [], in_parts=False))
                return

    def _form_of(self, login: str, rule: Rule) -> tuple[str, Form] | None:
        if "GET" in (rule.methods or ()) and self.chance.random() < 0.8:
            address = self._address(rule, odd=0.03)
            answer = self.send(Sent(login, "GET", address))
            here = urlsplit(address).path
            if answer is not None and answer.status_code == 200 and _is_page(answer):
                forms = [
                    (each.action or here, each)
                    for each in self._page(answer).forms
                    if each.method == "post" and urlsplit(each.action or here).path == here
                ]
                if forms:
                    return self.chance.choice(forms)
        known = self.forms[rule.endpoint]
        return self.chance.choice(known) if known else None

    def _filled(self, form: Form) -> tuple[Pairs, Files]:
        pairs: Pairs = []
        files: Files = []
        for each in form.fields:
            match each.kind:
                case "file":
                    drawn = self.chance.random()
                    if drawn < 0.3:
                        files.append((each.name, *self.chance.choice(corpus.FILES[:2])))
                    elif drawn < 0.45:
                        files.append((each.name, *self.chance.choice(corpus.FILES)))
                case "checkbox":
                    pairs += [
                        (each.name, one) for one in each.options if self.chance.random() < 0.7
                    ]
                case _:
                    pairs.append((each.name, self._good(each)))
        if {"agency", "tier"} <= {name for name, _value in pairs}:
            # A post is at an agency or at a place.
            blank = self.chance.choice((("agency",), ("division", "tier")))
            pairs = [(name, "" if name in blank else value) for name, value in pairs]
        if form.buttons:
            first, *others = form.buttons
            pairs.append(first if not others or self.chance.random() < 0.8 else others[0])
        return pairs, files

    def _good(self, each: Field) -> str:
        """What somebody might well put into a field."""
        if each.kind == "hidden" or (each.value and self.chance.random() < 0.6):
            return each.value
        if each.kind in ("select", "radio"):
            return self.chance.choice([one for one in each.options if one] or [""])
        today = utcnow().date()
        match each.name:
            case "login" | "person" | "deputy" | "carrier" | "expert":
                return self.chance.choice((*SPARE, f"fresh{next(self._names)}", "member"))
            case "proof_password" | "password" | "old_password":
                return PASSWORD if self.chance.random() < 0.9 else ANOTHER_PASSWORD
            case "division" | "place":
                return self.chance.choice((FUYUAN, "富源县", CITY))
            case "new_password" | "again":
                return ANOTHER_PASSWORD
            case "number" | "into" | "other" | "case":
                return self.chance.choice(self.numbers)
        match each.kind:
            case "date":
                ahead = each.name in ("valid_until", "last_on")
                days = self.chance.randint(1, 90) * (1 if ahead else -1)
                return (today + timedelta(days=days)).isoformat()
            case "time":
                return f"{self.chance.randint(0, 23):02d}:{self.chance.randint(0, 59):02d}"
            case "number":
                return str(self.chance.randint(0, 9))
        return self.chance.choice(
            ("某某", "情况属实", "富政函2号", "3", "1.5", f"新{next(self._names)}")
        )

    def _mutate(self, form: Form, pairs: Pairs, files: Files) -> None:
        kinds = {each.name: each.kind for each in form.fields}
        at = self.chance.randrange(len(pairs)) if pairs else None
        drawn = self.chance.random()
        if at is None or drawn < 0.12:
            pairs.append((self.chance.choice(corpus.UNKNOWN), nasty(self.chance, "text")))
        elif drawn < 0.62:
            name = pairs[at][0]
            pairs[at] = (name, nasty(self.chance, kinds.get(name, "text")))
        elif drawn < 0.70:
            del pairs[at]
        elif drawn < 0.78:
            name = pairs[at][0]
            pairs.insert(self.chance.randint(0, len(pairs)), (name, nasty(self.chance, "text")))
        elif drawn < 0.84:
            pairs[at] = (nasty(self.chance, "text")[:500], pairs[at][1])
        elif drawn < 0.88:
            name = pairs[at][0] + self.chance.choice(("[]", "[0]", ".x", "\x00", "-0", " "))
            pairs[at] = (name, pairs[at][1])
        elif drawn < 0.94:
            name, value = pairs[at]
            cut = self.chance.randint(0, len(value))
            pairs[at] = (name, value[:cut] + nasty(self.chance, "text")[:200] + value[cut:])
        else:
            field_name = self.chance.choice([*kinds, "files", "file"])
            files.append((field_name, *self.chance.choice(corpus.FILES)))

    def _wild(self, login: str, rule: Rule) -> Sent:
        """A form as no page has it, at an address that takes one."""
        known = [each.name for _, form in self.forms[rule.endpoint] for each in form.fields]
        names = [*known, *self.chance.sample(corpus.UNKNOWN, 4)]
        self.chance.shuffle(names)
        pairs = [(each, nasty(self.chance, self._kind(each))[:20_000]) for each in names[:10]]
        files: Files = []
        if self.chance.random() < 0.2:
            files.append(
                (self.chance.choice(("file", "files", "x")), *self.chance.choice(corpus.FILES))
            )
        pairs.append(("csrf_token", self._token(login)))
        return _posted(
            login, self._address(rule), pairs, files, self._headers(),
            in_parts=self.chance.random() < 0.4,
        )  # fmt: skip

    def _no_form(self, login: str, rule: Rule) -> Sent:
        content_type, body = self.chance.choice(corpus.BODIES)
        headers = [*self._headers(), ("X-CSRFToken", self._token(login))]
        return Sent(login, "POST", self._address(rule), body, content_type, headers)

    def _other_method(self, login: str, rule: Rule) -> Sent:
        headers = [("X-CSRFToken", self._token(login))]
        return Sent(login, self.chance.choice(corpus.METHODS), self._address(rule), headers=headers)

    # ------------------------------------------------------------------------ people

    def _client(self, login: str) -> FlaskClient:
        if login == NOBODY and self.chance.random() < 0.1:
            # Somebody may have signed in there.
            self.town.clients[NOBODY] = self.app.test_client()
            self.tokens.pop(NOBODY, None)
        if login in self.stale:
            self.stale.discard(login)
            self._mend()
            self.town.clients[login] = sign_in(self.app, login)
            self.tokens.pop(login, None)
        return self.town.clients[login]

    def _token(self, login: str) -> str:
        if login not in self.tokens:
            page = self._client(login).get("/sign-in", follow_redirects=True).text
            self.tokens[login] = token(page)
        return self.tokens[login]

    def _mend(self) -> None:
        """Give the cast back what was taken from them, so that the run goes on as deep as before."""
        with self.database.sessions.begin() as session:
            is_cast = Person.login.in_(CAST)
            mended = {"is_active": True, "password_hash": self._password}
            session.execute(update(Person).where(is_cast).values(**mended))
            session.execute(
                update(GrantRow).where(GrantRow.id.in_(self._posts)).values(valid_until=None)
            )
            session.execute(delete(AuthenticatorRow))
            session.execute(delete(AttemptRow))
            if self.chance.random() < 0.3:
                # The last proof of who they are lies back.
                long_ago = datetime(2025, 1, 1, tzinfo=UTC)
                session.execute(update(SignInRow).values(verified_at=long_ago))

    # ------------------------------------------------------------------------ what must hold

    def send(self, sent: Sent) -> TestResponse | None:
        """Send a request and look at the answer, at what it changed, and at the log."""
        client = self._client(sent.login)
        self.sent += 1
        self._raised.clear()
        more: dict[str, Any] = {}
        if sent.method not in ("GET", "HEAD"):
            more = {"data": sent.body, "content_type": sent.content_type}
        with self.watch.request() as (changes, logged):
            try:
                answer = client.open(sent.address, method=sent.method, headers=sent.headers, **more)
                answer.get_data()
                answer.close()
            except Exception as error:
                self._blame(sent, "raised", f"{type(error).__name__}: {error}"[:300])
                return None
        endpoint = self._endpoint(sent)
        self.asked[endpoint] += 1
        self._judge_answer(sent, endpoint, answer)
        self._judge_changes(sent, endpoint, answer.status_code, changes, logged)
        self._learn(sent, endpoint, answer)
        return answer

    def _page(self, answer: TestResponse) -> Page:
        """The page of an answer; each is read once."""
        if self._read is None or self._read[0] is not answer:
            self._read = (answer, Page(answer.get_data().decode(errors="replace")))
        return self._read[1]

    def _judge_answer(self, sent: Sent, endpoint: str, answer: TestResponse) -> None:
        if answer.status_code >= 500 and endpoint not in ("health.ready", "health.work"):
            told = "; ".join(f"{type(each).__name__}: {each}"[:400] for each in self._raised)
            self._blame(sent, "fails", f"{answer.status} {told} {_where(self._raised)}")
        for name, value in HEADERS.items():
            if answer.headers.get(name) != value:
                self._blame(sent, "header", f"{name}: {answer.headers.get(name)}")
        policy = answer.headers.get("Content-Security-Policy", "")
        if "default-src 'none'" not in policy or "frame-ancestors 'none'" not in policy:
            self._blame(sent, "header", f"policy {policy}")
        if endpoint not in ASSETS and answer.headers.get("Cache-Control") != "no-store":
            self._blame(sent, "header", "kept by the browser")
        if "X-Fuzzed" in answer.headers:
            self._blame(sent, "header", "one that was typed")
        if not _is_ours(answer.headers.get("Location", "")):
            self._blame(sent, "elsewhere", answer.headers["Location"][:200])
        if "spreadsheet" in (answer.mimetype or "") and _has_formula(answer.get_data()):
            self._blame(sent, "calculated", "a formula in a table")
        if endpoint in ASSETS or answer.mimetype not in ("text/html", "application/json"):
            return
        text = answer.get_data().decode(errors="replace")
        if found := INNER.search(text):
            self._blame(sent, "inner", text[max(0, found.start() - 80) : found.end() + 80])
        if corpus.CALCULATED in text:
            self._blame(sent, "calculated", "")
        if _is_page(answer):
            for each in self._page(answer).faults:
                self._blame(sent, "runs", each[:200])

    def _judge_changes(
        self,
        sent: Sent,
        endpoint: str,
        status: int,
        changes: Sequence[Change],
        logged: Sequence[Logged],
    ) -> None:
        if any(each.what == "confirmed" for each in logged):
            # Who it is, was proved, whatever becomes of the form with which the proof came.
            changes = [each for each in changes if not each.tables <= PROVED]
        written: set[str] = set().union(*(each.tables for each in changes))
        for each in changes:
            if each.tables - REFUSED and "access_log" not in each.tables:
                self._blame(sent, "unlogged", f"{status} {sorted(each.tables)}")
        if status >= 400 and written - REFUSED:
            self._blame(sent, "refused", f"{status} {sorted(written)} {logged!r:.200}")
        if sent.method in ("GET", "HEAD", "OPTIONS", "TRACE") and written - REFUSED:
            self._blame(sent, "by reading", f"{sorted(written)}")
        who = {sent.login}
        if any(each.person == sent.login for each in logged):
            who.add(SYSTEM)  # What follows by itself from what they did.
        for row in logged:
            if not row.what or row.address != ADDRESS or row.person is None:
                self._blame(sent, "log", f"{row}")
            elif sent.login != NOBODY and row.person not in who and "sign_in" not in endpoint:
                self._blame(sent, "log", f"{row} of somebody else")
        if written - REFUSED:
            self.changed[endpoint] += 1

    def _learn(self, sent: Sent, endpoint: str, answer: TestResponse) -> None:
        is_out = answer.status_code == 401 or "/sign-in" in (answer.location or "")
        if endpoint.startswith("sign_in."):
            self.tokens.pop(sent.login, None)
            if sent.method == "POST" and sent.login != NOBODY:
                self.stale.add(sent.login)
        elif is_out and sent.login != NOBODY:
            self._look_at(sent.login)
        if answer.status_code in (200, 303, 400, 409):
            self.reached[endpoint].add(sent.login)
        if answer.status_code != 200 or not _is_page(answer):
            return
        page = self._page(answer)
        for link in page.links:
            self._keep(self.addresses, link, "GET", urlsplit(link).path)
        here = urlsplit(sent.address).path
        for form in page.forms:
            if form.method == "post":
                address = form.action or here
                self._keep(self.forms, address, "POST", (address, form))
                self._keep(self.addresses, address, "POST", urlsplit(address).path)

    def _look_at(self, login: str) -> None:
        """Is somebody signed in still?"""
        with self.town.clients[login].get("/me") as answer:
            if answer.status_code != 200:
                self.stale.add(login)

    def _keep(self, into: dict[str, list[Any]], address: str, method: str, what: Any) -> None:
        endpoint = self._endpoint(Sent("", method, address))
        kept = into[endpoint]
        if what not in kept:
            if len(kept) >= 40:
                kept.pop(self.chance.randrange(len(kept)))
            kept.append(what)

    def _endpoint(self, sent: Sent) -> str:
        method = "GET" if sent.method == "HEAD" else sent.method
        try:
            adapter = self.app.url_map.bind("localhost")
            return str(adapter.match(urlsplit(sent.address).path, method)[0])
        except (HTTPException, ValueError):
            return "nowhere"

    def _blame(self, sent: Sent, kind: str, told: str) -> None:
        key = (kind, self._endpoint(sent))
        self.faults.setdefault(key, f"{kind} at {key[1]} (request {self.sent}): {told}\n    {sent}")


def _is_page(answer: TestResponse) -> bool:
    return answer.mimetype == "text/html"


def _has_formula(table: bytes) -> bool:
    with ZipFile(BytesIO(table)) as opened:
        names = [each for each in opened.namelist() if each.startswith("xl/worksheets/")]
        return any(re.search(rb"<f[ >]", opened.read(each)) for each in names)


def _is_ours(location: str) -> bool:
    parts = urlsplit(location)
    return (
        not location.startswith("//") and parts.netloc in ("", "localhost") and "\\" not in location
    )


def _where(raised: Sequence[BaseException]) -> str:
    """The last of our own lines that each fault went through."""
    told = []
    for each in raised:
        trace, last = each.__traceback__, ""
        while trace is not None:
            code = trace.tb_frame.f_code
            if "/fireinvest/" in code.co_filename:
                last = f"{code.co_filename.rpartition('/fireinvest/')[2]}:{trace.tb_lineno} {code.co_name}"
            trace = trace.tb_next
        told.append(last)
    return " ".join(told)


def _quoted(value: str) -> str:
    return quote_from_bytes(value.encode(errors="surrogatepass"), safe="")


def _posted(
    login: str, address: str, pairs: Pairs, files: Files, headers: Pairs, *, in_parts: bool
) -> Sent:
    if not (in_parts or files):
        body = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs).encode()
        return Sent(
            login, "POST", address, body, "application/x-www-form-urlencoded", headers
        )  # fmt: skip
    edge = "fuzzed-edge"
    parts = [
        b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        % (edge.encode(), _header(name), value.encode(errors="surrogatepass"))
        for name, value in pairs
    ]
    parts += [
        b'--%s\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n%s\r\n"
        % (edge.encode(), _header(name), _header(filename), content)
        for name, filename, content in files
    ]
    body = b"".join(parts) + f"--{edge}--\r\n".encode()
    return Sent(login, "POST", address, body, f"multipart/form-data; boundary={edge}", headers)


def _header(value: str) -> bytes:
    return value.replace('"', "%22").encode(errors="surrogatepass")
