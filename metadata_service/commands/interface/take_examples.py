r"""Asks a running stack everything once, and writes what it answered down as the examples of the description.

    TOKEN=… OTHER_TOKEN=… SERVICE_TOKEN=… NARROW_TOKEN=… \
    python -m metadata_service.commands.interface.take_examples GATEWAY INTERNAL S3

GATEWAY, INTERNAL, S3: a fresh stack's addresses, such as http://127.0.0.1:8080.
TOKEN and OTHER_TOKEN: of two people whom it has never seen. NARROW_TOKEN: a service's, without the scope `hooks`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

from ...links import MOST
from .asking import Taker
from .examples import NAME

NOBODY_S: Final = "00000000-0000-4000-8000-000000000000"
A_PDF: Final = (
    b"%PDF-1.4\n"
    b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
    b"2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n"
    b"3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>\nendobj\n"
    b"xref\n0 4\n0000000000 65535 f \n0000000009 00000 n \n0000000058 00000 n \n0000000115 00000 n \n"
    b"trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n186\n%%EOF\n"
)


def begun(taker: Taker, file_type: str = "profile_image", **more: Any) -> dict[str, Any]:
    """An upload that nothing is remembered of."""
    content_type = "application/pdf" if file_type == "resume" else "image/jpeg"
    asked = {"file_type": file_type, "content_type": content_type, **more}
    answered: dict[str, Any] = taker.ask("", "POST /upload-url", asked, by="TOKEN")
    return answered


def before_there_is_anything(taker: Taker) -> None:
    """What those see who have nothing yet."""
    taker.ask("health.health", "GET /healthz", at=taker.internal)
    taker.ask("health.readiness", "GET /readyz")
    taker.ask("accounts.show", "GET /users/me", by="TOKEN")
    taker.ask("accounts.show", "GET /users/me")
    taker.ask("pictures.mine", "GET /users/me/picture", by="TOKEN", name="the_default_one")
    taker.ask("pictures.remove", "DELETE /users/me/picture", by="TOKEN")


def uploads(taker: Taker) -> tuple[str, str]:
    """The way of an upload, and all that can be wrong with one; the keys of a complete and of an empty one."""
    picture = taker.fetched("/static/default-avatar-800.jpg")
    wanted = {"file_type": "profile_image", "content_type": "image/jpeg"}
    exact = {**wanted, "file_extension": "jpg", "content_length": len(picture)}
    first = taker.ask("uploads.begin", "POST /upload-url", exact, by="TOKEN", name="a_put")
    form = taker.ask("uploads.begin", "POST /upload-url", {**wanted, "method": "POST"}, by="TOKEN", name="a_form")
    for wrong in (
        {"file_type": "film"},
        {"content_type": "image/bmp"},
        {"file_extension": "png"},
        {"content_length": 2**30},
        {"file_size": 7},
    ):
        taker.ask("uploads.begin", "POST /upload-url", {**wanted, **wrong}, by="TOKEN")
    taker.ask("uploads.begin", "POST /upload-url", '{"file_type": ', by="TOKEN")
    taker.ask("uploads.begin", "POST /upload-url", "[" + " " * 70_000 + "]", by="TOKEN")
    taker.ask("uploads.look", f"GET /uploads/{first['upload_id']}", by="TOKEN", name="requested")
    taker.ask("uploads.complete", f"POST /uploads/{first['upload_id']}/complete", {}, by="TOKEN")
    taker.send(first, picture)
    taker.ask("uploads.complete", f"POST /uploads/{first['upload_id']}/complete", {}, by="TOKEN", name="a_picture")
    taker.ask("uploads.complete_by_key", "POST /upload-complete", {"key": first["key"]}, by="TOKEN")
    taker.ask("uploads.look", f"GET /uploads/{first['upload_id']}", by="TOKEN", name="ready")
    taker.ask("uploads.cancel", f"DELETE /uploads/{first['upload_id']}", by="TOKEN")
    taker.ask("uploads.cancel", f"DELETE /uploads/{form['upload_id']}", by="TOKEN")
    taker.ask("uploads.complete", f"POST /uploads/{form['upload_id']}/complete", {}, by="TOKEN")
    empty = begun(taker)
    taker.ask("uploads.complete_by_key", "POST /upload-complete", {"key": empty["key"]}, by="TOKEN")
    _rejected(taker)
    for endpoint, line in (
        ("uploads.complete", f"POST /uploads/{NOBODY_S}/complete"),
        ("uploads.look", f"GET /uploads/{NOBODY_S}"),
        ("uploads.cancel", f"DELETE /uploads/{NOBODY_S}"),
    ):
        taker.ask(endpoint, line, by="TOKEN")
    taker.ask("uploads.complete_by_key", "POST /upload-complete", {"key": "elsewhere"}, by="TOKEN")
    return first["key"], empty["key"]


def uppy(taker: Taker) -> None:
    """Uppy's ways, whole and in parts."""
    part = b"\x00" * 64
    for asked, name in (
        ({"method": "PUT", "key": "cat.jpg", "contentType": "image/jpeg", "size": 64}, "a_put"),
        ({"method": "POST", "key": "cat.jpg", "contentType": "image/jpeg"}, "in_parts"),
        ({"method": "PUT", "key": "cat.txt"}, ""),
        ({"method": "GET", "key": "cat.jpg"}, ""),
    ):
        taker.ask("uppy.sign", "POST /uppy/photo/sign", asked, by="TOKEN", name=name)
    taker.ask("uppy.create", "POST /uppy/profile_image/s3/multipart", {"filename": "cat.jpg"}, by="TOKEN")
    taker.ask("uppy.params", "GET /uppy/photo/s3/params?filename=cat.jpg&type=image/jpeg", by="TOKEN")
    wanted = {"filename": "cat.jpg", "type": "image/jpeg", "metadata": {}}
    for aborted in (True, False):
        made = taker.ask("uppy.create", "POST /uppy/photo/s3/multipart", wanted, by="TOKEN")
        path, key = f"/uppy/photo/s3/multipart/{made['uploadId']}", f"?key={made['key']}"
        if aborted:
            taker.ask("uppy.abort", f"DELETE {path}{key}", by="TOKEN")
            taker.ask("uppy.sign_part", f"GET {path}/1{key}", by="TOKEN")
    taker.ask("uppy.sign_parts", f"GET {path}/batch{key}&partNumbers=1,2", by="TOKEN")
    signed = taker.ask("uppy.sign_part", f"GET {path}/1{key}", by="TOKEN")
    taker.send({"upload_url": signed["url"], "headers": {}}, part)
    [listed] = taker.ask("uppy.list_parts", f"GET {path}{key}", by="TOKEN")
    for etag in ("0" * 32, listed["ETag"]):
        sent = {"parts": [{"PartNumber": 1, "ETag": etag}]}
        taker.ask("uppy.complete", f"POST {path}/complete{key}", sent, by="TOKEN")
    heavy = taker.ask("", "POST /uppy/photo/s3/multipart", wanted, by="TOKEN")
    path, key = f"/uppy/photo/s3/multipart/{heavy['uploadId']}", f"?key={heavy['key']}"
    taker.send(
        {"upload_url": taker.ask("", f"GET {path}/1{key}", by="TOKEN")["url"], "headers": {}},
        taker.fetched("/static/default-avatar-800.jpg"),
    )
    listed = taker.ask("", f"GET {path}{key}", by="TOKEN")
    sent = {"parts": [{"PartNumber": each["PartNumber"], "ETag": each["ETag"]} for each in listed]}
    taker.ask("uppy.complete", f"POST {path}/complete{key}", sent, by="TOKEN", name="complete")


def _rejected(taker: Taker) -> None:
    rejected = begun(taker)
    taker.send(rejected, b"<html>no picture</html>")
    taker.ask("uploads.complete", f"POST /uploads/{rejected['upload_id']}/complete", {}, by="TOKEN")
    taker.ask("uploads.complete_by_key", "POST /upload-complete", {"key": rejected["key"]}, by="TOKEN")
    taker.ask("profiles.save", "POST /profiles", {"username": "alice", "avatar_key": rejected["key"]}, by="TOKEN")
    taker.ask("uploads.look", f"GET /uploads/{rejected['upload_id']}", by="TOKEN", name="rejected")


def photos(taker: Taker) -> None:
    """A gallery of two photos, page by page, and the end of one."""
    for _ in range(2):
        photo = begun(taker, "photo")
        taker.send(photo, taker.fetched("/static/default-avatar-800.jpg"))
        taker.ask("", f"POST /uploads/{photo['upload_id']}/complete", {}, by="TOKEN")
    first = taker.ask("photos.show", "GET /photos?limit=1", by="TOKEN", name="a_page")
    taker.ask("photos.show", f"GET /photos?cursor={first['next_cursor']}", by="TOKEN", name="the_last_page")
    taker.ask("photos.show", "GET /photos?limit=0", by="TOKEN")
    for _ in range(2):
        taker.ask("photos.delete", f"DELETE /photos/{first['photos'][0]['imageId']}", by="TOKEN")


def people(taker: Taker, picture: str, empty: str) -> None:
    """Profiles, accounts, usernames and pictures."""
    profile = {
        "username": "alice",
        "full_name": "Alice Liddell",
        "title": "Explorer",
        "bio": "Down the rabbit hole, and back.",
        "skills": ["croquet", "riddles"],
        "social_links": {"github": "alice", "website": "https://alice.example"},
        "projects": [{"title": "Looking-glass", "link": "https://alice.example/glass", "tech_stack": ["silver"]}],
        "avatar_key": picture,
        "email": "alice@example.com",
        "show_email": True,
    }
    taker.ask("profiles.save", "POST /profiles", profile, by="TOKEN")
    for wrong in ({"full_name": 7}, {"resume_key": "users/mine"}, {"avatar_key": empty}):
        taker.ask("profiles.save", "POST /profiles", {"username": "alice", **wrong}, by="TOKEN")
    taker.ask("profiles.save", "POST /profiles", {"username": "alice"}, by="OTHER_TOKEN")
    taker.ask("accounts.show", "GET /users/me", by="TOKEN")
    taker.ask("pictures.mine", "GET /users/me/picture", by="TOKEN", name="a_picture")
    taker.ask("pictures.avatar", "GET /profiles/alice/avatar?size=150")
    taker.ask("pictures.avatar", "GET /profiles/alice/avatar?size=151")
    taker.ask("pictures.avatar", "GET /profiles/nobody-of-the-kind/avatar")
    taker.ask("media.media", f"GET /media/{picture}")
    taker.ask("media.media", f"GET /media/{picture.replace('.jpg', '.pdf')}")
    for name in ("alice", "bob", "admin"):
        taker.ask("profiles.check", f"GET /username/check?username={name}", name=name)
    taker.ask("profiles.check", "GET /username/check")


def share_links(taker: Taker, picture: str) -> None:
    """A link to the picture, and its end."""
    wanted = {"key": picture, "expires_in": 86_400}
    link = taker.ask("shares.share", "POST /share-links", wanted, by="TOKEN")
    taker.ask("shares.share", "POST /share-links", {**wanted, "expires_in": 0}, by="TOKEN")
    taker.ask("shares.share", "POST /share-links", {**wanted, "key": "elsewhere"}, by="TOKEN")
    taker.ask("shares.open_shared", f"GET /shared/{link['id']}?size=150")
    taker.ask("shares.open_shared", f"GET /shared/{link['id']}?size=151")
    taker.ask("shares.end", f"DELETE /share-links/{link['id']}", by="TOKEN")
    taker.ask("shares.end", f"DELETE /share-links/{link['id']}", by="TOKEN")
    taker.ask("shares.open_shared", f"GET /shared/{link['id']}")


def links(taker: Taker) -> None:
    """Links, the profile that shows them, and what an owner sees more than others."""
    link = {"title": "The garden", "url": "https://alice.example/garden", "order": 1}
    saved = taker.ask("links.save", "POST /links", link, by="TOKEN")
    taker.ask("links.save", "POST /links", {"title": "The garden", "url": "garden"}, by="TOKEN")
    taker.ask("links.show", "GET /links", by="TOKEN")
    taker.ask("profiles.show", "GET /profiles/alice", name="to_others")
    taker.ask("profiles.show", "GET /profiles/alice", by="TOKEN", name="to_its_owner")
    taker.ask("profiles.show", "GET /profiles/nobody-of-the-kind")
    taker.ask("profiles.show_several", "GET /profiles?usernames=alice,nobody-of-the-kind")
    taker.ask("profiles.show_several", "GET /profiles?usernames=" + ",".join(["alice"] * 51))
    taker.ask("links.delete", f"DELETE /links/{saved['link']['link_id']}", by="TOKEN")
    taker.ask("links.delete", f"DELETE /links/{saved['link']['link_id']}", by="TOKEN")
    taker.ask("pictures.remove", "DELETE /users/me/picture", by="TOKEN")


def profile_photos(taker: Taker) -> None:
    """The picture as seed 004's client asks for it."""
    picture, at = taker.fetched("/static/default-avatar-800.jpg"), "/api/profilephoto"
    taker.ask("profilephoto.show", f"GET {at}/url", by="TOKEN", name="the_default_one")
    taker.ask("profilephoto.remove", f"DELETE {at}", by="TOKEN")
    taker.ask("profilephoto.presign", f"GET {at}/presigned-upload-url?contentType=image/gif", by="TOKEN")
    taker.ask("profilephoto.presign", f"GET {at}/presigned-upload-url", by="TOKEN")
    begun = taker.ask("profilephoto.presign", f"GET {at}/presigned-upload-url?contentType=image/jpeg", by="TOKEN")
    posted = {"key": begun["uploadUrl"].partition("?")[0]}
    taker.ask("profilephoto.complete", f"POST {at}/upload-complete", posted, by="TOKEN")
    taker.send({"upload_url": begun["uploadUrl"], "headers": {"Content-Type": "image/jpeg"}}, picture)
    taker.ask("profilephoto.complete", f"POST {at}/upload-complete", posted, by="TOKEN")
    for files in ({"file": ("me.jpg", picture, "image/jpeg")}, {"file": ("me.gif", b"GIF89a", "image/gif")}):
        taker.ask("profilephoto.upload", f"POST {at}/upload", by="TOKEN", files=files)
    taker.ask("profilephoto.upload", f"POST {at}/upload", by="TOKEN")
    taker.ask("profilephoto.show", f"GET {at}/url", by="TOKEN", name="a_picture")
    taker.ask("profilephoto.remove", f"DELETE {at}", by="TOKEN")


def hooks(taker: Taker) -> None:
    """What the user pool's triggers ask."""
    attributes = {"sub": "3f0e4a6e-7c7d-4a51-9d36-5d2b8c1f6a10", "email": "carol@example.com", "email_verified": "true"}
    event = {"request": {"userAttributes": {**attributes, "custom:username": "carol", "name": "Carol"}}}
    taken = {"request": {"userAttributes": {"custom:username": "alice"}}}
    for path, endpoint in (("pre-signup", "hooks.pre_sign_up"), ("post-confirmation", "hooks.post_confirmation")):
        line = f"POST /internal/v1/cognito/{path}"
        taker.ask(endpoint, line, event, by="SERVICE_TOKEN", name="first", at=taker.internal)
        taker.ask(endpoint, line, {}, by="SERVICE_TOKEN", at=taker.internal)
        taker.ask(endpoint, line, event, by="NARROW_TOKEN", at=taker.internal)
        again = taken if path == "pre-signup" else event
        taker.ask(endpoint, line, again, by="SERVICE_TOKEN", name="again", at=taker.internal)


def internal(taker: Taker, picture: str) -> None:
    """What internal services ask about files."""
    paths = {name: f"POST /internal/v1/{name}" for name in ("signed-urls", "objects/block", "objects/unblock")}

    def ask(verb: str, path: str, body: Any, *, by: str = "SERVICE_TOKEN", name: str = "", **sent: str) -> Any:
        line = paths.get(path, f"POST /internal/v1/{path}")
        return taker.ask(f"internal.{verb}", line, body, by=by, name=name, at=taker.internal, headers=sent)

    batch = [
        {"op": "get", "key": picture, "size": 150, "expires_in": 60},
        {"op": "put", "file_type": "resume", "content_type": "application/pdf"},
        {"op": "get", "key": picture.replace("/profile/", "/photos/")},
    ]
    sent = {"Idempotency-Key": "nightly-report-2026-11-21"}
    begun = ask("sign", "signed-urls", {"items": batch}, name="a_batch", **sent)["items"][1]
    ask("sign", "signed-urls", {"items": batch})
    ask("sign", "signed-urls", {"items": batch[1:]}, **sent)
    ask("sign", "signed-urls", {"items": []})
    ask("sign", "signed-urls", {"items": batch}, by="NARROW_TOKEN")
    ask("complete", f"uploads/{begun['upload_id']}/complete", {})
    taker.send(begun, A_PDF)
    ask("complete", f"uploads/{begun['upload_id']}/complete", {}, name="a_document")
    ask("complete", f"uploads/{NOBODY_S}/complete", {})
    ask("block", "objects/block", {"key": picture, "reason": "Reported by three people."})
    ask("block", "objects/block", {"key": picture.replace("/profile/", "/photos/"), "reason": "Reported."})
    ask("block", "objects/block", {"key": picture})
    ask("unblock", "objects/unblock", {"key": picture})


def too_much(taker: Taker) -> None:
    """The limits: more links, pending uploads and requests than there may be."""
    for number in range(MOST + 1):
        link = {"title": f"Link {number}", "url": "https://alice.example"}
        taker.ask("links.save", "POST /links", link, by="OTHER_TOKEN")
    for _ in range(25):
        wanted = {"file_type": "profile_image", "content_type": "image/jpeg"}
        taker.ask("uploads.begin", "POST /upload-url", wanted, by="OTHER_TOKEN", name="a_put")
    for _ in range(400):
        taker.ask("profiles.check", "GET /username/check?username=bob", name="bob")


def erasure(taker: Taker) -> None:
    """A copy of what there is of somebody, and the end of their account."""
    taker.ask("accounts.export", "GET /users/me/export", by="TOKEN")
    taker.ask("accounts.erase", "DELETE /users/me", by="TOKEN")
    taker.ask("accounts.erase", "DELETE /users/me", by="TOKEN")


def main() -> None:
    """Ask everything and write it down."""
    taker = Taker(*sys.argv[1:])
    before_there_is_anything(taker)
    picture, empty = uploads(taker)
    photos(taker)
    uppy(taker)
    people(taker, picture, empty)
    share_links(taker, picture)
    hooks(taker)
    internal(taker, picture)
    links(taker)
    profile_photos(taker)
    erasure(taker)
    too_much(taker)
    Path(__file__).with_name(NAME).write_text(taker.written(), "utf-8")


if __name__ == "__main__":
    main()
