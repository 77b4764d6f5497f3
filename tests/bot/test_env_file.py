"""Only the working folder's own .env is read, and one that can't be used is explained."""

import os
from pathlib import Path

import pytest

from bot.env_file import BadEnvFile, load_env_file


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, with an environment of its own."""
    folder = tmp_path / "parent" / "working"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(os, "environ", {"KEPT": "as it is"})
    return folder


def _refusal(file: Path) -> str:
    with pytest.raises(BadEnvFile) as bad:
        load_env_file()
    assert "NAME" not in os.environ
    assert str(bad.value).startswith(".env ")
    assert str(file.parent) not in str(bad.value)
    return str(bad.value)


def _write(file: Path, content: bytes = b"NAME=value\n", mode: int = 0o600) -> Path:
    file.write_bytes(content)
    file.chmod(mode)
    return file


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_the_file_is_read_also_as_windows_writes_it(folder: Path, mark: bytes, end: bytes) -> None:
    _write(folder / ".env", mark + b"NAME='\xc3\xa4 b' # said" + end + b"KEPT=changed" + end)
    load_env_file()
    assert (os.environ["NAME"], os.environ["KEPT"]) == ("ä b", "as it is")


def test_a_file_in_a_parent_folder_is_not_read(folder: Path) -> None:
    _write(folder.parent / ".env")
    load_env_file()
    assert "NAME" not in os.environ


@pytest.mark.parametrize("mode", [0o602, 0o620, 0o666, 0o664])
def test_a_file_that_others_can_change_is_not_read(folder: Path, mode: int) -> None:
    file = _write(folder / ".env", mode=mode)
    assert "other users can change it" in _refusal(file)
    assert "chmod go-w .env" in _refusal(file)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o644])
def test_a_file_that_others_may_only_read_is_read(folder: Path, mode: int) -> None:
    _write(folder / ".env", mode=mode)
    load_env_file()
    assert os.environ["NAME"] == "value"


def test_a_file_of_another_user_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = _write(folder / ".env")
    owner = file.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    if owner != 0:
        assert "chown" in _refusal(file)
    else:  # what root writes is trusted, as everything on the machine comes from root
        load_env_file()
        assert os.environ["NAME"] == "value"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_what_another_user_owns_is_not_read_even_by_root(folder: Path) -> None:
    file = _write(folder / ".env")
    os.chown(file, 12_345, 12_345)
    assert "chown" in _refusal(file)


@pytest.mark.parametrize(
    "content",
    [
        "NAME=value\n".encode("utf-16"),
        "NAME=value\n".encode("utf-16-le"),
        "NAME=value\n".encode("utf-16-be"),
        "NAME=value\n".encode("utf-32"),
        "NAME=ä\n".encode("latin-1"),
        b"NAME=a\0b\n",
    ],
)
def test_a_file_in_another_encoding_is_explained(folder: Path, content: bytes) -> None:
    assert "Save it again" in _refusal(_write(folder / ".env", content))


def test_a_file_that_cannot_be_read_is_explained(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    file = _write(folder / ".env")
    monkeypatch.setattr(Path, "open", refuse)  # root can read every file
    assert _refusal(file) == (
        ".env can't be read (Permission denied). Let this user read it, or remove it."
    )


def test_without_a_file_nothing_changes(folder: Path) -> None:
    load_env_file()
    (folder / ".env").mkdir()  # such as a virtual environment
    load_env_file()
    folder.joinpath(".env").rmdir()
    folder.rmdir()
    load_env_file()
    assert "NAME" not in os.environ
