"""A Genesys Cloud that answers everybody the same, and notes what it was asked.

Every customer is known and chatted yesterday. After a message they have answered it, so the first
look at its outcome is the last. It checks nothing and limits no rate; the sandbox's does.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.stand_in import Json, Service, StandIn, serve

DEPLOYMENT_ID = "0d3e7bb6-9a2c-4c1e-8f0a-6f2d5c7b9e01"
LOOKUP, HISTORY, SEND = "identifierlookup", "details/query", "agentless"
_CONTACT = re.compile(rb'"dimension": ?"externalContactId"[^}]*?"value": ?"([^"]+)"')


class QuickGenesys(StandIn):
    """The stand-in as a process; ``delay_ms`` is how long each call about a customer takes."""

    def __init__(self, folder: Path, delay_ms: float = 0) -> None:
        super().__init__(__name__, folder)
        self.url = self.address
        self.set_delay(delay_ms)

    def set_delay(self, milliseconds: float) -> None:
        """Let each call about a customer take so long from now on."""
        self.ask(f"delay/{milliseconds / 1000}")

    def sent(self, since: int = 0) -> list[tuple[float, str]]:
        """Return the messages from number ``since`` on: when each came (monotonic), its text."""
        return [(at, text) for at, text in self.ask(f"sent/{since}")]

    def count_sent(self) -> int:
        """Return how many messages came."""
        return int(self.ask("count"))

    def calls(self, since: int = 0) -> list[str]:
        """Return the calls about customers from number ``since`` on, by kind."""
        return list(self.ask(f"calls/{since}"))


class _Genesys(Service):
    heartbeat = b'{"topicName":"channel.metadata","eventBody":{"message":"WebSocket Heartbeat"}}'

    def __init__(self) -> None:
        self._delay = 0.0
        self._sent: list[tuple[float, str]] = []
        self._calls: list[str] = []
        self._conversations: dict[str, Json] = {}  # by contact, once we wrote to them

    def answer(self, path: str, body: bytes) -> tuple[Json, float]:
        """Answer a call, and note it if it's about customers."""
        kind = next((one for one in (LOOKUP, HISTORY, SEND) if one in path), "")
        if not kind:
            return self._answer_at_once(path), 0.0
        self._calls.append(kind)
        if kind == SEND:
            return self._send(json.loads(body)), self._delay
        if kind == LOOKUP:
            return _contact(json.loads(body)["value"]), self._delay
        return self._history(body), self._delay

    def _answer_at_once(self, path: str) -> Json:
        if path == "/oauth/token":
            return {"access_token": uuid.uuid4().hex, "expires_in": 86_400}
        if "/webdeployments/" in path:
            return {"id": DEPLOYMENT_ID, "name": "Benchmark", "status": "Active"}
        answer: Json = {"id": uuid.uuid4().hex, "entities": [], "participants": []}
        if path.endswith("/channels"):
            answer["connectUri"] = f"ws://{self.address}/socket"
        return answer

    def _send(self, body: Json) -> Json:
        self._sent.append((time.monotonic(), body["textBody"]))
        answer = {"id": str(uuid.uuid4()), "conversationId": str(uuid.uuid4())}
        contact_id = body["externalContactId"]
        self._conversations[contact_id] = _answered(contact_id, answer["conversationId"])
        return answer

    def _history(self, body: bytes) -> Json:
        contact_ids = dict.fromkeys(one.decode() for one in _CONTACT.findall(body))
        found = [self._conversations.get(one) or _yesterdays(one) for one in contact_ids]
        return {"conversations": found, "totalHits": len(found)}

    def tell(self, question: str, about: str) -> Any:
        """Answer a benchmark's question."""
        match question:
            case "delay":
                self._delay = float(about)
                return {}
            case "sent":
                return self._sent[int(about) :]
            case "count":
                return len(self._sent)
        return self._calls[int(about) :]


def _contact(address: str) -> Json:
    digest = hashlib.md5(address.encode(), usedforsecurity=False).digest()
    contact_id = str(uuid.UUID(bytes=digest))
    return {"id": contact_id, "type": "Curated", "firstName": "Jane", "lastName": "Doe"}


def _yesterdays(contact_id: str) -> Json:
    start = datetime.now(UTC) - timedelta(days=1)
    ends = {"addressFrom": contact_id, "addressTo": DEPLOYMENT_ID, "direction": "inbound"}
    return {
        **_conversation(f"before-{contact_id}", start, contact_id, ends),
        "conversationInitiator": "customer",
        "conversationEnd": _iso(start + timedelta(minutes=9)),
    }


def _answered(contact_id: str, conversation_id: str) -> Json:
    ends = {"addressFrom": DEPLOYMENT_ID, "addressTo": contact_id, "direction": "outbound"}
    delivered = {**ends, "deliveryStatus": "DeliverySuccess"}
    return _conversation(conversation_id, datetime.now(UTC), contact_id, delivered)


def _conversation(
    conversation_id: str, start: datetime, contact_id: str, session: dict[str, str]
) -> Json:
    told = {"mediaType": "message", "messageType": "webmessaging", **session}
    segments = [{"segmentStart": _iso(start), "segmentType": "interact"}]
    customer = {
        "purpose": "customer",
        "externalContactId": contact_id,
        "sessions": [{**told, "segments": segments}],
    }
    return {
        "conversationId": conversation_id,
        "conversationStart": _iso(start),
        "customerParticipation": True,
        "participants": [customer],
    }


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


if __name__ == "__main__":
    serve(_Genesys())
