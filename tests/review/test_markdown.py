"""Text of others in a comment: visible, harmless, within the limit."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from review import markdown
from review.markdown import Block

BAD = ["```\n# no heading", "a|b|c", "<script>alert(1)</script>", "</details>", "@everyone #12", "**bold** `x` [a](b)"]


def rendered(text: str) -> str:
    return MarkdownIt("commonmark").render(text)


@given(st.text() | st.sampled_from(BAD))
def test_a_name_stays_text(name):
    found = rendered(f"- {markdown.code(name)}: x")
    inside = re.search(r"<code>(.*)</code>: x", found, re.DOTALL)
    assert inside, found
    assert "<" not in inside[1]
    assert html.unescape(inside[1]) == " ".join(markdown.visible(name).split())


@given(st.lists(st.text() | st.sampled_from(BAD) | st.from_regex(r"`{1,12}"), min_size=1, max_size=5))
def test_nothing_ends_a_block_of_code_but_its_end(lines):
    found = rendered(f"{markdown.fenced(lines, 'diff')}\n\nbehind")
    assert found.count("<pre>") == 1
    assert found.endswith("</code></pre>\n<p>behind</p>\n")


def test_hidden_characters_are_seen_and_keys_and_colours_are_not():
    assert markdown.visible("a\u202eb\x00\x1b[31mred\x1b[0m") == "a\\u202eb\\x00red"
    key = "AKIA" + "A" * 16
    assert markdown.visible(f"key {key}\npassword: {'x' * 24}") == "key [redacted]\n[redacted]"


@pytest.mark.parametrize(("end", "after"), [("\n+-----END RSA PRIVATE KEY-----\n+after", "\n+after"), ("", "")])
def test_of_a_private_key_no_line_is_seen_also_if_its_end_is_cut_off(end, after):
    text = f"+before\n+-----BEGIN RSA PRIVATE KEY-----\n+MIIEpAIBAAKCAQEA\n+q8Zx{end}"
    assert markdown.visible(text) == f"+before\n+[redacted]{after}"


def test_long_blocks_and_lines_say_how_much_is_missing_and_the_whole_is_kept_for_the_log():
    block = markdown.cuttable("file", ["x" * 1000, *map(str, range(50))], 20, str, "diff")
    assert "[... 600 more characters]" in block.text
    assert "[31 more lines: in the job's log]" in block.text
    assert "x" * 1000 in block.whole
    assert "\n49\n" in block.whole
    assert markdown.fitted([block]) == (f"{block.text}\n", False)


def test_the_least_important_end_is_cut_first_and_named():
    head, tail = Block("head"), Block("cost")
    blocks = [head, *(Block(f"é{number} " * 3000, f"part {number}") for number in range(20)), tail]
    text, complete = markdown.fitted(blocks)
    assert not complete
    assert len(text.encode()) <= markdown.LIMIT
    kept = [number for number in range(20) if f"é{number} " in text]
    assert kept == list(range(len(kept)))
    assert 3 <= len(kept) < 20
    assert text.startswith("head\n")
    assert "\n\ncost\n" in text
    assert f"leaves out {20 - len(kept)} part(s): {markdown.code(f'part {len(kept)}')}" in text
    assert "in the job's log" in text
    assert all(f"é{number} " in markdown.whole(blocks) for number in range(20))


def test_what_fits_is_left_as_it_is():
    assert markdown.fitted([Block("a"), Block("b", "b")]) == ("a\n\nb\n", True)
