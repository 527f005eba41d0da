"""The playbooks that only look into a Linux machine, on real targets: each names what is there and changes nothing."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from examples.lab.sent import changes, sent
from tests.integration.conftest import DeskOf
from tests.integration.lab_desk import Desk, Done, mark, written

pytestmark = pytest.mark.real

LOCK = "/etc/azure/MicrosoftRecoverySvcsSafeFreezeLock/SafeFreezeLockFile"
LOG = "/var/log/azure/Microsoft.Azure.RecoveryServices.VMSnapshotLinux/extension.log"
ALREADY = "2099-01-05 03:00:01.000001 [X]Mount Points already freezed by some other processor"


@pytest.fixture(name="port")
def _port() -> Iterator[int]:
    """A port of 127.0.0.1 on which something listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def look(desk: Desk, playbook: str, *more: str) -> Done:
    """A run with consent to everything, after which nothing may have been changed."""
    since = mark(desk.lab, "web")
    done = desk.vmfix("run", playbook, "-i", desk.lab.inventory, "--approve", "all", "--json", *more)

    assert changes(sent(desk.lab, "web")) == []
    assert written(desk.lab, "web", since) == []
    return done


def in_target(desk: Desk, script: str) -> None:
    """What happens on the machine meanwhile, past SSH."""
    desk.lab.run("web", "sh", "-c", script)


def test_the_way_to_azure_is_tried(desk_of: DeskOf, port: int) -> None:
    """An open port is a way out; a closed one is named."""
    desk = desk_of("web=healthy")
    there, gone = f"127.0.0.1:{port}", "127.0.0.1:1"

    open_way = look(desk, "internet-connectivity-linux", "-e", f"endpoints={there}")
    closed_way = look(desk, "internet-connectivity-linux", "-e", f"endpoints={there},{gone}")

    assert open_way.statuses == {"web": "healthy"}, open_way.text
    assert closed_way.statuses == {"web": "needs_person"}, closed_way.text
    assert f"No answer from {gone}." in closed_way.text


def test_a_full_disk_is_named(desk_of: DeskOf) -> None:
    """Filled up, it is named with what is left; with room again the machine is healthy, if it is calm."""
    desk = desk_of("web=healthy")
    calm = ("-e", "limit=100")
    before = look(desk, "high-cpu-or-memory-linux", *calm)
    in_target(desk, 'fallocate -l "$(($(stat -f -c "%a * %S" /data) * 97 / 100))" /data/full')
    full = look(desk, "high-cpu-or-memory-linux", *calm)
    in_target(desk, "rm /data/full")
    after = look(desk, "high-cpu-or-memory-linux", *calm)

    assert full.statuses == {"web": "needs_person"}, full.text
    assert "/data" in full.text.partition("Little space is left: ")[2].partition(" percent free")[0]
    assert before.statuses == after.statuses
    assert "/data" not in before.text.partition("Little space is left: ")[2].partition(".")[0]


def test_another_product_is_found_by_the_log(desk_of: DeskOf) -> None:
    """The lock file alone says nothing; the extension's own words do."""
    desk = desk_of("web=healthy")
    in_target(desk, f"mkdir -p {LOCK.rpartition('/')[0]} && : >{LOCK}")
    lock_only = look(desk, "other-backup-product-linux", "-e", "products=nosuchproduct")
    in_target(desk, f"mkdir -p {LOG.rpartition('/')[0]} && echo '{ALREADY}' >>{LOG}")
    confirmed = look(desk, "other-backup-product-linux", "-e", "products=nosuchproduct")

    assert lock_only.statuses == {"web": "healthy"}, lock_only.text
    assert confirmed.statuses == {"web": "needs_person"}, confirmed.text
    assert "another program had frozen the file systems" in confirmed.text


def test_system_and_address_are_read(desk_of: DeskOf) -> None:
    """What this very machine is, and how it got its address, is said as its own tools say it."""
    desk = desk_of("web=healthy")
    release = dict(
        line.split("=", 1) for line in desk.lab.run("web", "cat", "/etc/os-release").splitlines() if "=" in line
    )
    version = look(desk, "os-version-supported-linux")
    address = look(desk, "dhcp-enabled-linux")

    assert version.statuses == {"web": "needs_person"}, version.text
    assert release["PRETTY_NAME"].strip('"') in version.text
    assert set(address.statuses.values()) <= {"healthy", "needs_person", "refused"}, address.text
    ways = desk.lab.run("web", "ip", "-4", "route", "show", "default")
    dynamic = " dynamic " in desk.lab.run("web", "ip", "-o", "-4", "address", "show", "scope", "global")
    if ways and not dynamic:
        assert address.statuses == {"web": "needs_person"}, address.text
