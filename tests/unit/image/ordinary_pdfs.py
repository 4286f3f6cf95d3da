"""PDFs with the structures that ordinary tools write, where their names come near those of what is refused."""

from hostile import raw_pdf

_CONTENTS = b"<< /Length 0 >>\nstream\n\nendstream"


def latex_with_hyperref() -> bytes:
    """Bookmarks, named destinations, links within and without, an included figure, an article's thread."""
    annotations = (
        b"<< /Type /Annot /Subtype /Link /Border [0 0 1] /H /I /C [0 1 1] /Rect [0 0 9 9]"
        b" /A << /Type /Action /S /URI /URI (https://example.org/~a\\(b\\)#c) >> >>"
        b"<< /Type /Annot /Subtype /Link /F 4 /Rect [0 0 9 9] /A << /S /GoTo /D (section.1) >> >>"
    )
    return raw_pdf(
        _CONTENTS,
        b"[3 0 R /Fit]",
        b"<< /Type /Outlines /First 7 0 R /Last 7 0 R /Count 1 >>",
        b"<< /Title (One) /Parent 6 0 R /A << /S /GoTo /D (section.1) >> /F 2 >>",
        b"<< /Type /Thread /I << /Title (T) >> /F 9 0 R >>",
        b"<< /Type /Bead /T 8 0 R /N 9 0 R /V 9 0 R /P 3 0 R /R [0 0 9 9] >>",
        b"<< /Type /XObject /Subtype /Form /FormType 1 /BBox [0 0 9 9] /PTEX.FileName (./a.pdf) /PTEX.PageNumber 1"
        b" /Length 0 >>\nstream\n\nendstream",
        b"<< /Type /StructElem /S /Reference /Ref [12 0 R] >>",
        b"<< /Type /StructElem /S /Note /ID (n) /Ref [11 0 R] >>",
        catalog=b"/OpenAction 5 0 R /PageMode /UseOutlines /Outlines 6 0 R /Threads [8 0 R] /URI << /Base () >>"
        b" /Names << /Dests << /Names [(section.1) [3 0 R /XYZ 0 0 null]] >> >>",
        page=b"/Contents 4 0 R /Annots [" + annotations + b"] /Resources << /Font << /F 5 0 R /F8 5 0 R >>"
        b" /XObject << /Im1 10 0 R >> /ProcSet [/PDF /Text] >>",
    )


def libreoffice() -> bytes:
    """Tagged, with form fields, an opening destination, an output intent and a mail address."""
    return raw_pdf(
        _CONTENTS,
        b"<< /Type /StructTreeRoot /RoleMap << /F /Span /S /Span /Standard /P >> /K [6 0 R] >>",
        b"<< /Type /StructElem /S /Link /P 5 0 R /Pg 3 0 R /Ref [6 0 R]"
        b" /K [<< /Type /OBJR /Obj 7 0 R >> << /Type /MCR /Pg 3 0 R /MCID 0 >>] >>",
        b"<< /Type /Annot /Subtype /Link /Border [0 0 0] /Rect [0 0 9 9] /F 4 /StructParent 1"
        b" /A << /Type /Action /S /URI /URI (mailto:a@example.org) >> >>",
        b"<< /Type /Annot /Subtype /Widget /F 4 /FT /Tx /Ff 0 /T (Name) /V (x) /Rect [0 0 9 9] /P 3 0 R >>",
        catalog=b"/OpenAction [3 0 R /XYZ null null 0] /MarkInfo << /Marked true >> /StructTreeRoot 5 0 R"
        b" /AcroForm << /Fields [8 0 R] /DA (/F1 0 Tf) /DR << /Font << /F1 4 0 R >> >> >> /Lang (en)"
        b" /OutputIntents [<< /Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (sRGB) >>]",
        page=b"/Contents 4 0 R /Annots [7 0 R 8 0 R] /Group << /S /Transparency /CS /DeviceRGB /I true >>",
    )


def a_browsers_print() -> bytes:
    """Tagged, the tabs in the structure's order, links by address and by name."""
    return raw_pdf(
        _CONTENTS,
        b"<< /Type /Annot /Subtype /Link /F 4 /Border [0 0 0] /Rect [0 0 9 9] /StructParent 100000"
        b" /A << /Type /Action /S /URI /URI (https://example.org/?q=a:b\\\\c) >> >>",
        b"<< /Type /Annot /Subtype /Link /F 4 /Border [0 0 0] /Rect [0 0 9 9] /Dest /top >>",
        b"<< /ca 1 /BM /Normal >>",
        catalog=b"/MarkInfo << /Type /MarkInfo /Marked true >> /ViewerPreferences << /DisplayDocTitle true >>"
        b" /Dests << /top [3 0 R /XYZ 0 0 0] /F [3 0 R /Fit] >>",
        page=b"/Contents 4 0 R /Annots [5 0 R 6 0 R] /Tabs /S /StructParents 0 /Resources << /ExtGState << /G3 7 0 R >>"
        b" /XObject << /F 4 0 R /S 4 0 R >> >>",
    )


ALL = (latex_with_hyperref, libreoffice, a_browsers_print)
