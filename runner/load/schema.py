"""JSON Schemas for editors, generated from the very models that validate."""

from __future__ import annotations

from typing import Any

from runner.load.playbook_form import playbook_form

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def playbook_schema() -> dict[str, Any]:
    """The JSON Schema of playbooks, language version 1."""
    return {"$schema": DIALECT, "title": "vmfix playbook", **playbook_form().model_json_schema(by_alias=True)}


def inventory_schema() -> dict[str, Any]:
    """The JSON Schema of vmfix's own inventory format."""
    from runner.load.inventory_form import InventoryDocument  # noqa: PLC0415 - only the schema command needs it

    return {"$schema": DIALECT, "title": "vmfix inventory", **InventoryDocument.model_json_schema(by_alias=True)}


def cases_schema() -> dict[str, Any]:
    """The JSON Schema of playbook tests."""
    from runner.load.cases_form import CasesForm  # noqa: PLC0415 - only the schema command needs it

    return {"$schema": DIALECT, **CasesForm.model_json_schema(by_alias=True), "title": "vmfix playbook tests"}


def policy_schema() -> dict[str, Any]:
    """The JSON Schema of policies."""
    from runner.load.policy_form import PolicyDocument  # noqa: PLC0415 - the same

    return {"$schema": DIALECT, **PolicyDocument.model_json_schema(by_alias=True), "title": "vmfix policy"}
