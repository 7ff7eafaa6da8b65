"""Puts a page on GitHub and keeps it current: a comment of a pull request for previews, an issue for drift.

`python -m review.github comment --pull 12 page.md` writes the comment, or edits the one that has the same first line: a
mark that nobody sees (`<!-- preview: apac -->`). `python -m review.github issue --title "Drift: apac" page.md` does so
for an open issue of that title; `--close` closes it, if it is there.

From the environment: GITHUB_TOKEN, GITHUB_REPOSITORY (owner/name) and GITHUB_API_URL, as GitHub's runners set them.
"""

import argparse
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

#: What GitHub takes at most, in characters.
LONGEST = 65_536
#: Only what this wrote is edited: a person's text that begins alike stays.
AUTHOR = "github-actions[bot]"

Json: TypeAlias = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


class GitHubError(Exception):
    """GitHub did not do it; the message says why, and what to do."""


@dataclass(frozen=True)
class Repository:
    """A repository as its API shows it."""

    url: str
    """Of the repository itself: <api>/repos/<owner>/<name>."""
    token: str

    def comment(self, pull: int, page: str) -> str:
        """Writes the comment or edits the one of the same mark; returns its address."""
        mark = page.splitlines()[0]
        if not (mark.startswith("<!--") and mark.endswith("-->")):
            raise GitHubError(f"the page begins with {mark[:60]!r}: must begin with a mark (<!-- … -->) to find it by")
        for found in self._all(f"issues/{pull}/comments"):
            if str(found["body"]).startswith(mark) and _author(found) == AUTHOR:
                return str(self._send("PATCH", f"issues/comments/{found['id']}", {"body": page})["html_url"])
        return str(self._send("POST", f"issues/{pull}/comments", {"body": page})["html_url"])

    def issue(self, title: str, page: str) -> str:
        """Opens the issue or edits the open one of that title; returns its address."""
        if number := self._open_issue(title):
            return str(self._send("PATCH", f"issues/{number}", {"body": page})["html_url"])
        return str(self._send("POST", "issues", {"title": title, "body": page})["html_url"])

    def close(self, title: str, page: str) -> str:
        """Closes the open issue of that title with the page as its last word; returns its address, if there was one."""
        number = self._open_issue(title)
        if not number:
            return ""
        self._send("POST", f"issues/{number}/comments", {"body": page})
        closed = self._send("PATCH", f"issues/{number}", {"state": "closed", "state_reason": "completed"})
        return str(closed["html_url"])

    def _open_issue(self, title: str) -> int | None:
        for found in self._all("issues?state=open"):
            if found["title"] == title and _author(found) == AUTHOR:
                return int(str(found["number"]))
        return None

    def _all(self, path: str) -> Iterator[dict[str, Json]]:
        separator, page = "&" if "?" in path else "?", 1
        while True:
            found = self._ask("GET", f"{path}{separator}per_page=100&page={page}")
            if not isinstance(found, list):
                raise GitHubError(f"GitHub's answer to {path} is no list")
            yield from (item for item in found if isinstance(item, dict))
            if len(found) < 100:
                return
            page += 1

    def _send(self, method: str, path: str, body: dict[str, str]) -> dict[str, Json]:
        answer = self._ask(method, path, body)
        if not isinstance(answer, dict):
            raise GitHubError(f"GitHub's answer to {method} {path} is no object")
        return answer

    def _ask(self, method: str, path: str, body: dict[str, str] | None = None) -> Json:
        request = urllib.request.Request(  # noqa: S310 - the API's own address, https unless a test says otherwise
            f"{self.url}/{path}",
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={
                "Authorization": f"Bearer {self.token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
                return json.load(response)
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")[:300]
            hint = ": the job needs `permissions:` for it, and a fork's job has none" if error.code == 403 else ""
            raise GitHubError(f"GitHub answers {error.code} to {method} {path}{hint}: {said}") from None
        except OSError as error:
            raise GitHubError(f"GitHub does not answer ({error}): run the job again") from None


def _author(found: dict[str, Json]) -> Json:
    user = found.get("user")
    return user.get("login") if isinstance(user, dict) else None


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m review.github", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    comment = commands.add_parser("comment", help="a comment of a pull request")
    comment.add_argument("--pull", type=int, required=True, help="the pull request's number")
    issue = commands.add_parser("issue", help="an issue that is open as long as there is something to say")
    issue.add_argument("--title", required=True)
    issue.add_argument("--close", action="store_true", help="close it, with the page as the last comment")
    for command in (comment, issue):
        command.add_argument("page", type=Path, help="a file of Markdown")
    given = parser.parse_args(arguments)
    try:
        here, page = repository(os.environ), read(given.page)
        if given.command == "comment":
            address = here.comment(given.pull, page)
        else:
            address = here.close(given.title, page) if given.close else here.issue(given.title, page)
    except GitHubError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(address or "nothing was open")
    return 0


def repository(environment: Mapping[str, str]) -> Repository:
    """GitHubError says which variable is missing."""
    missing = [name for name in ("GITHUB_TOKEN", "GITHUB_REPOSITORY") if not environment.get(name)]
    if missing:
        raise GitHubError(f"{' and '.join(missing)} not set: a job passes them by `env:`")
    api = environment.get("GITHUB_API_URL") or "https://api.github.com"
    return Repository(f"{api}/repos/{environment['GITHUB_REPOSITORY']}", environment["GITHUB_TOKEN"])


def read(page: Path) -> str:
    """GitHubError if GitHub would not take the page."""
    try:
        text = page.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise GitHubError(f"{page} cannot be read: {error}") from None
    if not text.strip():
        raise GitHubError(f"{page} is empty: the step before has failed")
    if len(text) > LONGEST:
        raise GitHubError(f"{page} has {len(text)} characters: GitHub takes {LONGEST} at most")
    return text


if __name__ == "__main__":
    sys.exit(main())
