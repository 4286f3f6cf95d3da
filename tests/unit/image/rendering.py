"""What the tests do with a file: decode and render it in this process, and look at what came out."""

import io
import json

import pytest
from PIL import Image

from image_service import decode, render, rules
from image_service.errors import FileRejected

USUAL = {
    "format": None,
    "accepted": ["JPEG", "PNG", "WEBP", "GIF"],
    "max_pixels": 52_428_800,
    "max_side": 20_000,
    "quality": 85,
    "sizes": [{"name": "800", "fit": 800}, {"name": "400", "square": 400}, {"name": "150", "square": 150}],
}


def rules_with(**different: object) -> rules.Rules:
    return rules.parse(json.dumps(USUAL | different))


def made_of(content: bytes, **different: object) -> dict[str, bytes]:
    """The JPEGs made of a file, by name."""
    asked = rules_with(**different)
    return {one.name: one.jpeg for one in render.render(decode.opened(content, asked), asked)}


def picture_of(content: bytes, **different: object) -> Image.Image:
    """The largest picture made of a file."""
    image = Image.open(io.BytesIO(made_of(content, **different)["800"]))
    image.load()
    return image


def rejected(content: bytes, **different: object) -> FileRejected:
    """How the file is rejected."""
    with pytest.raises(FileRejected) as caught:
        made_of(content, **different)
    return caught.value


def is_near(found: tuple[int, ...], wanted: tuple[int, ...], tolerance: int = 12) -> bool:
    return all(abs(one - other) <= tolerance for one, other in zip(found, wanted, strict=True))


def quarters(image: Image.Image) -> list[tuple[int, ...]]:
    """The colours in the middle of the four quarters, as `hostile.CORNERS` lists them."""
    width, height = image.size
    return [image.getpixel((width * x // 4, height * y // 4)) for y in (1, 3) for x in (1, 3)]
