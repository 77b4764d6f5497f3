"""A process with the bot's slot, engine and reaper, whose work is to wait at a gate.

Arguments: the database's URL, the reaper's turn in seconds. Prints its slot, then does the work
whose ids it reads, one a line, perhaps with the year since when it waits. Work writes that it
began and ended into a table each; in between it waits until the table ``gate`` has a row.
"""

# ruff: noqa: T201 -- its output is its answer

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime

import sqlalchemy as sa
from dbos import DBOS

from bot.jobs.queue import Engine, Queue, Work
from bot.jobs.workers import Reaper
from bot.slot import take_slot
from bot.storage.tables import open_database

url, every = sys.argv[1], float(sys.argv[2])
database = open_database(url)


def note(table: str, request_id: str) -> None:
    with database.begin() as connection:
        insert = sa.text(
            f"INSERT INTO {table} (request_id, process) VALUES (:request_id, :process)"
        )
        connection.execute(insert, {"request_id": request_id, "process": os.getpid()})


def is_open() -> bool:
    with database.connect() as connection:
        return bool(connection.execute(sa.text("SELECT count(*) FROM gate")).scalar())


def pass_the_gate(request_id: str) -> None:
    while True:
        try:
            if is_open():
                return note("ended", request_id)
        except sa.exc.OperationalError:
            pass  # the server is being restarted
        time.sleep(0.05)


def work(request_id: str, _turn: int) -> None:
    DBOS.run_step({"name": "begin"}, note, "begun", request_id)
    DBOS.run_step({"name": "pass the gate"}, pass_the_gate, request_id)


if __name__ == "__main__":
    slot = take_slot(url, database)
    engine = Engine(url, database, slot.name)
    engine.register({"work": work})
    engine.launch()
    Reaper(engine, slot, every=every).start()
    print(slot.name, flush=True)
    for line in sys.stdin:
        name, *year = line.split()
        since = datetime(int(year[0]), 1, 1, tzinfo=UTC) if year else None
        with database.begin() as connection:
            engine.asking(Work("work", Queue.DELIVERY, name, once=True, since=since))(connection)
