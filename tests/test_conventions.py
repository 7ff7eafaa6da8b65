"""What every component keeps to."""

import inspect
import typing

import pulumi
import pytest

import components
from tests.components.args import ARGS
from tests.engine import Recording, build

COMPONENTS = [getattr(components, name) for name in components.__all__]


@pytest.fixture(params=COMPONENTS, ids=components.__all__)
def component(request) -> type[pulumi.ComponentResource]:
    return request.param


def built(component: type, *names: str) -> Recording:
    return build(lambda: [component(name, ARGS[component.__name__]) for name in names])


def output_names(component: type) -> set[str]:
    return {name for name, kind in component.__annotations__.items() if typing.get_origin(kind) is pulumi.Output}


def test_every_component_class_is_exported():
    found = {
        cls.__name__
        for module in vars(components).values()
        if inspect.ismodule(module)
        for cls in vars(module).values()
        if inspect.isclass(cls) and issubclass(cls, pulumi.ComponentResource) and cls is not pulumi.ComponentResource
    }
    assert found == set(components.__all__)


def test_its_token_is_in_our_package_under_its_own_name(component):
    assert built(component, "a").resources[0].type == f"observability:index:{component.__name__}"


def test_everything_it_makes_is_its_child_and_named_after_it(component):
    own, *children = sorted(built(component, "a-name").resources, key=lambda found: found.custom)
    assert children
    for child in children:
        assert child.parent == own.urn, f"{child.name} would stay behind when the component goes"
        # A service account's name is an argument: the role must know it before the component exists.
        assert child.name.startswith("a-name") or child.kind == "ServiceAccount", child.name


def test_two_of_them_do_not_collide(component):
    args = dict(ARGS[component.__name__])
    other = {**args, "service_account": "other"} if "service_account" in args else args
    recording = build(lambda: [component("one", args), component("two", other)])
    urns = [found.urn for found in recording.resources]
    assert len(set(urns)) == len(urns)
    # A component with a provider of its own is in a cluster of its own.
    objects = [(found.provider, found.type, found.inputs["metadata"]["name"]) for found in recording.kubernetes()]
    assert len(set(objects)) == len(objects)


def test_it_registers_exactly_the_outputs_that_it_declares(component):
    recording = built(component, "a")
    (registered,) = recording.outputs.values()
    assert set(registered) == output_names(component) != set()


def test_its_arguments_are_all_documented_and_given_in_the_tests(component):
    args = typing.get_type_hints(component.__init__)["args"]
    assert set(args.__annotations__) == set(ARGS[component.__name__])
    source = inspect.getsource(args)
    assert source.count('"""') == 2 * (1 + len(args.__annotations__)), "each key has a docstring under it"


def test_unknown_values_of_a_first_preview_do_not_change_what_is_made(component):
    def names(unknown: bool) -> list[str]:
        recording = build(lambda: component("a", ARGS[component.__name__]), unknown=unknown)
        return sorted(found.urn for found in recording.resources)

    assert names(unknown=True) == names(unknown=False)
