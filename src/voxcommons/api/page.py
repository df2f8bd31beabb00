"""The page a browser shows: every endpoint with its parameters, out of the OpenAPI description.

Made here in plain HTML because the usual viewers fetch their scripts from other hosts, and this program works offline.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1d1d1f; background: #fff; }
code, pre { font: 14px/1.45 ui-monospace, monospace; background: #f3f3f5; border-radius: 4px; }
code { padding: 0.1em 0.3em; } pre { padding: 0.8em 1em; overflow-x: auto; }
h2 { border-top: 1px solid #ddd; padding-top: 1.2rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; vertical-align: top; padding: 0.25rem 0.8rem 0.25rem 0; }
.method { color: #fff; background: #3a5a98; border-radius: 4px; padding: 0.1em 0.5em; font-size: 0.8em; margin-right: 0.5em; }
@media (prefers-color-scheme: dark) {
  body { color: #eee; background: #161618; } a { color: #9db8ee; } code, pre { background: #2a2a2e; } h2 { border-color: #444; }
}
"""


def api_page(description: Mapping[str, Any]) -> str:
    """The whole page.

    Args:
        description: the OpenAPI document.
    """
    info = description["info"]
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f"<title>{escape(info['title'])}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>",
        f"<pre>{escape(info.get('description', ''))}</pre>",
        '<p>For programs: <a href="/openapi.json">openapi.json</a></p>',
    ]
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            parts.extend(_operation(description, path, method, operation))
    return "\n".join([*parts, "</body></html>", ""])


def _operation(description: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f'<h2><span class="method">{method.upper()}</span><code>{escape(path)}</code></h2>'
    yield f"<p>{escape(operation.get('description') or operation.get('summary', ''))}</p>"
    rows = list(_fields(description, operation))
    if rows:
        yield "<table><tr><th>name</th><th>default</th><th>meaning</th></tr>"
        yield from rows
        yield "</table>"
    answers = ", ".join(f"<code>{escape(str(status))}</code>" for status in operation["responses"])
    yield f"<p>Answers: {answers}</p>"


def _fields(description: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[str]:
    for parameter in operation.get("parameters", ()):
        schema, meaning = parameter.get("schema", {}), parameter.get("description", "")
        yield _row(parameter["name"], schema, meaning, required=parameter.get("required", False))
    for media in operation.get("requestBody", {}).get("content", {}).values():
        schema = _resolved(description, media.get("schema", {}))
        for name, field in schema.get("properties", {}).items():
            yield _row(name, field, field.get("description", ""), required=name in schema.get("required", ()))


def _row(name: str, schema: Mapping[str, Any], meaning: str, *, required: bool) -> str:
    default = "required" if required else ("" if schema.get("default") is None else f"<code>{escape(str(schema['default']))}</code>")
    return f"<tr><td><code>{escape(name)}</code></td><td>{default}</td><td>{escape(meaning or schema.get('description', ''))}</td></tr>"


def _resolved(description: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: Any = description
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found if isinstance(found, Mapping) else {}
