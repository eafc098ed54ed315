"""The API against its own document: whatever is sent, it answers as it says, and nothing breaks.

Schemathesis makes requests from the OpenAPI document, right ones and wrong ones, the same ones in each run.
"""

from dataclasses import replace
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from api.limiting import Limiter
from identity.clients import Scope
from identity.roles import Role
from tests.api.edge import Edge
from tests.api.test_spending import rich

EXAMPLES = 6
"""For each operation and mode; many more on demand show nothing new."""
ENDING = {"delete-me", "delete-sign-in-session"}
"""Afterwards the caller would be nobody."""
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_operation_answers_as_documented(edge: Edge, mode: GenerationMode) -> None:
    """No server error, and only statuses, media types and bodies that the document names."""
    rich(edge)
    tokens = {
        "person": edge.person("anna@example.org", *Role)[1],
        "device": edge.device(),
        "system": edge.system(Scope.REPORT_ACTIONS),
    }
    edge.app.state.services = replace(edge.app.state.services, limiter=_Unlimited())
    schema: Any = schemathesis.openapi.from_dict(edge.app.openapi())
    keys: list[str] = []
    for operation in (result.ok() for result in schema.get_all_operations()):
        raw = operation.definition.raw
        inputs = [one for one in raw.get("parameters", []) if one["in"] != "header"]
        nothing_to_mistake = mode.is_negative and not inputs and "requestBody" not in raw
        if raw["operationId"] not in ENDING and not nothing_to_mistake:
            scheme = next(iter([name for one in raw["security"] for name in one]))
            _try(edge, operation.as_strategy(generation_mode=mode), tokens[scheme], keys)


class _Unlimited(Limiter):
    """Lets everything through: the limits have tests of their own."""

    def hit(self, name: str, city_id: int, key: object) -> None:
        """Count nothing."""


def _try(edge: Edge, cases: Any, token: str, keys: list[str]) -> None:
    @seed(2026)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def run(case: Any) -> None:
        call = case.as_transport_kwargs(base_url="http://testserver")
        call.pop("cookies", None)
        # A wrong key hides everything else; tests/api/test_repeating.py is about keys.
        keys.append(f"key-{len(keys)}")
        call["headers"].update({"Authorization": f"Bearer {token}", "Idempotency-Key": keys[-1]})
        sent: Any = requests.Request(**call).prepare()
        answer = edge.client.request(sent.method, sent.url, content=sent.body, headers=dict(sent.headers))
        case.validate_response(answer, checks=CHECKS)

    run()
