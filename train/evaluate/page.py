"""Pieces of an HTML page that needs nothing else: tables, captioned plots, sections, style."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final


def render_page(title: str, sections: Iterable[str]) -> str:
    """The whole page; ``title`` is plain text, sections are HTML, empty ones left out."""
    return _PAGE.format(title=escape(title), style=_STYLE, body="\n".join(filter(None, sections)))


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of HTML cells under headings."""
    head = "".join(f"<th>{text}</th>" for text in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<div class=scroll><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def figure(content: str, caption: str, *, wide: bool = False) -> str:
    """Content with a caption below, empty without content; ``wide`` takes the whole width of the page."""
    if not content:
        return ""
    below = f"<figcaption>{caption}</figcaption>" if caption else ""
    return f"<figure class={'wide' if wide else 'plot'}>{content}{below}</figure>"


def details(title: str, content: str) -> str:
    """Content that is folded away."""
    return f"<details><summary>{title}</summary>{content}</details>"


def section(title: str, content: str) -> str:
    """A section under a heading."""
    return f"<section><h2>{title}</h2>{content}</section>"


_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c2025; --soft: #5c6570; --page: #fff; --line: #dfe3e8;
  --tile: #f3f6f9 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e7eb; --soft: #9aa4af; --page: #15181c; --line: #30363d; --tile: #1f242a }
}
* { box-sizing: border-box }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); margin: 0 auto;
  max-width: 1120px; padding: 24px }
h1, figcaption, td { overflow-wrap: anywhere }
h1 { font-size: 1.5em; margin: 0 0 .3em }
h2 { font-size: 1.2em; margin: 2em 0 .6em;
  border-bottom: 1px solid var(--line); padding-bottom: .2em } h3 { font-size: 1em; margin: 1.5em 0 0 }
p, figcaption, small { color: var(--soft) } small { margin-left: .5em; font-size: .75em }
.tiles { display: flex; flex-wrap: wrap; gap: 10px; margin-bottom: 16px }
.tile { background: var(--tile); border-radius: 8px; padding: 10px 16px; color: var(--soft); font-size: .85em;
  flex: 1 1 130px } .tile b { display: block; font-size: 1.7em; color: var(--ink); line-height: 1.3 }
.scroll { overflow-x: auto } table { border-collapse: collapse; font-size: .85em; margin: 8px 0 16px;
  font-variant-numeric: tabular-nums }
th, td { padding: 4px 10px; text-align: right; border-bottom: 1px solid var(--line) }
th { font-weight: 600; vertical-align: bottom } th:first-child, td:first-child { text-align: left }
td:not(:first-child) { white-space: nowrap } td:first-child { min-width: 6em }
.matrix th { white-space: nowrap; padding: 4px }
.matrix td { text-align: center; min-width: 2.9em; padding: 6px 4px }
.matrix small { display: block; margin: 0 } .matrix td.sum { color: var(--soft) }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr)); gap: 24px;
  align-items: end }
figure { margin: 0; min-width: 0; break-inside: avoid } .plots .wide { grid-column: 1 / -1 }
figure svg { width: 100%; height: auto; color: var(--ink) }
figcaption { font-size: .85em } figure.wide { margin: 8px 0 }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(106px, 1fr)); gap: 10px }
.gallery img { width: 100%; border-radius: 4px; display: block } .gallery figcaption { font-size: .72em;
  line-height: 1.35; margin-top: 3px } .gallery b { color: var(--ink); font-weight: 600 }
summary { cursor: pointer; color: var(--soft) }
@media print {
  :root { --ink: #000; --soft: #444; --page: #fff; --line: #bbb; --tile: #f3f3f3; color-scheme: light }
  body { max-width: none; padding: 0; font-size: 10pt; print-color-adjust: exact } h2 { break-after: avoid }
  .plots { grid-template-columns: 1fr 1fr } .scroll { overflow: visible }
}
"""

_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{style}</style></head>
<body><h1>{title}</h1>
{body}
</body></html>
"""
