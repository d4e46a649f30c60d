"""The attacks on one redaction: each gives a score for every probe against every known person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from covers import Cover
from embed import CONTEXT, CONTEXT_PX, INNER, INNER_PX, SFACE_PX, DlibResNet, SFace, align, pixels
from learn import cosine, discriminant, kernel_ridge, principal, ridge
from measure import Trial
from numpy.typing import NDArray
from scenes import Scene

Matrix = NDArray[np.float64]

ATTACKS = {
    "SFace": "(a) off the shelf: SFace embedding of the redacted face against bare pictures",
    "dlib": "(a) off the shelf: dlib ResNet embedding, the same way",
    "parrot pixels": "(b) parrot: PCA + LDA on redacted pixels of other people and the gallery; redacted on redacted",
    "parrot SFace": "(b) parrot: LDA on SFace embeddings of redacted pictures; redacted on redacted",
    "linear inversion": "(c) ridge regression from redacted to bare pixels learned on other people, then SFace",
    "learned inversion": "(c) kernel regression from redacted pixels to the bare embedding learned on other people",
}


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """People under attack. The attacker knows their `gallery` pictures, and other people."""

    name: str
    gallery: Sequence[Scene]
    probes: Sequence[Scene]
    others: Sequence[Scene]
    """Several pictures of each."""
    strangers: Sequence[Scene]
    """One picture of each: nothing to learn of sameness, but of what a redaction does to a face."""

    @property
    def people(self) -> list[str]:
        return sorted({scene.person for scene in self.gallery})

    @property
    def truth(self) -> NDArray[np.intp]:
        return np.array([self.people.index(scene.person) for scene in self.probes])


class Views:
    """What the attacker computes of scenes, bare or redacted; each only once."""

    def __init__(self, sface: SFace, dlib_net: DlibResNet) -> None:
        self._sface, self._dlib = sface, dlib_net
        self._seen: dict[tuple[str, str, int], NDArray[np.float64]] = {}
        self._shapes: dict[int, object] = {}

    def forget(self, cover: Cover) -> None:
        """Drops what was computed of a redaction."""
        self._seen = {key: value for key, value in self._seen.items() if key[1] != cover.label}

    def __call__(self, kind: str, cover: Cover, scenes: Sequence[Scene]) -> Matrix:
        """Rows of `kind` (`sface`, `dlib`, `pixels`, `inner`, `crops`) for `scenes` under `cover`."""
        missing = [scene for scene in scenes if (kind, cover.label, id(scene)) not in self._seen]
        if missing:
            images = [cover.apply(scene.image, scene.detection) for scene in missing]
            for scene, row in zip(missing, self._compute(kind, images, missing), strict=True):
                self._seen[kind, cover.label, id(scene)] = row
        return np.stack([self._seen[kind, cover.label, id(scene)] for scene in scenes])

    def _compute(self, kind: str, images: list[NDArray[np.uint8]], scenes: Sequence[Scene]) -> Matrix:
        points = [scene.detection.landmarks for scene in scenes]
        if kind == "sface":
            return self._sface.images(images, points)
        if kind == "pixels":
            return pixels(images, points, CONTEXT_PX, CONTEXT)
        if kind == "inner":
            return pixels(images, points, INNER_PX, INNER)
        if kind == "crops":
            crops = [align(image, found, SFACE_PX) for image, found in zip(images, points, strict=True)]
            return np.stack(crops).reshape(len(crops), -1).astype(np.float64)
        corners = [(s.detection.box.x0, s.detection.box.y0, s.detection.box.x1, s.detection.box.y1) for s in scenes]
        return self._dlib.images(images, self._dlib.shapes([scene.image for scene in scenes], corners))

    def embed_crops(self, rows: Matrix) -> Matrix:
        """SFace embeddings of flat 112 x 112 crops."""
        crops = np.clip(np.rint(rows), 0, 255).astype(np.uint8).reshape(-1, SFACE_PX, SFACE_PX, 3)
        return self._sface.crops(crops)


def run_attacks(group: Group, cover: Cover, bare: Cover, views: Views) -> Iterator[tuple[str, Trial]]:
    """Every attack of `ATTACKS` on `group` under `cover`."""
    truth = group.truth

    def persons(rows: Matrix) -> Matrix:
        """Mean row of each person of the gallery."""
        named = np.array([scene.person for scene in group.gallery])
        return np.stack([rows[named == person].mean(axis=0) for person in group.people])

    for name, kind in (("SFace", "sface"), ("dlib", "dlib")):
        known = persons(views(kind, bare, group.gallery))
        yield name, Trial(cosine(views(kind, cover, group.probes), known), truth)

    parrots = [*group.others, *group.gallery]
    names = np.array([scene.person for scene in parrots])
    for name, kind in (("parrot pixels", "pixels"), ("parrot SFace", "sface")):
        learned, asked = discriminant(views(kind, cover, parrots), names, views(kind, cover, group.probes))
        yield name, Trial(cosine(asked, persons(learned[-len(group.gallery) :])), truth)

    teachers = [*group.others, *group.strangers]
    taught = views("inner", cover, teachers)
    asked = views("inner", cover, group.probes)
    known = persons(views("sface", bare, group.gallery))
    crops = views("crops", bare, teachers)
    parts = principal(crops, 150)
    restored = parts.back(ridge(taught, parts(crops), asked))
    yield "linear inversion", Trial(cosine(views.embed_crops(restored), known), truth)
    guessed = kernel_ridge(taught, views("sface", bare, teachers), asked)
    yield "learned inversion", Trial(cosine(guessed, known), truth)
