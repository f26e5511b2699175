"""A file is unchanged as long as its content is; a look at its times is enough where these are the same and old enough."""

import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import pytest

from labkart.digests import FileState, content_digest, file_state, unchanged
from tests.support.tiny import write

pytestmark = pytest.mark.usefixtures("root")  # digests of large files are kept in a project


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cache" / "model.pkl"
    path.parent.mkdir()
    path.write_bytes(b"weights")
    return path


def settled(file: Path) -> None:
    """Wait until a look at a file's times is enough."""
    while not file_state(file, file.parent).stamp:
        time.sleep(0.001)


def rewrite(file: Path, text: bytes) -> None:
    """Write into the same file, and put size and modification time back."""
    times = file.stat()
    with file.open("r+b") as opened:
        opened.write(text)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def flip(file: Path) -> None:
    rewrite(file, b"weightz")


def replace_by_a_copy(file: Path, text: bytes = b"weightz") -> None:
    """Put a new file of the same size and modification time into its place."""
    times, other = file.stat(), file.with_name("other")
    other.write_bytes(text)
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    other.replace(file)


def replace_by_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def test_a_look_sees_place_size_and_content(file: Path, tmp_path: Path) -> None:
    settled(file)
    state, times = file_state(file, tmp_path), file.stat()
    sha256 = hashlib.sha256(b"weights").hexdigest()
    assert (state.path, state.bytes, state.sha256) == ("cache/model.pkl", 7, sha256)
    assert state.stamp == [times.st_mtime_ns, times.st_ctime_ns, times.st_ino, times.st_size]


def test_the_times_of_a_file_just_written_are_not_relied_upon(file: Path, tmp_path: Path) -> None:
    os.utime(file)
    assert file_state(file, tmp_path).stamp == []


def test_a_file_elsewhere_keeps_its_whole_path(file: Path, tmp_path: Path) -> None:
    state = file_state(file, tmp_path / "outputs")
    assert state.path == str(file)
    assert unchanged(state, tmp_path / "outputs")


def test_a_file_that_is_not_there_cannot_be_looked_at(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        file_state(tmp_path / "missing", tmp_path)


@pytest.mark.parametrize("wait", [settled, lambda _: None])
@pytest.mark.parametrize(
    "harmless", [lambda _: None, os.utime, lambda file: replace_by_a_copy(file, b"weights")]
)
def test_a_file_with_the_same_content_is_unchanged(
    harmless: Callable[[Path], object], wait: Callable[[Path], object], file: Path, tmp_path: Path
) -> None:
    wait(file)
    state = file_state(file, tmp_path)
    harmless(file)
    assert unchanged(state, tmp_path)


@pytest.mark.parametrize("wait", [settled, lambda _: None])
@pytest.mark.parametrize(
    "damage",
    [
        flip,
        replace_by_a_copy,
        replace_by_folder,
        Path.unlink,
        lambda file: os.truncate(file, 3),
        lambda file: file.write_bytes(b"weights!"),
    ],
)
def test_a_file_with_other_content_is_changed(
    damage: Callable[[Path], object], wait: Callable[[Path], object], file: Path, tmp_path: Path
) -> None:
    wait(file)
    state = file_state(file, tmp_path)
    damage(file)
    assert not unchanged(state, tmp_path)


def test_a_file_that_moved_with_its_root_is_unchanged(file: Path, tmp_path: Path) -> None:
    state = file_state(file, tmp_path)
    (tmp_path / "moved").mkdir()
    file.parent.rename(tmp_path / "moved" / "cache")
    assert unchanged(state, tmp_path / "moved")


def test_content_is_read_again_only_when_the_times_differ(file: Path, tmp_path: Path) -> None:
    settled(file)
    never_read: FileState = replace(file_state(file, tmp_path), sha256="of something else")
    assert unchanged(never_read, tmp_path)
    os.utime(file, ns=(0, 0))
    assert not unchanged(never_read, tmp_path)


LARGE = 600_000


@pytest.mark.parametrize("size", [7, LARGE])
@pytest.mark.parametrize("change", [rewrite, replace_by_a_copy])
def test_a_change_right_after_a_look_is_noticed_however_coarse_the_clock(
    change: Callable[[Path, bytes], None], size: int, file: Path, tmp_path: Path
) -> None:
    times = 200 if size == 7 else 5  # a look at a large new file waits for the clock
    for count in range(times):
        file.write_bytes(b"a" * size)
        state, known = file_state(file, tmp_path), content_digest(file)
        change(file, b"b" * size)
        assert not unchanged(state, tmp_path), f"time {count}"
        assert content_digest(file) != known, f"time {count}"


@pytest.mark.parametrize("change", [rewrite, replace_by_a_copy])
def test_other_content_of_a_large_file_is_seen_behind_the_same_size_and_modification_time(
    change: Callable[[Path, bytes], None], file: Path
) -> None:
    file.write_bytes(b"a" * LARGE)
    assert content_digest(file) == hashlib.sha256(b"a" * LARGE).hexdigest()
    before = file.stat()
    change(file, b"b" * LARGE)
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (LARGE, before.st_mtime_ns)
    assert content_digest(file) == hashlib.sha256(b"b" * LARGE).hexdigest()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files whose content was opened since the list was cleared last."""
    names = list[str]()
    open_path = Path.open

    def listen(path: Path, *args: Any, **options: Any) -> IO[Any]:
        names.append(path.name)
        return open_path(path, *args, **options)

    monkeypatch.setattr(Path, "open", listen)
    return names


def look(path: Path, opened: list[str]) -> tuple[str, list[str]]:
    """The digest of a file or folder, and the data files that were opened for it."""
    opened.clear()
    digest = content_digest(path)
    return digest, sorted(name for name in opened if name.endswith(".bin"))


def test_a_large_file_is_read_once_and_again_only_when_it_was_touched(
    root: Path, opened: list[str]
) -> None:
    file = root / "large.bin"
    file.write_bytes(b"a" * LARGE)
    sha256 = hashlib.sha256(b"a" * LARGE).hexdigest()
    assert look(file, opened) == (sha256, ["large.bin"])
    assert look(file, opened) == (sha256, [])
    os.utime(file)
    assert look(file, opened) == (sha256, ["large.bin"])
    assert look(file, opened) == (sha256, [])


def test_of_a_folder_only_the_file_that_changed_is_read_again(
    root: Path, opened: list[str]
) -> None:
    write(root, **{f"images/{name}.bin": name for name in "abc"})
    for name in "abc":
        settled(root / "images" / f"{name}.bin")
    first, read = look(root / "images", opened)
    assert read == ["a.bin", "b.bin", "c.bin"]
    assert look(root / "images", opened) == (first, [])
    write(root, **{"images/b.bin": "B"})
    changed, read = look(root / "images", opened)
    assert (changed != first, read) == (True, ["b.bin"])


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"model.pkl": 5}', '{"model.pkl": ["00"]}', '{"model.pkl": [1, 2]}']
)
def test_a_damaged_memory_of_digests_is_no_harm(text: str, file: Path, root: Path) -> None:
    file.write_bytes(b"a" * LARGE)
    known = content_digest(file)
    (memo,) = (root / "outputs/memos/digests").iterdir()
    assert json.loads(memo.read_text())["model.pkl"][0] == known
    memo.write_text(text)
    assert content_digest(file) == known


def test_a_folders_content_is_the_names_and_contents_of_the_files_below_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        **{"a/one.txt": "1", "a/deep/two.txt": "2", "b/one.txt": "1", "b/deep/two.txt": "2"},
    )
    assert content_digest(tmp_path / "a") == content_digest(tmp_path / "b")


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "one.txt").rename(folder / "uno.txt"),
        lambda folder: (folder / "one.txt").rename(folder / "deep" / "one.txt"),
        lambda folder: (folder / "deep/two.txt").unlink(),
        lambda folder: rewrite(folder / "deep/two.txt", b"3"),
        lambda folder: write(folder, **{"deep/three.txt": ""}),
        lambda folder: write(folder, **{"one.txt": "2", "deep/two.txt": "1"}),
    ],
)
def test_a_change_anywhere_in_a_folder_changes_its_content(
    change: Callable[[Path], object], tmp_path: Path
) -> None:
    folder = tmp_path / "images"
    write(folder, **{"one.txt": "1", "deep/two.txt": "2"})
    before = content_digest(folder)
    change(folder)
    assert content_digest(folder) != before


@pytest.mark.parametrize("litter", [".DS_Store", "Thumbs.db", "deep/desktop.ini"])
def test_what_systems_leave_in_a_folder_is_not_its_content(litter: str, tmp_path: Path) -> None:
    write(tmp_path / "images", **{"deep/two.txt": "2"})
    before = content_digest(tmp_path / "images")
    write(tmp_path / "images", **{litter: "seen"})
    assert content_digest(tmp_path / "images") == before


def test_a_link_counts_as_what_it_leads_to(tmp_path: Path) -> None:
    write(tmp_path, **{"images/a.txt": "1", "elsewhere/b.txt": "2"})
    (tmp_path / "images" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "images" / "c.txt").symlink_to(tmp_path / "elsewhere/b.txt")
    before = content_digest(tmp_path / "images")
    write(tmp_path, **{"elsewhere/b.txt": "3"})
    assert content_digest(tmp_path / "images") != before


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    write(tmp_path, **{"images/deep/a.txt": "1"})
    (tmp_path / "images/deep/up").symlink_to(tmp_path / "images")
    before = content_digest(tmp_path / "images")
    rewrite(tmp_path / "images/deep/a.txt", b"2")
    assert content_digest(tmp_path / "images") != before


def test_a_folder_in_another_place_is_remembered_apart(tmp_path: Path) -> None:
    write(tmp_path, **{"a/one.txt": "1", "b/one.txt": "2"})
    assert content_digest(tmp_path / "a") != content_digest(tmp_path / "b")


def test_what_cannot_be_read_has_no_content(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images/broken").symlink_to("nowhere")
    for path in (tmp_path / "missing", tmp_path / "images"):
        with pytest.raises(FileNotFoundError):
            content_digest(path)
