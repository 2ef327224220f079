"""Pictures of every kind, and of no kind, on their way to three squares."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageCms
from PIL.Image import Transpose

from services.streaming.artwork import squares

RED, GREEN, WHITE, GREY = (200, 30, 30), (30, 200, 30), (255, 255, 255), (156, 156, 156)
Colour = tuple[int, int, int]
# How a camera that was held so has stored what is upright, by EXIF orientation.
HELD: dict[int, Transpose] = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_90,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_270,
}


def picture(width: int = 60, height: int = 60, corner: Colour = GREEN) -> Image.Image:
    """Red, but for the quarter at the top left."""
    made = Image.new("RGB", (width, height), RED)
    made.paste(corner, (0, 0, width // 2, height // 2))
    return made


def drawn(source: Path, size: int = 480) -> Image.Image:
    squares.draw(source, source.parent)
    with Image.open(source.parent / f"cover-{size}x{size}.jpg") as square:
        square.load()
    return square


def colours(square: Image.Image) -> list[Colour]:
    """Of the four quarters: top left, top right, bottom left, bottom right."""
    low, high = square.width // 4, square.width * 3 // 4
    found = [square.getpixel(place) for place in ((low, low), (high, low), (low, high), (high, high))]
    return [pixel for pixel in found if isinstance(pixel, tuple)]  # type: ignore[misc]


def alike(found: list[Colour], expected: list[Colour], tolerance: int = 6) -> bool:
    pairs = zip(found, expected, strict=True)
    return all(abs(one - other) <= tolerance for pair in pairs for one, other in zip(*pair, strict=True))


@pytest.mark.parametrize("side", [1, 60, 2000])
def test_every_size_is_exact_whatever_came(tmp_path: Path, side: int) -> None:
    picture(side, side).save(tmp_path / "a.png")
    for size in (150, 480, 1000):
        square = drawn(tmp_path / "a.png", size)
        assert (square.format, square.size, square.mode) == ("JPEG", (size, size), "RGB")
        assert (tmp_path / f"cover-{size}x{size}.jpg").stat().st_size < 300_000


@pytest.mark.parametrize(("width", "height"), [(300, 100), (100, 300), (3000, 2), (2, 3000)])
def test_the_middle_is_what_stays(tmp_path: Path, width: int, height: int) -> None:
    wide = Image.new("RGB", (width, height), GREEN)
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    wide.paste(RED, (left, top, left + side, top + side))
    wide.save(tmp_path / "a.png")
    assert alike(colours(drawn(tmp_path / "a.png")), [RED] * 4)


@pytest.mark.parametrize(("orientation", "suffix"), [*((held, "jpg") for held in HELD), (6, "png"), (8, "webp")])
def test_it_stands_upright_and_says_nothing_of_the_camera(tmp_path: Path, orientation: int, suffix: str) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "A camera"
    picture(90, 60).transpose(HELD[orientation]).save(tmp_path / f"a.{suffix}", exif=exif, quality=95)
    square = drawn(tmp_path / f"a.{suffix}")
    assert alike(colours(square), [GREEN, RED, RED, RED])
    assert not square.getexif() and "comment" not in square.info
    assert b"A camera" not in (tmp_path / "cover-1000x1000.jpg").read_bytes()


def test_a_broken_exif_costs_nothing(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.jpg", exif=b"Exif\0\0 no TIFF")
    assert alike(colours(drawn(tmp_path / "a.jpg")), [GREEN, RED, RED, RED])


@pytest.mark.parametrize(("mode", "suffix"), [("CMYK", "jpg"), ("RGBA", "png"), ("RGB", "webp"), ("RGBA", "webp")])
def test_modes_with_colours(tmp_path: Path, mode: str, suffix: str) -> None:
    picture().convert(mode).save(tmp_path / f"a.{suffix}")
    assert alike(colours(drawn(tmp_path / f"a.{suffix}")), [GREEN, RED, RED, RED])


@pytest.mark.parametrize(("mode", "value"), [("L", 156), ("LA", (156, 255)), ("I;16", 156 * 257)])
def test_modes_of_grey(tmp_path: Path, mode: str, value: int | tuple[int, int]) -> None:
    Image.new(mode, (60, 60), value).save(tmp_path / "a.png")
    assert alike(colours(drawn(tmp_path / "a.png")), [GREY] * 4)


def test_one_bit(tmp_path: Path) -> None:
    Image.new("1", (60, 60), 1).save(tmp_path / "a.png")
    assert colours(drawn(tmp_path / "a.png")) == [WHITE] * 4


def test_sixteen_bits_of_colour(tmp_path: Path) -> None:
    row = b"\0" + struct.pack(">3H", *(value * 257 for value in RED)) * 60
    (tmp_path / "a.png").write_bytes(png(60, 60, 16, row * 60))
    assert alike(colours(drawn(tmp_path / "a.png")), [RED] * 4)


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    clear = picture().convert("RGBA")
    clear.paste((0, 0, 0, 0), (0, 0, 30, 30))
    clear.save(tmp_path / "a.png")
    assert alike(colours(drawn(tmp_path / "a.png")), [WHITE, RED, RED, RED])


def test_a_palette_and_one_with_a_transparent_colour(tmp_path: Path) -> None:
    listed = picture().quantize(2)
    listed.save(tmp_path / "a.png")
    assert alike(colours(drawn(tmp_path / "a.png")), [GREEN, RED, RED, RED])
    listed.save(tmp_path / "b.png", transparency=listed.getpixel((0, 0)))
    assert alike(colours(drawn(tmp_path / "b.png")), [WHITE, RED, RED, RED])


@pytest.mark.parametrize("suffix", ["png", "webp"])
def test_of_a_moving_picture_the_first_frame(tmp_path: Path, suffix: str) -> None:
    frames = [Image.new("RGB", (60, 60), WHITE), Image.new("RGB", (60, 60), GREEN)]
    picture().save(tmp_path / f"a.{suffix}", save_all=True, append_images=frames, duration=100)
    assert alike(colours(drawn(tmp_path / f"a.{suffix}")), [GREEN, RED, RED, RED])


def test_colours_are_those_of_its_profile(tmp_path: Path) -> None:
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = plain.replace(b"rXYZ", b"?XYZ").replace(b"gXYZ", b"rXYZ").replace(b"?XYZ", b"gXYZ")
    picture().save(tmp_path / "a.png", icc_profile=swapped)
    assert alike(colours(drawn(tmp_path / "a.png")), [RED, GREEN, GREEN, GREEN], tolerance=10)
    picture().save(tmp_path / "b.png", icc_profile=b"no profile")
    assert alike(colours(drawn(tmp_path / "b.png")), [GREEN, RED, RED, RED])


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_half_a_picture_is_none(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"a.{suffix}"
    Image.effect_noise((200, 200), 90).convert("RGB").save(file)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    refused(file)


@pytest.mark.parametrize("content", [b"", b"<svg onload=alert(1)>", b"\x89PNG\r\n\x1a\n", b"GIF89a" + b"\1" * 100])
def test_what_is_no_picture_of_ours_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    refused(tmp_path / "a.png")


def test_a_kind_that_no_player_sends_is_not_even_tried(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.tiff")
    refused(tmp_path / "a.tiff")


@pytest.mark.parametrize(("width", "height"), [(20_000, 20_000), (36_000_001, 1), (2**31 - 1, 2**31 - 1)])
def test_too_many_pixels_are_refused_by_their_header(tmp_path: Path, width: int, height: int) -> None:
    """Nothing is decoded: of the pixels there are none."""
    (tmp_path / "a.png").write_bytes(png(width, height, 8, b""))
    refused(tmp_path / "a.png", "pixels")


def refused(file: Path, why: str = ".") -> None:
    with pytest.raises(Exception, match=why):
        squares.draw(file, file.parent)
    assert not list(file.parent.glob("cover-*"))


def png(width: int, height: int, bits: int, rows: bytes) -> bytes:
    """RGB."""
    body = io.BytesIO(b"")
    head = struct.pack(">2I5B", width, height, bits, 2, 0, 0, 0)
    for name, content in ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        body.write(struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content)))
    return b"\x89PNG\r\n\x1a\n" + body.getvalue()
