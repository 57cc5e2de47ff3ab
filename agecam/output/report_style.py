"""The style sheet of a report."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --back: #f6f7f9; --card: #fff; --edge: #dfe3e8; --text: #1b1f24;
  --soft: #59636e; --accent: #0f6cbd; --area: #0f6cbd26; --warn: #9a3412; }
@media (prefers-color-scheme: dark) { :root { --back: #14171b; --card: #1d2127; --edge: #333a43;
  --text: #e6e9ed; --soft: #9aa5b1; --accent: #6cb2f0; --area: #6cb2f030; --warn: #fdba74; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 2rem 1.25rem 4rem; background: var(--back);
  color: var(--text); font: 16px/1.5 system-ui, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.7rem; margin: 0; }
h2 { font-size: 1.25rem; margin: 2.75rem 0 .2rem; overflow-wrap: anywhere; }
h3 { font-size: .85rem; font-weight: 600; margin: 0 0 .5rem; color: var(--soft); }
p { margin: .3rem 0; }
.soft { color: var(--soft); }
.error { color: var(--warn); overflow-wrap: anywhere; }
.notice { border-left: .25rem solid var(--accent); padding: .1rem 0 .1rem .9rem;
  margin: 1rem 0; max-width: 60rem; }
.facts { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.25rem 0; }
.facts div { background: var(--card); border: 1px solid var(--edge); border-radius: .6rem;
  padding: .6rem 1rem; min-width: 7.5rem; }
.facts b { display: block; font-size: 1.45rem; font-weight: 600; line-height: 1.25; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr));
  gap: .75rem; margin: 1rem 0; }
.charts figure { margin: 0; background: var(--card); border: 1px solid var(--edge); border-radius: .6rem;
  padding: .8rem 1rem .5rem; max-width: 46rem; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--soft); font-size: 12px; }
svg .x { text-anchor: middle; }
svg .y { text-anchor: end; }
.grid { stroke: var(--edge); }
.bar { fill: var(--accent); }
.line { fill: none; stroke: var(--accent); stroke-width: 1.5; stroke-linejoin: round; }
.area { fill: var(--area); }
.people { display: grid; grid-template-columns: repeat(auto-fill, minmax(15.5rem, 1fr)); gap: .75rem;
  list-style: none; margin: 1rem 0; padding: 0; }
.people li { display: flex; gap: .8rem; background: var(--card); border: 1px solid var(--edge);
  border-radius: .6rem; padding: .6rem; font-size: .9rem; overflow-wrap: anywhere; }
.people img, .people .blank { flex: none; width: 5.5rem; height: 5.5rem; border-radius: .4rem;
  object-fit: cover; background: var(--edge); }
.people b { font-size: 1.05rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; font-size: .92rem; }
th, td { text-align: left; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--edge);
  vertical-align: top; overflow-wrap: anywhere; }
th { color: var(--soft); font-weight: 600; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
a { color: var(--accent); }
@media print { body { max-width: none; padding: 0; } .people li, .charts figure { break-inside: avoid; } }
"""
"""Colours by the reader's preference, light or dark; nothing is loaded from anywhere."""
