"""Draws a stranger's picture as squares, as a script in a limited process of its own (`python squares.py FILE FOLDER`).

A few KB may unfold to gigabytes; that must not happen in the memory of the service. Imports Pillow and nothing of ours.
Writes FOLDER/cover-<size>x<size>.jpg: cropped around the middle, upright, sRGB, without the file's other words. Status
0: all are there.
"""

import io
import sys
from contextlib import suppress
from pathlib import Path

from PIL import Image, ImageCms, ImageOps

# The largest is drawn from the picture, the others from the largest.
SIZES = (1000, 480, 150)
FORMATS = ("JPEG", "PNG", "WEBP")
# With transparency, a picture of this many pixels takes up to 700 MB.
MAX_PIXELS = 6_000 * 6_000
QUALITY = 85
WHITE = (255, 255, 255)
JPEG, JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"


class Refused(Exception):
    pass


def draw(source: Path, folder: Path) -> None:
    """Raises whatever Pillow raises for a file that is no picture, or an incomplete one."""
    content = source.read_bytes()
    # Some writers leave the end mark out, and everybody shows their pictures.
    lacks_end = content.startswith(JPEG) and JPEG_END not in content[-64:]
    with Image.open(io.BytesIO(content + JPEG_END * lacks_end), formats=FORMATS) as picture:
        if picture.width * picture.height > MAX_PIXELS:
            raise Refused(f"{picture.width}x{picture.height} are too many pixels")
        if lacks_end and _is_filled_up(picture):
            raise Refused("the picture is cut short")
        square = _square(picture)
    for size in SIZES:
        square = square.resize((size, size), Image.Resampling.LANCZOS)
        square.save(folder / f"cover-{size}x{size}.jpg", quality=QUALITY, optimize=True)


def _is_filled_up(picture: Image.Image) -> bool:
    """Whether the decoder had nothing left for the last rows: they have one colour."""
    last = picture.convert("RGB").crop((0, picture.height - 1, picture.width, picture.height))
    return all(low == high for low, high in last.getextrema())  # type: ignore[misc]


def _square(picture: Image.Image) -> Image.Image:
    """The middle of the picture in the largest size. Of a moving one the first frame."""
    most = (SIZES[0], SIZES[0])
    picture.draft(None, most)  # a large JPEG is decoded at an eighth to a half of its size
    plain = _plain(picture)
    side = min(plain.size)
    left, top = (plain.width - side) // 2, (plain.height - side) // 2
    box = (left, top, left + side, top + side)
    square = plain.resize(most, Image.Resampling.LANCZOS, box, reducing_gap=3.0)
    return _srgb(_flat(_upright(square)), picture.info.get("icc_profile"))


def _plain(picture: Image.Image) -> Image.Image:
    """In a mode that can be resized without loss: L, RGB, RGBA or CMYK."""
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    if picture.mode.startswith("I"):
        return picture.convert("I").point(lambda value: value / 256).convert("L")  # 16 bits, which convert would cut
    return picture if picture.mode in ("L", "CMYK") else picture.convert("RGB")


def _upright(square: Image.Image) -> Image.Image:
    with suppress(Exception):  # invalid EXIF may raise anything, and is ignored
        return ImageOps.exif_transpose(square)
    return square


def _flat(square: Image.Image) -> Image.Image:
    """On white, and without the metadata that a copy would keep."""
    if square.mode == "RGBA":
        flat = Image.new("RGB", square.size, WHITE)
        flat.paste(square, mask=square)
    else:
        flat = Image.new(square.mode, square.size)
        flat.paste(square)
    return flat


def _srgb(flat: Image.Image, profile: bytes | None) -> Image.Image:
    if profile:
        # An invalid profile, or one for another mode, counts as none.
        with suppress(ImageCms.PyCMSError, OSError):
            theirs = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(flat, theirs, ImageCms.createProfile("sRGB"), outputMode="RGB")
            return converted or flat
    return flat.convert("RGB")


if __name__ == "__main__":
    draw(Path(sys.argv[1]), Path(sys.argv[2]))
