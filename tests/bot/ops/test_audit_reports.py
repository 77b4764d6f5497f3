"""Rejected signatures are in the audit log, and its head leaves the database once a day."""

from __future__ import annotations

import logging

import pytest

from bot.ops.audit_reports import HEAD_SECONDS, AuditReports
from bot.ops.refused_requests import Reason, RefusedRequests
from bot.storage.audit_log import AuditLog, Selection
from bot.storage.database import Database
from tests.clock import Clock


@pytest.fixture
def audit(database: Database) -> AuditLog:
    return AuditLog(database)


def details(audit: AuditLog) -> list[str]:
    return [entry.detail for entry in audit.entries(Selection())]


def test_rejected_signatures_are_counted_in_the_audit_log(audit: AuditLog) -> None:
    refused = RefusedRequests()
    reports = AuditReports(audit, refused)
    for reason in (Reason.FORGED, Reason.FORGED, Reason.STALE, Reason.TOO_LARGE):
        refused.add(reason)
    reports.report()
    reports.report()  # nothing new
    refused.add(Reason.FORGED)
    reports.report()
    assert details(audit) == ['{"forged":2,"stale":1}', '{"forged":1}']


def test_what_was_rejected_before_the_stop_is_reported(audit: AuditLog) -> None:
    refused = RefusedRequests()
    reports = AuditReports(audit, refused)
    reports.start()
    refused.add(Reason.REPEATED)
    reports.stop()
    assert details(audit) == ['{"repeated":1}']


def test_the_head_of_the_log_leaves_the_database_once_a_day(
    audit: AuditLog, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    refused, clock = RefusedRequests(), Clock()
    refused.add(Reason.FORGED)
    reports = AuditReports(audit, refused, clock)
    reports.report()
    clock.now += HEAD_SECONDS - 1
    reports.report()
    heads = [line for line in caplog.messages if "head" in line]
    assert len(heads) == 1
    assert str(audit.head()) in heads[0]
    clock.now += 1
    reports.report()
    assert len([line for line in caplog.messages if "head" in line]) == 2
