"""The sandbox's texts in Response Management: some that can be offered, and some that can't."""

from __future__ import annotations

from typing import Any, Final

from sandbox.local_genesys.records import Response
from sandbox.local_genesys.sample_customers import fixed_id

_ORDERS, _GENERAL = "Orders", "General"


def _response(key: str, name: str, library: str, text: str, **more: Any) -> Response:
    return Response(id=fixed_id(f"response/{key}"), name=name, library=library, text=text, **more)


SAMPLE_RESPONSES: Final[tuple[Response, ...]] = (
    _response(
        "delayed",
        "Delayed",
        _ORDERS,
        "Hello {{CUSTOMER_NAME}}, your order {{ORDER}} is late. It will arrive {{ DAY }}. "
        "Best wishes, {{AGENT_ALIAS}}",
        version=3,
        substitutions=(
            ("ORDER", "The number of the order", ""),
            ("DAY", "When it will arrive", "tomorrow"),
        ),
        required=("ORDER", "DAY"),
    ),
    _response(
        "ready",
        "Ready for collection",
        _ORDERS,
        "Hello {{CUSTOMER_NAME}}, your order is ready. You can collect it {{HOURS}}.",
        substitutions=(("HOURS", "When the shop is open", "today until 8 pm"),),
    ),
    _response(
        "refund",
        "Refund on its way",
        _ORDERS,
        "Your refund of {{AMOUNT}} is on its way. {{NOTE}}",
        substitutions=(("AMOUNT", "With the currency", ""), ("NOTE", "Anything else", "")),
        required=("AMOUNT",),
    ),
    _response(
        "cafe",
        "Café vouchers",
        _GENERAL,
        "Your voucher for our café is valid until the end of the month.",
    ),
    _response("thanks", "Thank you", _GENERAL, "Thank you for your patience, {{CUSTOMER_NAME}}."),
    _response(
        "html",
        "Newsletter",
        _GENERAL,
        "<p>Hello <b>{{CUSTOMER_NAME}}</b></p>",
        content_type="text/html",
    ),
    _response("email", "By email", _GENERAL, "Dear customer,", interaction_type="email"),
    _response("footer", "Footer", _GENERAL, "{{AGENT_NAME}}", response_type="Footer"),
    _response(
        "whatsapp",
        "WhatsApp opener",
        _GENERAL,
        "Hello {{1}}",
        response_type="MessagingTemplate",
    ),
)
