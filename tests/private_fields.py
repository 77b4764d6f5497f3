"""Find the fields of a package's dataclasses that may hold personal data or a secret, and show it.

A field is known by its name. What is called alike and harmless is listed where a test looks.
"""

import dataclasses
import importlib
import pkgutil
import re
from types import ModuleType

# What people typed, said or are called, and what opens a door.
PRIVATE = re.compile(
    r"(?:^|_)(?:name|text|said|detail|reason|sentence|problem|customer|body|blocks|data|query|view|"
    r"response_url|trigger_id|secret|token|database_url|message|value|values|address)$"
)


def find_shown(package: ModuleType) -> set[str]:
    """Return such fields that a repr shows, as ``Class.field``; not those with a repr of its own.

    Only fields that are or contain text count.
    """
    found = set()
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if info.name.endswith("__main__") or ".migrations" in info.name:
            continue
        module = importlib.import_module(info.name)
        for name, value in vars(module).items():
            if dataclasses.is_dataclass(value) and _is_made_in(value, info.name):
                found |= {f"{name}.{field}" for field in _shown_fields(value)}
    return found


def _is_made_in(value: object, module: str) -> bool:
    return isinstance(value, type) and value.__module__ == module


def _shown_fields(made: type) -> list[str]:
    if not hasattr(made.__repr__, "__wrapped__"):  # the dataclass didn't write it
        return []
    return [
        field.name
        for field in dataclasses.fields(made)
        if field.repr and PRIVATE.search(field.name) and _may_hold_text(str(field.type))
    ]


def _may_hold_text(annotation: str) -> bool:
    return bool(re.search(r"\bstr\b|\bbytes\b|Json|Any|Block", annotation))
