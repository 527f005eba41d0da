"""The faults of the WinRM service, with the codes of Windows' wsmerror.h and the shapes of recorded answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from xml.sax.saxutils import escape, quoteattr

_CANNOT = "The WS-Management service cannot process the request"
_DETAIL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail"
_PLUGIN = ("Shell cmd plugin", r"%systemroot%\system32\winrscmd.dll")
_SELECTORS = f"{_CANNOT} because the request contained invalid selectors for the resource. "

ACCESS_DENIED = 5
FILE_NOT_FOUND = 0x80070002
OPERATION_ABORTED = 995
INVALID_HEADER = 2150858767
ACTION_NOT_SUPPORTED = 2150858771
TIMED_OUT = 2150858793
ENCODING_LIMIT = 2150858805
INVALID_PARAMETER = 87
SCHEMA = 2150858817
UNKNOWN_SHELL_OR_COMMAND = 2150858843
CODE_PAGE = 2150859072
RECEIVE_IN_PROGRESS = 2150859047
TOO_MANY_SHELLS = 2150859173
TOO_MANY_OPERATIONS = 2150859174
COMMAND_ID_TAKEN = 2150859222
TOO_MANY_PROCESSES = 2150859241
IDLE_TIMEOUT_BOUNDS = 2150859250


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault. ``detail`` is a wsman:FaultDetail; ``provider`` the plug-in that gave the message, if one did."""

    code: int
    subcode: str
    reason: str
    message: str = ""
    sender: bool = True
    detail: str = ""
    provider: tuple[str, str] | None = None

    def body(self, machine: str) -> str:
        """The content of the SOAP body."""
        detail = f"<w:FaultDetail>{_DETAIL}/{self.detail}</w:FaultDetail>" if self.detail else ""
        message = escape(self.message or self.reason)
        if self.provider:
            name, path = self.provider
            message = f"<f:ProviderFault provider={quoteattr(name)} path={quoteattr(path)}>{message}</f:ProviderFault>"
        value = "s:Sender" if self.sender else "s:Receiver"
        return (
            f"<s:Fault><s:Code><s:Value>{value}</s:Value><s:Subcode><s:Value>{self.subcode}</s:Value></s:Subcode>"
            f'</s:Code><s:Reason><s:Text xml:lang="en-US">{escape(self.reason)}</s:Text></s:Reason><s:Detail>{detail}'
            '<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" '
            f'Code="{self.code}" Machine={quoteattr(machine)}><f:Message>{message}</f:Message></f:WSManFault>'
            "</s:Detail></s:Fault>"
        )


class Faulted(Exception):
    """A request is answered with this fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


def unknown_shell(shell: str) -> Fault:
    """The shell was never there, is closed, or has expired."""
    message = (
        f"The request for the Windows Remote Shell with ShellId {shell} failed because the shell was not found on the "
        "server. Possible causes are: the specified ShellId is incorrect or the shell no longer exists on the server. "
        "Provide the correct ShellId or create a new shell and retry the operation. "
    )
    return _selectors(message)


def unknown_command() -> Fault:
    """The command was never there, or its end has been told."""
    return _selectors(
        "The Windows Remote Shell received a request to perform an operation on a command identifier that does not "
        "exist. Either the command has completed execution or the client specified an invalid command identifier. "
    )


def _selectors(message: str) -> Fault:
    return Fault(
        code=UNKNOWN_SHELL_OR_COMMAND,
        subcode="w:InvalidSelectors",
        reason=_SELECTORS,
        message=message,
        detail="UnexpectedSelectors",
    )


def timed_out() -> Fault:
    """Nothing came within the request's OperationTimeout."""
    reason = "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.  "
    return Fault(code=TIMED_OUT, subcode="w:TimedOut", reason=reason, sender=False)


def access_denied() -> Fault:
    """The account may log in, and not do this."""
    return Fault(code=ACCESS_DENIED, subcode="w:AccessDenied", reason="Access is denied. ")


def too_many_shells(limit: int) -> Fault:
    """MaxShellsPerUser."""
    return _quota(
        TOO_MANY_SHELLS,
        "The maximum number of concurrent shells for this user has been exceeded. Close existing shells or raise the "
        "quota for this user. ",
        f"This user is allowed a maximum number of {limit} concurrent shells, which has been exceeded. Close existing "
        "shells or raise the quota for this user. ",
    )


def too_many_operations(limit: int) -> Fault:
    """MaxConcurrentOperationsPerUser."""
    return _quota(
        TOO_MANY_OPERATIONS,
        "The maximum number of concurrent operations for this user has been exceeded. Close existing operations for "
        "this user, or raise the quota for this user. ",
        f"This user is allowed a maximum number of {limit} concurrent operations, which has been exceeded. Close "
        "existing operations for this user, or raise the quota for this user. ",
    )


def too_many_processes() -> Fault:
    """MaxProcessesPerShell."""
    text = "The maximum number of concurrent commands per shell has been exceeded. "
    more = "Retry the request later or raise the Maximum Commands per Shell quota. "
    return _quota(TOO_MANY_PROCESSES, text + more, text + more)


def _quota(code: int, reason: str, message: str) -> Fault:
    return Fault(code=code, subcode="w:QuotaLimit", reason=f"{_CANNOT}. {reason}", message=f"{_CANNOT}. {message}")


def command_id_taken() -> Fault:
    """A command of this identifier is in the shell already."""
    reason = f"{_CANNOT} because a command with the specified CommandId already exists in this shell. "
    return Fault(code=COMMAND_ID_TAKEN, subcode="w:AlreadyExists", reason=reason)


def receive_in_progress() -> Fault:
    """Only one Receive per command at a time."""
    reason = f"{_CANNOT}. A receive operation is already in progress for this command. "
    return Fault(code=RECEIVE_IN_PROGRESS, subcode="w:Concurrency", reason=reason)


def aborted() -> Fault:
    """The command was terminated under a waiting Receive."""
    reason = "The I/O operation has been aborted because of either a thread exit or an application request. "
    return Fault(code=OPERATION_ABORTED, subcode="w:InternalError", reason=reason, sender=False, provider=_PLUGIN)


def cannot_start() -> Fault:
    """CreateProcess found no such file."""
    reason = "The system cannot find the file specified. "
    return Fault(code=FILE_NOT_FOUND, subcode="w:InternalError", reason=reason, sender=False, provider=_PLUGIN)


def invalid_parameter() -> Fault:
    """A part of the request is not what the plug-in knows."""
    reason = "The parameter is incorrect. "
    return Fault(
        code=INVALID_PARAMETER, subcode="w:InvalidParameter", reason=reason, detail="InvalidValue", provider=_PLUGIN
    )


def code_page(number: str) -> Fault:
    """WINRS_CODEPAGE is none that the machine has."""
    reason = f"The Windows Remote Shell cannot process the request. The code page {number} is not supported. "
    return Fault(code=CODE_PAGE, subcode="w:InvalidOptions", reason=reason, detail="InvalidValue")


def idle_timeout(least: float, most: float) -> Fault:
    """IdleTimeOut is shorter or longer than allowed."""
    reason = f"{_CANNOT}. The IdleTimeOut is not between {least:.0f} and {most:.0f} seconds. "
    return Fault(code=IDLE_TIMEOUT_BOUNDS, subcode="w:InvalidParameter", reason=reason)


def invalid_header(message: str = "") -> Fault:
    """A header has a value that it cannot have."""
    reason = f"{_CANNOT}. The request contains one or more invalid SOAP headers. "
    return Fault(code=INVALID_HEADER, subcode="a:InvalidMessageInformationHeader", reason=reason, message=message)


def invalid_timeout(text: str) -> Fault:
    """OperationTimeout is no duration."""
    return invalid_header(f"{_CANNOT}. The XML contains an invalid timeout field in the SOAP header: {text}. ")


def action_not_supported() -> Fault:
    """An action that the endpoint has not got."""
    reason = "The WS-Management service does not support the action specified in the request. "
    return Fault(code=ACTION_NOT_SUPPORTED, subcode="a:ActionNotSupported", reason=reason)


def malformed() -> Fault:
    """No SOAP envelope."""
    return Fault(code=SCHEMA, subcode="w:SchemaValidationError", reason=f"{_CANNOT}. The XML is not valid. ")


def too_large() -> Fault:
    """Larger than MaxEnvelopeSizekb."""
    reason = f"{_CANNOT} because the encoding of the request exceeds an internal encoding limit. "
    return Fault(code=ENCODING_LIMIT, subcode="w:EncodingLimit", reason=reason, detail="MaxEnvelopeSizeExceeded")


BY_CODE: Mapping[int, Callable[[], Fault]] = MappingProxyType(
    {
        ACCESS_DENIED: access_denied,
        OPERATION_ABORTED: aborted,
        TIMED_OUT: timed_out,
        TOO_MANY_OPERATIONS: lambda: too_many_operations(1500),
        TOO_MANY_PROCESSES: too_many_processes,
        TOO_MANY_SHELLS: lambda: too_many_shells(30),
        UNKNOWN_SHELL_OR_COMMAND: unknown_command,
    }
)
"""Faults that can be asked for by their number (``misbehave``)."""
