"""Mails kept in a folder: `<epoch ms>-<id>.eml` as recipients get it, and beside it `.json` with its envelope.

Only the ids are held in memory. A mail is there when its `.json` is there: it is written last, in one move. A third
file, `.untold`, is beside it for as long as somebody is still to be told of the mail.
"""

import json
import threading
from bisect import bisect_left, insort
from pathlib import Path
from typing import Any, NamedTuple


class Kept(NamedTuple):
    """A mail in the folder. `envelope` holds what the one who kept it wanted to remember, as JSON."""

    mail_id: str
    epoch_ms: int
    raw: bytes
    envelope: dict[str, Any]


class Mailbox:
    """The folder, newest mail first. Made if it is not there; safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self._order = sorted(path.stem for path in folder.glob("[0-9]*-*.json"))  # by time, which a stem begins with
        self._stems = {stem.partition("-")[2]: stem for stem in self._order}

    def __len__(self) -> int:
        return len(self._stems)

    @property
    def newest_epoch_ms(self) -> int:
        """The time of the newest mail, 0 if there is none."""
        with self._lock:
            newest = self._order[-1] if self._order else "0-"
        return int(newest.partition("-")[0])

    def keep(self, mail: Kept, untold: str = "") -> None:
        """Write a mail; with `untold`, what is still to be told of it."""
        stem = f"{mail.epoch_ms:013d}-{mail.mail_id}"
        self._path(stem, ".eml").write_bytes(mail.raw)
        if untold:
            self._path(stem, ".untold").write_text(untold, encoding="utf-8")
        draft = self._path(stem, ".draft")
        draft.write_text(json.dumps(mail.envelope, ensure_ascii=False, indent=1), encoding="utf-8")
        draft.rename(self._path(stem, ".json"))
        with self._lock:
            self._stems[mail.mail_id] = stem
            insort(self._order, stem)

    def told(self, mail_id: str) -> None:
        """Note that nothing is to be told any more of a mail; one that was deleted meanwhile is no error."""
        stem = self._stems.get(mail_id)
        if stem:
            self._path(stem, ".untold").unlink(missing_ok=True)

    def untold(self) -> list[str]:
        """What is still to be told, of the mails that are there, oldest first."""
        texts = (self._read(stem.partition("-")[2], ".untold") for stem in list(self._order))
        return [text.decode() for text in texts if text]

    def newest(self, limit: int, before: str = "") -> list[str]:
        """Ids, newest first; with `before`, only those older than that mail. An id that is not there is no bound."""
        with self._lock:
            end = bisect_left(self._order, self._stems[before]) if before in self._stems else len(self._order)
            stems = self._order[max(0, end - limit) : end]
        return [stem.partition("-")[2] for stem in reversed(stems)]

    def envelope(self, mail_id: str) -> dict[str, Any] | None:
        """What was remembered of a mail; None if it is not there."""
        content = self._read(mail_id, ".json")
        return None if content is None else dict(json.loads(content))

    def read(self, mail_id: str) -> Kept | None:
        """A mail; None if it is not there."""
        raw, envelope = self._read(mail_id, ".eml"), self.envelope(mail_id)
        if raw is None or envelope is None:
            return None
        return Kept(mail_id, int(self._stems.get(mail_id, "0").partition("-")[0]), raw, envelope)

    def empty(self) -> int:
        """Delete every mail; says how many there were."""
        with self._lock:
            stems, self._order = self._order, []
            self._stems.clear()
        for stem in stems:
            for ending in (".json", ".eml", ".untold"):
                self._path(stem, ending).unlink(missing_ok=True)
        return len(stems)

    def _read(self, mail_id: str, ending: str) -> bytes | None:
        stem = self._stems.get(mail_id)
        try:
            return self._path(stem, ending).read_bytes() if stem else None
        except FileNotFoundError:
            return None

    def _path(self, stem: str, ending: str) -> Path:
        return self._folder / f"{stem}{ending}"
