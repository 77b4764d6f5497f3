"""From the slash command to a message that Genesys has accepted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from .conftest import CANARY, SUPPORT, Agent, Product, all_text, wait_until

TEXT = f"{CANARY}: your order is ready"


def test_a_command_shows_the_customer_before_anything_is_sent(product: Product, ada: Agent) -> None:
    ada.types(f"jane@example.com {TEXT}")
    seen = all_text(ada.sees("Ready to send"))
    assert "Jane Doe" in seen
    assert "Last web chat" in seen
    assert not product.sends()


def test_a_message_reaches_the_customer_and_the_thread_says_so(
    product: Product, ada: Agent
) -> None:
    ada.sends("jane@example.com")
    line = ada.reads("  Sent.")
    card = ada.reads("Message to")
    assert line["thread_ts"] == card["ts"]
    assert product.inbox("Jane Doe") == [TEXT]
    assert "j•••@example.com" in all_text(card["blocks"])
    assert "jane@example.com" not in all_text(card["blocks"])
    assert "from Ada Nowak" in all_text(card["blocks"])


def test_the_send_has_the_documented_body_and_the_contact_who_chatted(
    product: Product, ada: Agent
) -> None:
    ada.sends("mia@example.com")  # merged: her chats are under an older contact id
    ada.reads("  Sent.")
    (send,) = product.sends()
    assert send["body"] == {
        "fromAddress": product.settings["GENESYS_CLOUD_DEPLOYMENT_ID"],
        "toAddressMessengerType": "webmessaging",
        "externalContactId": send["body"]["externalContactId"],
        "textBody": TEXT,
        "useExistingActiveConversation": False,
    }
    assert product.inbox("Mia Keller") == [TEXT]


def test_twenty_submissions_of_one_view_are_one_request_and_one_message(
    product: Product, ada: Agent
) -> None:
    view = ada.opens(f"jane@example.com {TEXT}")
    body = {"user": ada.user, "values": ada.fills()}
    with ThreadPoolExecutor(20) as people:
        answers = list(
            people.map(
                lambda _: product.post(f"/people/views/{view['id']}/submit", **body), range(20)
            )
        )
    assert {answer["result"] for answer in answers} == {"closed"}
    ada.reads("  Sent.")
    assert len(product.sends()) == 1
    assert len([m for m in ada.messages() if m["thread_ts"] is None]) == 1


def test_a_view_submitted_again_with_another_text_is_refused(product: Product, ada: Agent) -> None:
    view = ada.opens(f"jane@example.com {TEXT}")
    first, second = ada.fills(), ada.fills(message=f"{CANARY}: something else")
    path = f"/people/views/{view['id']}/submit"
    assert product.post(path, user=ada.user, values=first)["result"] == "closed"
    answer = product.post(path, user=ada.user, values=second)
    assert "already sent this form with another text" in answer["errors"]["message"]
    ada.reads("  Sent.")
    assert product.inbox("Jane Doe") == [TEXT]


def test_a_message_with_a_word_that_confuses_bolts_parser_is_sent(
    product: Product, ada: Agent
) -> None:
    text = f"{CANARY}: your payload has arrived"
    ada.sends("jane@example.com", text)
    ada.reads("  Sent.")
    assert product.inbox("Jane Doe") == [text]


def test_an_empty_form_looks_the_customer_up_on_enter(product: Product, ada: Agent) -> None:
    ada.types("")
    ada.sees("Enter an email or phone number to find the customer.")
    assert not product.calls("genesys", "identifierlookup")
    ada.changes("customer", "+44 20 7946 0018")
    ada.sees("Jane Doe")
    answer = ada.presses_send(customer="+44 20 7946 0018", message=TEXT)
    assert answer["result"] == "closed"
    ada.reads("  Sent.")
    assert product.inbox("Jane Doe") == [TEXT]


def test_typed_text_survives_the_update_after_the_lookup(product: Product, ada: Agent) -> None:
    ada.types("jane@example.com")
    wait_until(ada.view, "the form")
    ada.presses_send(message=TEXT)  # values reach Slack's view, whatever the bot answers
    ada.reads("  Sent.")
    assert product.inbox("Jane Doe") == [TEXT]


def test_a_submission_before_the_lookup_ends_is_still_checked(product: Product, ada: Agent) -> None:
    product.fault("genesys", "*identifierlookup*", "latency", seconds=1.0, times=2)
    ada.types(f"stranger@example.com {TEXT}")  # in no other test, so the bot has no verdict yet
    ada.was_shown("Looking them up")
    assert ada.presses_send()["result"] == "closed"
    ada.reads("No contact has this")
    assert not product.sends()


def test_help_is_private_and_says_how(product: Product, ada: Agent) -> None:
    ada.types("help")
    assert ada.reads("message a customer")["ephemeral"]
    assert ada.view() is None


def test_a_shortcut_fills_in_the_address_and_posts_in_that_thread(
    product: Product, ada: Agent
) -> None:
    parent = ada.says("Who tells jane@example.com that her order is here?")
    ada.presses_shortcut(parent)
    view = ada.sees("Jane Doe")
    assert view["blocks"][0]["element"]["initial_value"] == "jane@example.com"
    assert ada.presses_send(message=TEXT)["result"] == "closed"
    ada.reads("  Sent.")
    posted = [message for message in ada.messages() if message["is_bot"]]
    assert {message["thread_ts"] for message in posted} == {parent}


def test_a_shortcut_on_a_reply_uses_the_threads_parent(product: Product, ada: Agent) -> None:
    parent = ada.says("A question")
    reply = ada.says("Please tell <tel:+442079460018|+44 20 7946 0018>", thread_ts=parent)
    ada.presses_shortcut(reply)
    ada.sees("Jane Doe")
    ada.presses_send(message=TEXT)
    assert ada.reads("  Sent.")["thread_ts"] == parent


def test_a_late_lookup_of_one_customer_never_shows_for_another(
    product: Product, ada: Agent
) -> None:
    product.fault("genesys", "*identifierlookup*", "latency", seconds=1.5, times=1)
    ada.types("jane@example.com")
    ada.was_shown("Looking them up")
    ada.changes("customer", "amir@example.com")
    ada.sees("Amir Haddad")
    wait_until(
        lambda: len(product.calls("genesys", "details/query")) >= 2 or None, "both lookups to end"
    )
    wait_until(lambda: len(product.calls("slack", "views.update")) >= 2 or None, "the updates")
    assert "Amir Haddad" in all_text(ada.view())


def test_health_readiness_and_metrics_are_served(product: Product, ada: Agent) -> None:
    import json
    import urllib.request

    def read(path: str) -> str:
        with urllib.request.urlopen(product.operator_url + path, timeout=10) as answer:
            return str(answer.read().decode())

    ada.sends("jane@example.com")
    ada.reads("  Sent.")
    assert json.loads(read("/healthz")) == {"bot": "ok"}
    assert set(json.loads(read("/readyz")).values()) == {"ok"}
    assert 'proactive_requests{state="accepted"}' in read("/metrics")
    assert SUPPORT not in read("/metrics")
