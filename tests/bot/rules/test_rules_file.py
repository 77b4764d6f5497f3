"""A rules file is read as written, or refused with every mistake, its line and what to write."""

import json
import tomllib
from datetime import date
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.rules.rule_values import Effect
from bot.rules.rules_file import DEFAULTS, BadRules, Rules, RulesFile, read_file, read_rules
from bot.rules.rules_toml import find_lines, line_of

EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "rules.example.toml"
EVERYTHING = """
timezone = "Europe/Berlin"
[access]
users = ["U0ADA", "W0LEO"]
groups = ["S0TEAM"]
channels = ["C0SUPPORT", "G0OLD"]
guests = true
shared_channels = true
[leads]
users = ["U0LEO"]
groups = ["S0LEADS"]
[limits]
same_text_hours = 720
recent_minutes = 0
per_customer = 1_000
per_customer_hours = 1
per_agent = 0
per_agent_minutes = 1440
lookups = 1
lookup_minutes = 1
[quiet_hours]
enabled = true
start = "00:00"
end = "23:59"
weekends = true
holidays = [2026-12-25, "2026-12-26"]
[content]
secrets = "off"
cards = "block"
links = "approve"
domains = ["Example.com", "bücher.example."]
[approval]
overrides = true
first_message = true
everything = true
expires_minutes = 1
users = ["U0ADA"]
groups = ["S0LEADS"]
channel = "C0NEWS"
[templates]
source = "genesys"
editable = false
[[templates.list]]
name = "Delayed"
text = "Your order {{order}} is late."
defaults = { Order = "?" }
"""


def problems(text: str) -> list[tuple[int, str]]:
    with pytest.raises(BadRules) as bad:
        read_rules(text)
    assert all(str(one.line) in str(bad.value) for one in bad.value.problems)
    return [(one.line, one.sentence) for one in bad.value.problems]


def only_problem(text: str) -> tuple[int, str]:
    (problem,) = problems(text)
    return problem


def test_the_defaults_are_the_documented_ones() -> None:
    assert read_rules("").model_copy(update={"version": "defaults"}) == DEFAULTS
    assert DEFAULTS.model_dump(mode="json", exclude={"version"}) == {
        "timezone": "UTC",
        "access": {
            **{"users": [], "groups": [], "channels": []},
            **{"guests": False, "shared_channels": False},
        },
        "leads": {"users": [], "groups": []},
        "limits": {
            **{"same_text_hours": 24, "recent_minutes": 30},
            **{"per_customer": 5, "per_customer_hours": 24},
            **{"per_agent": 60, "per_agent_minutes": 60, "lookups": 60, "lookup_minutes": 10},
        },
        "quiet_hours": {
            **{"enabled": False, "start": "20:00", "end": "08:00"},
            **{"weekends": False, "holidays": []},
        },
        "content": {"secrets": "block", "cards": "warn", "links": "off", "domains": []},
        "approval": {
            **{"overrides": False, "first_message": False, "everything": False},
            **{"expires_minutes": 1440, "users": [], "groups": [], "channel": ""},
        },
        "templates": {"source": "file", "editable": True, "list": []},
        "privacy": {"show_replies": True},
        "digest": {"every": "off", "at": "08:00", "weekday": "monday", "chart": True},
    }


def test_the_example_is_valid_and_has_every_setting_at_its_default() -> None:
    rules = read_file(EXAMPLE)
    assert rules.model_copy(update={"version": DEFAULTS.version}) == DEFAULTS
    written = tomllib.loads(EXAMPLE.read_text())
    assert written.keys() == RulesFile.model_fields.keys()
    for name, section in DEFAULTS.model_dump(exclude={"version", "timezone"}).items():
        assert written[name].keys() == section.keys(), name


def test_every_setting_can_be_set() -> None:
    rules = read_rules(EVERYTHING)
    for section in ("access", "leads", "limits", "quiet_hours", "content", "approval"):
        mine, default = getattr(rules, section), getattr(DEFAULTS, section)
        for name in type(mine).model_fields:
            assert getattr(mine, name) != getattr(default, name), f"{section}.{name}"
    assert rules.timezone == "Europe/Berlin"
    assert rules.quiet_hours.holidays == (date(2026, 12, 25), date(2026, 12, 26))
    assert rules.content.domains == ("example.com", "xn--bcher-kva.example")
    assert rules.content.links is Effect.APPROVE


def test_rules_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        DEFAULTS.timezone = "Europe/Berlin"
    assert isinstance(hash(read_rules(EVERYTHING)), int)


def test_the_version_is_that_of_the_text() -> None:
    one, other = read_rules("[leads]"), read_rules("[leads] # the same")
    assert len(one.version) == len(other.version) == 12
    assert one.version != other.version
    assert one.version == read_rules("[leads]").version
    assert Rules().version == DEFAULTS.version == "defaults"


def test_all_mistakes_are_told_at_once_from_the_top_down() -> None:
    text = (
        'timezone = "Europe/Berln"\n'
        "[acces]\n"
        "[access]\n"
        "users = [\n"
        '  "U0ADA",  # she is "first"\n'
        '  "ada",\n'
        "]\n"
        'guests = "no"\n'
        "[limits]\n"
        "per_customer = 5.0\n"
        '"lookup" = 3\n'
    )
    assert problems(text) == [
        (1, "timezone isn't a time zone that this machine knows: did you mean Europe/Berlin?"),
        (2, "acces isn't a setting: did you mean access?"),
        (6, "item 2 of access.users must be a Slack user id, such as U0123456789."),
        (8, "access.guests must be true or false, without quotation marks."),
        (
            10,
            "limits.per_customer must be a whole number from 0 to 1,000; 0 switches the rule off.",
        ),
        (11, "limits.lookup isn't a setting: did you mean lookups?"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a =", 1, "This isn't TOML: Invalid value"),
        ("\n\na = ?", 3, "This isn't TOML at column 5: Invalid value"),
        ("[access]\nusers = [\n\n", 2, "This isn't TOML: Invalid value."),
        ("[access]\n[access]", 2, "twice"),
        ("x = " + "[" * 5_000, 1, "nested too deeply"),
        ("x = " + "9" * 5_000, 1, "This isn't TOML"),
        ("access = 3", 1, "access must be a section: write [access] in a line"),
        ("[[access]]\nguests = true", 1, "access must be a section"),
        ("[access]\nlimits = 3", 2, "access.limits isn't a setting: write [limits] in a line"),
        ("guests = true", 1, "guests isn't a setting: guests belongs below [access]."),
        ("[content]\nusers = []", 2, "users belongs below [access]."),
        ('[access]\ntimezone = "UTC"', 2, "timezone belongs at the top"),
        ("[access]\nfridays = 1", 2, "remove it, or use one of: users, groups"),
        ('[access]\nusers = "U0ADA"', 2, "access.users must be a list in square brackets"),
        ("[access]\nusers = [1]", 2, "item 1 of access.users must be a Slack user id"),
        ('[access]\nusers = ["U0ADA,U0LEO"]', 2, "must be a Slack user id"),
        ('[access]\nusers = ["U0ADA\\n"]', 2, "must be a Slack user id"),
        ('[access]\ngroups = ["U0ADA"]', 2, "must be the id of a Slack user group"),
        ('[access]\nchannels = ["#support"]', 2, "must be the id of a Slack channel"),
        ('[approval]\nchannel = "D0ADA"', 2, "must be the id of a Slack channel"),
        ("[access]\nguests = 1", 2, "must be true or false"),
        ("[limits]\nper_agent = true", 2, "must be a whole number from 0 to 100,000"),
        ("[limits]\nlookups = -1", 2, "must be a whole number from 0"),
        ("[limits]\nlookup_minutes = 0", 2, "must be a whole number from 1 to 1,440."),
        ("[approval]\nexpires_minutes = 43_201", 2, "from 1 to 43,200."),
        ('[quiet_hours]\nstart = "8:00"', 2, "must be a time in quotation marks"),
        ('[quiet_hours]\nend = "24:00"', 2, "must be a time in quotation marks"),
        ("[quiet_hours]\nstart = 20:00:00", 2, "must be a time in quotation marks"),
        ('[quiet_hours]\nstart = "08:00"', 1, "is the same as quiet_hours.start"),
        ('[quiet_hours]\nstart = "09:00"\nend = "09:00"', 3, "is the same as quiet_hours.start"),
        ("[quiet_hours]\nholidays = [20261225]", 2, "must be a date such as 2026-12-25"),
        ("[quiet_hours]\nholidays = [2026-12-25T00:00:00]", 2, "must be a date"),
        ('[quiet_hours]\nholidays = ["25.12.2026"]', 2, "must be a date"),
        ('[quiet_hours]\nholidays = ["2026-02-30"]', 2, "must be a date"),
        ('[content]\nsecrets = "approve"', 2, 'must be one of: "block", "warn", "off".'),
        ("[content]\nlinks = true", 2, 'must be one of: "off", "warn", "approve", "block".'),
        ('[content]\ndomains = ["https://example.com"]', 2, "must be a domain and nothing else"),
        ('[content]\ndomains = ["com"]', 2, "must be a domain"),
        ('[content]\ndomains = ["*.example.com"]', 2, "must be a domain"),
        ('[content]\ndomains = [\n"a.example",\n"", # empty\n]', 4, "item 2 of content.domains"),
        ('timezone = ""', 1, "write one such as Europe/Berlin"),
        ('timezone = "../../etc/passwd"', 1, "isn't a time zone"),
        ('timezone = "Etc/Unknown"', 1, "isn't a time zone"),
        ('timezone = "Europe"', 1, "isn't a time zone"),
        ("timezone = 1", 1, "isn't a time zone"),
        ('version = "1"', 1, "version isn't a setting"),
        (f"[access]\nusers = {['U0ADA'] * 1001}", 2, "has 1,001 items: leave at most 1,000"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_to_write(
    text: str, line: int, words: str
) -> None:
    found = only_problem(text)
    assert found[0] == line
    assert words in found[1]


def test_a_list_may_have_a_thousand_items() -> None:
    assert len(read_rules(f"[access]\nusers = {['U0ADA'] * 1000}").access.users) == 1000


def test_no_value_of_the_file_is_repeated() -> None:
    text = '[access]\nusers = ["xoxb-canary"]\nguests = "canary"\n[content]\ndomains = ["canary"]\n'
    assert "canary" not in repr(problems(text))


def test_a_long_key_is_shortened() -> None:
    assert len(only_problem("x" * 10_000 + " = 1")[1]) < 300


def test_a_file_that_is_not_utf_8_says_so(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_bytes(b'# fine\n# Gr\xfc\xdfe\ntimezone = "UTC"\n')
    with pytest.raises(BadRules, match="line 2: This isn't UTF-8"):
        read_file(file)


def test_a_byte_order_mark_and_windows_line_ends_are_taken(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_bytes(b'\xef\xbb\xbftimezone = "UTC"\r\n[access]\r\nguests = true\r\n')
    assert read_file(file).access.guests


def test_lines_are_found_in_every_kind_of_toml() -> None:
    text = (
        "a.b = 1\n"
        'text = """\n'
        "[no.table]\n"
        'no = "key" \\"""\n'
        '"""\n'
        "[one.two] # [three]\n"
        "list = [ # ]\n"
        "  [1, 2],\n"
        "  { x = 1, y = [\n"
        "    'z#' ] },\n"
        "]\n"
        "'quoted # key'.\"in\\u0020two\" = 1.5\n"
        "[[many]]\n"
        "k = 2026-01-01T00:00:00.5Z\n"
        "[[many]]\n"
        "k = '''\n"
        "'''\n"
        "[many.sub]\n"
        "s = inf\n"
    )
    tomllib.loads(text)
    lines = find_lines(text)
    assert lines["a", "b"] == 1
    assert lines["text",] == 2
    assert lines["one", "two"] == 6
    assert lines["one", "two", "list"] == 7
    assert lines["one", "two", "list", 0, 1] == 8
    assert lines["one", "two", "list", 1, "x"] == 9
    assert lines["one", "two", "list", 1, "y", 0] == 10
    assert lines["one", "two", "quoted # key", "in two"] == 12
    assert (lines["many", 0], lines["many", 0, "k"]) == (13, 14)
    assert (lines["many", 1], lines["many", 1, "k"]) == (15, 16)
    assert line_of(lines, ("many", 1, "sub", "s")) == 19
    assert line_of(lines, ("one", "two", "list", 5, "x")) == 7
    assert line_of(lines, ("nothing",)) == 1
    assert not {"no", "three"} & {part for path in lines for part in path}


@settings(max_examples=100)
@given(
    st.lists(
        st.sampled_from(
            [
                *("[access]", "\n", "users", "=", "[", "]", '"U0ADA"', ",", "#", '"""', "'", "{"),
                *("}", "guests", " ", "true", "20:00", ".", "\\", "\r", "[[leads]]", "\u00fc", "1"),
            ]
        ),
        max_size=30,
    ).map("".join)
)
def test_any_text_is_rules_or_has_problems_on_its_lines(text: str) -> None:
    try:
        read_rules(text)
    except BadRules as bad:
        assert bad.problems
        for problem in bad.problems:
            assert 1 <= problem.line <= text.count("\n") + 1


def test_the_schema_describes_every_setting_and_takes_what_the_reader_takes() -> None:
    schema = RulesFile.model_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    parts = [schema, *schema["$defs"].values()]
    missing = [
        name
        for part in parts
        for name, field in part["properties"].items()
        if not field.get("description")
        and not schema["$defs"].get(field.get("$ref", "").rpartition("/")[2], {}).get("description")
    ]
    assert not missing
    for text in ("", EVERYTHING, EXAMPLE.read_text()):
        jsonschema.validate(json.loads(json.dumps(tomllib.loads(text), default=str)), schema)
    for wrong in ({"limits": {"lookups": -1}}, {"content": {"links": "no"}}, {"acces": {}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ('source = "slack"', 2, 'must be one of: "off", "genesys", "file".'),
        ("list = 3", 2, "must be a list"),
        ("list = [3]", 2, "write [[templates.list]]"),
        ('list = [{name = "A"}]', 2, "item 1 of templates.list.text is missing: add it."),
        ('list = [{name = " ", text = "x"}]', 2, "a text in quotation marks that isn't empty"),
        ('list = [{name = "a", text = 3}]', 2, "a text in quotation marks that isn't empty"),
        ('list = [{name = "A b", text = "x"}, {name = "a-B", text = "y"}]', 2, "items 1 and 2"),
        ('list = [{name = "a", text = "x", default = {}}]', 2, "did you mean defaults?"),
        ('list = [{name = "a", text = "x", defaults = {y = 1}}]', 2, "a text for each placeholder"),
        (f'list = [{{name = "{"n" * 81}", text = "x"}}]', 2, "at most 80 characters"),
        ('list = [{name = "a\\nb", text = "x"}]', 2, "must be one line"),
        ('list = [{name = "-", text = "x"}]', 2, "must be one line"),
        (f'list = [{{name = "a", text = "{"x" * 2001}"}}]', 2, "at most 2,000 characters"),
    ],
)
def test_a_wrong_template_is_explained(text: str, line: int, sentence: str) -> None:
    found = only_problem(f"[templates]\n{text}\n")
    assert found[0] == line and sentence in found[1]


@pytest.mark.parametrize(
    ("source", "is_on_with_a_list", "is_on_without"),
    [("off", False, False), ("genesys", True, True), ("file", True, False)],
)
def test_agents_have_templates_only_where_there_can_be_any(
    source: str, is_on_with_a_list: bool, is_on_without: bool
) -> None:
    text = f'[templates]\nsource = "{source}"\n'
    a_list = '[[templates.list]]\nname = "a"\ntext = "x"\n'
    assert read_rules(text + a_list).templates.are_on is is_on_with_a_list
    assert read_rules(text).templates.are_on is is_on_without


def test_a_template_with_too_many_placeholders_is_refused() -> None:
    text = "".join(f"{{{{n{number}}}}}" for number in range(21))
    found = only_problem(f'[[templates.list]]\nname = "a"\ntext = "{text}"\n')
    assert found[0] == 3 and "at most 20" in found[1]
