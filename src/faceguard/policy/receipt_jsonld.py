"""A receipt as JSON-LD in the words of the W3C Data Privacy Vocabulary 2.2, after its guide to ISO/IEC TS 27560.

The context stands in the document, so that nothing is fetched to read it. What is signed is carried along as it was
signed (`fg:signedRecord`); the rest says the same in DPV's terms, and proves nothing by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from faceguard.policy.consent import ConsentRecord, Controller, Guardian, Process, Revocation
from faceguard.policy.consent_terms import Actor, Expression, GuardianRole, PartyRole
from faceguard.policy.receipt import ConsentReceipt

Node = dict[str, Any]

CONTEXT: Node = {
    "dpv": "https://w3id.org/dpv#",
    "dct": "http://purl.org/dc/terms/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "fg": "urn:faceguard:consent:",
}
_LEGAL_BASIS = {
    Expression.EXPLICIT: "dpv:ExplicitlyExpressedConsent",
    Expression.EXPRESSED: "dpv:ExpressedConsent",
}
_GUARDIAN = {
    GuardianRole.PARENT: "dpv:ParentOfDataSubject",
    GuardianRole.GUARDIAN: "dpv:GuardianOfDataSubject",
    GuardianRole.OTHER: "dpv:Representative",
}
_PARTY = {
    PartyRole.CONTROLLER: "dpv:DataController",
    PartyRole.JOINT_CONTROLLER: "dpv:JointDataControllers",
    PartyRole.PROCESSOR: "dpv:DataProcessor",
}


def receipt_jsonld(receipt: ConsentReceipt, revocations: Sequence[Revocation] = ()) -> Node:
    """The receipt, its record and what became of that. Raises ConsentError if the record is malformed."""
    record = receipt.statement().read_as(ConsentRecord)
    return {
        "@context": CONTEXT,
        "@id": f"urn:uuid:{receipt.receipt_id}",
        "@type": "dpv:ConsentReceipt",
        "dct:conformsTo": "ISO/IEC TS 27560:2023",
        "dct:hasVersion": receipt.schema_version,
        "dct:issued": _time(receipt.issued_at),
        "dct:hasPart": _record(record, revocations),
        "fg:signedRecord": {"@type": "@json", "@value": receipt.record},
        "fg:signature": receipt.signature,
    }


def _record(record: ConsentRecord, revocations: Sequence[Revocation]) -> Node:
    scope = record.scope
    named = {
        "fg:event": scope.event,
        "fg:collection": scope.collection,
        "dpv:hasLocation": scope.place,
        "fg:assetSha256": list(scope.asset_sha256) or None,
        "fg:bestInterestsAssessment": record.best_interests_ref,
    }
    return {
        "@id": f"urn:uuid:{record.record_id}",
        "@type": "dpv:ConsentRecord",
        "dct:hasVersion": record.schema_version,
        "dct:created": _time(record.signed_at),
        "dpv:hasDataSubject": _subject(record),
        "dpv:hasNotice": _notice(record),
        "dpv:hasEntity": [*map(_controller, record.controllers), *_guardians(record.guardian, record)],
        "dpv:hasProcess": [_process(process, record) for process in record.processes],
        "dpv:hasDuration": _until(scope.valid_to),
        "dpv:hasConsentStatus": [*_events(record), *(_ended(each, record) for each in revocations)],
        **{key: value for key, value in named.items() if value is not None},
    }


def _subject(record: ConsentRecord) -> Node:
    subject = record.data_subject
    kinds = ["dpv:DataSubject", "dpv:Child"] if subject.is_child else ["dpv:DataSubject"]
    return {"@id": _party(subject.id), "@type": kinds, "dpv:hasIdentifier": subject.id}


def _notice(record: ConsentRecord) -> Node:
    notice = record.notice
    return {
        "@type": "dpv:ConsentNotice",
        "dpv:hasIdentifier": notice.id,
        "dct:hasVersion": notice.version,
        "dct:language": notice.language,
        "fg:sha256": notice.sha256,
    }


def _controller(controller: Controller) -> Node:
    return {
        "@id": _party(controller.id),
        "@type": _PARTY[controller.role],
        "dpv:hasName": controller.name,
        "dpv:hasIdentifier": controller.id,
        "dpv:hasContact": controller.contact,
        "dpv:hasAddress": controller.address,
    }


def _guardians(guardian: Guardian | None, record: ConsentRecord) -> list[Node]:
    if guardian is None:
        return []
    return [
        {
            "@id": _party(guardian.id),
            "@type": _GUARDIAN[guardian.role],
            "dpv:hasIdentifier": guardian.id,
            "dpv:hasRelationWithDataSubject": guardian.relationship,
            "dpv:isRepresentativeFor": {"@id": _party(record.data_subject.id)},
            "fg:authorityBasis": guardian.authority_basis.value,
            "fg:verificationMethod": guardian.verification_method.value,
            "fg:verifiedBy": guardian.verifier,
            "fg:verifiedAt": _time(guardian.verified_at),
            "fg:assuranceLevel": guardian.level.name,
        }
    ]


def _process(process: Process, record: ConsentRecord) -> Node:
    return {
        "@type": "dpv:Process",
        "dpv:hasPurpose": {
            "@type": "dpv:Purpose",
            "dpv:hasIdentifier": process.purpose,
            "dct:description": process.purpose_text or process.purpose,
        },
        "dpv:hasPersonalData": list(process.data_types),
        "dpv:hasDataController": [{"@id": _party(controller.id)} for controller in record.controllers],
        "dpv:hasStorageCondition": {
            "@type": "dpv:StorageCondition",
            "dpv:hasLocation": process.storage_location,
            "dpv:hasDuration": process.retention,
        },
        "dpv:hasRecipient": list(process.recipients),
        "fg:thirdPartyDisclosure": process.third_party_disclosure,
        "dpv:hasJurisdiction": process.jurisdiction,
        "dpv:hasLegalBasis": {"@id": _LEGAL_BASIS[record.events[-1].type]},
        "dpv:hasRight": list(process.rights),
        "dpv:hasConsentControl": {"@type": "dpv:WithdrawConsent", "dct:description": process.withdrawal_method},
    }


def _events(record: ConsentRecord) -> list[Node]:
    return [
        {
            "@type": f"dpv:{event.state.value}",
            "dpv:isIndicatedAtTime": _time(event.time_utc),
            "dpv:hasDuration": _until(min(record.scope.valid_to, event.time_utc + event.duration)),
            "dpv:isIndicatedBy": {"@id": _party(event.indicated_by)},
            **({"dpv:hasIndicationMethod": event.indication_method} if event.indication_method else {}),
        }
        for event in record.events
    ]


def _ended(revocation: Revocation, record: ConsentRecord) -> Node:
    guardian = record.guardian
    by: Node | str = revocation.by.value
    if revocation.by is Actor.SUBJECT:
        by = {"@id": _party(record.data_subject.id)}
    elif revocation.by is Actor.GUARDIAN and guardian is not None:
        by = {"@id": _party(guardian.id)}
    return {
        "@type": f"dpv:{revocation.state.value}",
        "dpv:isIndicatedAtTime": _time(revocation.time_utc),
        "dpv:isIndicatedBy": by,
        "fg:reason": revocation.reason.value,
    }


def _party(key: str) -> str:
    """An identifier of a party within this document; the operator's key may hold any letter."""
    return f"fg:party:{quote(key, safe='')}"


def _time(moment: datetime) -> Node:
    return {"@type": "xsd:dateTime", "@value": moment.isoformat().replace("+00:00", "Z")}


def _until(moment: datetime) -> Node:
    return {"@type": "dpv:UntilTimeDuration", "rdf:value": _time(moment)}
