"""A pull request's comment on one stack: `python -m review.comment --stack apac apac.preview.json --log apac.log`.

Prints Markdown for GitHub, or writes it to --out. What has to be cut goes to stderr, i.e. into the job's log.
docs/review.md shows a comment and says how to read it.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import yaml
from pydantic import ValidationError

from planner import cost
from review import approval, costs, differences
from review.digest import IDLE, Digest, DigestError, Step, name_of, parse, type_of
from review.markdown import Block, code, cuttable, fitted, folded, whole

#: What counts say, by the engine's operation, in the order of the comment.
COUNTED = {"replace": "to replace", "delete": "to delete", "update": "to update", "create": "to create"}
#: Diffs of so many lines are open; longer ones are a click away, and end after so many.
OPEN, LONGEST = 40, 150
#: Lists and logs end after so many lines.
MOST = 100
FAILED = (
    "**What to do.** Nothing has been changed. A message about a setting names its path in the stack file, the rule "
    "and the reason; one about a policy says what to do (docs/policies.md). Correct it and push again; `make preview "
    "STACK={stack}` tries it before, without a cluster or credentials."
)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m review.comment", description=__doc__)
    parser.add_argument("preview", type=Path, help="what `pulumi preview --json` printed")
    parser.add_argument("--stack", required=True)
    parser.add_argument("--commit", default="", help="whose preview this is, for the comment's head")
    parser.add_argument("--log", type=Path, help="what else the CLI said; shown if the preview has failed")
    parser.add_argument("--prices", type=Path, default=costs.PRICES, help="your prices, like planner/prices.yaml")
    parser.add_argument("--out", type=Path, help="where the comment goes; stdout unless given")
    options = parser.parse_args(arguments)
    try:
        prices = cost.Prices.model_validate(yaml.safe_load(options.prices.read_text()))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        print(f"{options.prices} has no prices like those of planner/prices.yaml: {error}", file=sys.stderr)
        return 1
    log = options.log.read_text(errors="replace") if options.log and options.log.exists() else ""
    try:
        blocks = comment(options.stack, options.commit, parse(options.preview.read_text(errors="replace")), log, prices)
    except OSError as error:
        said = f"There is no preview, {error.strerror}: the job has ended before it."
        blocks = failure(options.stack, options.commit, [said], log)
    except DigestError as error:
        blocks = failure(options.stack, options.commit, [f"There is no preview: {error}."], log)
    text, complete = fitted(blocks)
    if not complete:
        print(whole(blocks), file=sys.stderr)
    if options.out:
        options.out.write_text(text)
    else:
        print(text, end="")
    return 0


def marker(stack: str) -> str:
    """The first line of a stack's comment, by which it is found to be written anew. GitHub does not show it."""
    return f"<!-- preview: {stack} -->"


def comment(stack: str, commit: str, digest: Digest, log: str, prices: cost.Prices) -> list[Block]:
    if digest.failed:
        said = [found.message for found in digest.diagnostics if found.severity in ("error", "info#err")]
        return failure(stack, commit, said, log)
    same = digest.counts.get("same", 0)
    if not digest.steps:
        return [
            Block(f"{marker(stack)}\n{_named(stack, commit)}: no changes, all {same:,} resources stay as they are.")
        ]
    counts = [f"**{number:,}** {COUNTED.get(op, op)}" for op, number in _counts(digest.counts).items()]
    files = sum(differences.content(step) for step in digest.steps)
    renewed = f" Replaced only by new content under a new name: {files:,}." if files else ""
    stay = f", {same:,} stay as they are" if same else ""
    head = f"{marker(stack)}\n### {_named(stack, commit)}\n\n{', '.join(counts)}{stay}.{renewed}"
    blocks = [Block(head)]
    if risky := approval.stateful(digest):
        blocks.append(Block(_careful(risky)))
    blocks += _changed(digest)
    blocks.append(Block(f"---\n\n{costs.section(digest, prices)}"))
    if created := [step for step in digest.steps if step.op == "create"]:
        blocks.append(_list(f"{len(created):,} to create", [f"{step.kind} {step.name}" for step in created]))
    if warnings := [found.message for found in digest.diagnostics if found.severity == "warning"]:
        blocks.append(_list(f"{len(warnings):,} warning(s)", warnings))
    return blocks


def failure(stack: str, commit: str, said: Sequence[str], log: str) -> list[Block]:
    """said: the program's and the engine's own messages; log: what the CLI said beside them."""
    lines = [line for message in (*said, log) for line in message.strip().splitlines() if line.strip()]
    # The last one in each failed preview: it adds nothing where there is a reason.
    telling = [line for line in dict.fromkeys(lines) if not line.endswith("preview failed")] or lines
    return [
        Block(f"{marker(stack)}\n### {_named(stack, commit)} **failed**"),
        cuttable("messages", telling or ["The CLI has said nothing."], MOST, str),
        Block(FAILED.format(stack=stack)),
    ]


def _named(stack: str, commit: str) -> str:
    return f"Preview of {code(stack)}" + (f" at {code(commit[:12])}" if commit else "")


def _counts(counts: Mapping[str, int]) -> dict[str, int]:
    """The most consequential first; other operations, such as import, after those."""
    found = {op: number for op, number in counts.items() if op not in IDLE and number}
    return {
        op: found[op] for op in [*(op for op in COUNTED if op in found), *(op for op in found if op not in COUNTED)]
    }


def _careful(steps: Sequence[Step]) -> str:
    shown = [
        f"- **{'delete' if step.deletes else 'replace'}** {_kind(step)} {code(step.name)}: {_why(step)}"
        for step in steps[:MOST]
    ]
    more = [f"- and {len(steps) - MOST:,} more"] if len(steps) > MOST else []
    return "\n".join(["#### Look twice: data is in these, or goes with them", "", *shown, *more])


def _why(step: Step) -> str:
    if step.deletes:
        return (
            "it stays where it is, and the stack forgets it (retainOnDelete)"
            if step.kept
            else "what is in it goes along"
        )
    return "because of " + (", ".join(map(code, step.reasons)) or "what it depends on, or as it was asked for")


def _changed(digest: Digest) -> Iterator[Block]:
    """What is not new, by component, each with what changes in it."""
    names = differences.renamed(digest)
    steps = [step for step in digest.steps if step.op != "create"]
    order = list(dict.fromkeys(step.parent for step in steps))
    former = ""
    for step in sorted(steps, key=lambda step: order.index(step.parent)):
        component = _component(step)
        yield _change(step, differences.lines(step, names), f"#### {component}\n\n" if component != former else "")
        former = component


def _change(step: Step, diff: Sequence[str], heading: str) -> Block:
    title = _title(step)

    def laid_out(shown: str) -> str:
        if len(diff) > OPEN:
            return heading + folded(f"{title} ({len(diff):,} lines)", shown)
        return heading + (f"{title}\n\n{shown}" if diff else title)

    return cuttable(f"{step.kind} {step.name}", diff, LONGEST, laid_out, "diff")


def _component(step: Step) -> str:
    return "The stack itself" if _above(step) == "Stack" else f"{_word(_above(step))} {code(name_of(step.parent))}"


def _above(step: Step) -> str:
    return type_of(step.parent).rsplit(":", 1)[-1] or "Stack"


def _title(step: Step) -> str:
    """HTML that is Markdown, too."""
    what = f"{_kind(step)} {code(step.name)}"
    if differences.content(step):
        return f"<b>new content</b> of {what}, under a new name"
    if step.replaces:
        return f"<b>replace</b> {what} {_why(step)}"
    return f"<b>{step.op}</b> {what}"


def _kind(step: Step) -> str:
    return code(step.type) if step.type.startswith("pulumi:providers:") else _word(step.kind)


def _word(text: str) -> str:
    return text if text.isalnum() else code(text)


def _list(summary: str, lines: Sequence[str]) -> Block:
    return cuttable(summary, lines, MOST, lambda shown: folded(summary, shown))


if __name__ == "__main__":
    sys.exit(main())
