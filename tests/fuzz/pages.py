"""What a page holds: its forms with their fields, its links, and whatever could run in a browser."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

#: The application's own address in these tests.
_OURS = "http://localhost/"
_URLS = ("href", "src", "action", "formaction", "data", "poster")


@dataclass
class Field:
    """A field of a form as the page has it; ``options`` are what may be chosen."""

    name: str
    kind: str
    value: str = ""
    options: list[str] = field(default_factory=list)


@dataclass
class Form:
    """A form of a page; ``buttons`` are the names and values of those that say something."""

    method: str
    action: str
    has_files: bool
    fields: list[Field] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Page(HTMLParser):
    """A page of the application, read as a browser reads it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.faults: list[str] = []
        self._form: Form | None = None
        self._select: Field | None = None
        self._area: Field | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._judge(tag, given)
        match tag:
            case "a" if "href" in given:
                self.links.append(given["href"])
            case "form":
                self._form = Form(
                    given.get("method", "get").lower(),
                    given.get("action", ""),
                    given.get("enctype", "").startswith("multipart/"),
                )
                self.forms.append(self._form)
            case "option" if self._select is not None:
                self._select.options.append(given.get("value", ""))
                if "selected" in given:
                    self._select.value = given.get("value", "")
            case "input" | "select" | "textarea" | "button":
                self._take(tag, given)

    def handle_endtag(self, tag: str) -> None:
        match tag:
            case "form":
                self._form = None
            case "select":
                self._select = None
            case "textarea":
                self._area = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area.value += data

    def _take(self, tag: str, given: dict[str, str]) -> None:
        form, name = self._form, given.get("name")
        if form is None or not name:
            return
        if tag == "button":
            form.buttons.append((name, given.get("value", "")))
            return
        kind = given.get("type", "text") if tag == "input" else tag
        known = next((each for each in form.fields if each.name == name), None)
        if kind in ("radio", "checkbox"):
            if known is None:
                known = Field(name, kind)
                form.fields.append(known)
            known.options.append(given.get("value", "on"))
            return
        fresh = Field(name, kind, given.get("value", ""))
        form.fields.append(fresh)
        if tag == "select":
            self._select = fresh
        if tag == "textarea":
            self._area = fresh

    def _judge(self, tag: str, given: dict[str, str]) -> None:
        """Nothing of what was typed may run, look like ours, or lead elsewhere."""
        for name, value in given.items():
            address = value.strip().lower()
            if name.startswith("on") or name in ("style", "srcdoc"):
                self.faults.append(f"<{tag} {name}={value!r}>")
            if (
                name in _URLS
                and not address.startswith(_OURS)
                and (
                    address.startswith(("javascript:", "//", "http:", "https:", "vbscript:"))
                    or (address.startswith("data:") and tag != "img")
                )
            ):
                self.faults.append(f"<{tag} {name}={value!r}>")
        if tag in ("iframe", "object", "embed", "base"):
            self.faults.append(f"<{tag}>")
        if tag == "script" and not given.get("src", "").startswith(("/static/", "/bootstrap/")):
            self.faults.append(f"<script src={given.get('src')!r}>")
