"""S3's XML about uploads in parts, and its answers that mean something else than their status says."""

import pytest

from metadata_service import multipart_xml
from metadata_service.errors import Unavailable
from metadata_service.multipart_xml import Part
from metadata_service.s3 import S3, NothingThere
from metadata_service.upload_errors import InvalidParts
from tests.unit.metadata.uploads_peers import CUT, a_peer, answer

NAMESPACE = b'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
CREATED = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<InitiateMultipartUploadResult ' + NAMESPACE + b"><Bucket>b</Bucket>"
    b"<Key>k</Key><UploadId>VXBs_b2Fk.SUQ--</UploadId></InitiateMultipartUploadResult>"
)
LISTED = (
    b'<?xml version="1.0"?><ListPartsResult ' + NAMESPACE + b"><UploadId>x</UploadId><MaxParts>1000</MaxParts>"
    b"<IsTruncated>false</IsTruncated><Part><PartNumber>1</PartNumber><LastModified>2026</LastModified>"
    b"<ETag>&quot;7778aef83f66abc1fa1e8477f296d394&quot;</ETag><Size>5242880</Size></Part>\n"
    b'<Part><PartNumber>3</PartNumber><ETag>"aaaa-2"</ETag><Size>7</Size></Part></ListPartsResult>'
)
COMPLETED = b"<CompleteMultipartUploadResult " + NAMESPACE + b"><Key>k</Key></CompleteMultipartUploadResult>"


def refused(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>.</Message></Error>".encode()


def test_the_id_is_read() -> None:
    assert multipart_xml.upload_id(CREATED) == "VXBs_b2Fk.SUQ--"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<UploadId></UploadId>",
        b"<UploadId>a b</UploadId>",
        b"<UploadId>a&amp;b</UploadId>",
        "<UploadId>ä</UploadId>".encode(),
        b"<UploadId>" + b"a" * 1_025 + b"</UploadId>",
    ],
)
def test_what_is_no_id_is_a_fault(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"UploadId|ascii"):
        multipart_xml.upload_id(body)


def test_parts_are_read_with_their_etags_bare() -> None:
    assert multipart_xml.parts(LISTED) == [Part(1, "7778aef83f66abc1fa1e8477f296d394", 5_242_880), Part(3, "aaaa-2", 7)]
    assert multipart_xml.parts(b"<ListPartsResult></ListPartsResult>") == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        LISTED[:-20],
        LISTED.replace(b"<Size>7</Size>", b""),
        LISTED.replace(b"<PartNumber>3", b"<PartNumber>"),
    ],
)
def test_what_is_no_list_is_a_fault(body: bytes) -> None:
    with pytest.raises(ValueError, match="Part"):
        multipart_xml.parts(body)


def test_the_completion_is_what_s3_reads() -> None:
    assert multipart_xml.completion([Part(1, "a"), Part(2, "b-1")]) == (
        b'<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"a"</ETag></Part>'
        b'<Part><PartNumber>2</PartNumber><ETag>"b-1"</ETag></Part></CompleteMultipartUpload>'
    )


def test_a_beginning_whose_answer_was_lost_is_asked_again() -> None:
    with a_peer([CUT, answer(200, CREATED)]) as peer:
        made = S3().create_multipart(f"{peer.origin}/b/k?uploads=", {"Content-Type": "image/jpeg"})
        assert made == "VXBs_b2Fk.SUQ--"
        assert "Content-Type: image/jpeg" in peer.asked[1][0]


@pytest.mark.parametrize("said", [answer(200, b"<html>"), answer(403, refused("AccessDenied")), answer(404)])
def test_a_beginning_that_cannot_be_read_is_unavailable(said: bytes) -> None:
    with a_peer([said]) as peer, pytest.raises(Unavailable):
        S3().create_multipart(f"{peer.origin}/b/k?uploads=", {})


def test_a_list_is_read_or_there_is_no_such_upload() -> None:
    with a_peer([answer(200, LISTED)]) as peer:
        assert [part.number for part in S3().list_parts(f"{peer.origin}/b/k?uploadId=x")] == [1, 3]
    with a_peer([answer(404, refused("NoSuchUpload"))]) as peer, pytest.raises(NothingThere):
        S3().list_parts(f"{peer.origin}/b/k?uploadId=x")
    for said in (answer(200, LISTED[:-1]), answer(403, refused("AccessDenied"))):
        with a_peer([said]) as peer, pytest.raises(Unavailable):
            S3().list_parts(f"{peer.origin}/b/k?uploadId=x")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (answer(200, COMPLETED), None),
        (answer(200, b"\n \n" + COMPLETED), None),
        (answer(200, refused("InternalError")), Unavailable),
        (answer(200, b"\n " + refused("InvalidPart")), InvalidParts),
        (answer(400, refused("InvalidPartOrder")), InvalidParts),
        (answer(400, refused("EntityTooSmall")), InvalidParts),
        (answer(404, refused("NoSuchUpload")), NothingThere),
        (answer(403, refused("AccessDenied")), Unavailable),
        (answer(403, refused("ExpiredToken")), Unavailable),
    ],
)
def test_s3_may_find_out_after_it_has_said_200(said: bytes, meant: type[Exception] | None) -> None:
    with a_peer([said]) as peer:
        url = f"{peer.origin}/b/k?uploadId=x"
        if meant is None:
            S3().complete_multipart(url, [Part(1, "a")])
        else:
            with pytest.raises(meant):
                S3().complete_multipart(url, [Part(1, "a")])
        assert peer.asked[0][1] == multipart_xml.completion([Part(1, "a")])
