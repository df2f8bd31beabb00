"""The page a browser shows: every endpoint with its parameters, out of the OpenAPI description.

Made here in plain HTML because the usual viewers fetch their scripts from other hosts, and this program works offline.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from itertools import groupby
from typing import Any, Final

from voxcommons.api.config import DEFAULT_HOST, DEFAULT_PORT

EXAMPLE_ADDRESS: Final = f"http://{DEFAULT_HOST}:{DEFAULT_PORT}"
"""What the description calls the server; the page shows the address it was asked at."""

_MOST_TOLD: Final = 1_000_000  # a larger bound tells a reader nothing
_STYLE: Final = """
:root { color-scheme: light dark; --back: #fff; --front: #1d1d1f; --soft: #f3f3f5; --line: #ddd; --link: #2f55a4; --dim: #5c5c66; }
@media (prefers-color-scheme: dark) {
  :root { --back: #161618; --front: #eee; --soft: #2a2a2e; --line: #444; --link: #9db8ee; --dim: #a5a5b0; }
}
body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
body { color: var(--front); background: var(--back); }
a { color: var(--link); } .dim { color: var(--dim); }
code, pre { font: 0.875em/1.45 ui-monospace, monospace; background: var(--soft); border-radius: 4px; }
code { padding: 0.1em 0.3em; overflow-wrap: anywhere; } pre { padding: 0.8em 1em; overflow-x: auto; }
h2 { margin-top: 3rem; } h3 { border-top: 1px solid var(--line); padding-top: 1.2rem; margin: 2rem 0 0.5rem; font-size: 1.1rem; }
nav li { margin: 0.15rem 0; } nav ul { padding-left: 0; margin: 0.2rem 0; list-style: none; }
nav strong { display: block; margin-top: 0.8rem; }
table { border-collapse: collapse; width: 100%; margin: 0.8rem 0; } th { border-bottom: 1px solid var(--line); }
td, th { text-align: left; vertical-align: top; padding: 0.3rem 0.8rem 0.3rem 0; } td:first-child code { overflow-wrap: normal; }
.method { color: #fff; background: #3a5a98; border-radius: 4px; padding: 0.15em 0.5em; }
.method { font-size: 0.75em; margin-right: 0.5em; display: inline-block; }
.post .method { background: #2f7d4f; }
@media (max-width: 40rem) {
  td { display: block; padding: 0 0 0.1rem; } th { display: none; } tr { display: block; margin-bottom: 0.9rem; }
}
"""


def api_page(description: Mapping[str, Any], address: str = EXAMPLE_ADDRESS) -> str:
    """The whole page.

    Args:
        description: the OpenAPI document.
        address: of this server, for the examples; without a slash at the end.
    """
    info = description["info"]
    groups = [(tag, list(found)) for tag, found in groupby(_operations(description), lambda one: one.tag)]
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f"<title>{escape(info['title'])}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>",
        *_prose(info.get("description", "").replace(EXAMPLE_ADDRESS, address)),
        '<p>For people: <a href="/studio">the studio</a>. For programs: <a href="/openapi.json">openapi.json</a></p>',
        "<nav>",
    ]
    for tag, found in groups:
        parts.append(f"<strong>{escape(tag)}</strong><ul>")
        parts += [f'<li class="{one.method}"><a href="#{one.anchor}">{one.title}</a> {escape(one.summary)}</li>' for one in found]
        parts.append("</ul>")
    parts.append("</nav>")
    for tag, found in groups:
        parts.append(f"<h2>{escape(tag)}</h2>")
        before: dict[str, str] = {}
        for one in found:
            parts.extend(_section(description, one, before))
    return "\n".join([*parts, "</body></html>", ""])


class _Operation:
    """An endpoint with one of its methods."""

    def __init__(self, path: str, method: str, facts: Mapping[str, Any]) -> None:
        self.path, self.method, self.facts = path, method, facts
        self.tag: str = next(iter(facts.get("tags", ())), "")
        self.summary: str = facts.get("summary", "")

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return escape(f"{self.method}{self.path}", quote=True)

    @property
    def title(self) -> str:
        """Method and path."""
        return f'<span class="method">{self.method.upper()}</span><code>{escape(self.path)}</code>'


def _operations(description: Mapping[str, Any]) -> Iterator[_Operation]:
    for path, methods in description["paths"].items():
        for method, facts in methods.items():
            yield _Operation(path, method, facts)


def _prose(text: str) -> Iterator[str]:
    """Paragraphs; those that are commands stay as they are typed."""
    for block in filter(None, text.split("\n\n")):
        yield f"<pre>{escape(block)}</pre>" if block.startswith("curl ") else f"<p>{escape(block)}</p>"


def _section(description: Mapping[str, Any], one: _Operation, before: dict[str, str]) -> Iterator[str]:
    """One operation; `before` remembers which fields were shown already, and where."""
    yield f'<section class="{one.method}"><h3 id="{one.anchor}">{one.title}</h3>'
    yield f"<p>{escape(one.facts.get('description') or one.summary)}</p>"
    rows = "\n".join(_fields(description, one.facts))
    if rows in before:
        yield f"<p>The same fields as {before[rows]}.</p>"
    elif rows:
        before[rows] = f'<a href="#{one.anchor}">{one.method.upper()} <code>{escape(one.path)}</code></a>'
        yield f"<table><tr><th>name</th><th>default</th><th>meaning</th></tr>\n{rows}</table>"
    answers = ((str(status), str(told.get("description", ""))) for status, told in one.facts["responses"].items())
    told = " · ".join(f"<code>{escape(status)}</code> {escape(words.rstrip('.'))}" for status, words in answers)
    yield f'<p class="dim">Answers: {told}</p></section>'


def _fields(description: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[str]:
    for parameter in operation.get("parameters", ()):
        schema, meaning = parameter.get("schema", {}), parameter.get("description", "")
        yield _row(parameter["name"], schema, meaning, required=parameter.get("required", False))
    for media in operation.get("requestBody", {}).get("content", {}).values():
        schema = _resolved(description, media.get("schema", {}))
        for name, field in schema.get("properties", {}).items():
            yield _row(name, field, field.get("description", ""), required=name in schema.get("required", ()))


def _row(name: str, schema: Mapping[str, Any], meaning: str, *, required: bool) -> str:
    default = "required" if required else "" if schema.get("default") in (None, "") else _value(schema["default"])
    words = " ".join(filter(None, (escape(meaning or schema.get("description", "")), _range(schema))))
    return f"<tr><td><code>{escape(name)}</code></td><td>{default}</td><td>{words}</td></tr>"


def _value(value: object) -> str:
    """A value as it is typed in JSON, text without its quotes."""
    return f"<code>{escape(value if isinstance(value, str) else json.dumps(value))}</code>"


def _range(schema: Mapping[str, Any]) -> str:
    """What a value may be, where the description says it."""
    for one in (schema, *schema.get("anyOf", ())):
        if "enum" in one:
            return "One of " + ", ".join(map(_value, one["enum"])) + "."
        low, high = one.get("minimum"), one.get("maximum")
        if low is not None and high is not None and high <= _MOST_TOLD:
            return f"From {_value(low)} to {_value(high)}."
    return ""


def _resolved(description: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: Any = description
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found if isinstance(found, Mapping) else {}
