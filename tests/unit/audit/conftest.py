"""The record of `records`, as fixtures."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from records import make_record

from faceguard.audit.record import AuditRecord


@pytest.fixture
def record() -> AuditRecord:
    return make_record()


@pytest.fixture
def record_factory() -> Callable[[int], AuditRecord]:
    return make_record
