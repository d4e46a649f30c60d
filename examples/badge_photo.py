"""A photo to practise with: two people side by side, the left one with the first card of a printed sheet on her chest.

    python examples/badge_photo.py cards.png two.jpg

`cards.png` comes from `faceguard badge sheet -o cards.png`; in real life, print it and take the photo yourself.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

PERSON = Path(__file__).parent / "photos" / "astronaut.jpg"
PAGE_MM = (210, 297)
CARD_MM = (10, 10, 105, 134)
"""Left, top, right and bottom of the first card on an A4 page."""
SCALE = 2.5
CHEST = (200, 330)
"""Where the middle of the card goes, in pixels of the photo of the person."""
CARD_WIDTH = 110


def main(sheet: Path, target: Path) -> None:
    with Image.open(sheet) as page, Image.open(PERSON) as photo:
        mm = page.width / PAGE_MM[0]
        left, top, right, bottom = (round(edge * mm) for edge in CARD_MM)
        card = page.convert("RGB").crop((left, top, right, bottom))
        person = photo.convert("RGB").crop((0, 0, 430, photo.height))
    person = person.resize((round(person.width * SCALE), round(person.height * SCALE)), Image.Resampling.BICUBIC)
    two = Image.new("RGB", (2 * person.width, person.height))
    two.paste(person, (0, 0))
    two.paste(person.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (person.width, 0))
    width = round(CARD_WIDTH * SCALE)
    card = card.resize((width, round(width * card.height / card.width)), Image.Resampling.LANCZOS)
    card = Image.eval(card, lambda value: round(15 + 0.82 * value))
    turned = card.convert("RGBA").rotate(5, Image.Resampling.BICUBIC, expand=True)
    x, y = (round(place * SCALE) for place in CHEST)
    two.paste(turned, (x - turned.width // 2, y - turned.height // 2), turned)
    two.save(target, quality=92)
    print(f"wrote {target}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
