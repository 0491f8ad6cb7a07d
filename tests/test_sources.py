"""What our own sources never do, so that nothing that somebody typed is ever run."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import ROOT

CODE = sorted((ROOT / "fireinvest").rglob("*.py"))
SCRIPTS = sorted((ROOT / "fireinvest" / "web" / "static").glob("*.js"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))

#: What runs text, starts programs, or makes objects of whatever bytes say.
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "render_template_string", "from_string"}
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "subprocess", "yaml", "ctypes", "pty", "dill"}
FORBIDDEN_OF_OS = {"system", "popen", "execv", "execve", "spawnv", "spawnl"}


#: What may do so nevertheless. Two start a fixed program of their own, with nothing that anybody
#: typed in its command; the third fills in an office's template, in less than a sandbox.
ALLOWED = {
    "fireinvest/documents/tags.py": ["from_string"],
    "fireinvest/documents/portable.py": ["subprocess"],
    "fireinvest/documents/printer.py": ["subprocess"],
}


def faults(tree: ast.AST) -> Iterator[str]:
    """Everything in a module that runs what it should only read."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from {each.name.split(".")[0] for each in names} & FORBIDDEN_MODULES
            case ast.ImportFrom(module=str(module)):
                yield from {module.split(".")[0]} & FORBIDDEN_MODULES
            case ast.Call(func=ast.Name(id=name)):
                yield from {name} & FORBIDDEN_CALLS
            case ast.Call(func=ast.Attribute(value=ast.Name(id="os"), attr=name)):
                yield from {name} & FORBIDDEN_OF_OS
            case ast.Call(func=ast.Attribute(attr="from_string" as name)):
                yield name
            # What comes in the address must never be taken for what stood in the form.
            case ast.Attribute(value=ast.Name(id="request"), attr="values"):
                yield "request.values"


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_runs_what_somebody_typed(path: Path) -> None:
    allowed = ALLOWED.get(str(path.relative_to(ROOT)), [])
    assert list(faults(ast.parse(path.read_text()))) == allowed


@pytest.mark.parametrize(
    "text",
    ["eval(x)", "import pickle", "from subprocess import run", "os.system(x)", "request.values"],
)
def test_what_would_run_it_is_seen(text: str) -> None:
    assert len(list(faults(ast.parse(text)))) == 1


#: In scripts: what runs text or makes markup of it, hears other windows, or keeps anything.
IN_SCRIPTS = re.compile(
    r"\beval\(|\bFunction\(|(?:inner|outer)HTML\s*\+?=(?!=)|insertAdjacentHTML|document\.write"
    r"|postMessage|addEventListener\(\s*[\"']message|localStorage|sessionStorage|indexedDB"
    r"|document\.cookie|__proto__|importScripts|https?://(?!www\.w3\.org)"
)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_run_no_text_hear_nobody_and_keep_nothing(path: Path) -> None:
    assert IN_SCRIPTS.findall(path.read_text()) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_escape_all_and_load_nothing_from_elsewhere(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\|\s*safe\b|autoescape\s+false|<script(?![^>]*\bsrc=)|\sstyle=", text)
    assert not re.search(r"(?:src|href|action)=[\"'](?:https?:)?//", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_passwords_are_hidden_and_may_be_filled_in_by_a_manager(path: Path) -> None:
    fields = re.findall(r"<input\b[^>]*name=\"[^\"]*password[^\"]*\"[^>]*>", path.read_text())
    for field in fields:
        assert 'type="password"' in field
        assert re.search(r'autocomplete="(?:current|new)-password"', field)
    assert "onpaste" not in path.read_text()
