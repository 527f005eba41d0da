"""Ansible's variables of a machine -> our settings. Whatever is not understood is named."""

from __future__ import annotations

import re
from collections.abc import Mapping

from runner.diagnostics import Diagnostics
from runner.load.ansible_convert import SECRETS, SILENT, VALUES, Unsupported
from runner.load.ansible_value import NotEvaluable, Var, env_lookup, evaluate, is_encrypted, is_template
from runner.load.inventory_form import REFERENCE, parse_secret
from runner.load.settings import Key, Setting
from runner.model.secret import SecretRef

_HTTP_PORT = 5985  # without a scheme, Ansible speaks http on this port of WinRM
_IN_INI = "In an INI file: \"{{ lookup('env', 'NAME') }}\"."


def to_settings(name: str, variables: Mapping[str, Var], diagnostics: Diagnostics) -> dict[Key, Setting]:
    """Settings of the target ``name``. ``ansible_*`` and ``vmfix_*`` are mapped; the rest become its ``vars``."""
    mapper = _Mapper(name, variables, diagnostics)
    for key in sorted(variables, key=_rank):
        mapper.take(key, variables[key])
    settings = mapper.settings
    port = settings.get(("port",))
    if port is not None and port.value == _HTTP_PORT and ("winrm", "https") not in settings:
        settings["winrm", "https"] = Setting(value=False, span=port.span)
    return settings


def _rank(key: str) -> tuple[bool, bool, str]:
    """Single settings come after arguments for ssh, and names for one transport last: so the more special one wins."""
    return not key.endswith("_args"), key.startswith(("ansible_ssh_", "ansible_winrm_")), key


class _Mapper:
    """Maps one machine's variables, which templates among them may refer to."""

    def __init__(self, name: str, known: Mapping[str, Var], diagnostics: Diagnostics) -> None:
        self._name = name
        self._known = known
        self._diagnostics = diagnostics
        self.settings: dict[Key, Setting] = {}

    def take(self, key: str, var: Var) -> None:
        if key in SECRETS:
            self._secret(key, var)
        elif key in VALUES:
            self._value(key, var)
        elif not key.startswith("ansible_"):
            self._free(key, var)
        elif key not in SILENT and not re.fullmatch(r"ansible_\w+_interpreter", key):
            self._diagnostics.warning(var.span, f"the variable `{key}` is not supported: it was ignored")

    def _secret(self, key: str, var: Var) -> None:
        try:
            reference = env_lookup(var.value) or _reference(var.value)
        except ValueError as error:
            self._refuse(key, var, error)
            return
        for target in SECRETS[key]:
            self.settings[target] = Setting(reference, var.span)

    def _value(self, key: str, var: Var) -> None:
        if var.value is None:
            return
        try:
            converted = VALUES[key](self._evaluated(var), var.span, self._diagnostics)
        except NotEvaluable:
            message = f"the value of `{key}` is a template or encrypted, and cannot be evaluated here"
            self._diagnostics.error(var.span, message, "Write the value itself.")
        except Unsupported as error:
            self._diagnostics.warning(var.span, f"{key}: {error}", error.remedy)
        except ValueError as error:
            self._refuse(key, var, error)
        else:
            self.settings.update({target: Setting(value, var.span) for target, value in converted})

    def _free(self, key: str, var: Var) -> None:
        try:
            self.settings["vars", key] = Setting(self._evaluated(var), var.span)
        except NotEvaluable:
            message = f"the variable `{key}` is a template or encrypted, and cannot be evaluated here: it was left out"
            self._diagnostics.warning(var.span, message)

    def _evaluated(self, var: Var) -> object:
        if is_encrypted(var.value):
            raise NotEvaluable
        return evaluate(var.value, self._name, self._known)

    def _refuse(self, key: str, var: Var, error: ValueError) -> None:
        message, _, remedy = str(error).partition("\n")
        self._diagnostics.error(var.span, f"{key}: {message}", remedy)


def _reference(value: object) -> SecretRef:
    if is_encrypted(value):
        message = f"values encrypted with Ansible Vault are not supported\n{REFERENCE}"
        raise ValueError(message)
    if is_template(value):
        message = f"this template cannot be evaluated here\n{REFERENCE} {_IN_INI}"
        raise ValueError(message)
    try:
        return parse_secret(value)
    except ValueError as error:
        message = f"{error} {_IN_INI}"
        raise ValueError(message) from error
