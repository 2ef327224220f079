"""What people say of a track, and what its file does: the form is checked, the file's tags are made to fit."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from unicodedata import category

from chassis.errors import FieldError, Invalid

LONGEST = {"title": 200, "artist": 200, "album": 200, "genre": 64, "mood": 64, "description": 2000}
MAX_TAGS_LENGTH = 1000
YEARS = range(1000, 10_000)
REQUIRED = ("title", "artist", "is_public")
UNTITLED = "Untitled"
ENDINGS = {
    "mp3", "mp2", "flac", "wav", "wave", "bwf", "rf64", "ogg", "oga", "opus", "m4a", "m4b", "mp4", "aac", "alac", "aif",
    "aiff",
}  # fmt: skip
# Categories of characters that show nothing where they stand alone.
_UNSEEN = {"Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Cs", "Co", "Cn"}
# They change the reading order of the text around a name.
_TURNS = set("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Form:
    """None means: not said."""

    title: str | None = None
    artist: str | None = None
    album: str | None = None
    genre: str | None = None
    year: int | None = None
    mood: str | None = None
    tags: tuple[str, ...] | None = None
    description: str | None = None
    is_public: bool | None = None


FIELDS = tuple(field.name for field in fields(Form))


def checked(form: Form) -> Form:
    """The form with blank strings as None. Raises Invalid with every invalid field."""
    wrong = [FieldError(name, fault) for name in FIELDS if (fault := _fault(name, getattr(form, name)))]
    if wrong:
        raise Invalid(fields=wrong)
    return replace(form, **{name: _tidy(name, getattr(form, name)) for name in FIELDS})


def changes(named: Collection[str], form: Form) -> dict[str, Any]:
    """What a change sets: the named fields, cleared where the form has none. Raises Invalid."""
    unknown = [FieldError(name, "is not a field that can be changed") for name in named if name not in FIELDS]
    form = checked(form)
    cleared = [
        FieldError(name, "must not be empty") for name in REQUIRED if name in named and getattr(form, name) is None
    ]
    if unknown or cleared:
        raise Invalid(fields=[*unknown, *cleared])
    return {name: () if name == "tags" and form.tags is None else getattr(form, name) for name in named}


def merged(form: Form, file_tags: Form, filename: str, user_name: str) -> Form:
    """The form, else the file's tags, else title from the file's name and artist from the user's."""
    from_file = _fitting(file_tags)
    named = Form(title=title_of(filename), artist=user_name or "Unknown", tags=(), is_public=True)
    return Form(**{name: _first(name, form, from_file, named) for name in FIELDS})


def title_of(filename: str) -> str:
    """The file name without directory and extension; what stands behind the last dot may be no extension."""
    name = filename.replace("\\", "/").rsplit("/", 1)[-1]
    stem, dot, ending = name.rpartition(".")
    stem = stem if dot and ending.lower() in ENDINGS else name
    return _one_line("".join(char for char in stem if char not in _TURNS), 200).strip(".") or UNTITLED


def _first(name: str, *forms: Form) -> Any:
    said = (getattr(form, name) for form in forms)
    return next((value for value in said if value is not None), None)


def _fitting(tags: Form) -> Form:
    """A file's tags as far as they are valid; a file is never refused for its tags."""
    said: Mapping[str, Any] = {name: getattr(tags, name) for name in FIELDS}
    texts: dict[str, Any] = {name: _one_line(said[name] or "", most) or None for name, most in LONGEST.items()}
    texts["description"] = (said["description"] or "").replace("\x00", "").strip()[: LONGEST["description"]] or None
    words = _distinct(_one_line(tag, LONGEST["genre"]) for tag in said["tags"] or ())
    while sum(map(len, words)) + len(words) > MAX_TAGS_LENGTH:
        words.pop()
    year = said["year"] if said["year"] in YEARS else None
    return Form(**texts, year=year, tags=tuple(words) or None)


def _one_line(text: str, most: int) -> str:
    line = " ".join("".join(" " if category(char) == "Cc" else char for char in text).split())[:most].strip()
    return "" if _is_unseen(line) else line


def _is_unseen(text: str) -> bool:
    return all(category(char) in _UNSEEN for char in text)


def _distinct(tags: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(tag for tag in (tag.strip() for tag in tags) if tag))


def _tidy(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return None if _is_unseen(value) else value.strip()
    return tuple(_distinct(value)) or None if name == "tags" and value is not None else value


def _fault(name: str, value: Any) -> str:
    if value is None or name == "is_public":
        return ""
    if name == "year":
        return "" if value in YEARS else "must be from 1000 to 9999"
    if name == "tags":
        long = sum(map(len, value)) + len(value) > MAX_TAGS_LENGTH + 1
        return f"at most {MAX_TAGS_LENGTH} characters together" if long else _fault_of_text("tags", ",".join(value))
    if name in REQUIRED and _is_unseen(value):
        return "must not be empty"
    return _fault_of_text(name, value)


def _fault_of_text(name: str, text: str) -> str:
    if len(text) > LONGEST.get(name, MAX_TAGS_LENGTH):
        return f"at most {LONGEST[name]} characters"
    if name == "description":
        return "must not contain NUL" if "\x00" in text else ""
    return "must be one line" if any(char < " " or char == "\x7f" for char in text) else ""
