"""The folders of a stack: what a process left in its own must not make the runner give another away."""

import os
from pathlib import Path

import pytest

from local.layout import make_folder


def test_s02_a_link_in_a_folders_place_is_refused_and_its_target_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "somebody-elses"
    target.mkdir(mode=0o755)
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "audit").symlink_to(target)
    with pytest.raises(OSError, match="audit"):
        make_folder(tmp_path / "kept" / "audit", 0o700)
    assert target.stat().st_mode & 0o777 == 0o755
    assert target.stat().st_uid == os.getuid()


def test_a_folder_has_exactly_the_mode_that_was_asked(tmp_path: Path) -> None:
    made = make_folder(tmp_path / "a" / "b", 0o750)
    assert made.stat().st_mode & 0o777 == 0o750
    assert make_folder(made, 0o700).stat().st_mode & 0o777 == 0o700
