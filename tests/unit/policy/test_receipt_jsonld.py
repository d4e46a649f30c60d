"""A receipt in DPV's terms is read back by an RDF library that knows nothing of us, and without a network."""

from __future__ import annotations

import json
import socket
from datetime import timedelta

import pytest
from consents import GIVEN_AT, GUARDIAN, KEY, KEYS, NOW, RECORD_ID, adult_consent, guardian_consent
from rdflib import DCTERMS, RDF, Graph, Literal, Namespace, URIRef

from faceguard.policy.consent import Revocation
from faceguard.policy.consent_terms import Actor, RevocationReason
from faceguard.policy.receipt import ConsentReceipt
from faceguard.policy.receipt_jsonld import receipt_jsonld
from faceguard.policy.statement import sign_statement

DPV = Namespace("https://w3id.org/dpv#")
FG = Namespace("urn:faceguard:consent:")
RECORD = URIRef(f"urn:uuid:{RECORD_ID}")


def graph_of(record: object, *revocations: Revocation) -> tuple[Graph, ConsentReceipt]:
    receipt = ConsentReceipt.of(sign_statement(record, KEY), moment=NOW)  # type: ignore[arg-type]
    text = json.dumps(receipt_jsonld(receipt, revocations))
    return Graph().parse(data=text, format="json-ld"), receipt


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the context is fetched")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def types_of(graph: Graph, nodes: object) -> set[URIRef]:
    return {kind for node in nodes for kind in graph.objects(node, RDF.type)}  # type: ignore[attr-defined]


def test_every_mandatory_field_of_the_standard_is_there() -> None:
    """FG-C02: the fields that ISO/IEC TS 27560 makes mandatory, by the names that DPV's guide gives them."""
    graph, receipt = graph_of(guardian_consent())
    assert (URIRef(f"urn:uuid:{receipt.receipt_id}"), RDF.type, DPV.ConsentReceipt) in graph
    assert (RECORD, RDF.type, DPV.ConsentRecord) in graph
    of_record = (DCTERMS.hasVersion, DPV.hasDataSubject, DPV.hasNotice, DPV.hasEntity, DPV.hasProcess,
                 DPV.hasConsentStatus)  # fmt: skip
    assert [name for name in of_record if graph.value(RECORD, name, any=True) is None] == []
    process = graph.value(RECORD, DPV.hasProcess)
    of_process = (DPV.hasPurpose, DPV.hasPersonalData, DPV.hasStorageCondition, DPV.hasDataController,
                  DPV.hasJurisdiction, DPV.hasLegalBasis, DPV.hasRight, DPV.hasConsentControl)  # fmt: skip
    assert [name for name in of_process if graph.value(process, name, any=True) is None] == []
    event = graph.value(RECORD, DPV.hasConsentStatus)
    assert types_of(graph, [event]) == {DPV.ConsentGiven}
    assert graph.value(event, DPV.isIndicatedAtTime) == Literal(GIVEN_AT)
    assert graph.value(graph.value(event, DPV.hasDuration), RDF.value) == Literal(GIVEN_AT + timedelta(days=180))


def test_the_guardian_speaks_as_parent_of_a_child() -> None:
    """FG-C04"""
    graph, _ = graph_of(guardian_consent())
    event = graph.value(RECORD, DPV.hasConsentStatus)
    speaker = graph.value(event, DPV.isIndicatedBy)
    assert types_of(graph, [speaker]) == {DPV.ParentOfDataSubject}
    assert graph.value(speaker, DPV.hasIdentifier) == Literal(GUARDIAN)
    subject = graph.value(RECORD, DPV.hasDataSubject)
    assert types_of(graph, [subject]) == {DPV.DataSubject, DPV.Child}
    assert graph.value(speaker, DPV.isRepresentativeFor) == subject
    adult, _ = graph_of(adult_consent())
    assert types_of(adult, [adult.value(RECORD, DPV.hasDataSubject)]) == {DPV.DataSubject}


@pytest.mark.parametrize(
    ("by", "reason", "state"),
    [
        (Actor.SUBJECT, RevocationReason.WITHDRAWN, DPV.ConsentWithdrawn),
        (Actor.GUARDIAN, RevocationReason.WITHDRAWN, DPV.ConsentRevoked),
        (Actor.CONTROLLER, RevocationReason.CONSENT_EXPIRED, DPV.ConsentExpired),
    ],
)
def test_what_ended_it_is_told_with_its_state(by: Actor, reason: RevocationReason, state: URIRef) -> None:
    """FG-C08, FG-C10"""
    ended = Revocation(record_id=RECORD_ID, time_utc=NOW, by=by, reason=reason)
    graph, _ = graph_of(guardian_consent(), ended)
    assert types_of(graph, graph.objects(RECORD, DPV.hasConsentStatus)) == {DPV.ConsentGiven, state}


def test_what_was_signed_is_carried_along_whole() -> None:
    """FG-C03"""
    receipt = ConsentReceipt.of(sign_statement(guardian_consent(), KEY), moment=NOW)
    document = receipt_jsonld(receipt)
    carried = receipt.model_copy(
        update={"record": document["fg:signedRecord"]["@value"], "signature": document["fg:signature"]}
    )
    assert carried.verify(KEYS, moment=NOW).record_id == RECORD_ID
    graph, _ = graph_of(guardian_consent())
    (in_rdf,) = graph.objects(None, FG.signedRecord)
    assert json.loads(str(in_rdf)) == receipt.record
