"""What erasure and retention ask of the sweeper: objects leave the store, studies whose time is over go."""

from __future__ import annotations

from services.domain.errors import Conflict, NotFound
from services.domain.study import Principal, Role
from services.index.port import Index
from services.storage.port import ObjectStore

BY_RETENTION = "system:retention"


def delete_erased(index: Index, store: ObjectStore) -> int:
    """Delete the objects of what was erased; what another study of the site has too stays.

    Returns how many went. Again after a crash: the same. Raises StoreUnavailable, IndexUnavailable.
    """
    with index.read() as tx:
        waiting = tx.erasures.waiting_objects()
    count = 0
    for erasure_id, site, sha256, needed in waiting:
        if not needed:
            store.delete(site, sha256)
            count += 1
        with index.begin() as tx:
            tx.erasures.object_gone(erasure_id, sha256, kept=needed)
    return count


def erase_over(index: Index) -> int:
    """Erase studies whose site keeps them no longer; how many."""
    with index.read() as tx:
        over = tx.erasures.over()
    count = 0
    for site, study_id in over:
        by = Principal(BY_RETENTION, site, Role.ADMIN)
        try:
            with index.begin() as tx:
                tx.erasures.of_study(by, study_id, "retention", kind="retention")
        except (Conflict, NotFound):  # it is being read, or gone: the next turn
            continue
        count += 1
    return count
