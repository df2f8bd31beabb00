"""Training curves as a picture: every recorded figure of a stage over its steps.

matplotlib is loaded when a picture is drawn, not before.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from voxcommons.base.files import atomic_path

HIDDEN = ("step", "time")


def draw_curves(records: Sequence[dict[str, float]], title: str, path: Path) -> None:
    """Draw one small panel per figure into a PNG; nothing is written when there are no records.

    Args:
        records: lines of ``curves.jsonl``.
        title: name of the stage.
        path: PNG file to write.
    """
    names = sorted({name for line in records for name in line if name not in HIDDEN})
    if not names:
        return
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(3, len(names))
    rows = -(-len(names) // columns)
    width, height = 4 * columns, 0.5 + 2.6 * rows
    figure = Figure(figsize=(width, height))
    # Margins in inches by hand: a layout that measures every label takes longer than the drawing.
    figure.subplots_adjust(0.6 / width, 0.3 / height, 1 - 0.15 / width, 1 - 0.75 / height, wspace=0.25, hspace=0.35)
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axis in axes[len(names) :]:
        axis.set_visible(False)
    for axis, name in zip(axes, names, strict=False):
        points = [(line["step"], line[name]) for line in records if name in line]
        axis.plot([step for step, _ in points], [value for _, value in points], linewidth=1)
        axis.set_title(name, fontsize=9)
        axis.grid(alpha=0.3)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=90)
