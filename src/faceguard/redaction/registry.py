"""Redaction methods by name, and what a policy may ask of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from faceguard.errors import ConfigurationError, PolicyError
from faceguard.redaction.planes import PlaneRedactor
from faceguard.redaction.solid import SolidRedactor
from faceguard.types import RedactionClass, Redactor

DEFAULT_METHOD = SolidRedactor.method

_STRENGTH = {RedactionClass.COSMETIC: 0, RedactionClass.STRONG: 1, RedactionClass.IRREVERSIBLE: 2}


def _inpaint() -> PlaneRedactor:
    from faceguard.redaction.inpaint import InpaintRedactor

    return InpaintRedactor()


def _mosaic() -> PlaneRedactor:
    from faceguard.redaction.mosaic import MosaicRedactor

    return MosaicRedactor()


def _blur() -> PlaneRedactor:
    from faceguard.redaction.blur import BlurRedactor

    return BlurRedactor()


METHODS: Mapping[str, Callable[[], PlaneRedactor]] = {
    "solid": SolidRedactor,
    "inpaint": _inpaint,
    "mosaic": _mosaic,
    "blur": _blur,
}
"""Every method, the default first."""


def create_redactor(method: str = DEFAULT_METHOD) -> PlaneRedactor:
    """The redactor with this name. Raises ConfigurationError for any other name."""
    try:
        return METHODS[method]()
    except KeyError:
        raise ConfigurationError(
            f"there is no redaction method `{method}`; use one of {', '.join(METHODS)}", key="method", actual=method
        ) from None


def require_class(redactor: Redactor, required: RedactionClass) -> None:
    """Raises PolicyError when `redactor` is weaker than a policy requires (FG-R01). COSMETIC satisfies no policy."""
    if _satisfies(redactor.redaction_class, required):
        return
    fitting = [name for name in METHODS if _satisfies(create_redactor(name).redaction_class, required)]
    raise PolicyError(
        f"the policy requires {required} redaction and `{redactor.method}` is {redactor.redaction_class}; "
        f"use {' or '.join(f'`{name}`' for name in fitting)}",
        key="method",
        expected=required,
        actual=redactor.redaction_class,
    )


def _satisfies(offered: RedactionClass, required: RedactionClass) -> bool:
    return offered is not RedactionClass.COSMETIC and _STRENGTH[offered] >= _STRENGTH[required]
