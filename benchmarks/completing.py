"""Completing an upload, beside the Pillow work alone: decoding, three sizes, encoding; in one process, nothing else.

Twice: as it is usually written, and as image_service does it, which is the stricter measure of what isolation costs.
"""

import io
from functools import partial
from typing import Final

import requests
from PIL import Image, ImageOps

from benchmarks.rounds import ROUNDS, Row, Side
from benchmarks.running import Running
from image_service import decode, render
from image_service.rules import Rules, Size

SECONDS: Final = 30
SIZE: Final = (3000, 2000)
RULES: Final = Rules(
    "JPEG", ("JPEG",), 52_428_800, 20_000, 85, (Size("800", 800, False), Size("400", 400, True), Size("150", 150, True))
)


def a_photo() -> bytes:
    """A JPEG of 2 MB, as detailed as a camera's."""
    coarse = Image.effect_noise((SIZE[0] // 8, SIZE[1] // 8), 90).resize(SIZE, Image.Resampling.BICUBIC)
    grain = Image.effect_noise(SIZE, 18)
    grey = Image.blend(coarse, grain, 0.35)
    written = io.BytesIO()
    Image.merge("RGB", (grey, ImageOps.mirror(grey), ImageOps.flip(grey))).save(written, "JPEG", quality=90)
    return written.getvalue()


def as_usual(octets: bytes) -> list[bytes]:
    """What a view that keeps pictures in three sizes does: upright, 800 to fit, squares of 400 and 150."""
    with Image.open(io.BytesIO(octets), formats=["JPEG"]) as picture:
        picture.draft("RGB", (1200, 1200))
        upright = ImageOps.exif_transpose(picture).convert("RGB")
    fitted = ImageOps.contain(upright, (800, 800), Image.Resampling.LANCZOS)
    squares = [ImageOps.fit(upright, (side, side), Image.Resampling.LANCZOS) for side in (400, 150)]
    return [_jpeg(made) for made in (fitted, *squares)]


def as_here(octets: bytes) -> list[bytes]:
    """The decoder's own way, without its process."""
    return [made.jpeg for made in render.render(decode.opened(octets, RULES), RULES)]


def _jpeg(picture: Image.Image) -> bytes:
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=85)
    return written.getvalue()


class Completing:
    """Somebody with many photos that were sent and wait for being completed."""

    def __init__(self, stack: Running, octets: bytes) -> None:
        self._stack, self._octets, self._sent = stack, octets, list[str]()
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {stack.token('bench')}"

    def send(self, count: int) -> None:
        """Ask and PUT, so many times; what this costs is not measured."""
        for _ in range(count):
            asked = {"file_type": "photo", "content_type": "image/jpeg", "content_length": len(self._octets)}
            begun = self._session.post(f"{self._stack.gateway}/upload-url", json=asked, timeout=SECONDS).json()
            sent = requests.put(begun["upload_url"], self._octets, headers=begun["headers"], timeout=SECONDS)
            sent.raise_for_status()
            self._sent.append(begun["upload_id"])

    def complete(self) -> None:
        """Complete one of them."""
        path = f"/uploads/{self._sent.pop()}/complete"
        self._session.post(self._stack.gateway + path, timeout=SECONDS).raise_for_status()


def rows(stack: Running, repeat: int = 12) -> list[Row]:
    """The whole system's CPU for complete, to Pillow's alone."""
    octets = a_photo()
    person = Completing(stack, octets)
    person.send(2 * repeat * (ROUNDS + 1))
    size = f"{len(octets) / 2**20:.1f} MB JPEG"
    peers = {"Pillow as usual": as_usual, "our Pillow work": as_here}
    return [
        Row(
            f"complete a {size}, to {name}",
            Side(partial(peer, octets)),
            Side(person.complete, stack.cpu),
            repeat,
            1.5,
            True,
        )
        for name, peer in peers.items()
    ]
