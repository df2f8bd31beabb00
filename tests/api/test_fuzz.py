"""Odd requests, made from the OpenAPI description: whatever is sent, the fault is never the server's.

A few seconds of it; for more, start a server and run `schemathesis run http://127.0.0.1:9880/openapi.json`.
"""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

_EXAMPLES = 12
_CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
_OPERATIONS = [
    "GET /tts", "POST /tts", "GET /control", "POST /control", "GET /set_gpt_weights", "GET /set_sovits_weights", "GET /set_refer_audio",
    "POST /v1/speak", "POST /v1/audio/speech", "GET /v1/audio/voices", "GET /v1/models", "GET /v1/models/{model}", "GET /healthz",
]  # fmt: skip
# They take nothing but a path, so there is nothing to send them wrongly.
_PLAIN = {"GET /v1/audio/voices", "GET /v1/models", "GET /v1/models/{model}", "GET /healthz"}


@pytest.fixture(scope="module")
def operations(served):
    found = [result.ok() for result in schemathesis.openapi.from_url(f"{served.address}/openapi.json").get_all_operations()]
    return {operation.label: operation for operation in found}


def test_the_description_has_every_endpoint(operations):
    assert sorted(operations) == sorted(_OPERATIONS)


_CASES = [(name, mode) for name in _OPERATIONS for mode in schemathesis.GenerationMode if name not in _PLAIN or mode.is_positive]


@pytest.mark.parametrize(("name", "mode"), _CASES)
def test_no_request_is_the_servers_fault(operations, name, mode):
    strategy = operations[name].as_strategy(generation_mode=mode)

    @given(case=strategy)
    @settings(max_examples=_EXAMPLES, suppress_health_check=list(HealthCheck), database=None)
    def ask(case):
        case.call_and_validate(checks=_CHECKS, timeout=300)

    ask()
