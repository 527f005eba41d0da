"""Puts a made-up agent on a target: packages built there, an apt repository of its own, and a unit of systemd.

The package is called and laid out like the distribution's (walinuxagent: /usr/sbin/waagent, /etc/waagent.conf, the unit
walinuxagent.service); the program in it only says its version and sleeps.
"""

import shlex

from examples.lab import namespace
from examples.lab.accounts import File
from examples.lab.scenarios_agent import Agent

REPOSITORY = "/opt/lab-repository"
PROGRAM = """\
#!/bin/sh
case $1 in
  *version)
    printf 'WALinuxAgent-%s running on debian 12.0\\nPython: 3.11.2\\nGoal state agent: %s\\n' VERSION VERSION ;;
  *) AGENT ;;
esac
"""
UNIT = """\
[Unit]
Description=Azure Linux Agent (practice)

[Service]
ExecStart=/usr/sbin/waagent -daemon

[Install]
WantedBy=multi-user.target
"""
# This machine may have an agent of its own, as a VM in Azure has. Its package's scripts are for that machine.
TAKE_AWAY = """\
if dpkg-query -W walinuxagent >/dev/null 2>&1; then
  systemctl disable --now walinuxagent || :
  rm -f /var/lib/dpkg/info/walinuxagent.p*
  dpkg --purge --force-all walinuxagent
  systemctl daemon-reload
fi
rm -rf /etc/waagent.conf /var/lib/waagent
"""
# The version of a package is $1; what it holds lies in /opt/lab-repository/tree. Nothing comes from elsewhere.
BUILD = """\
cd "$0"
for version; do
  tree=build/$version
  mkdir -p "$tree/DEBIAN" "$tree/usr/sbin" "$tree/lib/systemd/system" "$tree/etc"
  printf 'Package: walinuxagent\\nVersion: %s\\nArchitecture: all\\nMaintainer: Lab <lab@example.com>\\n' "$version" \\
    >"$tree/DEBIAN/control"
  echo 'Description: practice agent' >>"$tree/DEBIAN/control"
  echo /etc/waagent.conf >"$tree/DEBIAN/conffiles"
  cp waagent.conf "$tree/etc/waagent.conf"
  cp walinuxagent.service "$tree/lib/systemd/system/"
  sed "s/VERSION/${version%-*}/g" waagent >"$tree/usr/sbin/waagent"
  chmod 755 "$tree/usr/sbin/waagent"
  dpkg-deb --root-owner-group -b "$tree" "walinuxagent_${version}_all.deb" >/dev/null
done
"""
# Neither this machine's repositories, proxies nor hooks are left. The repository always lists some other package, for
# apt takes an empty list for a broken one.
PUBLISH = """\
cd "$0"
printf 'Package: lab-other\\nVersion: 1\\nArchitecture: all\\nFilename: ./other.deb\\n\\n' >Packages
for version; do
  file=walinuxagent_${version}_all.deb
  dpkg-deb -f "$file" >>Packages
  printf 'Filename: ./%s\\nSize: %s\\nSHA256: %s\\n\\n' "$file" "$(stat -c %s "$file")" \\
    "$(sha256sum "$file" | cut -c 1-64)" >>Packages
done
rm -rf /etc/apt/sources.list.d /var/lib/apt/lists /etc/apt/apt.conf.d/*
echo "deb [trusted=yes] file:$0 ./" >/etc/apt/sources.list
"""


def set_up(init: int, agent: Agent) -> None:
    """Build, publish, install and start as the scenario says, in the target alone."""
    namespace.inside(init, ["sh", "-ec", TAKE_AWAY])
    program = PROGRAM.replace("AGENT", "exit 1" if agent.crashes else "exec sleep 1000000")
    files = (("waagent", program.encode()), ("walinuxagent.service", UNIT.encode()), ("waagent.conf", agent.conf))
    namespace.write(init, [File(path=f"{REPOSITORY}/{name}", data=data) for name, data in files])
    built = dict.fromkeys((*agent.offered, *((agent.installed,) if agent.installed else ())))
    namespace.inside(init, ["sh", "-ec", BUILD, REPOSITORY, *built])
    namespace.inside(init, ["sh", "-ec", PUBLISH, REPOSITORY, *agent.offered])
    if agent.installed:
        package = shlex.quote(f"{REPOSITORY}/walinuxagent_{agent.installed}_all.deb")
        namespace.inside(init, ["sh", "-ec", f"dpkg -i {package} && systemctl daemon-reload"])
        for verb in (("enable",) if agent.at_boot else ()) + (("start",) if agent.running else ()):
            namespace.inside(init, ["systemctl", verb, "walinuxagent"])
