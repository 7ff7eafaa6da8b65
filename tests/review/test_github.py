"""Comments and issues, against a server that keeps them as GitHub does."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from review import github

BOT = {"login": github.AUTHOR}


class Kept:
    """What is on GitHub: comments of pull request 7, and issues."""

    def __init__(self) -> None:
        self.comments: list[dict] = []
        self.issues: list[dict] = []
        self.answer = 200
        self.tokens: set[str] = set()

    def do(self, method: str, path: str, body: dict) -> object:
        if found := re.fullmatch(r"/repos/o/r/issues/(\d+)/comments\?per_page=100&page=(\d+)", path):
            start = 100 * (int(found[2]) - 1)
            return [item for item in self.comments if item["on"] == int(found[1])][start : start + 100]
        if found := re.fullmatch(r"/repos/o/r/issues/(\d+)/comments", path):
            made = {"id": 1000 + len(self.comments), "on": int(found[1]), "user": BOT, "html_url": "made", **body}
            self.comments.append(made)
            return made
        if found := re.fullmatch(r"/repos/o/r/issues/comments/(\d+)", path):
            (kept,) = (item for item in self.comments if item["id"] == int(found[1]))
            kept.update(body)
            return {**kept, "html_url": "edited"}
        if method == "GET":
            assert path == "/repos/o/r/issues?state=open&per_page=100&page=1"
            return [item for item in self.issues if item["state"] == "open"]
        if method == "POST":
            self.issues.append(
                {"number": 1 + len(self.issues), "state": "open", "user": BOT, "html_url": "new", **body}
            )
            return self.issues[-1]
        kept = self.issues[int(path.rpartition("/")[2]) - 1]
        kept.update(body)
        return {**kept, "html_url": "changed"}


@pytest.fixture
def kept(monkeypatch):
    kept = Kept()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else {}
            kept.tokens.add(self.headers["Authorization"])
            self.send_response(kept.answer)
            self.end_headers()
            said = kept.do(self.command, self.path, body) if kept.answer == 200 else {"message": "no"}
            self.wfile.write(json.dumps(said).encode())

        do_GET = do_POST = do_PATCH = handle_any  # noqa: N815

        def log_message(self, *_) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("GITHUB_API_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("GITHUB_REPOSITORY", "o/r")
        monkeypatch.setenv("GITHUB_TOKEN", "HIDDEN")
        yield kept
        server.shutdown()


@pytest.fixture
def page(tmp_path):
    def write(text: str) -> str:
        (tmp_path / "page.md").write_text(text)
        return str(tmp_path / "page.md")

    return write


def test_a_comment_is_written_once_and_edited_afterwards(kept, page):
    for text in ("first", "second"):
        assert github.main(["comment", "--pull", "7", page(f"<!-- preview: apac -->\n{text}")]) == 0

    assert [comment["body"] for comment in kept.comments] == ["<!-- preview: apac -->\nsecond"]
    assert kept.tokens == {"Bearer HIDDEN"}


def test_each_stack_has_a_comment_of_its_own_also_behind_a_hundred_others(kept, page):
    kept.comments += [{"id": n, "on": 7, "body": f"talk {n}", "user": {"login": "a person"}} for n in range(150)]
    for stack in ("apac", "eu", "apac"):
        github.main(["comment", "--pull", "7", page(f"<!-- preview: {stack} -->\n")])

    assert len(kept.comments) == 152


def test_what_a_person_wrote_is_not_edited(kept, page):
    quoted = {"id": 1, "on": 7, "body": "<!-- preview: apac -->\nlook at this", "user": {"login": "a person"}}
    kept.comments.append(dict(quoted))

    github.main(["comment", "--pull", "7", page("<!-- preview: apac -->\n")])

    assert kept.comments[0] == quoted
    assert len(kept.comments) == 2


def test_an_issue_is_opened_once_kept_current_and_closed_when_all_is_well(kept, page):
    for text in ("two resources drifted", "three resources drifted"):
        assert github.main(["issue", "--title", "Drift: apac", page(text)]) == 0
    assert [(issue["body"], issue["state"]) for issue in kept.issues] == [("three resources drifted", "open")]

    assert github.main(["issue", "--title", "Drift: apac", "--close", page("in sync")]) == 0
    assert kept.issues[0]["state"] == "closed"
    assert [comment["body"] for comment in kept.comments] == ["in sync"]


def test_closing_what_is_not_open_is_no_error(kept, page, capsys):
    assert github.main(["issue", "--title", "Drift: apac", "--close", page("in sync")]) == 0
    assert "nothing was open" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty: the step before has failed"),
        ("no mark", "must begin with a mark"),
        ("<!-- preview: apac -->\n" + "x" * github.LONGEST, "GitHub takes 65536 at most"),
    ],
)
def test_a_page_that_cannot_be_published_says_why(kept, page, capsys, text, said):
    assert github.main(["comment", "--pull", "7", page(text)]) == 1
    assert said in capsys.readouterr().err
    assert kept.comments == []


def test_a_refusal_names_the_permission_and_not_the_token(kept, page, capsys):
    kept.answer = 403

    assert github.main(["comment", "--pull", "7", page("<!-- preview: apac -->\n")]) == 1

    said = capsys.readouterr().err
    assert "403" in said
    assert "permissions" in said
    assert "HIDDEN" not in said


def test_a_job_without_a_token_is_told_so(kept, page, capsys, monkeypatch):
    monkeypatch.delenv("GITHUB_TOKEN")
    assert github.main(["comment", "--pull", "7", page("<!-- preview: apac -->\n")]) == 1
    assert "GITHUB_TOKEN not set" in capsys.readouterr().err
