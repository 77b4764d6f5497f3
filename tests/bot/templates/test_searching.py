"""Finding templates: by name and text, in milliseconds, without waiting for Genesys Cloud."""

import threading
import time

import pytest

from bot.rules.rules_file import Rules, read_rules
from bot.rules.template_rules import TemplateSource
from bot.templates import sources
from bot.templates.catalog import Catalog
from bot.templates.index import Index
from bot.templates.sources import AGAIN_SECONDS, FRESH_SECONDS, GenesysTemplates
from bot.templates.template import Template
from genesys import LibraryResponse, Substitution, Unreachable
from tests.clock import Clock
from tests.conftest import wait_until


def template(name: str, body: str = "", number: int = 0) -> Template:
    return Template(TemplateSource.FILE, f"{name}{number}", "1", name, body)


def found(index: Index, query: str, most: int = 100) -> list[str]:
    return [one.name for one in index.search(query, most)]


def test_names_come_first_then_texts_without_case_and_accents() -> None:
    index = Index(
        [template("Zebra", "a café"), template("Our CAFÉ"), template("Cafe hours"), template("No")]
    )
    assert found(index, "CAFÉ") == ["Cafe hours", "Our CAFÉ", "Zebra"]
    assert found(index, "cafe") == found(index, "Cafe\u0301")
    assert found(index, "hours cafe") == ["Cafe hours"]
    assert found(index, "") == ["Cafe hours", "No", "Our CAFÉ", "Zebra"]
    assert found(index, "xyz") == []


def test_at_most_so_many_are_found_and_among_them_the_best() -> None:
    many = [template("A", "late", number) for number in range(200)]
    index = Index([*many, template("Zlate")])
    assert found(index, "late")[0] == "Zlate"
    assert len(found(index, "late")) == 100
    assert len(found(index, "")) == 100


def test_a_search_in_five_thousand_takes_milliseconds() -> None:
    index = Index(template(f"Name {number}", "Grüße und mehr " * 60) for number in range(5_000))
    for query in ("", "name 4999", "grusse", "mehr", "nothing"):
        begun = time.perf_counter()
        index.search(query, 100)
        assert time.perf_counter() - begun < 0.5  # under load; alone about 20 ms


def test_a_name_is_found_with_hyphens_or_spaces() -> None:
    index = Index([template("Ready for  Collection"), template("Twice"), template("twice")])
    assert [one.name for one in index.named("ready-for-collection")] == ["Ready for  Collection"]
    assert [one.name for one in index.named("READY for collection")] == ["Ready for  Collection"]
    assert len(index.named("twice")) == 2
    assert index.named("") == ()
    assert index.closest("redy-for-collection") == ("Ready for  Collection",)
    assert index.closest("zzzzzz") == ()


def test_at_most_three_names_are_suggested() -> None:
    index = Index(template(f"Late {number}") for number in range(5))
    assert index.closest("late") == ("Late 0", "Late 1", "Late 2")


class Genesys:
    """What Genesys Cloud answers, when a test lets it."""

    def __init__(self) -> None:
        self.reads = 0
        self.fails = False
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.responses: tuple[LibraryResponse, ...] = (LibraryResponse("r", "1", "Late", "Sorry"),)

    def __call__(self) -> tuple[LibraryResponse, ...]:
        self.reads += 1
        assert self.may_answer.wait(5)
        if self.fails:
            raise Unreachable
        return self.responses


def test_a_search_never_waits_and_old_templates_are_read_again_behind_it() -> None:
    genesys, clock = Genesys(), Clock()
    genesys.may_answer.clear()
    templates = GenesysTemplates(genesys, clock)
    assert templates.index().templates == ()
    assert templates.index().templates == ()
    genesys.may_answer.set()
    wait_until(lambda: templates.index().templates)
    assert genesys.reads == 1
    genesys.responses = ()
    clock.now += FRESH_SECONDS
    wait_until(lambda: not templates.index().templates)
    assert genesys.reads == 2


def test_until_the_first_read_has_ended_they_are_loading_and_not_absent() -> None:
    genesys, clock = Genesys(), Clock()
    rules = read_rules('[templates]\nsource = "genesys"\n')
    templates = GenesysTemplates(genesys, clock)
    catalog = Catalog(lambda: rules, templates)
    genesys.may_answer.clear()
    catalog.start()
    assert catalog.are_loading and not catalog.problem
    genesys.fails = True
    genesys.may_answer.set()
    wait_until(lambda: catalog.problem)
    assert not catalog.are_loading
    genesys.fails = False
    clock.now += AGAIN_SECONDS
    wait_until(lambda: catalog.index().templates)
    assert not catalog.are_loading
    rules = read_rules(FILE)
    assert not Catalog(lambda: rules, GenesysTemplates(genesys)).are_loading


def test_after_a_failed_read_the_old_ones_stay_and_it_waits_before_the_next() -> None:
    genesys, clock = Genesys(), Clock()
    templates = GenesysTemplates(genesys, clock)
    wait_until(lambda: templates.index().templates)
    genesys.fails = True
    clock.now += FRESH_SECONDS
    wait_until(lambda: templates.index().templates and templates.problem)
    assert len(templates.index().templates) == 1
    assert genesys.reads == 2
    genesys.fails = False
    clock.now += AGAIN_SECONDS
    wait_until(lambda: templates.index().templates and not templates.problem)


def test_what_a_form_has_no_room_for_is_left_out() -> None:
    genesys = Genesys()
    many = " ".join(f"{{{{n{number}}}}}" for number in range(21))
    genesys.responses = (
        LibraryResponse("fits", "1", "", "Hello {{ORDER}}", (Substitution("order", "d", "7"),)),
        LibraryResponse("long", "1", "Long", "x" * (sources.LONGEST_BODY + 1)),
        LibraryResponse("many", "1", "Many", many),
        LibraryResponse("i" * 80, "1", "Id", "Hello"),
    )
    templates = GenesysTemplates(genesys)
    wait_until(lambda: templates.index().templates)
    [fits] = templates.index().templates
    assert fits.name == "Hello {{ORDER}}"
    [order] = fits.placeholders
    assert (order.key, order.name, order.default) == ("order", "ORDER", "7")


FILE = '[[templates.list]]\nname = "Late"\ntext = "{{a}}"\ndefaults = { A = "1" }\n'


@pytest.mark.parametrize(
    ("text", "names", "are_on"),
    [
        ("", [], False),
        (FILE, ["Late"], True),
        (f'[templates]\nsource = "off"\n{FILE}', [], False),
        (f'[templates]\nsource = "genesys"\n{FILE}', [], True),
    ],
)
def test_the_rules_say_where_they_come_from(text: str, names: list[str], are_on: bool) -> None:
    genesys = Genesys()
    genesys.responses = ()
    rules = read_rules(text)
    catalog = Catalog(lambda: rules, GenesysTemplates(genesys))
    assert [one.name for one in catalog.index().templates] == names
    assert catalog.are_on is are_on


def test_a_changed_file_has_other_versions() -> None:
    rules: Rules = read_rules(FILE)
    catalog = Catalog(lambda: rules, GenesysTemplates(Genesys()))
    [before] = catalog.index().templates
    assert before.placeholders[0].default == "1"
    rules = read_rules(FILE.replace('"{{a}}"', '"{{a}}!"'))
    [after] = catalog.index().templates
    assert before.template_id == after.template_id and before.version != after.version
    assert catalog.index().find(before.key) is None
    assert catalog.index().find(after.key) == after
