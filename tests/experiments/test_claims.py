"""Claims of processes to what is scarce: who gets what, in which order, and what the dead leave."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from labkart.errors import LabkartError
from labkart.experiments import claims
from labkart.experiments.claims import Claim, Need


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of all claims."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path / "labkart-claims"


def cards(count: int, share: float = 1) -> Claim:
    return Claim([Need(["a", "b"], share, 1, count)])


def amount(value: float, total: float = 64) -> Claim:
    return Claim([Need(["memory"], value, total)])


def test_each_claim_gets_a_pool_of_its_own_while_there_is_one(folder: Path) -> None:
    first, second, third = cards(1), cards(1), cards(1)
    assert (first.take(), second.take(), third.take()) == (True, True, False)
    assert (first.pools, second.pools, third.pools) == (["a"], ["b"], [])
    assert third.blockers == {os.getpid()}
    first.release()
    assert third.take() and third.pools == ["a"] and third.blockers == set()
    for claim in (second, third):
        claim.release()
    assert [*folder.iterdir()] == []


def test_pools_that_are_shared_fill_evenly() -> None:
    claimed = [cards(1, 1 / 3) for _ in range(7)]
    assert [claim.take() for claim in claimed] == [True] * 6 + [False]
    assert sorted(pool for claim in claimed for pool in claim.pools) == ["a"] * 3 + ["b"] * 3
    alone = cards(1)
    claimed[0].release()
    assert not alone.take()  # another command may not want to share


def test_amounts_add_up_to_what_there_is() -> None:
    first, second, third = amount(40.5), amount(23.5), amount(0.5)
    assert (first.take(), second.take(), third.take()) == (True, True, False)
    assert not amount(1, total=100).pools


def test_a_claim_holds_nothing_until_it_gets_all() -> None:
    holder, both = amount(64), Claim([Need(["a"], 1, 1), Need(["memory"], 1, 64)])
    assert holder.take() and not both.take()
    other = Claim([Need(["b"], 1, 1)])
    assert other.take() and both.pools == []


def test_who_waits_longer_comes_first() -> None:
    holders = [cards(1), cards(1)]
    assert all(claim.take() for claim in holders)
    both, one = cards(2), cards(1)
    assert not both.take() and not one.take()
    holders[0].release()
    assert not one.take()  # else `both` might wait for ever
    holders[1].release()
    assert not one.take() and both.take()
    both.release()
    assert one.take()


def test_who_gives_up_its_place_for_a_while_has_it_again() -> None:
    holder, first, second = cards(2), cards(2), cards(2)
    assert holder.take() and not first.take() and not second.take()
    first.release()
    holder.release()
    assert second.take()
    assert not first.take()
    third = cards(2)
    assert not third.take()
    second.release()
    assert not third.take() and first.take()


def forked(work: Callable[[], object]) -> int:
    """A process that does some work, and then sleeps; its id."""
    done, tell = os.pipe()
    process = os.fork()
    if not process:
        work()
        os.write(tell, b".")
        time.sleep(600)
        os._exit(0)
    os.read(done, 1)
    os.close(done)
    os.close(tell)
    return process


def kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)


def test_what_a_killed_process_held_or_waited_for_is_free(folder: Path) -> None:
    holder, waiting, own = (
        forked(lambda: cards(2).take()),
        forked(lambda: cards(2).take()),
        cards(1),
    )
    try:
        assert not own.take() and own.blockers == {holder, waiting}
    finally:
        kill(holder)
        kill(waiting)
    assert own.take()
    assert len([*folder.iterdir()]) == 1


def test_a_claim_that_is_handed_over_ends_with_the_process_that_has_it(folder: Path) -> None:
    claim, other = cards(2), cards(1)
    assert claim.take()
    process = forked(lambda: None)
    try:
        claim.hand_over()
        assert claim.is_handed_over and not other.take()
    finally:
        kill(process)
    assert other.take()
    other.release()
    claims.remove_dead()
    assert [*folder.iterdir()] == []


def test_a_file_that_is_used_for_days_is_kept_fresh(folder: Path) -> None:
    claim = cards(1)
    assert claim.take()
    (file,) = folder.iterdir()
    os.utime(file, (1, 1))
    claim.keep_fresh()
    assert file.stat().st_mtime == 1
    claim._touched = 0
    claim.keep_fresh()
    assert file.stat().st_mtime > 1


def test_a_damaged_file_takes_nothing(folder: Path) -> None:
    assert cards(1).take()
    (folder / "1-x.json").write_text("{")
    assert cards(1).take()


def test_all_users_of_the_machine_see_the_claims_of_the_others(folder: Path) -> None:
    claim = cards(1)
    assert claim.take()
    (file,) = folder.iterdir()
    assert (folder.stat().st_mode & 0o7777, file.stat().st_mode & 0o777) == (0o1777, 0o644)


def test_a_folder_that_cannot_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "missing"))
    with pytest.raises(LabkartError) as error:
        cards(1).take()
    problem = f"{tmp_path}/missing/labkart-claims: No such file or directory."
    assert str(error.value).startswith(problem)
