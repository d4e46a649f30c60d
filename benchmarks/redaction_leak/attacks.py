"""The attacks of this benchmark: those of `faceguard.bench.leak`, with SFace and dlib as the attacker's eyes."""

from __future__ import annotations

from collections.abc import Iterator

from embed import DlibResNet, SFace

from faceguard.bench.leak.attacks import (
    Group,
    Views,
    learned_inversion,
    linear_inversion_embedded,
    off_the_shelf,
    parrot,
)
from faceguard.bench.leak.covers import Cover
from faceguard.bench.leak.scoring import Trial

ATTACKS = {
    "SFace": "(a) off the shelf: SFace embedding of the redacted face against bare pictures",
    "dlib": "(a) off the shelf: dlib ResNet embedding, the same way",
    "parrot pixels": "(b) parrot: PCA + LDA on redacted pixels of other people and the gallery; redacted on redacted",
    "parrot SFace": "(b) parrot: LDA on SFace embeddings of redacted pictures; redacted on redacted",
    "linear inversion": "(c) ridge regression from redacted to bare pixels learned on other people, then SFace",
    "learned inversion": "(c) kernel regression from redacted pixels to the bare embedding learned on other people",
}


def make_views(sface: SFace, dlib_net: DlibResNet) -> Views:
    """Pixels, and the kinds `sface` and `dlib`."""
    return Views({"sface": sface.images, "dlib": dlib_net.images})


def run_attacks(group: Group, cover: Cover, views: Views, sface: SFace) -> Iterator[tuple[str, Trial]]:
    """Every attack of `ATTACKS` on `group` under `cover`."""
    yield "SFace", off_the_shelf(group, cover, views, "sface")
    yield "dlib", off_the_shelf(group, cover, views, "dlib")
    yield "parrot pixels", parrot(group, cover, views, "pixels")
    yield "parrot SFace", parrot(group, cover, views, "sface")
    yield "linear inversion", linear_inversion_embedded(group, cover, views, "sface", sface.crops)
    yield "learned inversion", learned_inversion(group, cover, views, "sface")
