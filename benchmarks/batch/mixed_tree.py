"""A tree of good, odd and broken files, made from one photo: what an archive looks like after ten years of many hands.

Every good file shows the photo's face, so that an output that was not redacted is found out by looking.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import av
import numpy as np
from PIL import Image

LONG_NAME = "ながい名前" * 15 + ".jpg"
"""230 bytes: no room is left for a suffix of ours beside it."""


def make_mixed_tree(root: Path, photo: Path, *, videos: int = 3) -> None:
    """Fills the new folder `root`; what lies outside it and is pointed at by links is beside it."""
    root.mkdir(parents=True)
    face = Image.open(photo).convert("RGB")
    small, tiny = face.resize((256, 256)), face.resize((160, 160))
    _good(root, small, tiny)
    for number in range(videos):
        _film(root / f"カメラ {number}" / f"{number:02}.mp4", small, pictures=24 + 12 * number)
    _odd(root, small)
    _broken(root, photo.read_bytes())


def _good(root: Path, small: Image.Image, tiny: Image.Image) -> None:
    names = (
        "plain.jpg",
        "写真/☃ [red] (1).png",
        "фото/é.webp",
        "صورة/وجه.jpg",
        "-rf.jpg",
        "%s $HOME `id`.png",
        LONG_NAME,
    )
    for number, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        small.rotate(2 * number).save(path, format=_format(name))
    for number in range(6):  # many small ones, so that kills fall between items too
        path = root / "many" / f"{number}.JPG"
        path.parent.mkdir(exist_ok=True)
        tiny.crop((0, 0, 160, 150 + number)).save(path, format="JPEG")
    with contextlib.suppress(OSError):  # not every file system takes a name that is no text
        (root / os.fsdecode(b"caf\xe9.jpg")).write_bytes((root / "plain.jpg").read_bytes())
    with contextlib.suppress(OSError):
        (root / "two\nlines.jpg").write_bytes((root / "plain.jpg").read_bytes())


def _odd(root: Path, small: Image.Image) -> None:
    small.save(root / "same.png")
    small.rotate(3).save(root / "same.bmp")  # another name is needed for one of the outputs
    small.rotate(4).save(root / "SAME.PNG", format="PNG")
    small.save(root / "pages.gif", save_all=True, append_images=[small.rotate(5)])
    small.save(root / "read only.jpg")
    (root / "read only.jpg").chmod(0o444)
    (root / "notes.txt").write_text("no picture", encoding="utf-8")
    (root / ".hidden.jpg").write_bytes((root / "plain.jpg").read_bytes())
    beside = root.with_name(root.name + "-elsewhere")
    beside.mkdir()
    small.save(beside / "outside.jpg")
    for name, target in (
        ("link.jpg", "plain.jpg"),
        ("out.jpg", beside / "outside.jpg"),
        ("nothing.jpg", "gone.jpg"),
        ("circle.jpg", "circle.jpg"),
        ("folder link", "many"),
    ):
        (root / name).symlink_to(target)
    if hasattr(os, "mkfifo"):
        os.mkfifo(root / "pipe.jpg")


def _broken(root: Path, photo: bytes) -> None:
    film = next(root.rglob("*.mp4")).read_bytes()
    folder = root / "broken"
    folder.mkdir()
    (folder / "empty.jpg").touch()
    (folder / "empty.mp4").touch()
    (folder / "cut.jpg").write_bytes(photo[: len(photo) // 3])
    (folder / "cut.mp4").write_bytes(film[: len(film) // 2])
    (folder / "lie.png").write_bytes(b"not a picture at all" * 40)
    (folder / "film.jpg").write_bytes(film)
    (folder / "zeros.jpg").write_bytes(photo[:2000] + bytes(len(photo) - 2000))


def _film(path: Path, picture: Image.Image, *, pictures: int) -> None:
    """The picture, moving to and fro by a few pixels; H.264, 10 pictures a second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.asarray(picture)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"preset": "veryfast", "g": "12"})
        stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, "yuv420p"
        for number in range(pictures):
            moved = np.roll(pixels, 2 * abs(number % 20 - 10), axis=1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(moved, format="rgb24")))
        container.mux(stream.encode())


def _format(name: str) -> str:
    return {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}[name.rsplit(".", 1)[1]]
