"""Writes a registry as Wine keeps it on the disk: text, one section for each key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

HEADER = "WINE REGISTRY Version 2\n;; All keys relative to {root}\n\n#arch=win64\n"
MACHINE, USER = r"\\Machine", r"\\User\\S-1-5-21-0-0-0-1000"


@dataclass(frozen=True, slots=True)
class Expand:
    """A REG_EXPAND_SZ."""

    text: str


Data: TypeAlias = str | int | bytes | Expand | Sequence[str]
# A key's values by name ("" is the default value), by the key's path below HKEY_LOCAL_MACHINE or HKEY_CURRENT_USER.
Values: TypeAlias = Mapping[str, Data]
Keys: TypeAlias = Mapping[str, Values]


def hive(root: str, keys: Keys) -> str:
    """The whole text of a hive; strings are REG_SZ, numbers REG_DWORD, lists REG_MULTI_SZ, bytes REG_BINARY."""
    sections = [HEADER.format(root=root)]
    for path, values in keys.items():
        lines = [f"[{_escape(path)}] 1"]
        lines += [f"{_name(name)}={_data(value)}" for name, value in values.items()]
        sections.append("\n".join(lines) + "\n")
    return "\n".join(sections)


def _name(name: str) -> str:
    return f'"{_escape(name)}"' if name else "@"


def _data(value: Data) -> str:
    match value:
        case int():
            return f"dword:{value:08x}"
        case str():
            return f'"{_escape(value)}"'
        case bytes():
            return "hex:" + ",".join(f"{byte:02x}" for byte in value)
        case Expand(text):
            return f'str(2):"{_escape(text)}"'
        case _:
            return f'str(7):"{"".join(_escape(text) + chr(92) + "0" for text in value)}"'


def _escape(text: str) -> str:
    parts = []
    for unit in _utf16(text):
        character = chr(unit)
        if character in '\\"[]':
            parts.append("\\" + character)
        elif " " <= character <= "~":
            parts.append(character)
        else:
            parts.append(f"\\x{unit:04x}")
    return "".join(parts)


def _utf16(text: str) -> list[int]:
    data = text.encode("utf-16-le", "surrogatepass")
    return [int.from_bytes(data[i : i + 2], "little") for i in range(0, len(data), 2)]
