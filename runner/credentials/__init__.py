"""Secrets: fetched from where their references point, and kept out of everything that is written or shown."""

from runner.credentials.redaction import MASK, Redactor, redact_json
from runner.credentials.resolver import COMMAND_DEADLINE, Resolver, run_command

__all__ = ["COMMAND_DEADLINE", "MASK", "Redactor", "Resolver", "redact_json", "run_command"]
