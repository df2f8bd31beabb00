"""What the pages list is what the code has: commands, settings, errors, dependencies, files."""

import ast
import importlib
import re
import sys
import tomllib
from pathlib import Path

import click
import pytest

import voxcommons
from voxcommons.base.errors import VoxError
from voxcommons.base.messages import keys
from voxcommons.base.settings import VARIABLES
from voxcommons.cli.verbs import LIBRARIES, VERBS

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "README.zh.md", ROOT / "CHANGELOG.md"])


def _page(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def _table(page: str, columns: int) -> list[list[str]]:
    """Rows of all tables of a page with that many columns, heads and rules left out."""
    rows = [[cell.strip() for cell in line.strip("|\n ").split("|")] for line in page.splitlines() if line.startswith("|")]
    rows = [row for row in rows if len(row) == columns]
    rules = [number for number, row in enumerate(rows) if all(re.fullmatch(r":?-+:?", cell) for cell in row)]
    heads = {number - 1 for number in rules} | set(rules)
    return [row for number, row in enumerate(rows) if number not in heads]


def _pyproject() -> dict:
    return tomllib.loads(_page("pyproject.toml"))


def _constraints() -> dict[str, str]:
    pairs = (line.split("==") for line in _page("constraints.txt").splitlines() if line and not line.startswith("#"))
    return {name.lower().replace("_", "-"): version for name, version in pairs}


def _leaves(command: click.Command, path: str) -> dict[str, click.Command]:
    """A command and the commands below it, by the words that call them."""
    found = {path: command}
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            found |= _leaves(below, f"{path} {name}")
    return found


def test_every_verb_has_a_section_and_every_section_a_verb():
    sections = re.findall(r"^## `vox (\w+)`$", _page("docs/commands.md"), re.MULTILINE)
    assert sections == list(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_a_section_names_exactly_the_options_of_its_verb(verb):
    section = re.split(r"^## ", _page("docs/commands.md").partition(f"## `vox {verb}`\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    module, _, name = VERBS[verb].address.partition(":")
    command = getattr(importlib.import_module(module), name)
    assert isinstance(command, click.Command)
    leaves = _leaves(command, f"vox {verb}")
    for path in leaves:
        assert f"`{path}" in section or path == f"vox {verb}", f"{path} is not in docs/commands.md"
    params = [param for leaf in leaves.values() for param in leaf.params]
    options = {opt for param in params for opt in (*param.opts, *param.secondary_opts) if opt.startswith("-")}
    shown = set(re.findall(r"(?<![\w-])(--?[a-z][\w-]*)", "".join(re.findall(r"`[^`]*`", section))))
    assert shown - options == set(), "the page shows options the verb does not have"
    long_options = {opt for opt in options if opt.startswith("--")}
    assert long_options - shown == set(), "the page lacks options of the verb"


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_keeps_the_promise_of_the_list(verb):
    module, _, name = VERBS[verb].address.partition(":")
    command = getattr(importlib.import_module(module), name)
    assert command.name == verb
    assert command.help


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_a_verb_shows_no_markup(verb):
    module, _, name = VERBS[verb].address.partition(":")
    for path, command in _leaves(getattr(importlib.import_module(module), name), verb).items():
        assert "\\b" not in command.get_help(click.Context(command)), path


def test_the_settings_page_lists_the_settings():
    assert [row[0].strip("`") for row in _table(_page("docs/settings.md"), 3)] == list(VARIABLES)


def test_the_errors_page_lists_the_errors_and_their_codes():
    tree, pending = {}, [VoxError]
    while pending:
        kind = pending.pop()
        if kind.__module__ == "voxcommons.base.errors":
            tree[kind.__name__] = kind.exit_code
            pending.extend(kind.__subclasses__())
    shown = {row[0].strip("`"): int(row[1]) for row in _table(_page("docs/errors.md"), 3)}
    assert shown == tree


# Signals inside one room that never reach a user.
_INNER = {"Damaged", "_NoSound"}


def test_all_errors_of_the_program_are_one_tree_in_one_file():
    pattern = re.compile(r"^class (\w+)\((?:\w*Exception|\w*Error)\)", re.MULTILINE)
    places = [path for path in (ROOT / "src").rglob("*.py") if path.name != "errors.py"]
    found = {name for path in places for name in pattern.findall(path.read_text("utf-8"))}
    assert found - _INNER == set()


def test_every_message_is_used_and_every_message_used_exists():
    frame = {"expected", "found", "do"}
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py") if path.name != "messages.py")
    assert set(re.findall(r'key="(\w+)"', sources)) - set(keys()) == set()
    assert {key for key in keys() if not key.startswith("heading.") and f'"{key}"' not in sources} == frame


def test_the_dependencies_page_lists_what_is_installed_in_which_version():
    project, pinned = _pyproject()["project"], _constraints()
    wanted = {"core": project["dependencies"], **project["optional-dependencies"]}
    expected = {}
    for extra, requirements in wanted.items():
        for requirement in requirements:
            name = re.match(r"[\w-]+", requirement)[0].lower()
            extras = f"{expected[name][1]}, {extra}" if name in expected else extra
            expected[name] = (pinned[name], extras)
    shown = {row[0].lower(): (row[1], row[3]) for row in _table(_page("docs/dependencies.md"), 5)}
    for name in ("resemblyzer", "speechmos"):
        assert shown.pop(name) == (pinned[name], "evaluate")
    assert shown == expected


def test_doctor_and_project_know_the_same_libraries():
    project = _pyproject()["project"]
    known = {(extra or "core", package) for extra, package in LIBRARIES.values()}
    declared = {("core", re.match(r"[\w-]+", line)[0]) for line in project["dependencies"]}
    for extra, requirements in project["optional-dependencies"].items():
        declared |= {(extra, re.match(r"[\w-]+", line)[0]) for line in requirements if extra != "dev"}
    assert known <= declared, "doctor names one extra that brings it, of several perhaps"
    assert {package for _, package in known} == {package for _, package in declared}


def test_every_library_imported_is_declared_and_every_core_library_is_imported():
    used = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            used |= {name.partition(".")[0] for name in names}
    used -= set(sys.stdlib_module_names) | {"voxcommons"}
    assert used - set(LIBRARIES) == set()
    assert {name for name, (extra, _) in LIBRARIES.items() if not extra} - used == set()


def test_the_version_is_said_once_and_the_same():
    assert _pyproject()["project"]["version"] == voxcommons.__version__
    assert voxcommons.__version__ in _page("CHANGELOG.md")


def test_every_file_of_data_travels_with_the_package():
    package = ROOT / "src" / "voxcommons"
    patterns = _pyproject()["tool"]["setuptools"]["package-data"]["voxcommons"]
    carried = {path for pattern in patterns for path in package.glob(pattern)}
    data = {path for path in package.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert data - carried == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_file_names_lead_somewhere(page):
    text = page.read_text("utf-8")
    targets = [link for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) if "://" not in link]
    for target in targets:
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
    for name in re.findall(r"`((?:src|docs|tests|benchmarks)/[\w./-]+)`", text):
        assert (ROOT / name).exists(), f"{page.name} names {name}"


def test_the_tour_names_files_that_are_there():
    rooms = "base|voicefile|text|audio|models|synth|prepare|train|trust|evaluate|voices|cli"
    names = re.findall(rf"`((?:{rooms})/[\w/]+\.\w+)`", _page("docs/tour.md"))
    assert len(names) > 20
    for name in names:
        assert (ROOT / "src" / "voxcommons" / name).is_file(), name


def test_both_readmes_show_the_two_commands_and_the_same_sections():
    english, chinese = _page("README.md"), _page("README.zh.md")
    for page in (english, chinese):
        assert "make demo" in page
        assert "make test" in page
    assert len(re.findall(r"^## ", english, re.MULTILINE)) == len(re.findall(r"^## ", chinese, re.MULTILINE))
