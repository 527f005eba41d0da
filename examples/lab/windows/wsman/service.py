"""The operations of MS-WSMV on text shells. Everything about HTTP and logins is elsewhere."""

import base64
import binascii
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from xml.sax.saxutils import escape

from examples.lab.windows.executor import Executor, Process
from examples.lab.windows.wsman import faults, kill, messages, output
from examples.lab.windows.wsman.accounts import Account
from examples.lab.windows.wsman.faults import Faulted
from examples.lab.windows.wsman.log import Log, Sent
from examples.lab.windows.wsman.messages import CMD, SHELL, Request, tag, text_of
from examples.lab.windows.wsman.options import Options
from examples.lab.windows.wsman.output import Client, Output, Patience, RunningCommand
from examples.lab.windows.wsman.shells import Shell, Shells

TERMINATE = f"{SHELL}/signal/terminate"
CONTROL_C = frozenset({f"{SHELL}/signal/ctrl_c", f"{SHELL}/signal/ctrl_break"})
CONTROL_C_EXIT = 0xC000013A
DEFAULT_CODEPAGE = "437"
HIGHEST_CODEPAGE = 65_535
LEAST_TIMEOUT_S = 0.5
SHARE_FOR_HEADERS = 8192  # bytes of an answer that are not output
SIGN_BIT, WORD = 1 << 31, 1 << 32


class Service:
    """Answers requests for one machine. Thread-safe."""

    def __init__(self, executor: Executor, options: Options, log: Log, shells: Shells) -> None:
        self._executor, self._options, self._log, self._shells = executor, options, log, shells
        self._operations: Mapping[str, Callable[[Request, Account, Client], str]] = {
            "Identify": self._identify,
            "Create": self._create,
            "Command": self._command,
            "Send": self._send,
            "Receive": self._receive,
            "Signal": self._signal,
            "Delete": self._delete,
        }

    def answer(self, request: Request, account: Account, client: Client) -> bytes:
        """Carry a request out. Raises ``Faulted``, and ``ClientGone`` if nobody waits for the answer any more."""
        if request.operation not in self._operations:
            raise Faulted(faults.action_not_supported())
        return messages.answer(request, self._operations[request.operation](request, account, client))

    def _identify(self, request: Request, account: Account, client: Client) -> str:
        return ""

    def _create(self, request: Request, account: Account, client: Client) -> str:
        if not account.may_open_shell:
            raise Faulted(faults.access_denied())
        asked = request.body
        if asked is None or asked.tag != tag("Shell"):
            raise Faulted(faults.invalid_parameter())
        variables = {each.get("Name", ""): each.text or "" for each in asked.iter(tag("Variable"))}
        shell = Shell(
            shell_id=(asked.get("ShellId") or messages.new_id()).upper(),
            account=account,
            environment={**variables, "USERNAME": account.name, "VMFIX_LAB_INTEGRITY": account.integrity},
            directory=text_of(asked, "WorkingDirectory") or None,
            codepage=_codepage(request.option("WINRS_CODEPAGE", DEFAULT_CODEPAGE)),
            idle_timeout=self._idle_timeout(text_of(asked, "IdleTimeOut")),
        )
        self._shells.open(shell)
        return (
            f"<x:ResourceCreated><a:Address>{escape(request.to)}</a:Address><a:ReferenceParameters>"
            f'<w:ResourceURI>{CMD}</w:ResourceURI><w:SelectorSet><w:Selector Name="ShellId">{shell.shell_id}'
            "</w:Selector></w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>"
            f"<rsp:Shell><rsp:ShellId>{shell.shell_id}</rsp:ShellId><rsp:ResourceUri>{CMD}</rsp:ResourceUri>"
            f"<rsp:Owner>{escape(account.owner)}</rsp:Owner><rsp:ClientIP>127.0.0.1</rsp:ClientIP>"
            f"<rsp:IdleTimeOut>PT{shell.idle_timeout:.3f}S</rsp:IdleTimeOut>"
            f"<rsp:InputStreams>{escape(text_of(asked, 'InputStreams'))}</rsp:InputStreams>"
            f"<rsp:OutputStreams>{escape(text_of(asked, 'OutputStreams'))}</rsp:OutputStreams>"
            "<rsp:ShellRunTime>P0DT0H0M0S</rsp:ShellRunTime><rsp:ShellInactivity>P0DT0H0M0S</rsp:ShellInactivity>"
            "</rsp:Shell>"
        )

    def _idle_timeout(self, text: str) -> float:
        least, most = self._options.idle_limits
        value = messages.seconds(text) if text else self._options.idle_timeout
        if value is None or not least <= value <= most:
            raise Faulted(faults.idle_timeout(least, most))
        return value

    def _command(self, request: Request, account: Account, client: Client) -> str:
        with self._shells.using(request.shell, account) as shell:
            asked = _body(request, "CommandLine")
            command_id = (asked.get("CommandId") or messages.new_id()).upper()
            line = messages.command_line(asked)
            self._shells.count(shell, command_id)
            skip = request.is_set("WINRS_SKIP_CMD_SHELL") and self._options.honour_skip_cmd
            self._log.command(
                Sent(
                    at=time.time(),
                    shell=shell.shell_id,
                    command=command_id,
                    account=account.name,
                    line=line,
                    skip_cmd=skip,
                )
            )
            process = self._start(shell, line, skip_cmd=skip)
            self._shells.add(shell, RunningCommand(command_id=command_id, line=line, process=process))
        return f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>"

    def _start(self, shell: Shell, line: str, *, skip_cmd: bool) -> Process:
        if kill.is_kill_script(line):
            return kill.run(self._shells.others(shell))
        try:
            return self._executor.start(
                line,
                skip_cmd=skip_cmd,
                environment=shell.environment,
                directory=shell.directory,
                codepage=shell.codepage,
            )
        except OSError:
            raise Faulted(faults.cannot_start()) from None

    def _send(self, request: Request, account: Account, client: Client) -> str:
        with self._shells.using(request.shell, account) as shell:
            for stream in _body(request, "Send").findall(tag("Stream")):
                command = shell.command(stream.get("CommandId", "").upper())
                try:
                    data = base64.b64decode("".join((stream.text or "").split()), validate=True)
                except binascii.Error:
                    raise Faulted(faults.invalid_parameter()) from None
                self._log.stdin(shell.shell_id, command.command_id, len(data))
                command.feed(data, last=stream.get("End", "").lower() in {"true", "1"})
        return "<rsp:SendResponse/>"

    def _receive(self, request: Request, account: Account, client: Client) -> str:
        until = time.monotonic() + max(request.timeout, LEAST_TIMEOUT_S)
        with self._shells.using(request.shell, account) as shell:
            wanted = _body(request, "Receive").find(tag("DesiredStream"))
            command = shell.command(wanted.get("CommandId", "").upper() if wanted is not None else "")
            if command.told:
                raise Faulted(faults.unknown_command())
            if not command.receiving.acquire(blocking=False):
                raise Faulted(faults.receive_in_progress())
            try:
                patience = Patience(until=until, limit=self._limit(request), linger=self._options.linger)
                found = output.receive(command, patience, client)
            finally:
                command.receiving.release()
            if found is None:
                raise Faulted(faults.timed_out())
            command.told = found.exit_code is not None
        return self._received(command.command_id, found)

    def _limit(self, request: Request) -> int:
        """How many bytes of output fit into an answer, in base64."""
        return max(min(request.envelope_limit, self._options.max_envelope) - SHARE_FOR_HEADERS, 4096) * 3 // 4

    def _received(self, command_id: str, found: Output) -> str:
        pieces = "".join(
            f'<rsp:Stream Name="{name}" CommandId="{command_id}">{base64.b64encode(data).decode()}</rsp:Stream>'
            for name, data in found.pieces
        )
        if found.exit_code is None:
            state = f'<rsp:CommandState CommandId="{command_id}" State="{SHELL}/CommandState/Running"/>'
            return f"<rsp:ReceiveResponse>{pieces}{state}</rsp:ReceiveResponse>"
        signed = self._options.signed_exit_codes and found.exit_code >= SIGN_BIT
        ends = "".join(
            f'<rsp:Stream Name="{name}" CommandId="{command_id}" End="true"></rsp:Stream>'
            for name in ("stdout", "stderr")
        )
        state = (
            f'<rsp:CommandState CommandId="{command_id}" State="{SHELL}/CommandState/Done">'
            f"<rsp:ExitCode>{found.exit_code - WORD if signed else found.exit_code}</rsp:ExitCode></rsp:CommandState>"
        )
        return f"<rsp:ReceiveResponse>{pieces}{ends}{state}</rsp:ReceiveResponse>"

    def _signal(self, request: Request, account: Account, client: Client) -> str:
        with self._shells.using(request.shell, account) as shell:
            asked = _body(request, "Signal")
            command = shell.command(asked.get("CommandId", "").upper())
            code = text_of(asked, "Code")
            if code in CONTROL_C:
                _interrupt(command)
            elif code == TERMINATE:
                _terminate(shell, command)
            else:
                raise Faulted(faults.invalid_parameter())
        return "<rsp:SignalResponse/>"

    def _delete(self, request: Request, account: Account, client: Client) -> str:
        self._shells.close(request.shell, account)
        return ""


def _interrupt(command: RunningCommand) -> None:
    """Control-C goes to every process of the console, and most programs end with this code."""
    if command.process.exit_code() is None:
        command.code = CONTROL_C_EXIT
        command.process.terminate(tree=True)


def _terminate(shell: Shell, command: RunningCommand) -> None:
    """Ends the one process, which is cmd.exe; what it started lives on until the shell is closed."""
    del shell.commands[command.command_id]
    if command.told:
        command.dispose()
        return
    command.process.terminate(tree=False)
    command.gone = True
    shell.killed.append(command)


def _body(request: Request, name: str) -> ET.Element:
    if request.body is None or request.body.tag != tag(name):
        raise Faulted(faults.invalid_parameter())
    return request.body


def _codepage(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= HIGHEST_CODEPAGE:
        raise Faulted(faults.code_page(text))
    return int(text)
