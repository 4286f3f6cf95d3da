"""Which PDFs are taken, and what is found in the others."""

import io
from collections.abc import Callable

import hostile
import ordinary_pdfs
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from image_service.errors import FileRejected
from image_service.inspect_pdf import inspect


def refused(content: bytes) -> FileRejected:
    with pytest.raises(FileRejected) as caught:
        inspect(content)
    return caught.value


def refused_for(content: bytes) -> str:
    error = refused(content)
    assert error.reason == "active_content", error.message
    return error.message


def in_objects(document: Pdf, value: object) -> None:
    """Somewhere in the file, referred to by nothing that a viewer would go to first."""
    document.Root.Hidden = document.make_indirect(Array([Dictionary(Deep=Array([value]))]))


# --- plain documents


def test_a_plain_document_is_taken() -> None:
    assert inspect(hostile.pdf()) == 1
    assert inspect(hostile.raw_pdf()) == 1


@pytest.mark.parametrize("mode", list(pikepdf.ObjectStreamMode))
def test_pages_are_counted(mode: pikepdf.ObjectStreamMode) -> None:
    assert inspect(hostile.pdf(lambda p: [p.add_blank_page() for _ in range(6)], object_stream_mode=mode)) == 7


@pytest.mark.parametrize(
    "catalog",
    [
        b"/OpenAction [3 0 R /Fit]",
        b"/OpenAction << /S /GoTo /D [3 0 R /Fit] >>",
        b"/OpenAction (chapter1)",
        b"/OpenAction 4 0 R",
        b"/PageLabels << /Nums [0 << /S /D >>] >>",
        b"/Names << /Dests << /Names [] >> >>",
    ],
)
def test_s14_what_only_goes_to_a_page_is_taken(catalog: bytes) -> None:
    assert inspect(hostile.raw_pdf(b"<< /S /GoTo /D [3 0 R /Fit] >>", catalog=catalog)) == 1


@pytest.mark.parametrize("made_by", ordinary_pdfs.ALL, ids=lambda made_by: made_by.__name__)
def test_s14_what_ordinary_tools_write_is_taken(made_by: Callable[[], bytes]) -> None:
    assert inspect(made_by()) == 1


@pytest.mark.parametrize(
    "address",
    [
        b"https://example.org/",
        b"HTTP://example.org/?a=javascript:",
        b"mailto:a@example.org",
        b"tel:+441632960000",
        b"other.html?to=//x",
        b"/papers/a:b.pdf",
        b"#section.1",
        b"",
        rb"https://example.org/a\\b",
    ],
)
def test_s14_links_to_web_pages_are_taken(address: bytes) -> None:
    link = b"<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /URI /URI (" + address + b") >> >>"
    assert inspect(hostile.raw_pdf(page=b"/Annots [" + link + b"]")) == 1


# --- active content


@pytest.mark.parametrize(
    "spelled",
    [b"/JavaScript", b"/J#61vaScript", b"/#4a#61#76#61#53#63#72#69#70#74", b"/JavaScript%comment\n", b"5 0 R"],
)
def test_s14_javascript_however_spelled(spelled: bytes) -> None:
    action = b"<< /S " + spelled + b" /Unknown (app.alert(1)) >>"
    assert "JavaScript" in refused_for(hostile.raw_pdf(action, b"/JavaScript", page=b"/A 4 0 R"))


@pytest.mark.parametrize("entry", [b"/JS", b"/J#53", b"/JavaScript", b"/Java#53cript"])
def test_s14_a_script_by_its_entry_alone(entry: bytes) -> None:
    assert "JavaScript" in refused_for(hostile.raw_pdf(catalog=b"/Names << " + entry + b" (x) >>"))


def test_s14_a_script_in_an_object_stream() -> None:
    content = hostile.pdf(
        lambda p: in_objects(p, Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))),
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
    )
    assert b"JavaScript" not in content
    assert "JavaScript" in refused_for(content)


@pytest.mark.parametrize(
    ("action", "named"),
    [
        ("Launch", "launch"),
        ("ImportData", "import"),
        ("SubmitForm", "form"),
        ("GoToR", "another file"),
        ("GoToE", "embedded"),
        ("Rendition", "rendition"),
        ("RichMediaExecute", "rich media"),
        ("Movie", "movie"),
        ("Sound", "sound"),
        ("GoTo3DView", "3D"),
    ],
)
def test_s14_active_actions_wherever_they_lie(action: str, named: str) -> None:
    assert named in refused_for(hostile.pdf(lambda p: in_objects(p, Dictionary(S=Name("/" + action)))))
    link = b"<< /Subtype /Link /A << /S /URI /URI (https://x.example) /Next << /S /%s >> >> >>" % action.encode()
    assert named in refused_for(hostile.raw_pdf(page=b"/Annots [" + link + b"]"))


@pytest.mark.parametrize(
    "action", [b"<< /S /URI /URI (https://x.example) >>", b"<< /S /Named /N /Print >>", b"<< >>", b"4 0 R"]
)
def test_s14_opening_does_nothing_but_go_to_a_page(action: bytes) -> None:
    assert "open action" in refused_for(hostile.raw_pdf(b"<< /S /Hide >>", catalog=b"/OpenAction " + action))


@pytest.mark.parametrize(
    ("holder", "entry", "named"),
    [
        ("Root", "AA", "additional actions"),
        ("Root", "XFA", "XFA"),
        ("Root", "EmbeddedFiles", "embedded"),
        ("page", "AA", "additional actions"),
        ("page", "EF", "embedded"),
        ("page", "RichMediaContent", "rich media"),
    ],
)
def test_s14_active_entries(holder: str, entry: str, named: str) -> None:
    def change(document: Pdf) -> None:
        target = document.Root if holder == "Root" else document.pages[0].obj
        target[Name("/" + entry)] = Dictionary()

    assert named in refused_for(hostile.pdf(change))


def test_s14_an_entry_in_the_trailer() -> None:
    assert "additional" in refused_for(hostile.raw_pdf().replace(b"/Root 1 0 R", b"/Root 1 0 R /AA << >>"))


def test_s14_an_attachment() -> None:
    def attach(document: Pdf) -> None:
        document.attachments["a.exe"] = pikepdf.AttachedFileSpec(document, b"MZ", filename="a.exe")

    assert "embedded" in refused_for(hostile.pdf(attach))


@pytest.mark.parametrize("subtype", ["FileAttachment", "RichMedia", "Screen", "Movie", "Sound", "3D"])
def test_s14_annotations_that_are_more_than_text(subtype: str) -> None:
    note = Dictionary(Type=Name.Annot, Subtype=Name("/" + subtype), Rect=[0, 0, 9, 9])
    refused_for(hostile.pdf(lambda p: p.pages[0].obj.__setitem__("/Annots", Array([note]))))


def test_s14_a_stream_of_an_embedded_file_that_nothing_names() -> None:
    def change(document: Pdf) -> None:
        document.Root.Odd = Stream(document, b"MZ", Type=Name.EmbeddedFile)

    assert "embedded" in refused_for(hostile.pdf(change))


@pytest.mark.parametrize(
    "address",
    [
        b"javascript:alert(1)",
        b" JavaScript:alert(1)",
        rb"java\tscript:alert(1)",
        b"file:///etc/passwd",
        b"data:text/html,x",
        b"ms-msdt:/id PCWDiagnostic",
        b"search-ms:query=x",
        b"smb://evil/x",
        b"ftp://evil/x",
        rb"\\\\evil\\share\\x",
        rb"/\\evil\\share",
        b"//evil/share",
        b" //evil/share",
        b"\xadjavascript:alert(1)",
    ],
)
def test_s14_a_link_that_is_a_script_or_a_local_file(address: bytes) -> None:
    assert "link" in refused_for(hostile.raw_pdf(b"<< /S /URI /URI (" + address + b") >>"))


def test_s14_a_link_that_is_a_script_in_utf_16() -> None:
    address = b"\xfe\xff" + "javascript:alert(1)".encode("utf-16-be")
    assert "link" in refused_for(hostile.raw_pdf(b"<< /S /URI /URI <" + address.hex().encode() + b"> >>"))


@pytest.mark.parametrize("base", [b"file:///etc/", rb"\\\\evil\\share", b"//evil/share"])
def test_s14_a_base_that_makes_files_of_relative_links(base: bytes) -> None:
    assert "link" in refused_for(hostile.raw_pdf(catalog=b"/URI << /Base (" + base + b") >>"))
    assert inspect(hostile.raw_pdf(catalog=b"/URI << /Base (https://example.org/) >>")) == 1


SHARE = rb"(\\\\evil\\share\\x)"
EMPTY_STREAM = b" /Length 0 >>\nstream\n\nendstream"


@pytest.mark.parametrize(
    "entries",
    [
        b"/F " + SHARE,
        b"/F 5 0 R",
        b"/F << /F " + SHARE + b" >>",
        b"/F << /Unix " + SHARE + b" >>",
        b"/#46 " + SHARE,
        b"/FFilter /FlateDecode",
        b"/FDecodeParms << >>",
        b"/Subtype /Form /BBox [0 0 9 9] /Ref << /F 5 0 R /Page 0 >>",
        b"/Subtype /Form /BBox [0 0 9 9] /Ref 6 0 R",
        b"/Subtype /Image /OPI << /2.0 << /Type /OPI /Version 2.0 /F " + SHARE + b" >> >>",
    ],
)
def test_s14_a_stream_that_lies_in_another_file(entries: bytes) -> None:
    content = hostile.raw_pdf(
        b"<< " + entries + EMPTY_STREAM, b"(elsewhere)", b"<< /Page 0 >>", page=b"/Contents 4 0 R"
    )
    assert "another file" in refused_for(content)


@pytest.mark.parametrize(
    ("catalog", "named"),
    [
        (b"/Odd << /Type /Filespec /Unix " + SHARE + b" >>", "another file"),
        (b"/Odd << /Type /File#53pec >>", "another file"),
        (b"/Odd << /F " + SHARE + b" >>", "another file"),
        (b"/Odd << /UF " + SHARE + b" >>", "another file"),
        (b"/Odd << /S /Thread /F << /DOS " + SHARE + b" >> /D 0 >>", "another file"),
        (b"/Odd << /Type /XObject /Subtype /Form /Ref << >> >>", "another file"),
        (b"/AF [4 0 R]", "associated files"),
        (b"/Collection << >>", "collection"),
    ],
)
def test_s14_a_reference_to_another_file(catalog: bytes, named: str) -> None:
    assert named in refused_for(hostile.raw_pdf(b"<< >>", catalog=catalog))


@pytest.mark.parametrize(("user", "owner"), [("", "x"), ("x", "x"), ("", "")])
@pytest.mark.parametrize("revision", [4, 6])
def test_s14_encryption_also_with_an_empty_password(user: str, owner: str, revision: int) -> None:
    content = hostile.pdf(encryption=pikepdf.Encryption(user=user, owner=owner, R=revision))
    assert "encryption" in refused_for(content)


# --- what is no PDF, or half of one


def test_an_empty_file_is_said_to_be_empty() -> None:
    assert refused(b"").reason == "empty"


@pytest.mark.parametrize("before", [hostile.HTML, b"\n", b"\xef\xbb\xbf", hostile.saved(hostile.corners())])
def test_s14_what_does_not_begin_as_a_pdf_is_none(before: bytes) -> None:
    assert refused(before + hostile.pdf()).reason == "type_mismatch"


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.9])
def test_s14_half_a_pdf_is_damaged(share: float) -> None:
    content = hostile.pdf(lambda p: [p.add_blank_page() for _ in range(20)])
    assert refused(content[: int(len(content) * share)]).reason == "damaged"


def test_s14_a_pdf_in_front_of_something_else_is_damaged() -> None:
    assert refused(hostile.pdf() + b"PK\x03\x04" + bytes(5000)).reason == "damaged"


def test_s14_a_page_tree_that_is_a_ring_is_damaged() -> None:
    content = hostile.raw_pdf().replace(b"/Kids [3 0 R] /Count 1", b"/Kids [2 0 R] /Count 1")
    assert refused(content).reason == "damaged"


def test_no_page_at_all_is_damaged() -> None:
    out = io.BytesIO()
    with pikepdf.new() as document:
        document.save(out)
    assert refused(out.getvalue()).reason == "damaged"


def test_s14_a_name_given_twice_is_not_left_to_the_viewer() -> None:
    content = hostile.raw_pdf(b"<< /S /Launch /Win << >> /S /URI >>")
    assert refused(content).reason == "damaged"


@pytest.mark.parametrize("depth", [1_000, 100_000])
def test_s14_nested_deeper_than_is_looked_is_damaged(depth: int) -> None:
    """The library reads such an object as null, the script in it included."""
    script = b"<< /S /JavaScript /JS (app.alert(1)) /Deep " + b"[" * depth + b"]" * depth + b" >>"
    assert refused(hostile.raw_pdf(script, catalog=b"/OpenAction 4 0 R")).reason == "damaged"


def test_a_catalog_that_does_not_say_what_it_is_is_taken() -> None:
    assert inspect(hostile.raw_pdf().replace(b"/Type /Catalog", b"/Typo /Catalog")) == 1


def test_objects_that_refer_to_each_other_are_gone_through_once() -> None:
    assert inspect(hostile.raw_pdf(b"<< /Next 5 0 R >>", b"<< /Next [4 0 R 5 0 R] >>")) == 1


def test_s13_what_an_object_stream_unpacks_to_is_gone_through_too() -> None:
    assert inspect(hostile.pdf_bomb(4 << 20)) == 1
