"""Whether somebody has to say yes."""

import pytest

from policy import objects
from review import approval
from tests.review import previews


def asked(capsys, *cases: str) -> tuple[int, str, str]:
    code = approval.main([str(previews.RECORDED / f"{case}.json") for case in cases])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_claim_that_is_replaced_or_deleted_needs_approval_with_the_reason(capsys):
    code, out, err = asked(capsys, "none", "replace", "delete")
    assert (code, out) == (0, "stateful=true\n")
    claim = "kubernetes:core/v1:PersistentVolumeClaim query-data-"
    assert f"replace: {claim}0: replace, because of spec.storageClassName" in err
    assert f"delete: {claim}1: delete, but it stays where it is" in err


def test_files_and_secrets_under_new_names_and_new_things_need_none(capsys):
    assert asked(capsys, "none", "update", "create", "first")[:2] == (0, "stateful=false\n")


@pytest.mark.parametrize("case", ["failure", "policy"])
def test_a_failed_preview_gives_no_answer_whatever_the_others_say(capsys, case):
    code, out, err = asked(capsys, "none", case)
    assert (code, out) == (1, "")
    assert f"{case}: the preview has failed" in err


def test_an_unreadable_one_gives_no_answer(capsys, tmp_path):
    (tmp_path / "eu.preview.json").write_text("")
    assert approval.main([str(tmp_path / "eu.preview.json")]) == 1
    assert approval.main([str(tmp_path / "none.json")]) == 1
    assert approval.main([str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "eu: " in said.err


def test_every_kind_that_data_is_in_counts(capsys, tmp_path):
    for kind in objects.STATEFUL:
        text = previews.text("replace").replace("kubernetes:core/v1:PersistentVolumeClaim", kind)
        (tmp_path / "apac.preview.json").write_text(text)
        assert approval.main([str(tmp_path / "apac.preview.json")]) == 0
        assert capsys.readouterr().out == "stateful=true\n"
