"""Who may log in to the endpoint, and as what."""

from dataclasses import dataclass, field

from pydantic import ConfigDict


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A login. ``password`` goes into pyspnego's colon-separated file, hence no colon.

    ``domain`` is one that the name is known under besides the machine's own; ``filtered`` makes an administrator one
    whose token UAC filters over the network; ``certificate`` is the user principal name (UPN) of the client certificate
    that is mapped to the account.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")  # as part of a configuration file

    name: str
    password: str = field(repr=False)
    domain: str = ""
    administrator: bool = True
    filtered: bool = False
    may_open_shell: bool = True
    certificate: str = ""

    def __post_init__(self) -> None:
        for text in (self.name, self.password, self.domain):
            if any(char in text for char in ":\r\n"):
                raise ValueError(f"The account {self.name!r} has a colon or a line break in its name or password")

    @property
    def integrity(self) -> str:
        """The mandatory level of its token: ``high`` or ``medium``."""
        return "high" if self.administrator and not self.filtered else "medium"

    @property
    def owner(self) -> str:
        """The name as the service shows it."""
        return f"{self.domain}\\{self.name}" if self.domain else self.name

    def is_called(self, login: str) -> bool:
        """Whether a Basic login of this text means the account: plain, with any machine's name, or as a UPN."""
        plain = login.rpartition("\\")[2].casefold()
        return plain in {self.name.casefold(), f"{self.name}@{self.domain}".casefold()}
