"""The rooms of the house keep to their floors: an import only goes where the architecture lets it.

The table here is the rule. docs/tour.md shows it to readers, and a test holds the two together.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "voxcommons"

# Room -> the rooms it may import; base and the room itself are always allowed, base imports no room.
# An entry with a dot lets in that module alone.
MAY_IMPORT: dict[str, set[str]] = {
    "base": set(),
    "voicefile": set(),
    "text": set(),
    "audio": set(),
    "models": {"audio.spectrogram"},
    "synth": {"voicefile", "text", "audio", "models", "trust"},
    "prepare": {"voicefile", "text", "audio", "models"},
    "train": {"voicefile", "text", "audio", "models", "prepare"},
    "trust": {"voicefile", "audio", "models"},
    "evaluate": {"voicefile", "text", "audio", "models", "synth"},
    "voices": {"voicefile", "text", "audio", "models", "synth", "prepare", "train", "trust", "evaluate", "jobs"},
    "hub": {"voicefile", "jobs", "trust"},
    "hubclient": {"voicefile", "trust"},
    "jobs": set(),
}
LOWER = set(MAY_IMPORT) - {"hub"}
for _thin in ("cli", "api", "web"):
    MAY_IMPORT[_thin] = LOWER | {"hub.app", "cli", "api", "web"}

FLOORS = [
    {"base"},
    {"voicefile"},
    {"text", "audio"},
    {"models"},
    {"synth", "prepare", "train", "evaluate", "trust", "voices", "hub", "hubclient", "jobs"},
    {"cli", "api", "web"},
]


def imported(source: str, module: str, *, is_package: bool = False) -> Iterator[str]:
    """Dotted names of everything of this package that a source imports, wherever in it (functions and TYPE_CHECKING too)."""
    parents = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(parents[: len(parents) - node.level + 1]) if node.level else ""
            stem = ".".join(part for part in (start, node.module or "") if part)
            names = [f"{stem}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name for name in names if name == "voxcommons" or name.startswith("voxcommons."))


def forbidden(source: str, module: str, *, is_package: bool = False) -> list[str]:
    """The imports of a source that its room may not make."""
    room = module.split(".")[1]
    wrong = []
    for name in imported(source, module, is_package=is_package):
        parts = name.split(".")[1:]
        if not parts or parts[0] in ("base", "__version__", room):
            continue
        allowed = MAY_IMPORT[room]
        if parts[0] not in allowed and ".".join(parts[:2]) not in allowed:
            wrong.append(name)
    return wrong


def modules() -> list[tuple[str, Path]]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        dotted = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
        if dotted not in ("voxcommons", "voxcommons.__main__"):
            found.append((dotted, path))
    return found


@pytest.mark.parametrize(("module", "path"), modules(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_module_imports_only_what_its_room_may(module, path):
    assert forbidden(path.read_text("utf-8"), module, is_package=path.name == "__init__.py") == []


def test_every_room_is_in_the_table_and_has_a_reason():
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms <= set(MAY_IMPORT)
    for folder in PACKAGE.iterdir():
        if any(folder.glob("*.py")):
            assert (folder / "__init__.py").is_file(), f"{folder.name} has modules but no __init__.py"


def test_rooms_below_never_see_rooms_above():
    floor_of = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
    assert set(floor_of) == set(MAY_IMPORT)
    for room, allowed in MAY_IMPORT.items():
        for other in allowed:
            assert floor_of[other.split(".")[0]] <= floor_of[room], (room, other)


def test_no_room_leads_back_to_itself():
    def reachable(room: str) -> set[str]:
        seen: set[str] = set()
        pending = [room]
        while pending:
            for other in {entry.split(".")[0] for entry in MAY_IMPORT[pending.pop()]} - seen:
                seen.add(other)
                pending.append(other)
        return seen

    for room in set(MAY_IMPORT) - FLOORS[-1]:
        assert room not in reachable(room)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("voxcommons.text.reader", "import voxcommons.models.build"),
        ("voxcommons.text.reader", "def f():\n    from voxcommons.audio import files"),
        ("voxcommons.models.content", "from voxcommons.audio import files"),
        ("voxcommons.models.content", "from voxcommons.audio.files import load"),
        ("voxcommons.base.files", "from voxcommons import text"),
        ("voxcommons.synth.engine", "from ..voices import library"),
        ("voxcommons.synth.engine", "from voxcommons.voices.library import Library"),
        ("voxcommons.cli.serve", "from voxcommons.hub.routes import routes"),
        ("voxcommons.evaluate.report", "if TYPE_CHECKING:\n    from voxcommons.train import state"),
    ],
)
def test_the_rule_catches(module, source):
    assert len(forbidden(source, module)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("voxcommons.models.content", "from voxcommons.audio.spectrogram import log_mel"),
        ("voxcommons.models.content", "from voxcommons.audio import spectrogram"),
        ("voxcommons.synth.engine", "from voxcommons.base.errors import VoxError\nfrom .chunks import AudioChunk\nimport torch"),
        ("voxcommons.cli.serve", "from voxcommons.hub.app import app\nfrom voxcommons import __version__"),
    ],
)
def test_the_rule_lets_pass(module, source):
    assert forbidden(source, module) == []


def test_the_tour_shows_the_same_table():
    page = (ROOT / "docs" / "tour.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)/?` \| (.*?) \|", page.partition("## Who may import whom")[2], re.MULTILINE)
    shown = {room: set(re.findall(r"`([\w.]+)`", cell)) for room, cell in rows}
    expected = {room: allowed for room, allowed in MAY_IMPORT.items() if room not in ("base", "cli", "api", "web")}
    assert shown == expected
