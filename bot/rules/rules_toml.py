"""Finds the line of each setting in a TOML file, which Python's own parser doesn't tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

Path = tuple[str | int, ...]  # such as ("access", "users", 1): keys, and numbers of items from 0
_TOKEN = re.compile(
    r"(?P<space>[ \t\r]+|\#[^\n]*)|(?P<newline>\n)"
    r'|(?P<string>"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\')'
    r"|(?P<sign>[\[\]{}=,.])|(?P<word>[^\s\[\]{}=,.#\"']+)",
    re.DOTALL,
)
_END = ("end", "", 0)


def find_lines(text: str) -> dict[Path, int]:
    """Return the line of each table, key and item of a valid TOML file, counted from 1."""
    return _Locator(text).read_all()


def line_of(lines: dict[Path, int], path: Path) -> int:
    """Return the line of a setting, or else that of the nearest table around it."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    line = 1
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup or ""
        if kind != "space":
            yield kind, token[0], line
        line += token[0].count("\n")


class _Locator:
    """Walks through the tokens of a file that the real parser has already accepted."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._token = next(self._tokens, _END)
        self._lines: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}  # of the tables in [[arrays of tables]]

    def read_all(self) -> dict[Path, int]:
        table: Path = ()
        while self._token != _END:
            if self._token[0] == "newline":
                self._next()
            elif self._token[1] == "[":
                table = self._read_header()
            else:
                self._read_pair(table)
        return self._lines

    def _next(self) -> tuple[str, str, int]:
        token, self._token = self._token, next(self._tokens, _END)
        return token

    def _note(self, path: Path) -> None:
        self._lines.setdefault(path, self._token[2])

    def _read_header(self) -> Path:
        self._next()
        is_array = self._token[1] == "["
        if is_array:
            self._next()
        path = self._read_key((), "]")
        if is_array:
            number = self._counts.get(path, 0)
            self._counts[path] = number + 1
            path = (*path, number)
            self._note(path)
            self._next()
        return path

    def _read_key(self, path: Path, end: str) -> Path:
        """Read a key with its dots up to a sign, and note the line of each part."""
        while self._token[1] != end and self._token != _END:
            if self._token[0] != "sign":
                if path in self._counts:  # what follows belongs to the array's last table
                    path = (*path, self._counts[path] - 1)
                path = (*path, _unquote(self._token[1]))
                self._note(path)
            self._next()
        self._next()
        return path

    def _read_pair(self, table: Path) -> None:
        self._read_value(self._read_key(table, "="))

    def _read_value(self, path: Path) -> None:
        if self._token[1] == "[":
            self._read_items(path)
        elif self._token[1] == "{":
            self._read_inline_table(path)
        else:
            while self._token[0] != "newline" and self._token[1] not in ("", ",", "]", "}"):
                self._next()

    def _read_items(self, path: Path) -> None:
        self._next()
        number = 0
        while self._token[1] not in ("]", ""):
            if self._token[0] == "newline":
                self._next()
            elif self._token[1] == ",":
                number += 1
                self._next()
            else:
                self._note((*path, number))
                self._read_value((*path, number))
        self._next()

    def _read_inline_table(self, path: Path) -> None:
        self._next()
        while self._token[1] not in ("}", ""):
            if self._token[1] == "," or self._token[0] == "newline":
                self._next()
            else:
                self._read_pair(path)
        self._next()


def _unquote(key: str) -> str:
    return next(iter(tomllib.loads(f"{key} = 0"))) if key[:1] in ("'", '"') else key
