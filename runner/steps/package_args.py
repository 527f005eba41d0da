"""The arguments of the ``package`` step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from runner.steps.base import Args
from runner.steps.rendering import is_open

Family: TypeAlias = Literal["apt", "dnf", "zypper"]
FAMILIES: tuple[Family, ...] = ("apt", "dnf", "zypper")

# Debian policy 5.6.1 and what rpm allows: no option, no path, no URL, no version behind a sign, no pattern.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]*")


def _package_name(text: str) -> str:
    if not is_open(text) and not _NAME.fullmatch(text):
        message = f"`{text}` cannot be the name of one package\nNames only: no file, no URL, no version."
        raise ValueError(message)
    return text


Name: TypeAlias = Annotated[str, AfterValidator(_package_name)]


class PackageArgs(Args):
    """What the package is called in each family of distributions, and what is wanted of it.

    A family without a name: on its machines the step is refused.
    """

    apt: Name | None = Field(default=None, description="Its name on Debian, Ubuntu and relatives.")
    dnf: Name | None = Field(default=None, description="Its name on Red Hat and relatives, by dnf or yum.")
    zypper: Name | None = Field(default=None, description="Its name on SUSE.")
    state: Literal["present", "latest"] = Field(
        description="present: installed, in whatever version. latest: installed, and none newer is in the machine's "
        "own repositories."
    )

    @classmethod
    def misfit(cls, given: Mapping[str, object]) -> str:
        """At least one family has it."""
        if any(given.get(family) is not None for family in FAMILIES):
            return ""
        return "no name is given\nWrite apt, dnf or zypper with the package's name there."

    def name_in(self, family: Family) -> str | None:
        """What it is called there; None if the playbook does not say."""
        names: Mapping[Family, str | None] = {"apt": self.apt, "dnf": self.dnf, "zypper": self.zypper}
        return names[family]
