"""The approvals of a plan, for people and as JSON: what is approved, by whom, what is missing, what does not count."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runner.codec import to_json
from runner.model.approval import Consented, Discounted, Judgement, Kind, Offered, Statement
from runner.model.policy import Policy
from runner.model.times import stamp, to_the_second
from runner.report.layout import WIDTH, Page

APPROVALS_FORMAT = 1
_NO_POLICY = (
    "No policy is known here, so nobody can say whose key this is, or whether it is enough. "
    "Name the policy with --policy FILE."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is shown. ``judgement`` and ``policy`` are None where there is no policy to judge by."""

    plan: str  # the file
    digest: str
    creator: str
    offered: tuple[Offered, ...]
    policy: Policy | None = None
    judgement: Judgement | None = None

    @property
    def discounted(self) -> tuple[Discounted, ...]:
        """Without a policy, what can be told of a file by itself."""
        if self.judgement is not None:
            return self.judgement.discounted
        bad = [(o, o.statement.identity if o.statement else "") for o in self.offered if o.fault]
        return tuple(Discounted(source=o.source, identity=name, reason=o.fault) for o, name in bad)

    def counting(self, remedy: str = "") -> Iterator[tuple[Offered, Statement]]:
        """The statements that hold, for that remedy if one is named; withdrawals too."""
        out = {d.source for d in self.discounted if d.remedy in ("", remedy)}
        for each in self.offered:
            statement = each.statement
            if statement is not None and each.source not in out and (not remedy or remedy in statement.remedies):
                yield each, statement


def render(view: View, *, colour: bool = False, width: int = WIDTH) -> str:
    """For people."""
    page = Page(colour=colour, width=width)
    if view.judgement is None or view.policy is None:
        page.prose(0, f"{len(view.offered)} in the folder of approvals of {view.plan}", paint="head")
        page.prose(0, _NO_POLICY, paint="warn")
        for each, statement in view.counting():
            page.item(2, f"{each.source} says: {_said(statement)}")
            page.prose(4, each.key, label="signed with key")
    else:
        met = len(view.judgement.approved)
        title = (
            f"{met} of {len(view.judgement.remedies)} remedies of {view.plan} approved, by policy {view.policy.name}"
        )
        page.prose(0, title, paint="head")
        for consented in view.judgement.remedies:
            _remedy(page, view, view.policy, consented)
    _withdrawn(page, view)
    if view.discounted:
        page.head("These do not count:")
        for discounted in view.discounted:
            page.item(2, str(discounted), paint="warn")
    return page.text()


def _remedy(page: Page, view: View, policy: Policy, consented: Consented) -> None:
    state = f"approved until {stamp(consented.holds_until)}" if consented.holds_until else "not approved"
    page.head(f"{consented.remedy}: {state}")
    for need in consented.needs:
        page.item(2, str(need), paint="warn" if need.missing else "good")
        if need.missing:
            page.item(4, "could come from", _whom(view, policy, need.signers))
    for each, statement in view.counting(consented.remedy):
        if statement.kind is Kind.APPROVE:
            page.item(2, f"{_said(statement)} ({each.source})")


def _whom(view: View, policy: Policy, signers: Sequence[str]) -> str:
    """By whom what is missing could come."""
    if policy.allowed_signers is None and not policy.unsigned:
        return "nobody: the policy names no allowed_signers"
    who = "anybody" if not signers else f"whoever matches {' or '.join(signers)}"
    told = [f"{who} in {policy.allowed_signers}" if policy.allowed_signers else who]
    told += ["not who counts already"]
    told += [f"not {view.creator}, who made the plan (four eyes)"] if policy.four_eyes else []
    told += ["or the consent of who runs vmfix"] if policy.unsigned else []
    return ", ".join(told)


def _said(statement: Statement) -> str:
    """One line of who said what."""
    verb = "withdrew" if statement.kind is Kind.REVOKE else "approved"
    parts = [f"{statement.identity} {verb} {', '.join(sorted(statement.remedies))} on {to_the_second(statement.at)}"]
    if statement.kind is Kind.APPROVE:
        parts += [f"until {to_the_second(statement.expires_at)}"]
        parts += ["for an emergency"] if statement.emergency else []
        parts += [f"says that {step} is done" for step in sorted(statement.acknowledged)]
    return ", ".join(parts) + (f": {statement.note}" if statement.note else "")


def _withdrawn(page: Page, view: View) -> None:
    found = [(each, statement) for each, statement in view.counting() if statement.kind is Kind.REVOKE]
    if found and view.judgement is not None:
        page.head("Withdrawn:")
        for each, statement in found:
            page.item(2, f"{_said(statement)} ({each.source})")


def as_json(view: View) -> str:
    """With ``vmfix_approvals`` as the version of this frame. ``policy`` null: nothing was judged."""
    judged = view.judgement
    return _dump(
        {
            "vmfix_approvals": APPROVALS_FORMAT,
            "plan": view.plan,
            "digest": view.digest,
            "policy": view.policy.name if view.policy else None,
            "remedies": [_remedy_data(view, consented) for consented in (judged.remedies if judged else ())],
            "statements": [_statement_data(each, statement) for each, statement in view.counting()],
            "discounted": [to_json(discounted) for discounted in view.discounted],
        }
    )


def _remedy_data(view: View, consented: Consented) -> dict[str, object]:
    needs = [
        {
            "approvals": need.approvals,
            "signers": list(need.signers),
            "emergency": need.emergency,
            "counted": list(need.counted),
            "missing": need.missing,
        }
        for need in consented.needs
    ]
    return {
        "remedy": consented.remedy,
        "approved": consented.met,
        "holds_until": stamp(consented.holds_until) if consented.holds_until else None,
        "needs": needs,
        "by": [each.source for each, said in view.counting(consented.remedy) if said.kind is Kind.APPROVE],
    }


def _statement_data(each: Offered, statement: Statement) -> dict[str, object]:
    return {"source": each.source, "key": each.key, **to_json(statement)}


def made_json(file: str, statement: Statement) -> str:
    """A statement that was just written, with ``vmfix_approval`` as the version of this frame."""
    return _dump({"vmfix_approval": APPROVALS_FORMAT, "file": file, "statement": to_json(statement)})


def _dump(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=True) + "\n"
