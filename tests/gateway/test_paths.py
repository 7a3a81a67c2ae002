"""The table of paths, and what it says of itself."""

from __future__ import annotations

import json

import pytest

from hamaproto.gateway.paths import PATHS, openapi


def test_each_path_is_described_once() -> None:
    told = openapi("1.2")
    assert told["info"]["version"] == "1.2"
    assert json.loads(json.dumps(told)) == told
    rows = {(path, method) for path, methods in told["paths"].items() for method in methods}
    assert rows == {(row.path, row.method.lower()) for row in PATHS}
    assert len(rows) == len(PATHS) == len({row.name for row in PATHS})


def test_what_is_in_a_path_is_a_parameter_of_it() -> None:
    for path, methods in openapi("")["paths"].items():
        for operation in methods.values():
            named = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
            assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}
            assert operation["summary"]
            # Only what changes something has a body.
            assert ("requestBody" in operation) == (operation is methods.get("post"))


def test_each_answer_and_each_error_has_a_kind() -> None:
    for methods in openapi("")["paths"].values():
        for operation in methods.values():
            assert {"4XX", "5XX"} < set(operation["responses"])
            answer = operation["responses"].get("200") or operation["responses"]["101"]
            assert answer["description"]


def test_it_is_a_description_by_the_rules() -> None:
    validator = pytest.importorskip("openapi_spec_validator")
    validator.validate(openapi("1.0"))
