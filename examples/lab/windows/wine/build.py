"""Compiles the Win32 tools with mingw, each only when its sources have changed."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType

from examples.lab.processes import run

SOURCES = Path(__file__).parents[1] / "tools"
COMPILER = "x86_64-w64-mingw32-gcc"
FLAGS = ("-std=c11", "-O1", "-s", "-static", "-municode", "-DWIN32_LEAN_AND_MEAN", "-Wall", "-Wextra", "-Werror")
LIBRARIES = ("-lshell32", "-lbcrypt")
HEADER = "lab.h"
SHARED = ("text.c", "settings.c", "service.c")
# Tool -> options of its own. A tool is one source file, and the shared ones.
TOOLS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "certutil": (),
        "chcp": (),
        "echoargs": (),
        "echocrt": (),
        "hostname": (),
        "labboot": (),
        "labproc": (),
        "labsvc": (),
        "msdtc": ("-mwindows",),
        "net": (),
        "notlab": (),
        "reg": (),
        "sc": (),
        "shutdown": (),
        "vcredist": ("-mwindows",),
        "vssadmin": (),
        "wevtutil": (),
        "where": (),
        "whoami": (),
        "winrshost": (),
    }
)


def build_tools(cache: Path) -> Mapping[str, Path]:
    """Compile what is not in `cache` yet, and say where each tool is. Several programs may do so at once."""
    cache.mkdir(parents=True, exist_ok=True)
    version = run([COMPILER, "--version"])
    common = "".join((SOURCES / name).read_text(encoding="utf-8") for name in (HEADER, *SHARED))
    wanted = {}
    for tool, options in TOOLS.items():
        source = (SOURCES / f"{tool}.c").read_text(encoding="utf-8")
        digest = hashlib.sha256("\0".join((version, common, source, *FLAGS, *options, *LIBRARIES)).encode()).hexdigest()
        wanted[tool] = cache / f"{tool}-{digest[:16]}.exe"
    lacking = [tool for tool, path in wanted.items() if not path.exists()]
    if lacking:
        with tempfile.TemporaryDirectory(dir=cache) as scratch, ThreadPoolExecutor(os.cpu_count()) as pool:
            folder = Path(scratch)
            # Most of a compilation is windows.h, so that is read once.
            header = folder / HEADER
            shutil.copyfile(SOURCES / HEADER, header)
            run([COMPILER, *FLAGS, "-o", f"{header}.gch", str(header)], timeout_s=120)
            list(pool.map(lambda name: _compile(folder / f"{name}.o", SOURCES / name, ["-c"]), SHARED))
            list(pool.map(lambda tool: _link(tool, folder, wanted[tool]), lacking))
    return MappingProxyType(wanted)


def _compile(output: Path, source: Path, options: list[str]) -> None:
    header = output.parent / HEADER
    # The libraries are among the options, and count only for what stands before them.
    run([COMPILER, *FLAGS, "-include", str(header), "-o", str(output), str(source), *options], timeout_s=120)


def _link(tool: str, folder: Path, path: Path) -> None:
    objects = [str(folder / f"{name}.o") for name in SHARED]
    made = folder / f"{tool}.exe"
    _compile(made, SOURCES / f"{tool}.c", [*TOOLS[tool], *objects, *LIBRARIES])
    made.replace(path)
