"""Two people's changes in one text: they fit where they don't touch, and everybody keeps theirs."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fireinvest.workflow.merging import blame, changes, merge, sentences

BASE = "一。二。三。四。"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("一", ["一"]),
        ("一。二", ["一。", "二"]),
        ("一。二；三！四？\n", ["一。", "二；", "三！", "四？", "\n"]),
        ("1,5米，宽。", ["1,5米，宽。"]),
    ],
)
def test_a_text_is_taken_by_sentences_and_lines(text: str, parts: list[str]) -> None:
    assert sentences(text) == parts


@pytest.mark.parametrize(
    ("mine", "theirs", "merged"),
    [
        (BASE, BASE, BASE),
        ("壹。二。三。四。", BASE, "壹。二。三。四。"),
        (BASE, "一。二。三。肆。", "一。二。三。肆。"),
        ("壹。二。三。四。", "一。二。三。肆。", "壹。二。三。肆。"),
        ("一。贰。三。四。", "一。二。叁。四。", "一。贰。叁。四。"),
        # Both said the same: once is enough.
        ("一。贰。三。四。", "一。贰。三。四。", "一。贰。三。四。"),
        ("一。贰。三。四。", "一。贰。三。肆。", "一。贰。三。肆。"),
        # Something new between, and something gone.
        ("一。新。二。三。四。", "一。二。三。", "一。新。二。三。"),
        ("一。二。三。四。五。", "零。一。二。三。四。", "零。一。二。三。四。五。"),
        ("一。二。后。三。四。", "一。贰。三。四。", "一。贰。后。三。四。"),
        # The same place: somebody has to look.
        ("一。贰。三。四。", "一。弐。三。四。", None),
        ("一。甲。二。三。四。", "一。乙。二。三。四。", None),
        ("一。四。", "一。二。叁。四。", None),
        ("一。二。叁。四。", "一。四。", None),
        ("", "一。二。三。肆。", None),
        ("一。二。中。三。四。", "一。四。", None),
    ],
)
def test_changes_go_together_where_they_do_not_touch(
    mine: str, theirs: str, merged: str | None
) -> None:
    assert merge(BASE, mine, theirs).text == merged
    assert merge(BASE, theirs, mine).text == merged


def test_a_clash_shows_the_passage_as_it_was_and_as_each_has_it() -> None:
    found = merge(BASE, "一。贰。三。四。", "一。弐。三。四。")
    assert found.clashes == (("二。", "贰。", "弐。"),)


_TEXTS = some.lists(some.sampled_from(["一。", "二。", "三\n", "四。"]), max_size=6).map("".join)


@given(_TEXTS, _TEXTS)
def test_who_changed_nothing_is_in_nobodys_way(base: str, other: str) -> None:
    assert merge(base, other, base).text == other
    assert merge(base, base, other).text == other
    assert merge(base, other, other).text == other


@given(some.lists(_TEXTS, max_size=5))
def test_every_sentence_has_an_author_and_joined_they_are_the_text(versions: list[str]) -> None:
    found = blame(list(enumerate(versions)))
    assert "".join(text for text, _ in found) == (versions[-1] if versions else "")


def test_who_wrote_a_sentence_is_who_wrote_it_first() -> None:
    found = blame([("甲", "一。二。三。"), ("乙", "一。贰。三。"), ("丙", "零。一。贰。三。末")])
    assert found == [
        ("零。", "丙"), ("一。", "甲"), ("贰。", "乙"), ("三。", "甲"), ("末", "丙"),
    ]  # fmt: skip


def test_a_long_text_is_merged_in_time() -> None:
    base = "".join(f"第{n}句，火势沿外墙保温材料蔓延。" for n in range(9000))
    mine, theirs = base.replace("第17句", "第十七句"), base.replace("第8000句", "第八千句")
    found = merge(base, mine, theirs).text
    assert found == mine.replace("第8000句", "第八千句")
    # One sentence over and over again: nothing tells where it belongs, so it all was replaced.
    same = "火势蔓延。" * 8000
    changed = f"一。{same}二。"
    assert merge(same, changed, same).text == changed
    assert merge(changed, same, changed).text == same
    assert merge(same, changed, f"三。{same}四。").text is None


def test_sentences_that_moved_or_come_again_are_told_apart() -> None:
    often = [f"{n % 7}分钟后到场。" for n in range(400)]
    old = [*(f"第{n}段。" for n in range(400)), *often, "末段。"]
    new = ["新。", *old[200:400], *old[:200], *often[:399], "补。", "末段。"]
    parts, done = list[str](), 0
    for each in changes(old, new):
        parts += [*old[done : each.start], *each.by]
        done = each.end
    assert [*parts, *old[done:]] == new
    assert sum(each.end - each.start for each in changes(old, new)) < 700
