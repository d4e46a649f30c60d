"""Cameras and network streams as a run of pictures: always the newest one, never a growing backlog."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator
from typing import Any, cast

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from faceguard.errors import DecodeError
from faceguard.opencv import cv2

LivePicture = tuple[float, NDArray[np.uint8]]
"""Seconds on the monotonic clock when it was grabbed, and `(H, W, 3)` BGR uint8."""

_OPEN_TIMEOUT_S = 10.0
_READ_TIMEOUT_S = 10.0


def live_pictures(source: int | str) -> Generator[LivePicture, None, None]:
    """Pictures of a camera (its number) or of an address such as `rtsp://...`, until it ends or the caller stops.

    A thread grabs; when the caller is slower than the camera, pictures in between are left out. Raises DecodeError.
    """
    grabbed = _camera(source) if isinstance(source, int) else _address(source)
    newest = _Newest(grabbed)
    try:
        while (picture := newest.take()) is not None:
            yield picture
    finally:
        newest.stop()


class _Newest:
    """Runs an iterator in a thread and keeps only what it gave last."""

    def __init__(self, source: Iterator[LivePicture]) -> None:
        self._source = source
        self._changed = threading.Condition()
        self._picture: LivePicture | None = None
        self._ended = False
        self._stopped = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="faceguard-camera", daemon=True)
        self._thread.start()

    def take(self) -> LivePicture | None:
        """Waits for a picture that wasn't taken yet; None at the end. Raises what the source raised."""
        with self._changed:
            while self._picture is None and not self._ended:
                self._changed.wait()
            picture, self._picture = self._picture, None
            if picture is None and self._error is not None:
                raise self._error
            return picture

    def stop(self) -> None:
        self._stopped = True
        self._thread.join(timeout=_READ_TIMEOUT_S)

    def _run(self) -> None:
        try:
            for picture in self._source:
                with self._changed:
                    self._picture = picture
                    self._changed.notify()
                if self._stopped:
                    break
        except BaseException as error:  # noqa: BLE001  raised in the caller's thread
            self._error = error
        finally:
            cast(Any, self._source).close()
            with self._changed:
                self._ended = True
                self._changed.notify()


def _camera(number: int) -> Generator[LivePicture, None, None]:
    capture = cv2.VideoCapture(number)
    try:
        if not capture.isOpened():
            raise DecodeError(f"camera {number} can't be opened; check that it is plugged in and that you may use it")
        while True:
            ok, image = capture.read()
            if not ok:
                raise DecodeError(f"camera {number} gives no more pictures")
            yield time.monotonic(), np.asarray(image, np.uint8)
    finally:
        capture.release()


def _address(address: str) -> Generator[LivePicture, None, None]:
    options = {"rtsp_transport": "tcp"} if address.startswith("rtsp") else {}
    try:
        container = av.open(address, options=options, timeout=(_OPEN_TIMEOUT_S, _READ_TIMEOUT_S))
    except (av.error.FFmpegError, OSError) as error:
        raise DecodeError(f"`{_without_password(address)}` can't be opened: {type(error).__name__}") from error
    with container:
        if not container.streams.video:
            raise DecodeError(f"`{_without_password(address)}` has no video")
        stream = container.streams.video[0]
        stream.thread_type = "SLICE"  # frame threads would add pictures of delay
        try:
            for picture in container.decode(stream):
                yield time.monotonic(), np.asarray(picture.to_ndarray(format="bgr24"), np.uint8)
        except (av.error.FFmpegError, OSError) as error:
            raise DecodeError(f"`{_without_password(address)}` broke off: {type(error).__name__}") from error


def _without_password(address: str) -> str:
    scheme, mark, rest = address.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}" if "@" in rest else address
