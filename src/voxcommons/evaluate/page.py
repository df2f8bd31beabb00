"""One page for people: the figures of a run as tables and pictures, and the sound behind them, in a single file.

Everything is inside: no script, no font, nothing is fetched, and the page says so to the browser. It shows what `findings`
holds and plays what it is handed; where sound comes from, and that synthetic sound left by its door, is not its business.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from voxcommons.evaluate.figures import YARDSTICKS
from voxcommons.evaluate.findings import HEADLINES, Findings
from voxcommons.evaluate.listening import Broken, Listening, error_of, listening
from voxcommons.evaluate.objective import Score
from voxcommons.evaluate.page_style import STYLE
from voxcommons.evaluate.plots import Mark, contour_plot, interval_plot
from voxcommons.evaluate.report import LANGUAGES, TONES, Column, Row, column_title, rows, tone_contours, verdict

MOST_SOUND_BYTES = 6_000_000
MOST_CLIP_BYTES = 400_000
_PLAYED_BROKEN = 24
_PLOTTED = (*HEADLINES, "real_time_factor", "first_sound")
_OF_GROUPS = ("phone_error", "cosine", "ovrl")
# What heads a narrow column, where the whole title stands in the table of all figures.
_SHORT = {
    "word_error": "word error", "word_error_relative": "word error, times natural", "phone_error": "phone error",
    "phone_error_relative": "phone error, times natural", "syllable_error": "syllable error",
    "syllable_error_relative": "syllable error, times natural", "tone_error": "tone error", "cosine": "cosine",
    "right_speaker": "right speaker, encoder", "right_spectrum": "right speaker, spectrum", "broken": "broken",
}  # fmt: skip
# First and second target of the starter: (key, title, first, second); they are ratios and shares.
_TARGETS = (("word_error_relative", 2.0, 1.3), ("right_speaker", 0.6, 0.85), ("ovrl", 2.5, 2.9), ("broken", None, 0.01))


@dataclass(frozen=True)
class Clip:
    """A sound to play: Ogg Opus, and one line on what it is."""

    content: bytes
    note: str


SoundOf = Callable[[Score], Clip | None]


@dataclass(frozen=True)
class Subject:
    """What a page is about.

    Attributes:
        title: its heading.
        lead: paragraphs that say what was compared with what.
        systems: whose broken and worst sentences are shown; the others are yardsticks.
        facts: of the run.
        targets: whether the aims of the starter are set beside the figures.
    """

    title: str
    lead: Sequence[str]
    systems: Sequence[str]
    facts: Mapping[str, object]
    targets: bool = False


@dataclass
class _Players:
    """Puts sounds into the page until it is full."""

    sound_of: SoundOf
    used: int = 0
    left_out: int = field(default=0)

    def player(self, score: Score) -> str:
        clip = self.sound_of(score)
        if clip is None:
            return '<p class="quiet">no sound at hand</p>'
        if len(clip.content) > MOST_CLIP_BYTES or self.used + len(clip.content) > MOST_SOUND_BYTES:
            self.left_out += 1
            return '<p class="quiet">not put in: the page holds a bounded amount of sound</p>'
        self.used += len(clip.content)
        data = base64.b64encode(clip.content).decode("ascii")
        label = escape(f"{score.system}, {score.speaker}: {score.text}")
        return (
            f'<audio controls preload="none" aria-label="{label}" src="data:audio/ogg;base64,{data}"></audio>'
            f'<p class="quiet">{escape(clip.note)}</p>'
        )


def page(subject: Subject, found: Findings, sound_of: SoundOf) -> str:
    """Return the page as HTML.

    Args:
        subject: what it is about.
        found: the run's results.
        sound_of: gives the sound of a sentence, None when there is none.
    """
    players = _Players(sound_of)
    heard = listening(found.scores, found.normal, subject.systems)
    body = [_head(subject)]
    body += [_targets(found)] if subject.targets else []
    body += [_language(found, language) for language in dict.fromkeys(column.language for column in found.figures)]
    body += [_changes(found)] if found.changes else []
    body += [_samples(heard, found, players), _broken(heard.broken, found, players), _worst(heard.worst, found, players)]
    body += [_sentences(found, subject.systems), _facts(subject.facts, players)]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; media-src data:\">"
        f"<title>{escape(subject.title)}</title><style>{STYLE}</style></head>\n<body><main>\n"
        + "\n".join(body)
        + "\n</main></body></html>\n"
    )


def _head(subject: Subject) -> str:
    lead = "".join(f"<p>{escape(line)}</p>" for line in subject.lead)
    return f"<header><h1>{escape(subject.title)}</h1>{lead}</header>"


def _table(caption: str, head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table whose first column heads its lines; cells are HTML already."""
    top = "".join(f'<th scope="col">{name}</th>' for name in head)
    body = "".join(f'<tr><th scope="row">{line[0]}</th>' + "".join(f"<td>{cell}</td>" for cell in line[1:]) + "</tr>" for line in lines)
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{caption}"><table><caption>{caption}</caption>'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(row: Row, column: Column) -> str:
    estimate = column.figures.get(row.key)
    if estimate is None:
        return '<span class="quiet" aria-label="not measured">-</span>'
    unit = f"&nbsp;{row.unit}" if row.unit else ""
    interval = f"{row.number(estimate.low)} to {row.number(estimate.high)}"
    return f'<b>{row.number(estimate.value)}{unit}</b> <span class="interval">{interval}</span>'


def _figures_table(caption: str, columns: Sequence[Column]) -> str:
    head = ["figure", *(f'{escape(column_title(c))}<br><span class="quiet">{c.size}</span>' for c in columns)]
    return _table(caption, head, [[escape(row.title), *(_cell(row, c) for c in columns)] for row in rows(columns)])


def _plots(columns: Sequence[Column], names: Sequence[str], keys: Sequence[str] = _PLOTTED) -> str:
    """One picture for each of the figures of these columns; a series for each of the names."""
    pictures = []
    for row in rows(columns):
        marks = []
        for column in columns:
            estimate = column.figures.get(row.key)
            if row.key in keys and estimate is not None:
                scaled = type(estimate)(
                    row.scale * estimate.value, row.scale * estimate.low, row.scale * estimate.high, estimate.sentences, estimate.people
                )
                shown = f"{row.number(estimate.value)} {row.unit}".strip()
                who = f"{column.group}, {column.system}" if column.group else column.system
                marks.append(Mark(who, scaled, shown, names.index(column.system)))
        if len(marks) > 1:
            caption = f"{escape(row.title)}{_direction(row)}"
            pictures.append(f"<figure><figcaption>{caption}</figcaption>{interval_plot(row.title, marks)}</figure>")
    return f'<div class="plots">{"".join(pictures)}</div>' if pictures else ""


def _direction(row: Row) -> str:
    return f' <span class="quiet">{row.better} is better</span>' if row.better else ""


def _language(found: Findings, language: str) -> str:
    name = LANGUAGES.get(language, language)
    columns = [column for column in found.figures if column.language == language]
    names = list(dict.fromkeys([*YARDSTICKS, *(column.system for column in found.figures)]))  # a system has one colour all over the page
    parts = [f"<section><h2>{name}</h2>", _figures_table(f"{name}: all figures with 95 % intervals", columns), _plots(columns, names)]
    contours = {
        system: shape for system in names
        if (shape := tone_contours([s for s in found.scores if (s.system, s.language) == (system, language)])) is not None
    }  # fmt: skip
    if len(contours) > 1 and any(TONES in column.figures for column in columns):
        title = "Mean pitch of the four tones, semitones around the speaker's middle"
        picture = contour_plot(title, contours, [names.index(one) for one in contours])
        parts.append(f'<div class="plots"><figure><figcaption>{title}</figcaption>{picture}</figure></div>')
    for groups, heading in ((found.by_sex, "by sex"), (found.by_speaker, "by person")):
        own = [column for column in groups if column.language == language]
        if len({column.group for column in own}) > 1:
            parts.append(f"<h3>{name} {heading}</h3>{_groups(f'{name} {heading}', own, found)}{_plots(own, names, _OF_GROUPS)}")
    return "".join(parts) + "</section>"


def _groups(caption: str, columns: Sequence[Column], found: Findings) -> str:
    """Groups of people as lines, headline figures as columns."""
    shown = [row for row in rows(columns) if row.key in HEADLINES or row.key.endswith("_relative")]
    lines = []
    for column in columns:
        who = f'{escape(found.person(column.group))}<br><span class="quiet">{escape(column.system)}, {column.size}</span>'
        lines.append([who, *(_cell(row, column) for row in shown)])
    return _table(caption, ["who", *(escape(_SHORT.get(row.key, row.title)) for row in shown)], lines)


def _targets(found: Findings) -> str:
    lines = []
    for column in found.figures:
        for row in rows([column]):
            for key, first, second in _TARGETS if column.system not in YARDSTICKS else ():
                if row.key == key:
                    value = column.figures[key].value
                    met = [t is not None and (value <= t if row.better == "lower" else value >= t) for t in (first, second)]
                    state = "second target met" if met[1] else "first target met" if met[0] else "not met"
                    title = "word error relative to natural" if key == "word_error_relative" else row.title
                    aims = (f"{row.number(t)} {row.unit}".strip() if t is not None else "-" for t in (first, second))
                    lines.append([f"{escape(title)}, {LANGUAGES.get(column.language, column.language)}", _cell(row, column), *aims, state])
    if not lines:
        return ""
    heads = ["figure", "measured", "first target: it speaks", "second target: it is useful", "state"]
    return f"<section><h2>Targets</h2>{_table('Targets of the starter model', heads, lines)}</section>"


def _changes(found: Findings) -> str:
    parts = ["<section><h2>Difference, sentence by sentence</h2>"]
    for column in found.changes:
        lines = [[escape(row.title), _cell(row, column), verdict(row, column.figures[row.key])] for row in rows([column])]
        caption = f"{LANGUAGES.get(column.language, column.language)}: {escape(column.system)}"
        parts.append(_table(caption, ["figure", "difference", "meaning"], lines))
    return "".join(parts) + "</section>"


def _spoken(score: Score, found: Findings, players: _Players, more: str = "") -> str:
    text = f'<p lang="{score.language}">{escape(score.text)}</p>' if score.text else '<p class="quiet">text unknown</p>'
    error = f"phone error {100 * error_of(score):.0f} %" if score.phone_errors is not None else ""
    who = ", ".join(part for part in (score.system, found.person(score.speaker), error) if part)
    return f'<li><p class="who">{escape(who)}</p>{text}{more}{players.player(score)}</li>'


def _samples(heard: Listening, found: Findings, players: _Players) -> str:
    lead = "Of everybody the sentence in the middle of the phone errors, neither best nor worst; the same by all, where they spoke it."
    parts = [f"<section><h2>Listen</h2><p>{lead}</p>"]
    for scores in heard.samples:
        title = f"{found.person(scores[0].speaker)}, {LANGUAGES.get(scores[0].language, scores[0].language)}"
        items = "".join(_spoken(score, found, players) for score in scores)
        parts.append(f'<h3>{escape(title)}</h3><ul class="sounds">{items}</ul>')
    return "".join(parts) + "</section>"


def _broken(broken: Sequence[Broken], found: Findings, players: _Players) -> str:
    if not broken:
        return "<section><h2>Broken sentences</h2><p>None was dropped, repeated or endless.</p></section>"
    items = []
    for number, entry in enumerate(broken):
        faults = "".join(f'<p class="fault">{escape(str(fault))}</p>' for fault in entry.faults)
        if number < _PLAYED_BROKEN:
            items.append(_spoken(entry.score, found, players, faults))
        else:
            text = f'<p lang="{entry.score.language}">{escape(entry.score.text)}</p>'
            items.append(f'<li><p class="who">{escape(entry.score.speaker)}</p>{text}{faults}</li>')
    lead = "What the recogniser did not hear, or heard beyond the text. It errs too: natural recordings are flagged now and then."
    return f'<section><h2>Broken sentences ({len(broken)})</h2><p>{lead}</p><ul class="sounds">{"".join(items)}</ul></section>'


def _worst(worst: Sequence[Score], found: Findings, players: _Players) -> str:
    if not worst:
        return ""
    items = "".join(_spoken(score, found, players) for score in worst)
    return f'<section><h2>Worst of the others</h2><p>Whole, but with the most phone errors.</p><ul class="sounds">{items}</ul></section>'


def _sentences(found: Findings, systems: Sequence[str]) -> str:
    lines = []
    for score in found.scores:
        if score.system in systems:
            counts = ((score.word_errors, score.words), (score.phone_errors, score.phones))
            cells = [f"{errors} of {whole}" if errors is not None else "-" for errors, whole in counts]
            opinion = f"{score.ovrl:.2f}" if score.ovrl is not None else "-"
            lines.append([
                f'<span lang="{score.language}">{escape(score.text)}</span>', escape(score.system), escape(score.speaker), *cells, opinion,
                f"{score.seconds:.1f} s",
            ])  # fmt: skip
    heads = ["sentence", "system", "person", "word errors", "phone errors", "OVRL", "speech"]
    if not lines:
        return ""
    return f"<section><details><summary>All {len(lines)} sentences</summary>{_table('Every sentence', heads, lines)}</details></section>"


def _facts(facts: Mapping[str, object], players: _Players) -> str:
    shown = {name.replace("_", " "): ", ".join(map(str, value)) if isinstance(value, list) else value for name, value in facts.items()}
    lines = [[escape(name), escape(str(value))] for name, value in shown.items()]
    left = f"<p>{players.left_out} sounds were left out to keep the page small.</p>" if players.left_out else ""
    return f"<section><h2>The run</h2>{_table('Facts of the run', ['fact', 'value'], lines)}{left}</section>"
