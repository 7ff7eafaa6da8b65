"""What a preview changes in the monthly bill, as a part of the comment."""

from pathlib import Path

from planner import cost
from review.digest import Digest
from review.markdown import code, folded

PRICES = Path(__file__).resolve().parent.parent / "planner" / "prices.yaml"
NOT_COUNTED = (
    "Not in it: what is stored in S3 and asked of it (no preview knows; `make plan` estimates the storage of a fleet), "
    "traffic, what runs on edges, and whether the nodes have room anyway."
)


def difference(digest: Digest) -> cost.Usage:
    """What pods request, volumes and load balancers, after it less before. A claim that is kept is paid for on."""
    found = cost.Usage()
    for step in digest.steps:
        if step.type.startswith("kubernetes:") and not (step.deletes and step.kept):
            found = found + cost.usage(step.kind, step.new) - cost.usage(step.kind, step.old)
    return found


def section(digest: Digest, prices: cost.Prices) -> str:
    used = difference(digest)
    amounts = {
        "CPU": f"{used.cpu:+,.4g} cores" if used.cpu else "",
        "memory": f"{used.memory / cost.GIBI:+,.4g} GiB" if used.memory else "",
        "volumes": ", ".join(
            f"{size / cost.GIBI:+,.4g} GiB" + ("" if name == cost.DEFAULT else f" {code(name)}")
            for name, size in used.volumes.items()
        ),
        "load balancers": f"{used.load_balancers:+d}" if used.load_balancers else "",
    }
    money = cost.monthly(used, prices)
    currency = code(prices.currency)
    unknown = f" Not known yet: {', '.join(map(code, used.unknown))}." if used.unknown else ""
    if not any(amounts.values()):
        return f"**Cost:** the same CPU, memory, volumes and load balancers.{unknown}"
    rows = [f"| {what} | {amount} | {money[what]:+,.2f} |" for what, amount in amounts.items() if amount]
    table = "\n".join([f"| requested | difference | {currency} a month |", "|---|---:|---:|", *rows])
    how = f"{table}\n\nPrices: {code(prices.source)} (planner/prices.yaml, or your own file). {NOT_COUNTED}"
    total = f"**Cost:** about **{sum(money.values()):+,.2f}** {currency} a month.{unknown}"
    return f"{total}\n\n{folded('How it is counted', how)}"
