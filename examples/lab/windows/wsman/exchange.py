"""One request of somebody who is logged in, from its plain text to its plain answer, with what is to go wrong."""

import select
import time
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Protocol

from examples.lab.windows.wsman import faults, messages
from examples.lab.windows.wsman.accounts import Account
from examples.lab.windows.wsman.faults import Faulted
from examples.lab.windows.wsman.log import Log
from examples.lab.windows.wsman.login import AccountBook
from examples.lab.windows.wsman.messages import Request
from examples.lab.windows.wsman.misbehaviour import Act, Misbehaviour, Rule
from examples.lab.windows.wsman.options import Options
from examples.lab.windows.wsman.output import Client
from examples.lab.windows.wsman.service import Service
from examples.lab.windows.wsman.shells import Shells

SLICE_S = 0.05
_ERRORS = {Act.ERROR_500: HTTPStatus.INTERNAL_SERVER_ERROR, Act.ERROR_503: HTTPStatus.SERVICE_UNAVAILABLE}


class Site(Protocol):
    """What the connections of one endpoint share."""

    options: Options
    book: AccountBook
    log: Log
    shells: Shells
    service: Service
    misbehaviour: Misbehaviour

    def is_open(self) -> bool: ...

    def reboot(self, *, seconds: float) -> None: ...


class Dropped(Exception):
    """The connection is to break without a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What goes back. ``plain``: also where the request was encrypted; ``cut``: only its first half."""

    status: HTTPStatus
    text: bytes = b""
    plain: bool = False
    cut: bool = False


def answer(site: Site, data: bytes, account: Account, client: Client) -> Reply:
    """Handle a request. Raises ``Dropped``, and ``ClientGone``."""
    try:
        request = _parsed(site, data)
    except Faulted as error:
        site.log.request("Unknown")
        return _faulted(site, error, "")
    site.log.request(request.operation)
    rule = site.misbehaviour.match(request.operation, _line(site, request))
    early = before(site, rule, client) if rule else None
    if early is not None:
        return early
    try:
        reply = Reply(status=HTTPStatus.OK, text=_served(site, request, account, client, rule))
    except Faulted as error:
        reply = _faulted(site, error, request.message_id)
    return _after(site, rule, reply, client) if rule else reply


def before(site: Site, rule: Rule, client: Client) -> Reply | None:
    """Do what is to be done before a request is handled; a reply means that it is not handled at all."""
    match rule.act:
        case Act.DROP_BEFORE:
            raise Dropped
        case Act.DELAY | Act.SILENCE:
            _wait(site, client, rule.seconds if rule.act is Act.DELAY else None)
        case Act.ERROR_500 | Act.ERROR_503:
            return Reply(status=_ERRORS[rule.act])
        case Act.FORGET_SHELLS:
            site.shells.forget()
        case Act.EXHAUST_QUOTA:
            site.shells.exhaust()
        case Act.REBOOT:
            site.reboot(seconds=rule.seconds)
            raise Dropped
        case _:
            pass
    return None


def _after(site: Site, rule: Rule, reply: Reply, client: Client) -> Reply:
    match rule.act:
        case Act.DROP_AFTER:
            raise Dropped
        case Act.DELAY_ANSWER:
            _wait(site, client, rule.seconds)
        case Act.SILENCE_AFTER:
            _wait(site, client, None)
        case Act.ERROR_500_AFTER:
            return Reply(status=HTTPStatus.INTERNAL_SERVER_ERROR)
        case Act.PLAIN_ANSWER:
            return replace(reply, plain=True)
        case Act.DROP_MID_ANSWER:
            return replace(reply, cut=True)
        case Act.REBOOT_AFTER:
            site.reboot(seconds=rule.seconds)
            raise Dropped
        case _:
            pass
    return reply


def _wait(site: Site, client: Client, seconds: float | None) -> None:
    """Let time pass, for ever without ``seconds``; raises when the client or the endpoint gives up."""
    until = None if seconds is None else time.monotonic() + seconds
    while until is None or time.monotonic() < until:
        if not site.is_open():
            raise Dropped
        left = SLICE_S if until is None else min(SLICE_S, max(0.0, until - time.monotonic()))
        if not client.watched:
            time.sleep(left)
            continue
        poll = select.poll()
        poll.register(client.fileno(), select.POLLIN)
        if poll.poll(left * 1000):
            client.check()


def _parsed(site: Site, data: bytes) -> Request:
    if len(data) > site.options.max_envelope:
        raise Faulted(faults.too_large())
    return messages.parse(data)


def _served(site: Site, request: Request, account: Account, client: Client, rule: Rule | None) -> bytes:
    if rule is not None and rule.act is Act.FAULT:
        raise Faulted(faults.BY_CODE[rule.code]())
    return site.service.answer(request, account, client)


def _faulted(site: Site, error: Faulted, relates_to: str) -> Reply:
    text = messages.fault(error.fault, relates_to, site.options.machine)
    return Reply(status=HTTPStatus.INTERNAL_SERVER_ERROR, text=text)


def _line(site: Site, request: Request) -> str:
    """The command line that a request starts or is about."""
    body = request.body
    if body is None:
        return ""
    if request.operation == "Command":
        return messages.command_line(body)
    inner = body if request.operation == "Signal" else next(iter(body), None)
    command = inner.get("CommandId", "") if inner is not None else ""
    return site.shells.line(request.shell, command.upper())
