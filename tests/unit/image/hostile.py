"""Files to try the decoder with: ordinary ones of every kind, and those that somebody would make on purpose."""

import io
import struct
import zlib

import pikepdf
from PIL import BmpImagePlugin, Image, ImageCms, MpoImagePlugin, PpmImagePlugin, TiffImagePlugin

# The service loads none of these, and has Pillow never load more; here they are for making files.
ALSO_WRITTEN = (BmpImagePlugin, MpoImagePlugin, PpmImagePlugin, TiffImagePlugin)

CORNERS = ("red", "lime", "blue", "yellow")  # of `corners`: top left, top right, bottom left, bottom right


def corners(width: int = 160, height: int = 120) -> Image.Image:
    """A picture whose four quarters tell which way is up."""
    image = Image.new("RGB", (width, height))
    boxes = [(x, y) for y in (0, height // 2) for x in (0, width // 2)]
    for colour, (x, y) in zip(CORNERS, boxes, strict=True):
        image.paste(colour, (x, y, x + width // 2, y + height // 2))
    return image


def noise(width: int, height: int) -> Image.Image:
    """Something like a photograph's load for a decoder, made quickly."""
    return Image.merge("RGB", [Image.effect_noise((width // 4, height // 4), 60).resize((width, height))] * 3)


def saved(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def exif(orientation: int | None = None, *, with_gps: bool = False) -> bytes:
    tags = Image.Exif()
    if orientation is not None:
        tags[0x0112] = orientation
    tags[0x010F] = "CanaryCamera"
    if with_gps:
        tags.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 29: "2026:11:21"})
    return tags.tobytes()


def stored_turned(orientation: int, kind: str) -> bytes:
    """`corners`, stored the way a camera held otherwise stores it, with the EXIF orientation that puts it right."""
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the Transpose that a viewer's own turn undoes
    image = corners()
    turned = image if orientation == 1 else image.transpose(Image.Transpose(undo[orientation]))
    options = {"lossless": True} if kind == "WEBP" else {}
    return saved(turned, kind, exif=exif(orientation), **options)


# --- bombs


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_with(*chunks: bytes, size: tuple[int, int] = (8, 8)) -> bytes:
    """A PNG of RGB pixels, black, with further chunks before them."""
    width, height = size
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = png_chunk(b"IDAT", zlib.compress(bytes((1 + 3 * min(width, 64)) * min(height, 64))))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + pixels + png_chunk(b"IEND", b"")


def text_bomb() -> bytes:
    return png_with(png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(80 << 20))))


def many_texts_bomb() -> bytes:
    """Each text below the limit for one, together far above that for all."""
    return png_with(*[png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(1000 << 10)))] * 100)


def profile_bomb() -> bytes:
    return png_with(png_chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(80 << 20))))


def jpeg_claiming(width: int, height: int) -> bytes:
    """A JPEG of a few bytes whose header promises far more."""
    content = bytearray(saved(corners()))
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(content)


def webp_claiming(width: int, height: int) -> bytes:
    """An extended WebP whose header promises far more than is in it."""
    content = bytearray(saved(corners(), "WEBP", exif=exif(1)))
    content[24:30] = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes(content)


def lossless_webp_claiming(width: int, height: int) -> bytes:
    content = bytearray(saved(corners(), "WEBP", lossless=True))
    bits = struct.unpack_from("<I", content, 21)[0] >> 28 << 28
    content[21:25] = struct.pack("<I", bits | (width - 1) | (height - 1) << 14)
    return bytes(content)


def gif_claiming(width: int, height: int) -> bytes:
    content = bytearray(saved(corners(), "GIF"))
    content[6:10] = struct.pack("<HH", width, height)
    return bytes(content)


def many_scans(count: int, size: tuple[int, int] = (1000, 1000)) -> bytes:
    """A progressive JPEG that goes over the same coefficients again and again: a few bytes a scan."""
    content = saved(Image.new("RGB", size, "red"), progressive=True, quality=50)
    last = content.rindex(b"\xff\xda")
    return content[:-2] + content[last:-2] * count + b"\xff\xd9"


# --- what travels along


def jpeg_with_everything() -> bytes:
    """A JPEG with each kind of metadata that a JPEG takes, each with the word Canary in it."""
    return saved(
        corners(),
        exif=exif(1, with_gps=True),
        comment=b"CanaryComment",
        xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>CanaryXmp</x:xmpmeta>",
        icc_profile=swapped_profile(),
        extra=b"\xff\xed" + struct.pack(">H", 2 + 28) + b"Photoshop 3.0\x008BIMCanaryIptc",
    )


def png_with_everything() -> bytes:
    texts = png_chunk(b"tEXt", b"Comment\0CanaryText") + png_chunk(b"tEXt", b"XML:com.adobe.xmp\0CanaryXmp")
    return png_with(texts, png_chunk(b"eXIf", exif(1, with_gps=True).removeprefix(b"Exif\0\0")))


def swapped_profile() -> bytes:
    """A valid RGB profile in which red and blue have changed places: what ignores it comes out visibly wrong."""
    content = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = content.index(b"rXYZ"), content.index(b"bXYZ")
    content[red : red + 4], content[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(content).replace("sRGB".encode("utf-16-be"), "BGRs".encode("utf-16-be"))


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n%%EOF\n"
HTML = b"<html><script>alert('CanaryScript')</script></html>"


# --- PDFs


def pdf(change: object = None, **options: object) -> bytes:
    """A PDF of one page, after `change(pdf)`."""
    out = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        if callable(change):
            change(document)
        document.save(out, **options)
    return out.getvalue()


def raw_pdf(*extra: bytes, catalog: bytes = b"", page: bytes = b"") -> bytes:
    """A PDF written by hand, so that its names stay spelled as they are; `extra` are the objects from 4 on."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R " + catalog + b" >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] " + page + b" >>",
        *extra,
    ]
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


def pdf_of_many_values(count: int) -> bytes:
    """Direct dictionaries by the million: nothing to decompress, a lot to look at."""
    return raw_pdf(b"[" + b"<<>>" * count + b"]")


def pdf_bomb(unpacked_bytes: int) -> bytes:
    """An object stream that unpacks to so many bytes, referred to by the page."""

    packer, empty = zlib.compressobj(1), bytes(1 << 20)
    body = packer.compress(b"5 0 ") + packer.compress(b"<< >>")
    body += b"".join(packer.compress(empty.replace(b"\0", b" ")) for _ in range(unpacked_bytes >> 20)) + packer.flush()
    stream = b"<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (
        len(body),
        body,
    )
    return _with_xref_stream(stream)


def _with_xref_stream(stream: bytes) -> bytes:
    """A PDF whose object 5 lies in the object stream 4, told by a cross-reference stream, object 6."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Resources 5 0 R >>",
        stream,
    ]
    out, rows = bytearray(b"%PDF-1.7\n"), [struct.pack(">BIH", 0, 0, 65535)]
    for number, body in enumerate(objects, 1):
        rows.append(struct.pack(">BIH", 1, len(out), 0))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    rows += [struct.pack(">BIH", 2, 4, 0), struct.pack(">BIH", 1, len(out), 0)]
    table, place = b"".join(rows), len(out)
    out += b"6 0 obj\n<< /Type /XRef /Size 7 /W [1 4 2] /Root 1 0 R /Length %d >>\nstream\n" % len(table)
    out += table + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % place
    return bytes(out)
