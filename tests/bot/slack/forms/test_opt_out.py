"""The modal to opt a customer out knows the form below it, so that it can be drawn again."""

import json
from dataclasses import replace

import pytest

from bot.request import Place
from bot.slack.forms.form_input import make_draft
from bot.slack.forms.open_form import OpenForm
from bot.slack.forms.opt_out import (
    FormBelow,
    build_opt_out_form,
    read_form_below,
    read_opt_out_form,
)
from bot.slack.forms.template_choice import TemplateChoice
from bot.slack.metadata import ForeignForm, MetadataSigner
from genesys import Identity, IdentityKind

LONG = Identity(IdentityKind.EMAIL, f"{'j' * 64}@{'long.' * 40}example.com")
PLACE = Place("T0TEAM", "C0SUPPORT", "1.1", f"https://hooks.slack.com/commands/{'x' * 120}")


def _below() -> FormBelow:
    draft = make_draft(PLACE, LONG.value, "Your order is ready " * 90, None)
    draft = replace(draft, identity=LONG, problem="", chosen_contact_id="c" * 36, into_open=True)
    draft = replace(draft, send_at_block="send_at:1790000000:again")
    return FormBelow(OpenForm("V0FORM", "U0ADA", "1790000000.abcdef"), draft)


def test_the_form_below_is_known_with_the_customers_contacts_however_long_its_message_is() -> None:
    ids = tuple(f"{number:036}" for number in range(200))
    metadata = build_opt_out_form(LONG, ids, PLACE, _below())["private_metadata"]
    signer = MetadataSigner("xoxb-1")
    signed = signer.sign(metadata, "U0ADA")
    assert len(signed) <= 3_000
    checked = signer.check(signed, "U0ADA", "V1")
    identity, contact_ids, place = read_opt_out_form(checked, "T0TEAM")
    assert identity == LONG
    assert contact_ids == ids[: len(contact_ids)] and len(contact_ids) > 30
    below = read_form_below(checked, "U0ADA", identity, place)
    assert below is not None
    assert below.draft == replace(_below().draft, message="")
    assert (below.form.view_id, below.form.version) == ("V0FORM", "1790000000.abcdef")


def test_without_a_form_below_there_is_none_to_draw() -> None:
    metadata = build_opt_out_form(LONG, (), PLACE)["private_metadata"]
    assert read_form_below(metadata, "U0ADA", LONG, PLACE) is None


@pytest.mark.parametrize("below", ["00000000-0000-4000-8000-000000000001", '["V0FORM"]', "{}"])
def test_a_modal_of_an_older_release_is_foreign(below: str) -> None:
    metadata = json.dumps(["opt_out", "Email", "jane@example.com", "https://x.example", below])
    with pytest.raises(ForeignForm):
        read_form_below(metadata, "U0ADA", LONG, PLACE)


def test_a_form_with_templates_is_not_drawn_again_because_that_would_lose_what_was_typed() -> None:
    form, draft, _ = _below()
    assert _read_again(FormBelow(form, draft)).can_be_drawn
    with_templates = replace(draft, templates=TemplateChoice())
    assert not _read_again(FormBelow(form, with_templates)).can_be_drawn


def _read_again(below: FormBelow) -> FormBelow:
    metadata = build_opt_out_form(LONG, (), PLACE, below)["private_metadata"]
    found = read_form_below(metadata, "U0ADA", LONG, PLACE)
    assert found is not None
    return found
