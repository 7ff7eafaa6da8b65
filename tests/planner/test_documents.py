"""Documents of any shape."""

from planner.documents import mapping, sequence


def test_what_is_there_is_found_and_anything_else_is_empty():
    document = {"a": {"b": {"c": 1}}, "list": [1, 2]}
    assert mapping(document, "a", "b") == {"c": 1}
    assert sequence(document["list"]) == [1, 2]
    for found in (mapping(document, "a", "x"), mapping(document, "list", "b"), mapping(None), mapping("text")):
        assert found == {}
    assert sequence("text") == sequence(None) == sequence({}) == ()
