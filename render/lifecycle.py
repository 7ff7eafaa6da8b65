"""S3 lifecycle rules that cannot hurt Thanos.

A rule sees single objects and their age, Thanos lives on blocks of many objects that it rewrites: so retention is the
Compactor's business, and S3 only tidies what Thanos will never read again.
"""

from collections.abc import Sequence

from render import Document

#: Storage classes that must be restored before they can be read.
ARCHIVE_CLASSES = ("GLACIER", "DEEP_ARCHIVE")
#: Raw data lives up to 17 days and 5m data up to 46 with retentions of 7 and 30 days (plus a block's span and the delay
#: of deletion); what is older is no longer rewritten.
EARLIEST_TRANSITION_DAYS = 45

EXPIRATION_REFUSED = (
    "must not be set, because S3 would delete objects by their age while the block they belong to is still in use; "
    "retention is set at the Compactor, which deletes whole blocks"
)


def class_problem(storage_class: str) -> str | None:
    """Why a transition to this storage class is refused, or None."""
    if storage_class in ARCHIVE_CLASSES:
        return (
            "must be INTELLIGENT_TIERING, because archived objects cannot be read: every query and compaction that "
            "touches such a block fails, and Store gateways crash"
        )
    if storage_class != "INTELLIGENT_TIERING":
        return (
            "must be INTELLIGENT_TIERING, because other classes charge for each read and for a minimum age that "
            "compaction, which rewrites blocks, does not keep"
        )
    return None


def age_problem(days: int) -> str | None:
    """Why a transition at this age is refused, or None."""
    if days < EARLIEST_TRANSITION_DAYS:
        return (
            f"must be at least {EARLIEST_TRANSITION_DAYS}, because younger blocks are still rewritten by compaction "
            "and downsampling, so moving them costs more than it saves"
        )
    return None


def rules(
    *,
    abort_incomplete_upload_days: int,
    versioning: bool,
    noncurrent_version_days: int,
    tiering_after_days: Sequence[int],
) -> list[Document]:
    """The bucket's rules in the shape of the AWS provider. Each covers the whole bucket: blocks lie at its root."""
    found = [
        _rule(
            "abort-incomplete-uploads",
            abort_incomplete_multipart_upload={"days_after_initiation": abort_incomplete_upload_days},
        )
    ]
    if versioning:
        # Without these the Compactor's deletions would free nothing.
        found.append(
            _rule("drop-old-versions", noncurrent_version_expiration={"noncurrent_days": noncurrent_version_days})
        )
        found.append(_rule("drop-delete-markers", expiration={"expired_object_delete_marker": True}))
    for days in tiering_after_days:
        found.append(
            _rule(f"tier-after-{days}-days", transitions=[{"days": days, "storage_class": "INTELLIGENT_TIERING"}])
        )
    return found


def _rule(id_: str, **action: object) -> Document:
    return {"id": id_, "status": "Enabled", "filter": {"prefix": ""}, **action}
