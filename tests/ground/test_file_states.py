"""The state of a folder is told without waiting for anybody."""

import os
import time
from pathlib import Path

import pytest

from labkart import file_states


def test_a_new_pipe_is_not_read(tmp_path: Path) -> None:
    since = time.time_ns() - file_states.DOUBT
    (tmp_path / "settings.yaml").write_text("seed: 1\n")
    assert file_states.folder_state(str(tmp_path), since).recent.keys() == {
        str(tmp_path / "settings.yaml")
    }
    os.mkfifo(tmp_path / "requests")
    with pytest.raises(file_states.UnknownStateError):
        file_states.folder_state(str(tmp_path), since)
    assert file_states.folder_state(str(tmp_path), time.time_ns() + file_states.DOUBT).recent == {}
