"""The page that shows people what arrived."""

import json
from collections.abc import Sequence
from html import escape

from app.sandbox.store import MODES, SYSTEMS, Received, Store

_STYLE = """
:root { color-scheme: light dark; --line: #d8dce2; --soft: #5b6573; --back: #f7f8fa; --card: #fff;
  --ink: #1b2430 }
@media (prefers-color-scheme: dark) {
  :root { --line: #333c48; --soft: #9aa6b5; --back: #14181e; --card: #1b2129; --ink: #e6eaf0 }
}
body { margin: 0 auto; max-width: 1100px; padding: 24px; font: 14px/20px system-ui, sans-serif;
  background: var(--back); color: var(--ink) }
h1 { font-size: 20px; margin: 0 0 4px } h2 { font-size: 16px; margin: 32px 0 8px }
p { color: var(--soft); margin: 0 }
.system { display: flex; align-items: baseline; gap: 12px }
.mode { font-size: 12px; padding: 0 8px; border: 1px solid var(--line); border-radius: 10px }
form { margin-left: auto; display: flex; gap: 4px }
button { font: inherit; font-size: 12px; border: 1px solid var(--line); border-radius: 6px;
  background: var(--card); color: inherit; padding: 2px 8px; cursor: pointer }
button[disabled] { font-weight: 600; cursor: default }
details { border: 1px solid var(--line); border-radius: 6px; background: var(--card); margin: 0 0 6px }
summary { padding: 8px 12px; cursor: pointer; display: flex; gap: 16px } summary code { margin-right: auto }
pre { margin: 0; padding: 12px; border-top: 1px solid var(--line); overflow: auto;
  font: 13px/18px ui-monospace, monospace }
time, .times { color: var(--soft) }
"""


def page(store: Store) -> str:
    """Every system with its behaviour and what it was sent, latest first."""
    sections = "".join(_section(store, system, title) for system, title in SYSTEMS.items())
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Sandbox</title>'
        '<meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="5">'
        f"<style>{_STYLE}</style><h1>Sandbox</h1>"
        "<p>The systems the example delivers to. Make one slow, down or wrong and see what happens.</p>"
        f"{sections}</html>"
    )


def _section(store: Store, system: str, title: str) -> str:
    behaviour = store.behaviour(system)
    buttons = "".join(
        f'<button name="mode" value="{mode}"{" disabled" if mode == behaviour.mode else ""}>{mode}</button>'
        for mode in MODES
    )
    arrived = store.received(system)
    return (
        f'<div class="system"><h2>{escape(title)}</h2><span class="mode">{behaviour.mode}</span>'
        f"<span>{len(arrived)} received</span>"
        f'<form method="post" action="/control"><input type="hidden" name="system" value="{system}">'
        f"{buttons}</form></div>"
        f"{_rows(arrived) or '<p>Nothing yet.</p>'}"
    )


def _rows(arrived: Sequence[Received]) -> str:
    return "".join(
        f"<details><summary><code>{escape(one.path)}</code><span>{escape(one.correlation_id)}</span>"
        f"{_times(one)}<time>{escape(one.at)}</time></summary>"
        f"<pre>{escape(json.dumps(one.body, indent=2, ensure_ascii=False))}</pre></details>"
        for one in reversed(arrived)
    )


def _times(one: Received) -> str:
    return f'<span class="times">sent {one.times} times, stored once</span>' if one.times > 1 else ""
