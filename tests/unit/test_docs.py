"""The documentation: current, with links that lead somewhere and commands and examples that work."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
import yaml

from runner.__main__ import main
from runner.cli.group import COMMANDS, cli
from runner.diagnostics import Diagnostics
from runner.load.cases import load_cases
from runner.load.covered import covered
from runner.load.inventory import read_inventory
from runner.load.library import names_of
from runner.load.playbook import load_playbook
from runner.load.schema import cases_schema, inventory_schema, playbook_schema
from runner.model.event import Status
from runner.report.words import status_word
from runner.shelf import CASES, files_of, known_faults, load_library, shipped

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    return [text for kind, text in _FENCE.findall(page.read_text(encoding="utf-8")) if kind == language]


def calls(page: Path) -> Iterator[list[str]]:
    """The words after ``vmfix`` of every call that is shown."""
    for block in blocks(page, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["vmfix"]:
                yield words[1:]


def anchors(page: Path) -> set[str]:
    """What links may say behind a #, as the usual renderers make it of headings."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def document(text: str) -> Any:  # noqa: ANN401 - whatever stands in it
    """A YAML document as the JSON that a schema is about."""
    return json.loads(json.dumps(yaml.safe_load(text), default=str))


class TestGenerated:
    def test_is_current(self) -> None:
        """Every generated file is what the code says; `make docs` writes them."""
        generate_docs = pytest.importorskip("scripts.generate_docs", reason="beside a wheel there are no scripts")
        stale = [
            str(path.relative_to(ROOT))
            for path, text in generate_docs.pages().items()
            if not path.is_file() or path.read_text(encoding="utf-8") != text
        ]
        assert stale == []

    def test_check_names_what_differs(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """With --check nothing is written and the exit code is 1; without it the files are written."""
        generate_docs = pytest.importorskip("scripts.generate_docs", reason="beside a wheel there are no scripts")
        page = tmp_path / "docs" / "page.md"
        monkeypatch.setattr(generate_docs, "DOCS", tmp_path / "docs")
        monkeypatch.setattr(generate_docs, "pages", lambda: {page: "new\n"})

        assert generate_docs.main(["--check"]) == 1
        assert "docs/page.md is out of date" in capsys.readouterr().out
        assert not page.exists()
        assert generate_docs.main([]) == 0
        assert page.read_text(encoding="utf-8") == "new\n"
        assert generate_docs.main(["--check"]) == 0

    def test_coverage_knows_every_shipped_playbook(self) -> None:
        """Each has its facts, and stands among the covered entries, or as a part of one."""
        data = yaml.safe_load((DOCS / "coverage.yml").read_text(encoding="utf-8"))
        ids = {playbook.id for playbook in load_library((), Diagnostics()).playbooks}

        assert set(data["playbooks"]) == ids
        rows = [*data["article"]["covered"], *data["newer"]]
        named = [found if isinstance(found := row["playbook"], list) else [found] for row in rows]
        parts = {row["playbook"] for row in data["parts"]}
        assert {name for names in named for name in names} == ids - parts
        assert parts <= ids
        assert {row["entry"] for row in data["parts"]} <= {row["entry"] for row in data["article"]["covered"]}
        assert (
            len(data["article"]["covered"])
            == data["article"]["entries"]
            == len({r["entry"] for r in rows}) - len(data["newer"])
        )
        codes = {(code, book.id) for book in load_library((), Diagnostics()).playbooks for code in book.solves}
        assert {(str(row["entry"]), name) for row, names in zip(rows, named, strict=True) for name in names} <= codes

    def test_what_list_counts_is_what_coverage_says(self) -> None:
        """The table that is shipped has each entry of the article, and each newer code; all of them are covered."""
        data = yaml.safe_load((DOCS / "coverage.yml").read_text(encoding="utf-8"))
        faults = known_faults()

        assert sorted(faults["article"]) == sorted(str(row["entry"]) for row in data["article"]["covered"])
        assert {str(row["entry"]) for row in data["newer"]} <= set(faults["newer"])
        assert [len(set(faults[name])) for name in ("article", "newer")] == [57, 24]
        assert [covered(faults[name], load_library((), Diagnostics())).missing for name in faults] == [(), ()]

    def test_no_word_means_two_playbooks_for_one_platform(self) -> None:
        """Of those that are shipped, each error code and alias can be found."""
        library = load_library((), Diagnostics())
        for word in {name for playbook in library.playbooks for name in names_of(playbook)}:
            assert library.find(word).playbooks


class TestSchemas:
    @pytest.mark.parametrize(
        "schema", [playbook_schema(), inventory_schema(), cases_schema()], ids=["playbook", "inventory", "cases"]
    )
    def test_is_a_schema(self, schema: Mapping[str, Any]) -> None:
        """It follows its own dialect."""
        jsonschema.Draft202012Validator.check_schema(schema)

    @pytest.mark.parametrize("path", files_of(shipped()), ids=lambda path: path.stem)
    def test_shipped_playbooks_satisfy_it(self, path: Path) -> None:
        """What we ship is right for an editor too."""
        jsonschema.validate(document(path.read_text(encoding="utf-8")), playbook_schema())

    @pytest.mark.parametrize("path", sorted(shipped().rglob(f"*{CASES}")), ids=lambda path: path.stem)
    def test_shipped_cases_satisfy_it(self, path: Path) -> None:
        """The same for the cases of playbooks."""
        jsonschema.validate(document(path.read_text(encoding="utf-8")), cases_schema())

    def test_sample_inventory_satisfies_it(self) -> None:
        """The sample is right for an editor too."""
        text = (ROOT / "inventory" / "example.yml").read_text(encoding="utf-8")
        jsonschema.validate(document(text), inventory_schema())

    @pytest.mark.parametrize(
        ("path", "wrong"),
        [
            (("surprise",), 1),
            (("vmfix",), 2),
            (("platform",), "solaris"),
            (("playbook",), "Not An Id"),
            (("solves",), []),
            (("remedies",), []),
            (("remedies", 0, "risk"), ["fun"]),
            (("remedies", 0, "takes"), 5),
            (("remedies", 0, "takes"), "soon"),
            (("remedies", 0, "steps", 0, "surprise"), 1),
            (("remedies", 0, "steps", 0, "file", "surprise"), 1),
            (("remedies", 0, "steps", 0, "file", "absent"), "yes"),
            (("observe", "pause", "ok_exit"), "0"),
        ],
        ids=str,
    )
    def test_wrong_playbook_is_rejected(self, path: tuple[str | int, ...], wrong: object) -> None:
        """One wrong value is enough."""
        playbook = document(blocks(DOCS / "writing-playbooks.md", "yaml")[0])
        jsonschema.validate(playbook, playbook_schema())
        place: Any = playbook
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = wrong

        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(playbook, playbook_schema())

    @pytest.mark.parametrize(
        "wrong",
        [
            {},
            {"vmfix": 2},
            {"vmfix": 1, "surprise": 1},
            {"vmfix": 1, "targets": {"a": {"port": 0}}},
            {"vmfix": 1, "targets": {"a": {"port": "22"}}},
            {"vmfix": 1, "targets": {"a": {"ssh": {"password": "plain"}}}},
            {"vmfix": 1, "targets": {"a": {"ssh": {"password": {"env": "A", "file": "B"}}}}},
            {"vmfix": 1, "targets": {"a": {"transport": "telnet"}}},
            {"vmfix": 1, "groups": {"g": {"targets": {"a": {"ssh": {"connect_timeout": 5}}}}}},
        ],
        ids=str,
    )
    def test_wrong_inventory_is_rejected(self, wrong: object) -> None:
        """A password that stands in the file, for one."""
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, inventory_schema())


class TestPages:
    @pytest.mark.parametrize("page", PAGES, ids=NAMES)
    def test_links_lead_somewhere(self, page: Path) -> None:
        """To a file of the repository, and to a heading that is there."""
        for link in _LINK.findall(page.read_text(encoding="utf-8")):
            if link.startswith(("http://", "https://")):
                continue
            name, _, anchor = link.partition("#")
            there = (page.parent / name).resolve() if name else page
            if there.is_relative_to(ROOT / "runner") and not (ROOT / "runner").is_dir():
                continue  # beside a wheel
            assert there.exists(), link
            assert not anchor or anchor in anchors(there), link

    @pytest.mark.parametrize("page", PAGES, ids=NAMES)
    def test_calls_are_understood(self, page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Every command that is shown exists, with these options and arguments."""
        monkeypatch.setenv("VMFIX_INVENTORY", "inventory.yml")
        for words in calls(page):
            if words[0].startswith("-"):
                assert words == ["--version"]
                continue
            assert words[0] in COMMANDS, words
            context = click.Context(cli, resilient_parsing=True)
            command = cli.get_command(context, words[0])
            assert command is not None
            command.make_context(words[0], words[1:])  # raises for a word that it does not know

    @pytest.mark.parametrize("page", PAGES, ids=NAMES)
    def test_documents_are_right(self, page: Path) -> None:
        """Every whole playbook and inventory that is shown can be loaded without a complaint."""
        for text in blocks(page, "yaml"):
            if not text.startswith("vmfix: 1"):
                continue
            diagnostics = Diagnostics()
            if "\ncases_of:" in text:
                found = next(one for one in load_library((), diagnostics).playbooks if f"cases_of: {one.id}" in text)
                load_cases(text, page.name, found, diagnostics, lambda _name: None)
            elif "\nplaybook:" in text:
                load_playbook(text, page.name, diagnostics)
            else:
                read_inventory(text, f"{page.name}.yml", diagnostics)
            assert [str(problem) for problem in diagnostics] == []

    @pytest.mark.parametrize("name", ["README.md", "docs/running.md"])
    def test_every_status_is_explained(self, name: str) -> None:
        """A status that the report names can be looked up."""
        first_cells = re.findall(r"^\| (\S[^|]*?) \|", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
        explained = {cell.replace("_", " ") for cell in first_cells}
        assert {status_word(status) for status in Status} <= explained

    def test_no_page_is_wider_than_the_rest(self) -> None:
        """Prose is wrapped at 120 columns; tables, code and bare links cannot be."""
        for page in [*PAGES, ROOT / "CHANGELOG.md", *(ROOT / "examples").rglob("README.md")]:
            prose = _FENCE.sub("", page.read_text(encoding="utf-8"))
            lines = [line for line in prose.splitlines() if len(line) > 120 and "](http" not in line]
            wide = [line for line in lines if not line.startswith(("|", "    "))]
            assert wide == [], page


class TestTutorial:
    def test_works_as_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """docs/writing-playbooks.md, from the first command to the last, on this machine."""
        page = DOCS / "writing-playbooks.md"
        playbook, inventory, cases = [text for text in blocks(page, "yaml") if not text.startswith("accepts:")][-3:]
        agent = tmp_path / "agent"
        agent.mkdir()
        (agent / "agent.conf").write_text("[agent]\nenabled = no\n", encoding="utf-8")
        (agent / "pause").write_text("paused by Ann\n", encoding="utf-8")
        (tmp_path / "agent-paused.yml").write_text(playbook.replace("/tmp/vmfix-tutorial", str(agent)), "utf-8")  # noqa: S108
        (tmp_path / "agent-paused.cases.yml").write_text(cases.replace("/tmp/vmfix-tutorial", str(agent)), "utf-8")  # noqa: S108
        (tmp_path / "local.yml").write_text(inventory, encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("VMFIX_STATE", str(tmp_path / "state"))
        same = ["./agent-paused.yml", "-i", "local.yml"]

        assert main(["check", "agent-paused.yml"]) == 0
        assert main(["plan", *same]) == 0
        assert (agent / "pause").exists()
        assert main(["run", *same, "--approve", "resume"]) == 5
        assert not (agent / "pause").exists()
        assert (agent / "resumed").exists()
        capsys.readouterr()
        assert main(["run", *same, "--approve", "all"]) == 0
        assert "here: applied by switch-on" in capsys.readouterr().out
        assert "enabled = yes" in (agent / "agent.conf").read_text(encoding="utf-8")
        assert main(["run", *same, "--approve", "all"]) == 0
        assert "awaiting a backup" in capsys.readouterr().out
        left = {re.sub(r"vmfix-\w+", "vmfix-*", path.name) for path in agent.iterdir()}
        assert left == {"agent.conf", "resumed", "agent.conf.vmfix-*.bak", "pause.vmfix-*.bak"}
        assert main(["check", "agent-paused.cases.yml"]) == 0
        capsys.readouterr()
        assert main(["test", "./agent-paused.yml"]) == 0
        assert capsys.readouterr().out.endswith("\n\n3 cases: 3 passed, 0 failed\n")

    def test_finds_what_it_says(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """docs/writing-playbooks.md: the finding letter by letter, and its acceptance."""
        page = DOCS / "writing-playbooks.md"
        playbook = next(text for text in blocks(page, "yaml") if text.startswith("vmfix: 1\nplaybook:"))
        (accepts,) = [text for text in blocks(page, "yaml") if text.startswith("accepts:")]
        (shown,) = [text for text in blocks(page, "text") if text.startswith("agent-paused.yml:")]
        unchecked = re.sub(r"^ *check: .*\n", "", playbook, flags=re.MULTILINE)
        monkeypatch.chdir(tmp_path)

        Path("agent-paused.yml").write_text(playbook, encoding="utf-8")
        assert main(["check", "--strict", "agent-paused.yml"]) == 0
        capsys.readouterr()
        Path("agent-paused.yml").write_text(unchecked, encoding="utf-8")
        assert main(["check", "--strict", "agent-paused.yml"]) == 3
        assert capsys.readouterr().out.startswith(shown)
        Path("agent-paused.yml").write_text(unchecked + accepts, encoding="utf-8")
        assert main(["check", "--strict", "agent-paused.yml"]) == 0

    def test_example_of_cases_works(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """docs/testing-playbooks.md: the example, beside the playbook that it is about."""
        (example,) = [text for text in blocks(DOCS / "testing-playbooks.md", "yaml") if "cases_of:" in text]
        shutil.copy(shipped() / "windows" / "vss-service-bad-state.yml", tmp_path / "vss-service.yml")
        (tmp_path / "vss-service.cases.yml").write_text(example, encoding="utf-8")
        code = main(["test", str(tmp_path / "vss-service.yml")])
        out = capsys.readouterr().out
        assert code == 0, out
        assert "FAIL" not in out
