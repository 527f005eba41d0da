"""The ``certificate`` step: certificates of one exact subject, absent from the machine's own store.

By .NET in PowerShell: each is removed by thumbprint *and* subject, whereas certutil takes its token for a serial number
or part of a name as well. Never run on Windows: its output in the tests is made up after the documentation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from runner.model.command import Command
from runner.model.inventory import Platform
from runner.model.plan import Outcome
from runner.model.playbook import Risk
from runner.steps.base import Args, Decision, Judged, Judgement, Observing, StepType
from runner.steps.powershell_look import Seen, change, look
from runner.steps.rendering import is_open

_UNFIT = re.compile(r"[\x00-\x1f]")

_LOOK = """\
$subject = $args[0]
$store = New-Object System.Security.Cryptography.X509Certificates.X509Store 'My', 'LocalMachine'
$store.Open([System.Security.Cryptography.X509Certificates.OpenFlags]::ReadOnly)
try {
  $found = @(foreach ($one in $store.Certificates) {
    if ($one.Subject -cne $subject) { continue }
    @{ thumbprint = [string]$one.Thumbprint; private_key = [bool]$one.HasPrivateKey
       until = $one.NotAfter.ToUniversalTime().ToString('yyyy-MM-dd', [cultureinfo]::InvariantCulture) }
  })
} finally { $store.Close() }
Show @{ certificates = $found }
"""

_REMOVE = """\
$ErrorActionPreference = 'Stop'
$thumbprint, $subject = $args
$store = New-Object System.Security.Cryptography.X509Certificates.X509Store 'My', 'LocalMachine'
$store.Open([System.Security.Cryptography.X509Certificates.OpenFlags]::ReadWrite)
try {
  foreach ($one in @($store.Certificates)) {
    if ($one.Thumbprint -ceq $thumbprint -and $one.Subject -ceq $subject) { $store.Remove($one) }
  }
} finally { $store.Close() }
"""


class CertificateArgs(Args):
    """The subject as .NET writes it, such as ``DC=Windows Azure CRP Certificate Generator``; case counts."""

    subject: Annotated[str, Field(min_length=3, description="The whole subject, with its `CN=` or `DC=`; case counts.")]
    state: Literal["absent"] = Field(default="absent", description="They are removed; vmfix makes no certificates.")

    @classmethod
    def misfit(cls, given: Mapping[str, object]) -> str:
        """A whole subject."""
        subject = given.get("subject")
        if not isinstance(subject, str) or is_open(subject):
            return ""
        if "=" not in subject or _UNFIT.search(subject):
            return f"`{subject}` is no whole subject\nWrite it as certificates have it, such as CN=name."
        return ""


class Certificate(Seen):
    """One certificate: its SHA-1 thumbprint, whether its private key is there, and its last day (UTC)."""

    thumbprint: Annotated[str, Field(pattern=r"^[0-9A-F]{40}$")]
    private_key: bool
    until: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]

    def __str__(self) -> str:
        return f"{self.thumbprint} ({'with' if self.private_key else 'without'} private key, until {self.until})"


class CertificatesSeen(Seen):
    """The certificates of the subject."""

    certificates: tuple[Certificate, ...]

    @property
    def thumbprints(self) -> tuple[str, ...]:
        return tuple(sorted({one.thumbprint for one in self.certificates}))


class Certificates(StepType[CertificateArgs, CertificatesSeen]):
    """Removes exactly the thumbprints that were seen and approved. There is no undo: nothing keeps a copy."""

    name = "certificate"
    args = CertificateArgs
    platforms: ClassVar[frozenset[Platform]] = frozenset((Platform.WINDOWS,))
    summary = (
        "The certificates of one exact subject, removed from the store LocalMachine\\My; their thumbprints stand in "
        "the plan. The files of their private keys stay. This cannot be undone."
    )
    least_risk = Risk.DATA

    def touches(self, args: CertificateArgs) -> frozenset[str]:
        return frozenset((f"certificate:{args.subject}",))

    def observe(self, args: CertificateArgs) -> Observing[CertificatesSeen]:
        return (yield from look(CertificatesSeen, _LOOK, args.subject))

    def decide(self, args: CertificateArgs, state: CertificatesSeen) -> Decision:
        if not state.certificates:
            return Decision(outcome=Outcome.NO_CHANGE, evidence=f"no certificate of {args.subject} is there")
        shown = "; ".join(sorted(map(str, state.certificates)))
        return Decision(
            outcome=Outcome.WOULD_CHANGE,
            evidence=f"certificates of {args.subject}: {shown}; what is removed cannot be put back",
            commands=self.bound(args, state),
            diff="".join(f"-{line}\n" for line in sorted(map(str, state.certificates))),
            prior={"subject": args.subject, "thumbprints": list(state.thumbprints)},
        )

    def bound(self, args: CertificateArgs, state: CertificatesSeen | None) -> tuple[Command, ...]:
        """One command for each, so that fewer at run time are fine and a new one is not; offline none is known."""
        return tuple(change(_REMOVE, thumbprint, args.subject) for thumbprint in (state.thumbprints if state else ()))

    def verify(self, args: CertificateArgs, before: CertificatesSeen, after: CertificatesSeen) -> Judgement:
        """Those that were there are gone. A new one is no failure: the agent makes them anew."""
        left = sorted(set(before.thumbprints).intersection(after.thumbprints))
        if left:
            return Judgement(Judged.FAILED, f"still there: {', '.join(left)}")
        new = f"; new is {', '.join(after.thumbprints)}" if after.certificates else ""
        return Judgement(Judged.OK, f"gone: {', '.join(before.thumbprints) or 'nothing'}{new}")
