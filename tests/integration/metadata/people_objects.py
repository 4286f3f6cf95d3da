"""Objects by the record alone, where a test needs many of them and none of their bytes."""

import time

from metadata_service.object_keys import ObjectKey
from metadata_service.store import cleanups, objects
from metadata_service.store.dynamodb import current
from metadata_service.store.objects import StoredObject
from metadata_service.store.tallies import Quota
from tests.integration.uploads_stack import Person


def ready_images(person: Person, count: int) -> list[str]:
    """Keys of so many project images that are complete, public, and not in use yet."""
    import uuid

    now = int(time.time())
    made = [ObjectKey(person.sub, "projects", str(uuid.uuid4()), "jpg") for _ in range(count)]
    with person.client.application.app_context():
        for object_key in made:
            stored = StoredObject(
                object_key, "project_image", now, now, visibility="public", receipt="v1.r1.public.0.0.x", stored_bytes=1
            )
            current().transact(
                [*objects.record_writes(stored, Quota(stored.kind)), cleanups.unused_write(object_key, now)],
                token=str(uuid.uuid4()),
            )
    return [object_key.text() for object_key in made]
