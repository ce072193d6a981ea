"""Every route against its own description: schemathesis on the whole API with real PostgreSQL."""

from collections.abc import Callable
from functools import cache

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import ignored_auth
from schemathesis.specs.openapi.schemas import OpenApiSchema

from amana.app.features import FEATURES
from tests.http.conftest import Served

# Ends the very session the run is signed in with.
OWN_SESSION = "signOut"
OPERATIONS = sorted(
    route.operation_id  # type: ignore[attr-defined]
    for feature in FEATURES
    for route in feature.routes
    if route.operation_id != OWN_SESSION  # type: ignore[attr-defined]
)
# What well-formed data may meet: made-up ids, secrets, challenges and names exist nowhere.
ACCEPTED = ["2xx", "400", "401", "403", "404", "409", "410", "429"]
EXAMPLES_IN_CI = 8
EXAMPLES_IN_FULL = 200


@cache
def described(url: str) -> OpenApiSchema:
    rules = {"checks": {"positive_data_acceptance": {"expected-statuses": ACCEPTED}}}
    return schemathesis.openapi.from_url(f"{url}/v1/openapi.json", config=SchemathesisConfig.from_dict(rules))


def explore(served: Served, operation_id: str, mode: GenerationMode, *, examples: int) -> None:
    operation: APIOperation = described(served.url).find_operation_by_id(operation_id)
    headers = {"Authorization": f"Bearer {served.tokens['owner']}"}

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    def run(case: schemathesis.Case) -> None:
        # Who may use what is the matter of test_access.py; this check mistakes our header for its own.
        case.call_and_validate(base_url=served.url, headers=headers, excluded_checks=[ignored_auth])

    call: Callable[[], None] = run
    try:
        call()
    except Unsatisfiable:
        # Without parameters and body there is nothing to get wrong.
        assert mode is GenerationMode.NEGATIVE
        assert not operation.body
        assert not list(operation.iter_parameters())


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_well_formed_requests_get_what_is_described(served: Served, operation_id: str) -> None:
    explore(served, operation_id, GenerationMode.POSITIVE, examples=EXAMPLES_IN_CI)


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_malformed_requests_are_refused_as_described(served: Served, operation_id: str) -> None:
    explore(served, operation_id, GenerationMode.NEGATIVE, examples=EXAMPLES_IN_CI)


def test_the_description_is_openapi_3_1(served: Served) -> None:
    document = httpx.get(f"{served.url}/v1/openapi.json", timeout=20).json()

    assert document["openapi"].startswith("3.1.")
    assert len(document["paths"]) > 20


@pytest.mark.full
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_at_length(served: Served, operation_id: str, mode: GenerationMode) -> None:
    explore(served, operation_id, mode, examples=EXAMPLES_IN_FULL)
