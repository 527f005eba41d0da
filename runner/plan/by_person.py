"""The text of a manual remedy for one target, and what the inventory did not know to fill in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from runner.errors import ExpressionError
from runner.expressions import evaluate, render
from runner.model.inventory import Platform
from runner.model.playbook import Playbook
from runner.plan.facts import ready

_WHAT = {"subscription": "subscription", "resource_group": "resource group", "vm": "name", "azure_id": "resource id"}
_USED = re.compile(rf"\btarget\.({'|'.join(_WHAT)})\s+or\s+[\"']([A-Z_]+)[\"']")


def manual_text(template: str, names: Mapping[str, object]) -> str:
    """The text with its values, below a sentence on each name of Azure that the inventory does not tell."""
    text = render(template, names).strip()
    missing = _missing(template, names, text)
    return f"{missing}\n\n{text}" if missing else text


def texts_for_nobody(template: str, playbook: Playbook) -> Mapping[str, str]:
    """The text with placeholders in place of a target's names; by platform where that makes a difference, else by "".

    As its author wrote it, if it depends on what a target is or shows.
    """
    if playbook.platform is not None:
        return {"": _with_placeholders(template, playbook, {"platform": playbook.platform.value}) or template}
    text = _with_placeholders(template, playbook, {})
    if text is not None:
        return {"": text}
    both = {each.value: _with_placeholders(template, playbook, {"platform": each.value}) for each in Platform}
    known = {platform: text for platform, text in both.items() if text is not None}
    return known if len(known) == len(both) else {"": template}


def _with_placeholders(template: str, playbook: Playbook, more: Mapping[str, str]) -> str | None:
    """None if that is not enough."""
    names: dict[str, object] = {
        **playbook.data,
        **{one.name: one.name.upper() if one.required else one.default for one in playbook.params},
        "target": {"name": "TARGET", **dict.fromkeys(_WHAT, ""), "vars": {}, **more},
    }
    try:
        for definition in ready(playbook.define, names):
            names[definition.name] = evaluate(definition.value.text, names)
        return render(template, names)
    except ExpressionError:
        return None


def _missing(template: str, names: Mapping[str, object], text: str) -> str:
    """Of ``target.vm or "VM"`` and the like, what stands in the text in place of a value; empty if nothing does."""
    target = names.get("target")
    told = target if isinstance(target, dict) else {}
    found = {what: word for what, word in _USED.findall(template) if not told.get(what) and _stands_in(text, word)}
    if not found:
        return ""
    things, words = _joined([_WHAT[what] for what in found]), _joined(list(found.values()))
    return (
        f"Not filled in below: {words}. The inventory does not say which VM of Azure {told.get('name')} is. Write its "
        f"`azure_id` into the inventory and plan again, or put the VM's {things} there yourself."
    )


def _stands_in(text: str, word: str) -> bool:
    return re.search(rf"(?<![A-Z_]){re.escape(word)}(?![A-Z_])", text) is not None


def _joined(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
