"""What a step surely changes and what an observation surely reads, where that can be told from the playbook alone."""

from __future__ import annotations

from collections.abc import Sequence

from runner.expressions import is_template
from runner.lint.book import POWERSHELL, PROGRAM, Placed
from runner.lint.programs import name_of, of_powershell, of_sh, risks, unwrapped
from runner.model.playbook import Observation, Risk, Step

_READERS = frozenset(["cat", "cksum", "file", "grep", "head", "md5sum", "sha256sum", "stat", "tail", "test", "wc"])


def changed_by(step: Step) -> frozenset[str] | None:
    """Names such as ``file /etc/x``, ``registry KEY``, ``service x``; None: it may be anything."""
    args = step.args
    match step.type:
        case "file" | "ini_value":
            return _written("file", args.get("path"))
        case "registry_value" | "registry_key":
            return _written("registry", args.get("key"))
        case "service":
            name = args.get("name")
            return _written("service", name) if isinstance(name, str) else None
        case "wait_for" | "manual":
            return frozenset()
        case _:
            return None


def read_by(observation: Observation) -> frozenset[str] | None:
    """The same of an observation."""
    if observation.would is not None or observation.script:
        return None
    words = unwrapped(observation.argv)
    name, rest = name_of(words[0]) if words else "", list(words[1:])
    if name in _READERS:
        paths = [_written("file", word) for word in rest if word.startswith("/") or is_template(word)]
        return None if not paths or None in paths else frozenset().union(*(path or () for path in paths))
    if name == "reg" and len(rest) > 1 and "/s" not in map(str.lower, rest):
        return _written("registry", rest[1])
    if name in ("sc", "systemctl"):
        return _services(rest)
    return None


def _services(rest: Sequence[str]) -> frozenset[str] | None:
    names = [word for word in rest[1:] if not word.startswith("-") and not word.isdecimal()]
    return _written("service", names[0]) if len(names) == 1 else None


def _written(kind: str, name: object) -> frozenset[str] | None:
    if not isinstance(name, str) or is_template(name):
        return None
    plain = name.removesuffix(".service").lower() if kind == "service" else name.lower() if kind == "registry" else name
    return frozenset((f"{kind} {plain}",))


def restarts(placed: Placed) -> bool:
    """Whether the step starts or restarts a service by itself, or is known to be a command that does."""
    step = placed.step
    if step.type == "service":
        return step.args.get("state") in ("started", "restarted")
    if step.type == PROGRAM:
        return Risk.SERVICE_RESTART in risks(placed.argv)
    if placed.script:
        found = of_powershell(placed.script) if step.type == POWERSHELL else of_sh(placed.script)
        return Risk.SERVICE_RESTART in found
    return False
