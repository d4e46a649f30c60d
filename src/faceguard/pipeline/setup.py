"""A run's documents and stages from what a caller has: names, paths, or the things themselves."""

from __future__ import annotations

from pathlib import Path

from faceguard.age.estimator import create_age_estimator
from faceguard.audit.log import AuditLog, AuditSink, MemoryAuditLog
from faceguard.detection.stranger import StrangerDetector
from faceguard.detection.tiers import TIERS, create_detector
from faceguard.errors import ConfigurationError, ConsentError, PolicyError
from faceguard.pipeline.badges import BadgeFile
from faceguard.pipeline.consent_source import ConsentFile, ConsentSource, FixedConsents
from faceguard.pipeline.rules import Rules
from faceguard.pipeline.stages import Stages
from faceguard.policy.document import Policy
from faceguard.policy.load import load_policy
from faceguard.policy.notice import HandlingNotice, load_notice
from faceguard.policy.register import ConsentRegister
from faceguard.redaction.registry import create_redactor, require_class
from faceguard.signing import SigningKey, TrustedKeys
from faceguard.types import AgeEstimator, Detector, RedactionClass, Redactor


def make_rules(
    *,
    policy: Policy | str | Path,
    notice: HandlingNotice | str | Path | None,
    purpose: str,
    consents: ConsentRegister | str | Path | None,
    trusted_keys: TrustedKeys | str | Path | None,
) -> Rules:
    """Reads and checks the documents. Raises ConfigurationError of the kind that is wrong.

    `policy` may be several presets or files joined by `+`; the strictest rule of each wins.
    """
    if not purpose:
        raise ConfigurationError("no purpose; say what the pictures are for with one of the notice's purposes")
    return Rules(
        policy=policy if isinstance(policy, Policy) else load_policy(policy),
        notice=load_notice(notice) if isinstance(notice, str | Path) else notice,
        purpose=purpose,
        consents=_consents(consents, trusted_keys),
    )


def make_stages(
    policy: Policy,
    *,
    detector: Detector | str | None = None,
    estimator: AgeEstimator | None = None,
    redactor: Redactor | str | None = None,
    threads: int | None = None,
    verify: Detector | bool | None = None,
    untrusted: bool | None = None,
) -> Stages:
    """The stages that the policy asks for, or stricter ones. Nothing is loaded before the first picture.

    `verify` says whether outputs are looked at by a second detector, or by which, `untrusted` whether
    files are decoded in a process of their own; None leaves it to the policy, and False can't weaken that.
    Raises PolicyError for a method that the policy's redaction class rules out (FG-R01), ConfigurationError for an
    unknown name, ValueError for less than one thread.
    """
    if threads is not None and threads < 1:
        raise ValueError(f"threads must be at least 1, got {threads}")
    if redactor is None or isinstance(redactor, str):
        redactor = create_redactor(redactor or policy.redaction.method.value)
    require_class(redactor, RedactionClass(policy.redaction.redaction_class.value))
    if detector is None or isinstance(detector, str):
        detector = create_detector(_tier(detector, policy), threads=threads)
    estimator = estimator or create_age_estimator(threads=threads)
    return Stages(
        detector,
        estimator,
        redactor,
        confident_score=policy.detection.confident_score.value,
        min_age_face_px=policy.age.min_face_px.value,
        verifier=_verifier(verify, policy, threads),
        untrusted_input=_untrusted(untrusted, policy),
    )


def _untrusted(untrusted: bool | None, policy: Policy) -> bool:
    """Whether files are decoded elsewhere. Raises PolicyError when the policy asks for it and the caller doesn't."""
    asked = policy.media.untrusted_input.value
    if untrusted is False and asked:
        raise PolicyError(
            f"`{policy.policy_id}` trusts no input; leave out `--trusted` or weaken the policy by name (`weakens`)",
            key="media.untrusted_input",
        )
    return bool(untrusted) or asked


def _verifier(verify: Detector | bool | None, policy: Policy, threads: int | None) -> Detector | None:
    """What looks at outputs. Raises PolicyError when the policy asks for it and the caller doesn't want it."""
    asked = policy.redaction.redetect_output.value
    if verify is False and asked:
        raise PolicyError(
            f"`{policy.policy_id}` asks for a second look at every output; leave out `--no-verify` or weaken the "
            "policy by name (`weakens`)",
            key="redaction.redetect_output",
        )
    if verify is None or isinstance(verify, bool):
        return StrangerDetector(threads=threads) if verify or asked else None
    return verify


def make_sink(audit: AuditSink | str | Path | None, key: SigningKey | str | Path | None) -> AuditSink:
    """The log to write to, signed with `key` if there is one; records stay in memory when the caller names no log."""
    if isinstance(key, str | Path):
        key = SigningKey.load(Path(key))
    if isinstance(audit, str | Path):
        return AuditLog(Path(audit), key)
    if key is not None:
        raise ConfigurationError("a key for the audit log needs the log's path", key="audit-key")
    return MemoryAuditLog() if audit is None else audit


def make_badges(path: str | Path | None, keys: TrustedKeys | str | Path | None) -> BadgeFile | None:
    """The badge list that faces are linked by. Raises ConsentError for keys that are missing or wrong."""
    if path is None:
        return None
    if keys is None:
        raise ConsentError(
            "a badge list needs the keys that may sign it; pass them with `--badge-keys` or `--trusted-keys`", path=path
        )
    return BadgeFile(Path(path), keys if isinstance(keys, TrustedKeys) else TrustedKeys.load(Path(keys)))


def _consents(consents: ConsentRegister | str | Path | None, keys: TrustedKeys | str | Path | None) -> ConsentSource:
    if consents is None:
        return FixedConsents(ConsentRegister.empty())
    if isinstance(consents, ConsentRegister):
        return FixedConsents(consents)
    if keys is None:
        raise ConsentError(
            "a consent register needs the keys that may sign it; pass them with `--trusted-keys`, "
            "from a place that whoever writes the register can't change",
            path=consents,
        )
    return ConsentFile(Path(consents), keys if isinstance(keys, TrustedKeys) else Path(keys))


def _tier(asked: str | None, policy: Policy) -> str:
    """The tier asked for, if the policy allows it: a weaker one than the policy's own is refused."""
    own = policy.detection.tier.value
    if asked is None:
        return own
    names = list(TIERS)
    if asked not in names:
        raise ConfigurationError(
            f"there is no detector tier `{asked}`; choose one of {', '.join(names)}", key="detector"
        )
    if names.index(asked) < names.index(own):
        raise PolicyError(
            f"`{policy.policy_id}` asks for the detector tier `{own}` at least, and `{asked}` finds less; "
            f"use `{own}` or weaken the policy by name (`weakens`)",
            expected=own,
            actual=asked,
        )
    return asked
