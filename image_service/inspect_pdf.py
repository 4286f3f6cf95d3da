"""Whether a PDF is only a document: no scripts, no actions but links, nothing embedded or outside, no encryption.

It goes through the objects, not the bytes: names may be spelled `/J#61vaScript`, and objects lie in compressed streams.
"""

import io
import re
from collections.abc import Iterator
from typing import Any

import pikepdf

from image_service.errors import FileRejected

_ACTIVE_ENTRIES = {
    "/JS": "JavaScript",
    "/JavaScript": "JavaScript",
    "/AA": "additional actions",
    "/XFA": "an XFA form",
    "/EmbeddedFiles": "embedded files",
    "/EF": "embedded files",
    "/RichMediaContent": "rich media",
    "/RichMediaSettings": "rich media",
    "/AF": "associated files",
    "/Collection": "a collection of files",
    "/UF": "a reference to another file",
    "/FFilter": "a reference to another file",
    "/FDecodeParms": "a reference to another file",
}
_ACTIVE_ACTIONS = {
    "/JavaScript": "JavaScript",
    "/Launch": "a launch action",
    "/ImportData": "an import action",
    "/SubmitForm": "a form submission",
    "/GoToR": "a link into another file",
    "/GoToE": "a link into an embedded file",
    "/GoTo3DView": "a 3D action",
    "/Rendition": "a rendition action",
    "/RichMediaExecute": "rich media",
    "/Movie": "a movie action",
    "/Sound": "a sound action",
}
_ACTIVE_TYPES = {
    "/EmbeddedFile": "embedded files",
    "/FileAttachment": "embedded files",
    "/RichMedia": "rich media",
    "/Screen": "a rendition",
    "/Movie": "a movie",
    "/Sound": "a sound",
    "/3D": "a 3D model",
    "/Filespec": "a reference to another file",
    "/FileSpec": "a reference to another file",
}
_PAGE_SCHEMES = (b"http", b"https", b"mailto", b"tel")
_BYTE_ORDER_MARKS = re.compile(rb"\A(\xfe\xff|\xff\xfe|\xef\xbb\xbf)")
_HARMLESS_WARNINGS = ("setting missing or invalid /Type entry", "Resources is missing or invalid")
_MOST_VALUES = 2_000_000


def inspect(content: bytes) -> int:
    """The number of pages of a harmless PDF. Raises FileRejected for any other."""
    if not content:
        raise FileRejected("empty", "The file is empty.")
    if not content.startswith(b"%PDF-"):
        raise FileRejected("type_mismatch", "The file is not a PDF.")
    try:
        return _inspected(content)
    except (FileRejected, PermissionError, ImportError, MemoryError):
        raise
    except pikepdf.PasswordError:
        raise _active("encryption") from None
    except Exception as error:  # pikepdf turns C++ exceptions into many Python ones
        raise _damaged(type(error).__name__) from error


def _inspected(content: bytes) -> int:
    # attempt_recovery would open half a PDF, and read another document into it than the next program does.
    with pikepdf.open(io.BytesIO(content), attempt_recovery=False, suppress_warnings=True) as pdf:
        if pdf.is_encrypted:  # with an empty password it opens all the same
            raise _active("encryption")
        pages = len(pdf.pages)
        for dictionary in _dictionaries(pdf):
            _check(dictionary)
        _check_warnings(pdf)
        if pages == 0:
            raise _damaged("no page")
        return pages


def _dictionaries(pdf: pikepdf.Pdf) -> Iterator[Any]:
    """Every dictionary: the trailer, those of each object, reachable or not, and of the values directly in them."""
    pending: list[Any] = [pdf.trailer, *pdf.objects]
    for _ in range(_MOST_VALUES):
        if not pending:
            return
        value = pending.pop()
        if isinstance(value, (pikepdf.Dictionary, pikepdf.Stream)):
            yield value
            pending += [inner for inner in value.values() if _is_direct_container(inner)]
        elif isinstance(value, pikepdf.Array):
            pending += [inner for inner in value if _is_direct_container(inner)]
    raise _damaged("too many values")


def _is_direct_container(value: Any) -> bool:
    """Indirect ones come by themselves, once: following them too would never end where they form a ring."""
    return isinstance(value, (pikepdf.Dictionary, pikepdf.Array)) and not value.is_indirect


def _check(dictionary: Any) -> None:
    for name in dictionary.keys() & _ACTIVE_ENTRIES.keys():
        raise _active(_ACTIVE_ENTRIES[name])
    for entry, meanings in (("/S", _ACTIVE_ACTIONS), ("/Type", _ACTIVE_TYPES), ("/Subtype", _ACTIVE_TYPES)):
        value = dictionary.get(entry)
        if isinstance(value, pikepdf.Name) and str(value) in meanings:
            raise _active(meanings[str(value)])
    _check_files(dictionary)
    _check_opening(dictionary.get("/OpenAction"))
    address = dictionary.get("/URI")
    # in the catalog it is a dictionary, whose base all relative links are under
    _check_link(address.get("/Base") if isinstance(address, pikepdf.Dictionary) else address)


def _check_files(dictionary: Any) -> None:
    """No file but this one (ISO 32000-2 §7.3.8.2, 7.11 and 8.10.4): a viewer that fetches it tells on its reader.

    `/F` has other meanings: an annotation's flags, an article's first part, a font's name. A file's name is text,
    or the dictionary that an action holds. `/Ref` of a tag is a list of tags.
    """
    is_stream = isinstance(dictionary, pikepdf.Stream)
    file, referred = dictionary.get("/F"), dictionary.get("/Ref")
    is_of_action = "/S" in dictionary and isinstance(file, pikepdf.Dictionary)
    if isinstance(file, pikepdf.String) or is_of_action or (is_stream and file is not None):
        raise _active("a reference to another file")
    if isinstance(referred, pikepdf.Dictionary) or (is_stream and referred is not None):
        raise _active("a page of another file")


def _check_opening(action: Any) -> None:
    """A destination is fine (LaTeX writes one), and so is an action that goes to one."""
    if isinstance(action, pikepdf.Dictionary) and action.get("/S") != pikepdf.Name.GoTo:
        raise _active("an open action")


def _check_link(address: Any) -> None:
    """Links to pages and addresses of mail are fine, relative ones too; to programs and shares of a network, not."""
    if not isinstance(address, pikepdf.String):
        return
    # viewers skip blanks, control characters and the marks of UTF-16
    visible = bytes(byte for byte in _BYTE_ORDER_MARKS.sub(b"", bytes(address)) if byte > 0x20)
    scheme, colon, _ = re.split(rb"[/?#]", visible, maxsplit=1)[0].partition(b":")
    is_elsewhere = b"\\" in visible or visible.startswith(b"//")  # `\\host\share`, as Windows reads both
    if (scheme.lower() not in _PAGE_SCHEMES) if colon else is_elsewhere:
        raise _active("a link that is not to a page")


def _check_warnings(pdf: pikepdf.Pdf) -> None:
    """Refuse what the library read otherwise than it is written, for a viewer may read it as it is written.

    It takes the last of a name given twice, and what it cannot read (nested too deep, say) as nothing at all.
    """
    for warning in pdf.get_warnings():
        if not any(harmless in str(warning) for harmless in _HARMLESS_WARNINGS):
            raise _damaged("parts of it are not well formed")


def _active(what: str) -> FileRejected:
    return FileRejected("active_content", f"The PDF has {what}; only plain documents are taken.")


def _damaged(what: str) -> FileRejected:
    return FileRejected("damaged", f"The PDF cannot be read ({what}).")
