"""What the edit distance promises."""

from hypothesis import given
from hypothesis import strategies as st

from voxcommons.evaluate.edits import edit_path

LETTERS = st.lists(st.sampled_from("abcd"), max_size=12)


def test_equal_sequences_have_no_errors():
    assert edit_path("hello", "hello").errors == 0


def test_known_distance():
    path = edit_path("kitten", "sitting")
    assert path.errors == 3
    assert path.rate == 0.5


def test_steps_name_what_was_lost_and_added():
    assert edit_path(["a", "b", "c"], ["a", "c"]).steps == ("match", "deletion", "match")
    assert edit_path(["a"], ["a", "x", "y"]).longest_run("insertion") == 2


def test_runs_are_only_counted_uninterrupted():
    path = edit_path("abcdefgh", "abgh")
    assert path.longest_run("deletion") == 4
    assert edit_path("axbxc", "abc").longest_run("deletion") == 1


def test_empty_reference_counts_as_one_item():
    assert edit_path([], ["a", "b"]).rate == 2.0
    assert edit_path([], []).rate == 0.0


@given(LETTERS, LETTERS)
def test_distance_is_symmetric_and_bounded(one, other):
    path = edit_path(one, other)
    assert path.errors == edit_path(other, one).errors
    assert abs(len(one) - len(other)) <= path.errors <= max(len(one), len(other))


@given(LETTERS, LETTERS)
def test_path_walks_both_sequences_to_their_ends(one, other):
    path = edit_path(one, other)
    in_reference = sum(step != "insertion" for step in path.steps)
    in_hypothesis = sum(step != "deletion" for step in path.steps)
    assert (in_reference, in_hypothesis) == (len(one), len(other))
    assert all(i < len(one) and j < len(other) for i, j in path.pairs)
