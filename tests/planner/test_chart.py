"""The chart as a document."""

from xml.etree import ElementTree

from planner.chart import Panel, svg

SVG = "{http://www.w3.org/2000/svg}"


def drawn(marks: dict[str, int] | None = None) -> ElementTree.Element:
    panels = [Panel("Pods", {"some": [1, 2, 4], "others": [4, 4, 4]}), Panel("Nothing", {"none": [0, 0, 0]})]
    return ElementTree.fromstring(svg("A <title>", "about & more", panels, marks or {}))


def texts(chart: ElementTree.Element) -> list[str]:
    return [text.text for text in chart.iter(f"{SVG}text")]


def test_every_line_is_drawn_and_named_with_its_last_value():
    chart = drawn()
    assert len(list(chart.iter(f"{SVG}path"))) == 3
    assert {"some: 4", "others: 4", "none: 0", "A <title>", "about & more"} <= set(texts(chart))


def test_larger_values_are_higher_and_all_are_within_the_picture():
    chart = drawn()
    height = float(chart.get("height"))
    line = next(iter(chart.iter(f"{SVG}path"))).get("d")
    levels = [float(part[1:]) for part in line.split() if part.startswith("V")]
    assert levels in ([levels[0]] * 3, sorted(levels, reverse=True))
    assert all(0 < level < height for level in levels)


def test_names_of_lines_that_end_together_do_not_cover_each_other():
    places = [float(text.get("y")) for text in drawn().iter(f"{SVG}text") if text.text in ("some: 4", "others: 4")]
    assert abs(places[0] - places[1]) >= 16


def test_a_mark_beyond_the_chart_is_left_out():
    assert "now" in texts(drawn({"now": 2}))
    assert "now" not in texts(drawn({"now": 4}))
    assert "now" not in texts(drawn({"now": 0}))


def test_it_needs_nothing_but_itself():
    assert "href" not in ElementTree.tostring(drawn()).decode()
    assert "prefers-color-scheme: dark" in ElementTree.tostring(drawn()).decode()
