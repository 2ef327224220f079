"""Names of files as clients send them."""

import pytest

from gateway.web.multipart import _names


@pytest.mark.parametrize(
    ("sent", "filename"),
    [
        (b'filename="a b.mp3"', "a b.mp3"),
        ('filename="naïve.mp3"'.encode(), "naïve.mp3"),
        (b"filename*=UTF-8''na%C3%AFve%20song.mp3", "naïve song.mp3"),
        (b"filename=\"x.mp3\"; filename*=utf-8'en'na%C3%AFve.mp3", "naïve.mp3"),
        (b"filename*=iso-8859-1''na%EFve.mp3", "naïve.mp3"),
        (b"filename*=no-such''a.mp3", "a.mp3"),
        (b'filename="=?utf-8?B?bmHDr3ZlLm1wMw==?="', "naïve.mp3"),
        (b'filename="=?utf-8?Q?na=C3=AFve?=.mp3"', "naïve.mp3"),
        (b'filename="=?no-such?Q?a?="', "=?no-such?Q?a?="),
        (b'filename=""', ""),
        (b"", None),
    ],
)
def test_a_files_name(sent: bytes, filename: str | None) -> None:
    assert _names(b'form-data; name="file"; ' + sent) == ("file", filename)
