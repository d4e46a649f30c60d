"""faceguard inside a camera app: pictures come from the app's own capture, and only safe ones reach its preview.

The app stands in here for any framework: it calls `on_picture` for each picture of its camera, on its own thread.
Run it on a film in place of a camera: `python examples/camera_app.py film.mp4 OUT`.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from faceguard import FaceGuard
from faceguard.pipeline.live.stream import SafeFrame, StreamSettings

NOTICE = Path(__file__).with_name("notice.toml")
Picture = NDArray[np.uint8]


class SafePreview:
    """Takes raw pictures from the app and hands safe ones back. Raw pictures go no further than this class."""

    def __init__(self, guard: FaceGuard, show: Callable[[SafeFrame], None]) -> None:
        self._raw: queue.Queue[tuple[float, Picture] | None] = queue.Queue(maxsize=2)
        self._frames = guard.stream(iter(self._raw.get, None), StreamSettings(latency_budget_s=0.15))
        self._show = show
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def on_picture(self, image: Picture) -> None:
        """The app's camera callback. Waits when two pictures are still on their way."""
        if self._error is not None:
            raise self._error
        self._raw.put((time.monotonic(), image))

    def close(self) -> None:
        self._raw.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            for frame in self._frames:
                self._show(frame)
        except Exception as error:  # noqa: BLE001  raised in the app's own thread, at its next picture
            self._error = error
            while self._raw.get() is not None:
                pass


def film(path: str) -> Iterator[Picture]:
    """A stand-in for the app's camera."""
    with av.open(path) as container:
        for picture in container.decode(video=0):
            yield np.asarray(picture.to_ndarray(format="bgr24"), np.uint8)


def main() -> None:
    source, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    guard = FaceGuard(notice=NOTICE, purpose="in_store_safety", audit=folder / "audit.jsonl")
    preview = SafePreview(guard, lambda frame: print(cv2.imwrite(str(folder / f"{frame.index:04}.jpg"), frame.image)))
    try:
        for image in film(source):
            preview.on_picture(image)
    finally:
        preview.close()


if __name__ == "__main__":
    main()
