"""The dashboards as Grafana gets them."""

import copy
import json
import re

import pytest

from dashboards import FOLDER, __main__, catalogue
from tests.dashboards import checks
from tests.engine import ROOT

FILES = sorted(FOLDER.glob("*.json"))
UIDS = {path.stem for path in FILES}


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def dashboard(request) -> dict:
    return json.loads(request.param.read_text())


@pytest.fixture
def overview() -> dict:
    return json.loads((FOLDER / "overview.json").read_text())


def test_what_is_checked_in_is_what_the_code_makes():
    assert {path.stem: path.read_text() for path in FILES} == catalogue.documents()


def test_each_is_called_after_its_file_and_titles_differ(dashboard):
    assert (FOLDER / f"{dashboard['uid']}.json").exists()
    titles = [json.loads(path.read_text())["title"] for path in FILES]
    assert titles.count(dashboard["title"]) == 1


def test_nothing_is_wrong_with_it(dashboard):
    assert checks.problems(dashboard, UIDS) == []


def test_it_shows_one_region_or_all_by_the_readers_choice(dashboard):
    region = next(each for each in dashboard["templating"]["list"] if each["name"] == "region")
    assert (region["multi"], region["includeAll"]) == (True, True)


def test_the_overview_leads_from_a_number_to_its_traces(overview):
    assert [target["exemplar"] for target in panel(overview, "Duration")["targets"]] == [False, False, True]
    assert panel(overview, "Service map")["targets"][0]["queryType"] == "serviceMap"
    assert panel(overview, "Traces")["targets"][0]["queryType"] == "traceql"


def test_prices_can_be_replaced_and_say_where_they_are_from():
    cost = json.loads((FOLDER / "cost.json").read_text())
    prices = [each for each in cost["templating"]["list"] if each["name"].startswith("price_")]
    assert len(prices) == 3
    for price in prices:
        assert price["type"] == "textbox"
        assert "list price" in price["description"]
        assert "to be replaced" in price["description"]


def panel(dashboard: dict, title: str) -> dict:
    return next(each for each in dashboard["panels"] if each["title"] == title and each["type"] != "row")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: panel(d, "Rate").pop("description"), "no description"),
        (lambda d: panel(d, "Rate").update(title="Duration"), "of two panels"),
        (lambda d: panel(d, "Rate")["fieldConfig"]["defaults"].pop("unit"), "no unit"),
        (lambda d: panel(d, "Requests")["fieldConfig"]["defaults"].pop("thresholds"), "no thresholds"),
        (lambda d: panel(d, "Rate").update(targets=[]), "asks nothing"),
        (lambda d: panel(d, "Rate")["targets"].extend(panel(d, "Rate")["targets"]), "two queries of one name"),
        (lambda d: panel(d, "Rate")["datasource"].update(uid="thanos"), "not the reader's choice"),
        (lambda d: panel(d, "Rate")["targets"][0]["datasource"].update(uid="thanos"), "not the reader's choice"),
        (lambda d: panel(d, "Traces")["targets"][0].update(query="{a && (b}"), "no TraceQL"),
        (lambda d: panel(d, "Service map")["targets"][0].update(serviceMapQuery=[]), "whatever is chosen"),
        (lambda d: panel(d, "Rate")["gridPos"].update(x=1), "lies on"),
        (lambda d: panel(d, "Duration")["gridPos"].update(w=9), "wider than the page"),
        (lambda d: panel(d, "Rate")["targets"][0].update(expr="up{a='$nothing'}"), "does not have: nothing"),
        (lambda d: d["templating"]["list"].append({"name": "idle"}), "nothing uses: idle"),
        (lambda d: d["templating"]["list"].reverse(), "comes later"),
        (lambda d: d["links"][0].update(url="/d/nowhere"), "leads to nowhere"),
        (lambda d: d["links"].clear(), "does not lead to each"),
    ],
)
def test_the_checks_see_what_is_wrong(overview, change, said):
    wrong = copy.deepcopy(overview)
    change(wrong)
    assert said in "\n".join(checks.problems(wrong, UIDS))


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ('{a=~"${x:regex}" && (b || "("="$y")}', True),
        ("{a} | select(b)", True),
        ("{a", False),
        ("{a && (b}", False),
        ('{a="b}', False),
        ("{a)}", False),
    ],
)
def test_brackets_and_quotes_of_traceql(text, good):
    assert checks.balanced(text) is good


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(__main__, "FOLDER", tmp_path)
    return tmp_path


def test_writing_makes_what_is_missing_and_removes_what_nobody_makes(folder, capsys):
    (folder / "former.json").write_text("{}")
    (folder / "tempo.json").write_text("{}")
    assert __main__.main([]) == 0
    assert {path.stem for path in folder.iterdir()} == UIDS
    assert "former.json: removed" in capsys.readouterr().out
    assert __main__.main(["--check"]) == 0


def test_a_check_changes_nothing_and_tells(folder, capsys):
    (folder / "former.json").write_text("{}")
    assert __main__.main(["--check"]) == 1
    assert [path.name for path in folder.iterdir()] == ["former.json"]
    assert "former.json: differs" in capsys.readouterr().out


@pytest.mark.parametrize("path", sorted(ROOT.glob("dashboards/*.py")), ids=lambda path: path.name)
def test_dashboards_know_no_engine(path):
    assert not re.search(r"^\s*(import|from) (pulumi|components|stacks|settings)\b", path.read_text(), re.MULTILINE)
