"""Makes a Wine prefix by hand, in a tenth of a second: a few folders, links to Wine's libraries, and a registry.

`wineboot` would take five seconds and copy 700 MB, most of it for desktops. What is not here is not needed by cmd.exe,
the registry and the service manager; and a program that is not here cannot pretend to work.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from examples.lab.errors import LabError
from examples.lab.windows.wine.hive import MACHINE, USER, Keys, hive

WINE = Path("/usr/lib/wine")  # wine64 and wineserver64 of Debian's package wine64
LIBRARY_FOLDERS = (
    Path("/usr/lib/x86_64-linux-gnu/wine/x86_64-windows"),
    Path("/usr/lib/wine/x86_64-windows"),
)
UID = 52004  # whom the target's programs run as; nobody else of this machine or of the Linux targets
# Wine's own programs that do what Windows' do, as far as the lab needs them. All others are replaced by notlab.exe.
PROVEN = ("cmd.exe",)
# Wine's machinery, which nobody calls by name.
MACHINERY = ("services.exe", "wineboot.exe")
# Windows has these and Wine does not: they too say that they are not part of the lab.
ABSENT_IN_WINE = ("powershell.exe", "wmic.exe", "diskshadow.exe", "bcdedit.exe", "sfc.exe", "net1.exe", "pwsh.exe")
# What the tools are called on the target, where it is not their own name.
RENAMED: Mapping[str, str] = {"chcp": "chcp.com"}
# Tools that lie where a scenario puts them.
ELSEWHERE = ("vcredist",)
PROGRAM_ENDINGS = (".exe", ".com")
FOLDERS = (
    "lab",
    "ProgramData",
    "Program Files",
    "users/azureuser/Temp",
    "windows/system32",
    "windows/temp",
)


def libraries() -> Path | None:
    """Where Wine's 64-bit libraries are, or None where Wine is not installed."""
    return next((folder for folder in LIBRARY_FOLDERS if (folder / "ntdll.dll").exists()), None)


def make_prefix(
    folder: Path, tools: Mapping[str, Path], keys: Keys, files: Mapping[str, bytes], programs: Mapping[str, str]
) -> None:
    """Make the prefix `folder` anew: keys below HKLM, and by their paths below C: files, and tools as programs."""
    source = libraries()
    if source is None:
        raise LabError("Wine's libraries are missing: apt-get install wine64")
    shutil.rmtree(folder, ignore_errors=True)
    drive = folder / "drive_c"
    for name in FOLDERS:
        (drive / name).mkdir(parents=True, exist_ok=True)
    (folder / "dosdevices").mkdir()
    (folder / "dosdevices" / "c:").symlink_to("../drive_c")  # and no Z:, so the machine around stays out of sight
    (folder / ".update-timestamp").write_text("disable", encoding="ascii")
    (folder / "system.reg").write_text(hive(MACHINE, keys), encoding="ascii")
    replaced = _fill_system32(drive / "windows/system32", source, tools)
    # Wine prefers its own program to a file of that name, unless told otherwise for each.
    overrides: Keys = {r"Software\Wine\DllOverrides": dict.fromkeys(sorted(replaced), "native")}
    (folder / "user.reg").write_text(hive(USER, overrides), encoding="ascii")
    for path, data in files.items():
        (drive / path).parent.mkdir(parents=True, exist_ok=True)
        (drive / path).write_bytes(data)
    for path, tool in programs.items():
        (drive / path).parent.mkdir(parents=True, exist_ok=True)
        _put(tools[tool], drive / path)
    _give_away(folder)


def _fill_system32(system32: Path, source: Path, tools: Mapping[str, Path]) -> set[str]:
    """Link or place every file of the folder; returns the names of the programs that are not Wine's."""
    ours = {RENAMED.get(tool, f"{tool}.exe"): path for tool, path in tools.items() if tool not in ELSEWHERE}
    for entry in os.scandir(source):
        if entry.name in PROVEN + MACHINERY or not entry.name.endswith(PROGRAM_ENDINGS):
            (system32 / entry.name).symlink_to(entry.path)
        else:
            ours.setdefault(entry.name, tools["notlab"])
    for name in ABSENT_IN_WINE:
        ours.setdefault(name, tools["notlab"])
    for name, path in ours.items():
        _put(path, system32 / name)
    return set(ours)


def _put(source: Path, place: Path) -> None:
    """A hard link where the cache is on the same disk, else a copy."""
    try:
        os.link(source, place)
    except OSError:
        shutil.copyfile(source, place)


def _give_away(folder: Path) -> None:
    """The prefix belongs to the target's user, or Wine refuses it; what is linked from elsewhere stays as it is."""
    for parent, folders, files in os.walk(folder):
        for name in (".", *folders):
            os.chown(Path(parent, name), UID, UID)
        for name in files:
            if not name.endswith((".exe", ".com")):
                os.chown(Path(parent, name), UID, UID, follow_symlinks=False)
