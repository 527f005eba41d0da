"""Files, standard input and inventory scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import sources
from runner.diagnostics import Diagnostics
from runner.errors import InvalidDocuments, UsageError
from runner.sources import load_inventory, read_text

SCRIPT = """\
#!/bin/sh
test "$1" = --list && echo '{"g": {"hosts": ["a"]}, "_meta": {"hostvars": {"a": {"ansible_host": "192.0.2.1"}}}}'
"""


def script(path: Path, text: str = SCRIPT) -> Path:
    """An executable file."""
    path.write_text(text)
    path.chmod(0o755)
    return path


def names(*paths: Path) -> list[str]:
    """The targets of inventories that nothing is wrong with."""
    diagnostics = Diagnostics()
    found = load_inventory([str(path) for path in paths], diagnostics)
    assert not list(diagnostics), list(map(str, diagnostics))
    return [target.name for target in found.targets]


def failure(*paths: Path) -> str:
    """What is wrong with these inventories."""
    with pytest.raises(InvalidDocuments) as caught:
        load_inventory([str(path) for path in paths], Diagnostics())
    return str(caught.value)


def test_text_of_a_file(tmp_path: Path) -> None:
    """UTF-8, with or without a byte order mark."""
    (tmp_path / "f").write_bytes(b"\xef\xbb\xbf\xc3\xa4")

    assert read_text(str(tmp_path / "f")) == "\u00e4"


@pytest.mark.parametrize(("data", "said"), [(b"a\n\xff", "f is not UTF-8 (line 2)"), (b"\xff\xfea\0", "f is UTF-16")])
def test_what_is_not_utf8(tmp_path: Path, data: bytes, said: str) -> None:
    """The complaint names the file and what to do."""
    (tmp_path / "f").write_bytes(data)
    with pytest.raises(UsageError) as caught:
        read_text(str(tmp_path / "f"))

    assert said in str(caught.value)
    assert "Save it in UTF-8." in str(caught.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    """Missing, with a near one named; a directory; no name at all."""
    (tmp_path / "inv.yml").write_text("")

    with pytest.raises(UsageError, match=r"there is no file .*inv.yaml\n.*inv.yml"):
        read_text(str(tmp_path / "inv.yaml"))
    with pytest.raises(UsageError, match="is a directory"):
        read_text(str(tmp_path))
    with pytest.raises(UsageError, match="cannot be read"):
        read_text("a\0b")
    with pytest.raises(UsageError, match="no inventory is named"):
        load_inventory([], Diagnostics())


def test_standard_input() -> None:
    """A dash, with a name of its own in complaints."""
    found = load_inventory("-", Diagnostics(), stdin=lambda: b"vmfix: 1\ntargets: {t: }")

    assert str(found.targets[0].span) == "standard input:2:11"


def test_several_inventories_add_up(tmp_path: Path) -> None:
    """Targets and groups; the same target in two must be the same."""
    (tmp_path / "a").write_text("[g]\nx\ny\n")
    (tmp_path / "b").write_text("[h]\ny\nz\n")
    (tmp_path / "c").write_text("[h]\ny ansible_port=1\n")

    assert names(tmp_path / "a", tmp_path / "b") == ["x", "y", "z"]
    merged = load_inventory([str(tmp_path / "a"), str(tmp_path / "b")], Diagnostics())
    assert merged.by_name()["y"].groups == ("g", "h")
    assert dict(merged.groups) == {"g": ("x", "y"), "h": ("y", "z")}
    assert "target `y` is also in" in failure(tmp_path / "a", tmp_path / "c")


def test_a_directory(tmp_path: Path) -> None:
    """Everything inside in order of names, without what Ansible leaves out."""
    for name in ("b.yml", "sub/c", "a"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("all: {hosts: {" + path.stem + ": }}" if path.suffix else f"{path.stem}\n")
    for name in (".hidden", "x.cfg", "x~", "README.md"):
        (tmp_path / name).write_text("[broken")
    (tmp_path / "sub" / "loop").symlink_to(tmp_path)

    assert names(tmp_path) == ["a", "b", "c"]


def test_an_ini_file_in_a_directory_is_named(tmp_path: Path) -> None:
    """Ansible leaves it out in silence; we do not."""
    (tmp_path / "a").write_text("h\n")
    (tmp_path / "b.ini").write_text("[g]\nx\n")
    diagnostics = Diagnostics()
    load_inventory(str(tmp_path), diagnostics)

    assert "b.ini: warning: was not read" in str(diagnostics.warnings[0])


def test_an_empty_directory(tmp_path: Path) -> None:
    """An inventory of nothing is a mistake."""
    assert "there is no inventory in this directory" in failure(tmp_path)


def test_variables_beside_an_inventory(tmp_path: Path) -> None:
    """group_vars and host_vars, as files and as directories of files."""
    (tmp_path / "inv").write_text("[g]\nh\n")
    files = {
        "group_vars/all.yml": "a: all\nb: all",
        "group_vars/g/1.yml": "b: one\nc: one",
        "group_vars/g/2.yaml": "c: two",
        "host_vars/h": "d: host",
        "host_vars/web.example.com": "d: other",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = load_inventory(str(tmp_path / "inv"), Diagnostics())

    assert dict(found.targets[0].vars) == {"a": "all", "b": "one", "c": "two", "d": "host"}


def test_variables_beside_our_own_format_are_named(tmp_path: Path) -> None:
    """They belong to Ansible, so they are not read, and that is said."""
    (tmp_path / "inv.yml").write_text("vmfix: 1\ntargets: {t: }")
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "all.yml").write_text("a: 1")
    diagnostics = Diagnostics()
    found = load_inventory(str(tmp_path / "inv.yml"), diagnostics)

    assert not found.targets[0].vars
    assert "was not read: group_vars and host_vars belong to Ansible" in str(diagnostics.warnings[0])


def test_a_script(tmp_path: Path) -> None:
    """An executable file is run with --list."""
    found = load_inventory(str(script(tmp_path / "inv.sh")), Diagnostics())

    assert found.targets[0].address == "192.0.2.1"
    assert found.source == f"{tmp_path / 'inv.sh'} --list"


def test_data_is_never_run(tmp_path: Path) -> None:
    """Some file systems give every file the executable bit."""
    assert names(script(tmp_path / "inv.yml", "all: {hosts: {h: }}")) == ["h"]


def test_a_script_that_fails(tmp_path: Path) -> None:
    """What it said is shown."""
    said = failure(script(tmp_path / "inv", "#!/bin/sh\necho no token >&2\nexit 3\n"))

    assert "the inventory script ended with exit code 3" in said
    assert "no token" in said


def test_a_script_that_is_none(tmp_path: Path) -> None:
    """Such as a program for another machine."""
    assert "cannot be started" in failure(script(tmp_path / "inv", "#!/does/not/exist\n"))


def test_a_script_that_does_not_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ended with all that it started."""
    monkeypatch.setattr(sources, "SCRIPT_DEADLINE", 0.2)

    assert "did not end within" in failure(script(tmp_path / "inv", "#!/bin/sh\nsleep 60 & wait\n"))


def test_errors_of_all_inventories_come_at_once(tmp_path: Path) -> None:
    """One broken file does not hide the other."""
    (tmp_path / "a").write_text("[g:x]\n")
    (tmp_path / "b.yml").write_text("vmfix: 2")
    said = failure(tmp_path / "a", tmp_path / "b.yml")

    assert "unknown kind of section" in said
    assert "`vmfix` must be" in said
