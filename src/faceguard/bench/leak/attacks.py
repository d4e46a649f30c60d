"""The attacks on one redaction: each gives a score for every probe against every known person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceguard.bench.leak.covers import BARE, Cover
from faceguard.bench.leak.crops import CONTEXT, CONTEXT_PX, CROP_PX, INNER, INNER_PX, aligned_pixels, as_crops
from faceguard.bench.leak.learn import cosine, discriminant, kernel_ridge, principal, ridge
from faceguard.bench.leak.scenes import Scene
from faceguard.bench.leak.scoring import Trial

Image = NDArray[np.uint8]
Matrix = NDArray[np.float64]

View = Callable[[Sequence[Image], Sequence[Scene]], Matrix]
"""Rows for redacted pictures; the scenes are those they were made of, for the bare face's place."""

CropEmbedder = Callable[[Sequence[Image]], Matrix]
"""Rows of unit length for aligned 112 x 112 BGR crops."""


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """People under attack. The attacker knows their `gallery` pictures, and other people."""

    name: str
    gallery: Sequence[Scene]
    probes: Sequence[Scene]
    others: Sequence[Scene]
    """Several pictures of each."""
    strangers: Sequence[Scene] = ()
    """One picture of each: nothing to learn of sameness, but of what a redaction does to a face."""

    @property
    def people(self) -> list[str]:
        return sorted({scene.person for scene in self.gallery})

    @property
    def truth(self) -> NDArray[np.intp]:
        return np.array([self.people.index(scene.person) for scene in self.probes])

    @property
    def teachers(self) -> list[Scene]:
        """Everyone of whom the attacker has bare and redacted pictures, and who is not looked for."""
        return [*self.others, *self.strangers]

    def persons(self, rows: Matrix) -> Matrix:
        """Mean row of each person of the gallery."""
        named = np.array([scene.person for scene in self.gallery])
        return np.stack([rows[named == person].mean(axis=0) for person in self.people])


def make_groups(
    name: str, scenes: Sequence[Scene], everyone: Sequence[Scene], strangers: Sequence[Scene] = (), *, halve_from: int
) -> list[Group]:
    """Sets of `halve_from` people and more are halved: each half is attacked with what was learned of `everyone` else.

    Half of a person's pictures are the gallery, the others probes.
    """
    people = sorted({scene.person for scene in scenes})
    groups = []
    for half in [people[::2], people[1::2]] if len(people) >= halve_from else [people]:
        gallery: list[Scene] = []
        probes: list[Scene] = []
        for person in half:
            own = [scene for scene in scenes if scene.person == person]
            known = max(1, len(own) // 2)
            gallery += own[:known]
            probes += own[known:]
        rest = [scene for scene in everyone if scene.person not in half]
        groups.append(Group(name, gallery, probes, rest, strangers))
    return groups


class Views:
    """What the attacker computes of scenes, bare or redacted; each only once.

    Kinds: `pixels` (face and hair), `inner` (the face), `crops` (as recognisers want it), and those of `embedders`.
    """

    def __init__(self, embedders: Mapping[str, View]) -> None:
        self._views: dict[str, View] = {
            "pixels": _pixel_view(CONTEXT_PX, CONTEXT),
            "inner": _pixel_view(INNER_PX, INNER),
            "crops": _pixel_view(CROP_PX, 1.0),
            **embedders,
        }
        self._seen: dict[tuple[str, str, int], Matrix] = {}

    def forget(self, cover: Cover) -> None:
        """Drops what was computed of a redaction."""
        self._seen = {key: value for key, value in self._seen.items() if key[1] != cover.label}

    def __call__(self, kind: str, cover: Cover, scenes: Sequence[Scene]) -> Matrix:
        """Rows of `kind` for `scenes` under `cover`."""
        missing = [scene for scene in scenes if (kind, cover.label, id(scene)) not in self._seen]
        if missing:
            images = [cover.apply(scene.image, scene.detection) for scene in missing]
            for scene, row in zip(missing, self._views[kind](images, missing), strict=True):
                self._seen[kind, cover.label, id(scene)] = row
        return np.stack([self._seen[kind, cover.label, id(scene)] for scene in scenes])


def _pixel_view(size_px: int, context: float) -> View:
    def view(images: Sequence[Image], scenes: Sequence[Scene]) -> Matrix:
        points = [scene.detection.landmarks for scene in scenes]
        return aligned_pixels(images, [found for found in points if found is not None], size_px, context)

    return view


def off_the_shelf(group: Group, cover: Cover, views: Views, kind: str) -> Trial:
    """(a) The embedding `kind` of the redacted face against bare pictures."""
    known = group.persons(views(kind, BARE, group.gallery))
    return Trial(cosine(views(kind, cover, group.probes), known), group.truth)


def parrot(group: Group, cover: Cover, views: Views, kind: str) -> Trial:
    """(b) Learns to tell redacted people apart in `kind` (PCA, Fisher's LDA); compares redacted with redacted."""
    seen = [*group.others, *group.gallery]
    names = np.array([scene.person for scene in seen])
    learned, asked = discriminant(views(kind, cover, seen), names, views(kind, cover, group.probes))
    return Trial(cosine(asked, group.persons(learned[-len(group.gallery) :])), group.truth)


def linear_inversion(group: Group, cover: Cover, views: Views) -> Trial:
    """(c) Ridge regression from redacted to bare pixels, learned on other people; compared with bare pixels by LDA."""
    seen = [*group.others, *group.gallery]
    names = np.array([scene.person for scene in seen])
    learned, asked = discriminant(views("crops", BARE, seen), names, _restored(group, cover, views))
    return Trial(cosine(asked, group.persons(learned[-len(group.gallery) :])), group.truth)


def linear_inversion_embedded(group: Group, cover: Cover, views: Views, kind: str, embed: CropEmbedder) -> Trial:
    """(c) The same, compared by the embedding `kind`, which `embed` computes of crops."""
    known = group.persons(views(kind, BARE, group.gallery))
    return Trial(cosine(embed(as_crops(_restored(group, cover, views))), known), group.truth)


def learned_inversion(group: Group, cover: Cover, views: Views, kind: str) -> Trial:
    """(c) Kernel regression from redacted pixels to the bare embedding `kind`, learned on other people."""
    known = group.persons(views(kind, BARE, group.gallery))
    taught, asked = views("inner", cover, group.teachers), views("inner", cover, group.probes)
    return Trial(cosine(kernel_ridge(taught, views(kind, BARE, group.teachers), asked), known), group.truth)


def _restored(group: Group, cover: Cover, views: Views) -> Matrix:
    """Rows of `crops` that the attacker believes are under the redaction of each probe."""
    crops = views("crops", BARE, group.teachers)
    parts = principal(crops, 150)
    taught, asked = views("inner", cover, group.teachers), views("inner", cover, group.probes)
    return parts.back(ridge(taught, parts(crops), asked))
