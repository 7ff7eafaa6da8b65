"""Where things are."""

import ast
import re

import pytest

from tests.engine import ROOT

PURE = sorted(path.relative_to(ROOT) for folder in ("render", "planner") for path in (ROOT / folder).glob("*.py"))
COMPONENTS = sorted(path.relative_to(ROOT) for path in (ROOT / "components").glob("*.py"))
SOURCES = [*PURE, *COMPONENTS, *sorted(path.relative_to(ROOT) for path in (ROOT / "stacks").glob("*.py"))]
SOURCES += sorted(path.relative_to(ROOT) for path in ROOT.glob("*.py"))
PAGES = sorted(path.relative_to(ROOT) for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
POLICIES = sorted(path.relative_to(ROOT) for path in (ROOT / "policy").glob("*.py") if path.name != "__main__.py")
REVIEW = sorted(path.relative_to(ROOT) for path in (ROOT / "review").glob("*.py"))
OPERATIONS = sorted(
    path.relative_to(ROOT) for folder in ("ops", "schemas", "provider") for path in (ROOT / folder).glob("*.py")
)


def imports(path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or ".")
    return found


def top(modules: set[str]) -> set[str]:
    return {module.split(".")[0] for module in modules}


@pytest.mark.parametrize("path", [*PURE, *POLICIES], ids=str)
def test_what_is_pure_imports_no_engine(path):
    assert not [module for module in top(imports(path)) if module.startswith("pulumi")]


@pytest.mark.parametrize("path", COMPONENTS, ids=str)
def test_components_know_no_settings_and_keep_their_annotations(path):
    assert not top(imports(path)) & {"settings", "stack_file", "stacks", "contract"}
    assert "__future__" not in imports(path), "a hosted component's annotations must be types, not texts"


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_the_program_does_not_know_the_local_platform(path):
    assert "local" not in top(imports(path))


@pytest.mark.parametrize("path", REVIEW, ids=str)
def test_a_review_needs_neither_the_tests_nor_the_local_platform(path):
    assert not top(imports(path)) & {"tests", "local"}


@pytest.mark.parametrize("path", [*SOURCES, *OPERATIONS, *POLICIES, *REVIEW], ids=str)
def test_a_module_has_one_reason_to_change(path):
    assert len((ROOT / path).read_text().splitlines()) <= 250


@pytest.mark.parametrize("path", [*PURE, *COMPONENTS], ids=str)
def test_every_module_has_its_tests(path):
    if not path.name.startswith("_"):
        assert (ROOT / "tests" / path.parent / f"test_{path.name}").exists()


def anchors(page) -> set[str]:
    """What the headings of a page are called in links, as GitHub makes it of them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_links_between_pages_lead_to_what_is_there(path):
    page = ROOT / path
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link
