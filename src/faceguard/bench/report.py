"""What a benchmark found, with its noise and the machine it ran on; written and read as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from faceguard.atomic import write_atomic
from faceguard.errors import ConfigurationError

Better = Literal["higher", "lower", "neither"]


class Measurement(BaseModel):
    """One figure. A repeat is expected within `noise` of `value` (about 95 %); `better` says which way is good."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    value: float
    unit: str
    noise: float = 0.0
    better: Better = "neither"


class Report(BaseModel):
    """A run of one suite. `environment` and `parameters` are what is needed to run it again and believe it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    suite: str
    environment: Mapping[str, str]
    parameters: Mapping[str, str]
    measurements: Sequence[Measurement]

    def named(self) -> dict[str, Measurement]:
        return {measurement.name: measurement for measurement in self.measurements}


def write_report(report: Report, path: Path) -> None:
    """Writes JSON, replacing what was there. Raises EncodeError."""
    write_atomic(path, (report.model_dump_json(indent=2) + "\n").encode(), overwrite=True)


def read_report(path: Path) -> Report:
    """Raises ConfigurationError for a file that can't be read or isn't a report."""
    try:
        return Report.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ConfigurationError(f"`{path}` is not a benchmark's report ({error})", path=path) from error


def as_table(report: Report) -> str:
    """Plain text, one line for each measurement."""
    width = max((len(m.name) for m in report.measurements), default=0)
    lines = [f"{report.suite}: {report.environment.get('cpu', '')}, {report.environment.get('moment', '')}"]
    for m in report.measurements:
        noise = f"± {m.noise:.3g}" if m.noise else ""
        lines.append(f"  {m.name:<{width}}  {m.value:>10.4g} {m.unit:<8} {noise}".rstrip())
    return "\n".join(lines)
