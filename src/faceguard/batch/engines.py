"""Which engine a batch runs on."""

from __future__ import annotations

from faceguard.batch.cluster import ClusterEngine
from faceguard.batch.dividing import DividingEngine, larger_than_their_share
from faceguard.batch.engine import Engine
from faceguard.batch.local import LocalEngine
from faceguard.batch.places import place_of
from faceguard.batch.ray_engine import RayEngine
from faceguard.batch.run import Batch
from faceguard.batch.serial import SerialEngine
from faceguard.batch.settings import BatchSettings, EngineName
from faceguard.batch.sizing import Sizing, free_bytes, plan_sizing
from faceguard.inference.session import available_cores


def size_of(settings: BatchSettings) -> Sizing:
    """Workers, threads and memory on this machine. Raises ConfigurationError."""
    memory_bytes = None if settings.memory is None else settings.memory * 1_000_000
    alone = any(place_of(address).in_process_only for address in (settings.source, settings.output))
    return plan_sizing(
        workers=1 if alone else settings.workers,
        memory_bytes=memory_bytes,
        cores=available_cores(),
        free_bytes=free_bytes(),
    )


def make_engine(batch: Batch, sizing: Sizing, *, divides: bool = False) -> Engine:
    """The engine that the settings ask for. Places that only this process sees need the serial one.

    `divides` shares out long videos that would be the last ones running; for a plan with an end.
    """
    settings = batch.settings
    if any(place_of(address).in_process_only for address in (settings.source, settings.output)):
        return SerialEngine()
    if settings.engine is EngineName.RAY:
        ray = RayEngine(settings.ray_address, workers=settings.workers)
        return ClusterEngine(
            _dividing(ray, batch) if divides else ray, batch.manifest.path.parent, batch.log, settings.audit_key
        )
    local = LocalEngine(sizing.workers, max_bytes=sizing.max_bytes, limits=settings.limits)
    return _dividing(local, batch) if divides else local


def _dividing(engine: Engine, batch: Batch) -> Engine:
    return DividingEngine(engine, larger_than_their_share(batch, engine.workers))
