"""What a template's placeholders stand for, and which of them the agent has to fill in."""

from dataclasses import replace

import pytest

from bot.cards.blocks import to_json
from bot.request import Place
from bot.rules.rules_file import DEFAULTS
from bot.rules.template_rules import TemplateSource
from bot.slack.forms.form_input import make_draft, write_context
from bot.slack.forms.form_templates import FormTemplates
from bot.slack.forms.form_view import build_form
from bot.slack.forms.template_choice import TemplateChoice, block_of, one_line
from bot.slack.forms.template_view import check_template, draw_template, list_options
from bot.slack.metadata import MetadataSigner
from bot.templates.catalog import Catalog
from bot.templates.sources import GenesysTemplates
from bot.templates.template import CUSTOMER_NAME, Placeholder, Template

from ...conftest import PLACE

ORDER = Placeholder("order", "Order", "The number", "7")
NOTE = Placeholder("note", "Note", is_required=False)
BODY = "{{CUSTOMER_NAME}} {{order}} {{note}} {{AGENT_NAME}} {{agent_alias}}"
TEMPLATE = Template(TemplateSource.FILE, "id", "v", "Late", BODY, (ORDER, NOTE))
CHOICE = TemplateChoice(TEMPLATE, TEMPLATE.key, customer_name="Jane", agent_name="Ada")


def test_names_are_known_values_have_defaults_and_what_is_optional_may_be_empty() -> None:
    assert CHOICE.fill(BODY) == "Jane 7  Ada Ada"
    assert CHOICE.list_missing(BODY) == []
    assert [one.key for one in CHOICE.list_fields(BODY)] == ["order", "note"]


def test_a_value_that_was_cleared_is_missing_although_it_has_a_default() -> None:
    choice = replace(CHOICE, values={"order": " "})
    assert choice.list_missing(BODY) == [ORDER]
    assert "{{order}}" in choice.fill(BODY)


def test_an_unknown_customer_s_name_is_asked_for() -> None:
    choice = replace(CHOICE, customer_name="")
    assert [one.key for one in choice.list_missing(BODY)] == [CUSTOMER_NAME]
    assert choice.list_fields(BODY, asks_name=True)[0].key == CUSTOMER_NAME
    assert replace(choice, values={CUSTOMER_NAME: "Bo"}).fill("{{customer_name}}") == "Bo"


def test_a_placeholder_that_the_agent_invents_stays_in_the_text() -> None:
    assert CHOICE.fill("{{new}} {{order}}") == "{{new}} 7"


def test_only_a_placeholder_that_is_required_has_a_field_that_must_be_filled() -> None:
    draft = replace(make_draft(PLACE, "", BODY, None), templates=CHOICE)
    blocks = [to_json(block) for block in draw_template(draft, asks_name=False)]
    fields = {one["label"]["text"]: one["optional"] for one in blocks if one["type"] == "input"}
    assert (fields["Order"], fields["Note"]) == (False, True)


def test_no_repr_shows_what_people_typed_or_are_called() -> None:
    choice = replace(
        TemplateChoice(),
        values={"order": "canary"},
        customer_name="canary",
        agent_name="canary",
        typed_before="canary",
    )
    assert "canary" not in repr(choice)


def test_a_fixed_text_comes_from_the_template_only() -> None:
    choice = replace(CHOICE, is_editable=False)
    assert choice.fill("Mine") == CHOICE.fill(BODY)
    assert replace(choice, chosen=None, is_gone=True).fill("Mine") == ""
    assert replace(choice, chosen=None).fill("Mine") == "Mine"


@pytest.mark.parametrize(
    ("is_editable", "message", "is_refused"),
    [(True, "Mine", False), (True, "{{order}} is ready", True), (False, "Mine", True)],
)
def test_a_template_that_is_gone_stops_only_a_text_that_needs_it(
    is_editable: bool, message: str, is_refused: bool
) -> None:
    choice = TemplateChoice(is_gone=True, is_editable=is_editable)
    draft = replace(make_draft(PLACE, "jane@example.com", message, None), templates=choice)
    assert ("template" in check_template(draft, {"blocks": []})) is is_refused


def test_without_templates_there_is_nothing_to_choose() -> None:
    draft = make_draft(PLACE, "jane@example.com", "Mine", None)
    templates = FormTemplates(Catalog(lambda: DEFAULTS, GenesysTemplates(tuple)))
    assert templates.choose(draft) is draft


def test_a_customer_s_name_counts_for_that_customer_only() -> None:
    name = Placeholder(CUSTOMER_NAME, "CUSTOMER_NAME")
    assert block_of(name, TEMPLATE, "jane") != block_of(name, TEMPLATE, "sam")
    assert block_of(ORDER, TEMPLATE, "jane") == block_of(ORDER, TEMPLATE, "sam")


def test_texts_of_the_agent_s_own_are_kept_together_if_there_is_room() -> None:
    first = TemplateChoice().choose(TEMPLATE, "One")
    second = first.choose(replace(TEMPLATE, version="w"), "Two")
    assert (first.typed_before, second.typed_before) == ("One", "One\n\nTwo")
    assert first.choose(TEMPLATE, "x" * 3_000).typed_before == "x" * 3_000
    assert first.choose(TEMPLATE, BODY).typed_before == "One"


@pytest.mark.parametrize(
    ("name", "shown"), [("Jane\n Doe", "Jane Doe"), ("\u202eJane", "Jane"), (" \u200b ", "")]
)
def test_a_name_in_a_text_is_one_line_without_tricks(name: str, shown: str) -> None:
    assert one_line(name) == shown


def test_a_menu_has_at_most_a_hundred_options_of_lengths_that_slack_takes() -> None:
    many = tuple(
        replace(TEMPLATE, template_id=f"{number:064}", name="n" * 200) for number in range(150)
    )
    options = [to_json(one) for one in list_options(many, offers_none=True)]
    assert len(options) == 100
    assert options[0]["value"] == "none"
    assert all(len(one["text"]["text"]) <= 75 and len(one["value"]) <= 75 for one in options)


def test_an_unknown_name_without_a_field_is_told_at_the_message() -> None:
    choice = replace(CHOICE, customer_name="")
    draft = replace(make_draft(PLACE, "", BODY, None), templates=choice)
    assert list(check_template(draft, build_form(draft))) == ["message"]


def test_a_typed_message_without_placeholders_is_fine() -> None:
    draft = make_draft(PLACE, "", "Hello", None)
    assert check_template(draft, build_form(draft)) == {}
    offered = replace(draft, templates=TemplateChoice())
    assert check_template(offered, build_form(offered)) == {}


def test_the_form_s_metadata_has_room_for_the_longest_names() -> None:
    place = Place("T0TEAM", "C" * 20, "1790000000.000100", f"https://x.example/{'x' * 200}")
    draft = make_draft(place, "jane@example.com", BODY, None)
    long = one_line("𝔘" * 400)
    choice = TemplateChoice(
        replace(TEMPLATE, template_id="i" * 64, version="12345"),
        customer_name=long,
        agent_name=long,
        owner=replace(draft, chosen_contact_id="c" * 36).owner,
    )
    metadata = write_context(replace(draft, templates=choice))
    assert len(MetadataSigner("xoxb-1").sign(metadata, "U0ADA", "V0123456789")) <= 3_000
