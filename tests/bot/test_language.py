"""Everything that agents read can be said in another language."""

import ast
import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from slack_sdk.models.blocks import DividerBlock

from bot.cli.surfaces import HOSTILE, LONGEST, surfaces
from bot.language import (
    DOMAIN,
    ENGLISH,
    LOCALE_FOLDER,
    N_,
    _,
    find_languages,
    find_problems,
    ngettext,
    say_day,
    say_list,
    say_moment,
    say_number,
    speak,
)
from bot.slack.view import modal

ROOT = Path(__file__).parents[2]
MORNING = datetime(2026, 11, 27, 8, 5, tzinfo=ZoneInfo("America/Chicago"))
INVENTED = str.maketrans("abcdefghijklmnopqrstuvwxyz", "àƀçđéƒĝĥîĵķļɱñöþɋŕšţûṽŵẋýž")
# What the surfaces are drawn from: people's words, and answers that were said and stored before.
SAMPLES = (
    *(HOSTILE, LONGEST, "Jane Doe", "Your order is ready", "Thank you", "Wrong prices"),
    *("leo or another approver can approve it", "or another approver"),
    *("Only Ada or a lead can do this", "It's in the Support queue"),
    *("Genesys Cloud does not answer", "Genesys Cloud is busy", "Nothing was sent", "Too late"),
    *("You have looked up customers", "A second person must approve this message"),
    "It has a link that isn't to one of our sites",
    "Your messages: recent",
)
PLACEHOLDER = re.compile(r"(\{[^{}]*\})")


def _invent(sentence: str) -> str:
    """Translate a sentence into a language without plain small letters; keep its placeholders."""
    parts = PLACEHOLDER.split(sentence)
    return "".join(
        one if PLACEHOLDER.match(one) else one.lower().translate(INVENTED) for one in parts
    )


def _ids(sentence: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return a sentence, or its singular and its plural."""
    return sentence if isinstance(sentence, tuple) else (sentence,)


def _read_catalogue() -> Catalog:
    with (LOCALE_FOLDER / f"{DOMAIN}.pot").open("rb") as file:
        return read_po(file)


def _write_invented(folder: Path) -> None:
    """Write the compiled catalogue of a language in which no English sentence is left."""
    catalogue = Catalog(locale="de", domain=DOMAIN)
    for message in _read_catalogue():
        if message.id:
            said = tuple(map(_invent, _ids(message.id)))
            catalogue.add(message.id, said if len(said) > 1 else said[0])
    _write(folder, catalogue)


def _write(folder: Path, catalogue: Catalog) -> None:
    target = folder / "de" / "LC_MESSAGES" / f"{DOMAIN}.mo"
    target.parent.mkdir(parents=True)
    with target.open("wb") as file:
        write_mo(file, catalogue)


@pytest.fixture
def invented(tmp_path: Path) -> Iterator[Path]:
    _write_invented(tmp_path)
    speak("de", tmp_path)
    yield tmp_path
    speak(ENGLISH)


def test_a_sentence_is_said_in_the_language(invented: Path) -> None:
    assert _("Sending isn't paused.") == _invent("Sending isn't paused.")
    assert _("Nobody translated this.") == "Nobody translated this."
    assert _("") == ""
    assert N_("Sending isn't paused.") == "Sending isn't paused."


def test_numbers_dates_and_plurals_are_the_language_s(invented: Path) -> None:
    assert (say_number(12_345), say_day(date(2026, 11, 26))) == ("12.345", "26.11.2026")
    assert ngettext("{count} hour", "{count} hours", 2) == _invent("{count} hours")
    assert say_moment(MORNING) == f"Fr., 27. Nov. {_invent('at')} 08:05"


def test_english_needs_no_catalogue() -> None:
    assert (say_number(12_345), say_day(date(2026, 11, 26))) == ("12,345", "Nov 26, 2026")
    assert say_list(["a", "b"]) == "a, b"
    assert say_moment(MORNING) == "Fri, Nov 27 at 8:05 AM"
    assert find_languages()[0] == ENGLISH


def test_a_language_with_a_compiled_catalogue_can_be_chosen(invented: Path) -> None:
    assert find_languages(invented) == (ENGLISH, "de")


@pytest.mark.parametrize(
    ("english", "said", "is_wrong"),
    [
        ("{who} paused it.", "{who} hat es angehalten.", False),
        ("{who} paused it.", "Es ist angehalten.", False),
        ("{who} paused it.", "{wer} hat es angehalten.", True),
        ("{who} paused it.", "{who hat es angehalten.", True),
        ("{who} paused it.", "{} hat es angehalten.", True),
        ("Paused.", "{0} angehalten.", True),
        ("Paused {when}.", "Angehalten {when!z}.", True),
        ("Paused {when}.", "Angehalten {when:d}.", True),
        ("Paused {when}.", "Angehalten {when:{x}}.", True),
        (("One hour.", "{count} hours."), ("Eine Stunde.", "{count} Stunden."), False),
        (("One hour.", "{count} hours."), ("Eine Stunde.", "{zahl} Stunden."), True),
    ],
)
def test_a_translation_that_could_fail_while_somebody_waits_is_refused_at_the_start(
    english: str | tuple[str, ...], said: str | tuple[str, ...], is_wrong: bool, tmp_path: Path
) -> None:
    catalogue = Catalog(locale="de", domain=DOMAIN)
    catalogue.add(english, said)
    _write(tmp_path, catalogue)
    problems = find_problems("de", tmp_path)
    assert [_ids(english)[0] in one for one in problems] == [True] * is_wrong


@pytest.mark.parametrize("language", find_languages())
def test_no_translation_of_ours_could_fail_while_somebody_waits(language: str) -> None:
    assert not find_problems(language)


@pytest.mark.parametrize("written", [b"", b"rubbish"])
def test_a_damaged_catalogue_is_refused_at_the_start(written: bytes, invented: Path) -> None:
    (invented / "de" / "LC_MESSAGES" / f"{DOMAIN}.mo").write_bytes(written)
    assert find_problems("de", invented) == [
        "bot/locale/de has no whole catalogue: run `pybabel compile` again."
    ]


@pytest.mark.parametrize("name", ["klingon", "de-DE", "xx"])
def test_a_catalogue_must_be_named_like_a_language(name: str) -> None:
    [problem] = find_problems(name)
    assert f"bot/locale/{name} isn't named like a language" in problem


def test_the_catalogue_has_what_is_marked_and_nothing_else() -> None:
    marked = {
        _ids(one)
        for package in ("bot", "genesys")
        for _file, _line, one, _comments, _context in extract_from_dir(ROOT / package)
    }
    written = {_ids(one.id) for one in _read_catalogue() if one.id}
    assert written == marked, "run `make catalogue`"


def test_every_mark_is_seen_by_the_tool_that_collects_them() -> None:
    """Before Python 3.12 it looks into no f-string."""
    seen = {part for one in _read_catalogue() if one.id for part in _ids(one.id)}
    marked = {
        node.args[0].value
        for package in ("bot", "genesys")
        for file in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("_", "N_", "ngettext")
        and isinstance(node.args[0], ast.Constant)
    }
    assert not marked - seen


def test_no_surface_has_a_sentence_that_cannot_be_translated(invented: Path) -> None:
    texts = {text for _name, _kind, payload in surfaces() for text in _texts(payload)}
    english = re.compile(r"[A-Za-z']{2,} [A-Za-z']{2,}")
    assert len(texts) > 500
    assert not [text for text in texts if english.search(_without_samples(text))]


# What operators read stays English: problems in the rules file, and answers to who isn't Slack.
OPERATORS = {
    *(f"rules/{name}.py" for name in ("rules_file", "rules_problems", "rules_toml", "rule_values")),
    *(f"rules/{name}.py" for name in ("rule_sections", "template_rules", "current_rules")),
    *("rules/digest_period.py", "slack/http.py", "cards/digest.py"),
}
SENTENCE = re.compile(r"[A-Za-z']+ [A-Za-z'\- ]+[a-z][.?…:](?= |$)")
FOR_SUPPORT = {"1 (Genesys Cloud: 1)"}  # codes for Genesys, which the digest reads, too
SAYING = sorted(
    file
    for package in ("cards", "delivery", "rules", "slack", "templates")
    for file in (ROOT / "bot" / package).glob("*.py")
    if f"{package}/{file.name}" not in OPERATORS
)


@pytest.mark.parametrize("file", [*SAYING, ROOT / "bot" / "text.py"], ids=lambda file: file.stem)
def test_every_sentence_is_marked(file: Path) -> None:
    assert set(_unmarked(ast.parse(file.read_text()))) <= FOR_SUPPORT


def test_a_sentence_without_a_mark_is_found() -> None:
    code = 'def say():\n    """Say hello to all."""\n    log.info("All is well.")\n    return {}'
    for said, found in {
        '"Sending is paused."': 1,
        'f"{who} paused it. Nothing was sent."': 1,
        '_("Sending is paused.")': 0,
        'N_("Sending is paused.")': 0,
        'ngettext("One is here.", "{count} are here.", 2)': 0,
    }.items():
        assert len(list(_unmarked(ast.parse(code.format(said))))) == found, said


def _unmarked(module: ast.Module) -> Iterator[str]:
    """Yield texts that read like sentences and are neither marked, logged nor documentation."""
    passed = {id(part) for node in ast.walk(module) if _is_exempt(node) for part in ast.walk(node)}
    for node in ast.walk(module):
        said = ""
        if isinstance(node, ast.JoinedStr):
            said = "".join(p.value if isinstance(p, ast.Constant) else "1" for p in node.values)
            passed |= {id(part) for part in node.values}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            said = node.value
        if id(node) not in passed and re.search(
            r"[A-Za-z']+ [A-Za-z'\- ]+[a-z][.?…:](?= |$)", said
        ):
            yield said


def _is_exempt(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)  # a docstring
    if not isinstance(node, ast.Call):
        return False
    called = ast.unparse(node.func)
    return called in ("_", "N_", "ngettext", "re.compile") or called.startswith(("log.", "_log."))


def _without_samples(text: str) -> str:
    text = re.sub(r"/proactive [a-z -]*", "", text)  # what people type is the same everywhere
    for sample in SAMPLES:
        text = text.replace(sample, "")
    return text


def _texts(payload: Any) -> Iterator[str]:
    if isinstance(payload, dict):
        if isinstance(payload.get("text"), str):
            yield payload["text"]
        for key, value in payload.items():
            if not (key == "text" and isinstance(value, str)):
                yield from _texts(value)
    elif isinstance(payload, list):
        for one in payload:
            yield from _texts(one)


def test_a_title_that_is_too_long_in_some_language_is_cut() -> None:
    title = "Eine Nachricht an eine Kundin oder einen Kunden"
    view = modal(
        "form", title, [DividerBlock()], submit="Abschicken", close="Abbrechen", metadata=""
    )
    assert view["title"]["text"] == "Eine Nachricht an eine…"
