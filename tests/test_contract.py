"""What a region promises."""

import json
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

import contract
from tests.stacks import built

NAMES = [field.name for field in fields(contract.RegionOutputs)]
OUTPUTS = st.builds(contract.RegionOutputs, **{name: st.text() for name in NAMES})


@given(OUTPUTS)
def test_what_is_dumped_loads_again_through_json(outputs):
    assert contract.load(json.loads(json.dumps(contract.dump(outputs)))) == outputs


@given(OUTPUTS)
def test_there_are_only_strings_in_it(outputs):
    assert {type(value) for value in contract.dump(outputs).values()} == {str}


@pytest.mark.parametrize("version", [None, "0", 1, 1.0])
def test_another_version_is_refused(version):
    with pytest.raises(ValueError, match="contract version"):
        contract.load({"version": version})


@pytest.mark.parametrize("value", [None, 10901, 10901.0])
def test_fields_that_are_absent_or_no_strings_are_named(value):
    output = {"version": contract.VERSION, **dict.fromkeys(NAMES, "x"), "region": value}
    with pytest.raises(ValueError, match=r"lack region$"):
        contract.load(output)


def test_fields_of_a_newer_program_are_ignored():
    output = {"version": contract.VERSION, **dict.fromkeys(NAMES, "x"), "traces_url": "y"}
    assert contract.load(output) == contract.RegionOutputs(**dict.fromkeys(NAMES, "x"))


@pytest.mark.parametrize("region", built.REGIONS)
def test_a_region_exports_its_contract_and_credentials_and_nothing_else(region):
    exports = built.build(region).exports
    assert list(exports) == [contract.OUTPUT, "edges", "grafana_admin_password"]
    assert list(built.build(region, "local/").exports) == [contract.OUTPUT, "edges"], "it has no Grafana"
    assert contract.load(exports[contract.OUTPUT]).region == region
