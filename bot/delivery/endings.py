"""End requests that aren't sent: refused by a rule, or past their time."""

from __future__ import annotations

from bot.job import publish
from bot.language import _
from bot.request import Event, Request
from bot.rules.policy import Policy, Refused
from bot.rules.verdict import Rule
from bot.state import State
from bot.storage.opt_outs import OptOuts
from bot.storage.requests import RequestStore


class Endings:
    """Moves requests to their unsent final states, each with its reason."""

    def __init__(self, requests: RequestStore, opt_outs: OptOuts, policy: Policy) -> None:
        self._requests = requests
        self._opt_outs = opt_outs
        self._policy = policy

    def refuse(self, request: Request, refused: Refused) -> None:
        """Refuse a request because of rules; the thread links the request that was faster."""
        if Rule.OPT_OUT.value in refused.rules:
            self.refuse_opted_out(request)
            return
        self._requests.move(
            request.request_id,
            State.REFUSED,
            Event.REFUSED,
            refused.sentence,
            seen=request,
            jobs=[publish(request.request_id)],
            link=refused.earlier_id,
            rules=", ".join(refused.rules),
            reason=refused.sentence,
            rules_version=refused.version,
        )

    def is_opted_out(self, request: Request) -> bool:
        """Return whether the customer is on the do-not-contact list."""
        return self._opt_outs.find(request.identity, request.contact_ids) is not None

    def refuse_opted_out(self, request: Request) -> None:
        """Refuse a message to a customer on the list, and note their other contacts there."""
        self._opt_outs.extend(request.identity, request.contact_ids)
        self._requests.move(
            request.request_id,
            State.REFUSED,
            Event.OPTED_OUT,
            jobs=[publish(request.request_id)],
            rules=Rule.OPT_OUT.value,
            reason=_("This customer is on the do-not-contact list."),
            rules_version=self._policy.version,
        )

    def expire(self, request: Request, why: str = "") -> None:
        """End a request whose time has passed; ``why`` it couldn't be sent before, if it helps."""
        id_ = request.request_id
        self._requests.move(
            id_, State.EXPIRED, Event.EXPIRED, why, seen=request, jobs=[publish(id_)], reason=why
        )
