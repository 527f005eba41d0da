"""A WS-Man endpoint that behaves as the WinRM service of Windows does for text shells (WinRS), for tests on loopback.

Written from MS-WSMV and DSP0226, with the faults that Windows was recorded to answer; checked with pypsrp, pywinrm and
Ansible. It is no Windows. It differs from it, or nobody here knows, in this:

- Logins are NTLM, Basic and client certificates: no Kerberos, no CredSSP. Channel bindings are not looked at.
- It has no resources but text shells: no Get, Enumerate, Connect, Disconnect; Identify needs a login.
- WINRS_CONSOLEMODE_STDIN and WINRS_NOPROFILE change nothing: input is always a pipe, and there are no profiles.
- A command is done when it has ended and nobody holds its output any more; input is kept for it without limit.
- An answer with output waits 10 ms for more, so that a quick command takes one Receive. What was in an answer that got
  lost is gone: MS-WSMV 3.1.4.1.39 asks for no repeat in text shells.
- Control-C ends the processes of the command with the code that most programs end with.
- Codes of rare faults are those of wsmerror.h; their subcodes and texts are ours (see `faults`).

In a program::

    account = Account(name="azureuser", password=secrets.token_urlsafe(12))
    with Endpoint(PosixExecutor(), [account]) as endpoint:
        ...  # endpoint.url, endpoint.port
        endpoint.misbehave(Act.DROP_AFTER, operation="Command", line="net stop")
        assert endpoint.commands()[-1].line == "hostname"
        assert endpoint.requests()["Receive"] == 1

In a process of its own, ended by SIGTERM::

    python -m examples.lab.windows.wsman CONFIG.json

It writes one line with its URL to standard output once it listens. CONFIG.json (unknown keys are refused; what is not
marked "needed" has the default that is shown)::

    {
      "executor": "examples.lab.windows.wine.process:WineExecutor",   needed: MODULE:CALLABLE, or "posix" or "null"
      "executor_args": {},                  keyword arguments of the callable; no secrets
      "machine": false,                     the executor is a `Machine` too: follow its boots
      "accounts": [                         needed
        {
          "name": "azureuser",
          "password": "...",                needed, no colon; the file must be readable by its owner only
          "domain": "",                     a domain that the name is known under besides the machine's own
          "administrator": true,
          "filtered": false,                an administrator whose token UAC filters: medium integrity
          "may_open_shell": true,           false: Create answers "access is denied"
          "certificate": ""                 the UPN of the client certificate that is mapped to it
        }
      ],
      "folder": "...",                      needed: commands.jsonl, requests.jsonl and control.sock are put there
      "host": "127.0.0.1",
      "port": 0,                            0: a free one
      "tls": null,                          or {"certificate": PEM, "key": PEM, "client_authority": PEM or null}
      "options": {}                         fields of `Options`, such as {"honour_skip_cmd": true, "max_shells": 5}
    }

`Remote(folder)` talks to such a process: `commands()`, `requests()`, `misbehave(...)`, `behave()`, `reboot(...)`,
`forget_shells()`.
"""

from examples.lab.windows.wsman.accounts import Account
from examples.lab.windows.wsman.certificates import Authority, Certificate
from examples.lab.windows.wsman.control import Remote
from examples.lab.windows.wsman.endpoint import Endpoint
from examples.lab.windows.wsman.executors import NullExecutor, PosixExecutor
from examples.lab.windows.wsman.log import Sent
from examples.lab.windows.wsman.misbehaviour import Act, Rule
from examples.lab.windows.wsman.options import Options

__all__ = [
    "Account",
    "Act",
    "Authority",
    "Certificate",
    "Endpoint",
    "NullExecutor",
    "Options",
    "PosixExecutor",
    "Remote",
    "Rule",
    "Sent",
]
