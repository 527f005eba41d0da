"""Policy text, and the files that it names -> ``Policy``. Does no input or output: files come through a function."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import zoneinfo
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import MappingProxyType

from runner.codec import digest
from runner.diagnostics import Diagnostics, Span
from runner.govern.windows import RuleError, check_rule
from runner.load import policy_form as forms
from runner.load.calendars import read_calendar
from runner.load.document import Document, read
from runner.load.shape import validate
from runner.load.tree import Path as Place
from runner.load.tree import Scalar, Table
from runner.model.playbook import Risk
from runner.model.policy import Amount, Emergency, Freeze, Limit, Policy, Quorum, Waves, Window

Fetch = Callable[[Path], bytes]
"""What a file holds. Raises OSError."""

_ONLY_IN_POLICIES = frozenset({"approvals", "windows", "freezes", "limits", "waves", "budget", "most_targets"})
_PRINCIPALS = re.compile(r'([^ \t\r"]*)"([^"]*)"[ \t\r]*|([^ \t\r"]+)(?:[ \t\r]+|$)')  # as ssh-keygen(1) reads them
_WORD = re.compile(r'((?:\\"|"(?:\\"|[^"])*+"|[^ \t\r"])++)(?:[ \t\r]+|$)')  # options; blanks may stand in quotes
_OPTION = re.compile(r'(?:\\"|"(?:\\"|[^"])*+"|[^,"])++')
_KEY_TYPES = re.compile(
    r"(ssh-(ed25519|rsa|dss)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com"
    r"|rsa-sha2-(256|512)|.+-cert-v0[01]@openssh\.com)"
)
_LINE = "Write `PRINCIPALS [OPTIONS] KEYTYPE KEY`, see ALLOWED SIGNERS in ssh-keygen(1), or put `#` before the line."


def looks_like_policy(document: Document) -> bool:
    """Whether a document that was read is meant to be a policy: its name stands there, or what only policies have."""
    root = document.root
    if not isinstance(root, Table):
        return False
    named = isinstance(root.items.get("policy"), Scalar)  # a group of an Ansible inventory would be a mapping
    return named or ("vmfix" in root.items and bool(_ONLY_IN_POLICIES & root.items.keys()))


def read_policy(text: bytes, source: str, diagnostics: Diagnostics, fetch: Fetch) -> Policy | None:
    """Read a policy; None if anything is wrong with it or with a file that it names. All is in ``diagnostics``.

    The files' paths are relative to the folder of ``source``. A file that is missing is an error: a rule that cannot be
    read must not become one that does not hold.
    """
    own = Diagnostics()
    document = read(text, source, own)
    form = validate(document, forms.PolicyDocument, own) if document is not None else None
    policy = _Reader(document, own, fetch).policy(form, text) if document is not None and form is not None else None
    diagnostics.extend(own)
    return None if own.errors else policy


class _Reader:
    """Turns a form into values, and complains about what only the whole can show."""

    def __init__(self, document: Document, diagnostics: Diagnostics, fetch: Fetch) -> None:
        self.document = document
        self.diagnostics = diagnostics
        self.fetch = fetch
        self.folder = Path(document.source).absolute().parent
        self.files: dict[Path, bytes] = {}

    def policy(self, form: forms.PolicyDocument, text: bytes) -> Policy:
        given = form.approvals
        allowed = self._file(given.allowed_signers, ("approvals", "allowed_signers"))
        revoked = self._file(given.revoked_keys, ("approvals", "revoked_keys"))
        self._check_approvals(given)
        self._check_signers(given, allowed)
        self._check_people(given)
        windows = tuple(self._window(it, ("windows", number)) for number, it in enumerate(form.windows or ()))
        freezes = tuple(self._freeze(it, ("freezes", number)) for number, it in enumerate(form.freezes or ()))
        limits = tuple(self._limit(it, ("limits", number)) for number, it in enumerate(form.limits or ()))
        return Policy(
            name=form.policy,
            source=self.document.source,
            digest=self._digest(text, (allowed, revoked, *(freeze.calendar for freeze in freezes))),
            allowed_signers=allowed,
            revoked_keys=revoked,
            unsigned=given.unsigned,
            four_eyes=given.four_eyes,
            max_age=given.max_age,
            people=MappingProxyType(dict(given.people)),
            quorums=tuple(_quorum(it) for it in given.quorum),
            windows=windows,
            freezes=freezes,
            emergency=_emergency(given.emergency) if given.emergency else None,
            limits=limits,
            waves=self._waves(form.waves) if form.waves else None,
            budget=form.budget,
            most_targets=form.most_targets,
            files=MappingProxyType(self.files),
        )

    def _error(self, place: Place, message: str, remedy: str, *, key: bool = False) -> None:
        self.diagnostics.error(self.document.span(place, key=key), message, remedy)

    def _file(self, name: str | None, place: Place) -> Path | None:
        if name is None:
            return None
        path = self.folder / name
        try:
            if path not in self.files:
                self.files[path] = self.fetch(path)
        except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
            message = f"{path} cannot be read: {getattr(error, 'strerror', None) or error}"
            self._error(place, message, f"`{place[-1]}` is a path, relative to the folder of the policy.")
        return path

    def _digest(self, text: bytes, paths: Sequence[Path | None]) -> str:
        """Where the files lie does not count, only what stands in them and what for."""
        found = [hashlib.sha256(self.files[path]).hexdigest() if path in self.files else None for path in paths]
        return digest({"policy": hashlib.sha256(text).hexdigest(), "files": found})

    def _check_approvals(self, form: forms.ApprovalsForm) -> None:
        if form.allowed_signers is not None:
            return
        where: Place = ("approvals",)
        remedy = "Name the file with their keys under `allowed_signers`."
        if not form.unsigned:
            message = "nobody could approve anything: there are no `allowed_signers`, and `unsigned` is false"
            self._error(where, message, f"{remedy[:-1]}, or set `unsigned: true`.", key=True)
        if form.revoked_keys is not None:
            self._error((*where, "revoked_keys"), "`revoked_keys` without `allowed_signers`", remedy, key=True)
        if form.emergency is not None:
            message = "an emergency needs signatures, and there are no `allowed_signers`"
            self._error((*where, "emergency"), message, remedy, key=True)
        for number, quorum in enumerate(form.quorum):
            here = (*where, "quorum", number)
            if quorum.signers is not None:
                self._error((*here, "signers"), "`signers` without `allowed_signers`", remedy, key=True)
            elif quorum.approvals > 1:
                message = f"{quorum.approvals} approvals cannot be had: without `allowed_signers` one person consents"
                self._error((*here, "approvals"), message, remedy)

    def _check_signers(self, form: forms.ApprovalsForm, path: Path | None) -> None:
        if form.unsigned and form.four_eyes:
            message = "who runs vmfix mostly made the plan, and then their consent is none: `four_eyes` is true"
            remedy = "Set `four_eyes: false` if they may approve their own plans; else have the plan made by another."
            self.diagnostics.warning(self.document.span(("approvals", "unsigned"), key=True), message, remedy)
        if path is None or path not in self.files:
            return
        lines = list(_signers(self.files[path]))
        for number, line in lines:
            for message, remedy in _faults_of_signer(line):
                self.diagnostics.error(Span(str(path), number, 1), message, remedy)
        many = any(quorum.signers is not None or quorum.approvals > 1 for quorum in form.quorum)
        if not lines and (not form.unsigned or form.emergency is not None or many):
            message = "no key stands in this file, so the signatures that the policy asks for cannot be had"
            self.diagnostics.error(Span(str(path)), message, _LINE.partition(",")[0] + ", a line for each person.")

    def _check_people(self, form: forms.ApprovalsForm) -> None:
        """One name of two people would let one of them approve for both."""
        whose: dict[str, str] = {}
        for person, names in form.people.items():
            for number, name in [(None, person), *enumerate(names)]:
                other = whose.setdefault(name, person)
                if other != person:
                    place: Place = ("approvals", "people", person)
                    place = place if number is None else (*place, number)
                    message = f"`{name}` stands for `{other}` and for `{person}`"
                    self._error(place, message, "Give each name to one person.", key=number is None)

    def _window(self, form: forms.WindowForm, place: Place) -> Window:
        zone = zoneinfo.ZoneInfo(form.zone)
        try:
            check_rule(form.rule, form.begins, zone)
        except RuleError as error:
            self._error((*place, "rule"), str(error), error.remedy)
        return Window(groups=form.groups, zone=zone, begins=form.begins, rule=form.rule, duration=form.duration)

    def _freeze(self, form: forms.FreezeForm, place: Place) -> Freeze:
        zone = zoneinfo.ZoneInfo(form.zone)
        path = self._file(form.calendar, (*place, "calendar")) or self.folder
        if path in self.files:
            read_calendar(self.files[path], str(path), zone, self.diagnostics)
        return Freeze(groups=form.groups, calendar=path, zone=zone)

    def _limit(self, form: forms.LimitForm, place: Place) -> Limit:
        if (form.label is None) == (form.group is None):
            said = "neither `label` nor `group`" if form.label is None else "both `label` and `group`"
            self._error(place, f"a limit has {said}", "Give it one of both.")
        limit = Limit(at_once=form.at_once, label=form.label or "", group=form.group or "")
        return limit if form.risk is None else _with_risks(limit, form.risk)

    def _waves(self, form: forms.WavesForm) -> Waves:
        """Sizes rise. A count and a share are not compared: nobody knows yet how many targets there will be."""
        last: dict[bool, Amount] = {}
        for number, size in enumerate(form.sizes):
            before = last.setdefault(size.share is None, size)
            if before is not size and _size(size) <= _size(before):
                message = f"the sizes of waves must rise, and {size} is not more than {before}"
                self._error(("waves", "sizes", number), message, "Sizes count from the first target: 1, 10%, 100%.")
            last[size.share is None] = size
        return Waves(sizes=form.sizes, pause=form.pause, in_order=form.in_order)


def _signers(text: bytes) -> Iterator[tuple[int, str]]:
    """The lines that have something to say, and their numbers. ssh-keygen(1) reads each up to a NUL."""
    for number, raw in enumerate(text.split(b"\n"), start=1):
        line = raw.partition(b"\0")[0].decode("utf-8", "replace").strip(" \t\r")
        if line and not line.startswith("#"):
            yield number, line


def _faults_of_signer(line: str) -> Iterator[tuple[str, str]]:
    """What is certainly wrong with a line, and what to do."""
    first = _PRINCIPALS.match(line)
    rest = line[first.end() :] if first else ""
    words = rest.split(None, 2)[:2]
    options = ""
    if words and not _is_key(words):
        given = _WORD.match(rest)
        options = given[1] if given else ""
        words = rest[given.end() :].split(None, 2)[:2] if given else []
    names = ((first[1] or "") + (first[2] or "") + (first[3] or "") if first else line.split(None, 1)[0]).split(",")
    pattern = next((name for name in names if name.startswith("!") or set(name) & {"*", "?"}), None)
    if pattern is not None and "cert-authority" not in {option.lower() for option in _OPTION.findall(options)}:
        remedy = "Write each principal in full, on the line of its own key; only a `cert-authority` may have patterns."
        yield f"`{pattern}` is a pattern: whoever has this key could approve as several people", remedy
    if len(words) < 2:  # noqa: PLR2004 - type and key
        yield "this line has no principal, or no key with its type", _LINE
    elif not _is_key(words):
        yield "no known type of key stands where it must on this line, such as ssh-ed25519", _LINE


def _is_key(words: Sequence[str]) -> bool:
    """Whether this may be a key: of a type that is known, or of the one that the key itself says."""
    kind = words[0]
    if _KEY_TYPES.fullmatch(kind):
        return True
    try:
        blob = base64.b64decode("".join(words[1:]), validate=True)
    except (binascii.Error, ValueError):
        return False
    return blob.startswith(len(kind.encode()).to_bytes(4, "big") + kind.encode())


def _size(amount: Amount) -> float:
    return amount.share if amount.share is not None else float(amount.count or 0)


def _quorum(form: forms.QuorumForm) -> Quorum:
    return Quorum(
        approvals=form.approvals, risks=frozenset(form.risk or ()), groups=form.groups, signers=form.signers or ()
    )


def _emergency(form: forms.EmergencyForm) -> Emergency:
    return Emergency(approvals=form.approvals, signers=form.signers or ())


def _with_risks(limit: Limit, risks: Sequence[Risk]) -> Limit:
    return Limit(at_once=limit.at_once, label=limit.label, group=limit.group, risks=frozenset(risks))
