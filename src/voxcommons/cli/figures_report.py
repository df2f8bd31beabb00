"""What `vox evaluate` prints and keeps: the tables, the facts of the run, and the same as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from voxcommons.base.files import atomic_path

if TYPE_CHECKING:
    from voxcommons.evaluate.findings import Findings


def report(
    found: Findings, facts: Mapping[str, object], out: Path, name: str, json_path: Path | None, html_path: Path | None
) -> None:
    """Print the tables and the facts, and keep both, as Markdown and JSON.

    Args:
        found: the run's results.
        facts: of the run.
        out: the folder of the run.
        name: of the two files in it, without an ending.
        json_path: where the user wants the JSON as well.
        html_path: where the page was written.
    """
    text = found.markdown()
    record = json.dumps(found.json(facts), ensure_ascii=False, indent=1)
    for path, content_text in ((out / f"{name}.md", text), (out / f"{name}.json", record), (json_path, record)):
        if path is not None:
            with atomic_path(path) as unfinished:
                unfinished.write_text(content_text, encoding="utf-8")
    click.echo(text)
    for fact, value in facts.items():
        click.echo(f"{fact.replace('_', ' ')}: {value}")
    click.echo(f"kept in {out}")
    if html_path is not None:
        click.echo(f"page: {html_path}")
