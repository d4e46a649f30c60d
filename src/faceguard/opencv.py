"""The one place that imports OpenCV, so that a missing system library gets a remedy instead of a linker's message."""

from __future__ import annotations

from faceguard.errors import ConfigurationError

try:
    import cv2
except ImportError as error:
    raise ConfigurationError(
        f"OpenCV can't be loaded ({error}); on a machine without a screen install the build that needs no system "
        "libraries (`pip uninstall -y opencv-python && pip install opencv-python-headless`), or install the libraries "
        "(Debian, Ubuntu: `apt-get install libgl1 libglib2.0-0`; Fedora: `dnf install mesa-libGL glib2`)"
    ) from error

# One frame is handled by one thread; parallelism is over frames and files, and onnxruntime has its own threads.
__all__ = ["cv2"]
