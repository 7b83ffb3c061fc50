"""Every key string of the tables, made in one place.

Keys begin with the account, except what is found by an id that nobody can guess: messages, links, API keys.
"""

import hashlib
import zlib
from datetime import date

SHARDS = 4
"""Over how many partitions the list of an account's messages is spread: 4,000 mails a second. Only ever raise it."""

CELL_SHARDS = 4
"""Over how many partitions a day's report cells are spread, so that a mass mail does not heat one. Only raise it."""

ACCOUNTS = "accounts"  # hash key of the register of accounts
SETTINGS = "settings"
WEBHOOKS = "webhooks"
REPORT_SCHEDULES = "report_schedules"
API_KEY = "key"


def account_shard(account: str, message_id: str) -> str:
    """The partition of the account's list in which this message stands."""
    return f"{account}#{int(message_id[:8], 16) % SHARDS}"


def account_shards(account: str) -> list[str]:
    """All partitions of the account's list."""
    return [f"{account}#{shard}" for shard in range(SHARDS)]


def aggregates(account: str) -> str:
    """The partition of the account's aggregates, which no list of mails has."""
    return f"{account}#aggregates"


def aggregates_between(first: date | None, last: date | None) -> tuple[str, str]:
    """Between which keys stand the aggregates of these days, both included; None is either end."""
    return first.isoformat() if first else "0", f"{last.isoformat()}U" if last else "~"  # behind each time of the day


def opened(at: str, message_id: str) -> str:
    """The place in the folder of opens of a mail that was opened last at this time."""
    return f"{at}#{message_id}"


def api_key(key_id: str) -> str:
    """An API key."""
    return f"key#{key_id}"


def rate(window: int) -> str:
    """How many calls of an API key are leased in a minute."""
    return f"rate#{window}"


def idempotency(route: str, key: str) -> str:
    """A used Idempotency-Key; hashed, because callers put addresses and order numbers into it."""
    return f"idempotency#{route}#{hashlib.sha256(key.encode()).hexdigest()}"


CONSENTS = "consent#"
"""What begins the keys of all that anybody said."""


def consents(address_key: str) -> str:
    """What begins the keys of all that one person said. An address ends with its domain, which has no `#`."""
    return f"{CONSENTS}{address_key}#"


def consent(address_key: str, at: str, act: str, digest: str) -> str:
    """One thing that a person said. The digest of all of it lets two things stand at one time."""
    return f"{consents(address_key)}{at}#{act}#{digest[:16]}"


SUPPRESSIONS = "suppression#"
"""What begins the keys of all addresses that get no mail, or of which something else is known."""


def suppression(address_key: str) -> str:
    """Why an address gets no mail."""
    return f"{SUPPRESSIONS}{address_key}"


def suppressed(place: str) -> str:
    """An entry in the list of suppressions, by its place."""
    return f"suppressed#{place}"


def suppressed_between(older: str | None, newer: str | None) -> tuple[str, str]:
    """The first and last key of the list of suppressions between two places, both included; None is either end."""
    return suppressed(older or ""), suppressed(newer or "~")  # places begin with the time, so all of them are smaller


def suppressed_place(at: str, address_key: str) -> str:
    """Where an address stands in the list of suppressions: by its latest news."""
    return f"{at}#{address_key}"


def outcomes(address_key: str) -> str:
    """The row of soft bounces of an address."""
    return f"outcomes#{address_key}"


UPLOADS = "upload#"
"""What begins the keys of all files that were announced for uploading."""


def upload(upload_id: str) -> str:
    """A file that was announced for uploading."""
    return f"{UPLOADS}{upload_id}"


JOBS = "job#"
"""What begins the keys of all jobs of an account about people."""


def job(job_id: str) -> str:
    """An export or an erasure of a person."""
    return f"{JOBS}{job_id}"


USERS = "user#"
TEMPLATES = "template#"
"""What begins the keys of what an account named itself."""


def user(user_id: str) -> str:
    """One of the account's own people."""
    return f"{USERS}{user_id}"


def template(template_id: str) -> str:
    """A template."""
    return f"{TEMPLATES}{template_id}"


def named_between(beginning: str, after: str | None, before: str | None) -> tuple[str, str]:
    """Between which keys stand all names behind one and before another, both included; None is either end."""
    end = f"{beginning}{before}" if before is not None else f"{beginning[:-1]}$"  # the sign behind `#`
    return f"{beginning}{after or ''}", end


def cells(account: str, day: str, shard: int) -> str:
    """One of the partitions of a day's report cells."""
    return f"{account}#{day}#{shard}"


def all_cells(account: str, day: str) -> list[str]:
    """All partitions of a day's report cells."""
    return [cells(account, day, shard) for shard in range(CELL_SHARDS)]


def cell(dimensions: str) -> str:
    """A report cell in its day, by its dimensions as one text."""
    return f"cell#{dimensions}"


def phone_calls(account: str) -> str:
    """The partition of an account's telephone calls, by time."""
    return f"{account}#calls"


def phone_calls_between(
    start: str | None, end: str | None, older_than: str | None, newer_than: str | None
) -> tuple[str, str]:
    """Between which keys stand the calls from one time on and before another, and next to these places, which may be
    among them; None is any."""
    return max(start or "0", newer_than or ""), min(end or "~", older_than or "~")  # an end comes before its own calls


def phone_call_at(place: str) -> tuple[str, str]:
    """When the call of a place began, and its id."""
    started_at, _, call_id = place.partition("#")
    return started_at, call_id


def phone_call_place(started_at: str, call_id: str) -> str:
    """The place of a call in its account's partition."""
    return f"{started_at}#{call_id}"


def phone_call(account: str, call_id: str) -> str:
    """The partition of what a call is found by."""
    return f"{account}#call#{call_id}"


PHONE_CALL = "call"


def behind_shard(account: str) -> str:
    """The partition of what report tables are behind with, in which all marks of an account stand."""
    return f"behind#{zlib.crc32(account.encode()) % SHARDS}"


def behind_shards() -> list[str]:
    """All partitions of these marks."""
    return [f"behind#{shard}" for shard in range(SHARDS)]


def behind(account: str, day: str) -> str:
    """The mark of a day, or what begins the keys of all marks of an account."""
    return f"{account}#{day}"


def behind_of(item: str) -> tuple[str, str]:
    """The account and the day of a mark."""
    account, _, day = item.rpartition("#")
    return account, day


def behind_day(item: str) -> str:
    """The day of a mark."""
    return behind_of(item)[1]


REZONING = "zone"


def rezoning(account: str) -> str:
    """The mark of an account whose time zone changed, beside those of its days."""
    return behind(account, REZONING)


def is_rezoning(item: str) -> bool:
    """Whether it is such a mark."""
    return behind_day(item) == REZONING


def rezoned(item: str) -> str:
    """The account of such a mark."""
    return behind_of(item)[0]


def day_sums(account: str) -> str:
    """The partition of the sums of an account's days."""
    return f"{account}#sums"


def sums_part(account: str, day: str, number: int) -> tuple[str, str]:
    """A part of the sums of a day; mostly there is only the first, number 0."""
    return day_sums(account), f"{day}#{number:03d}"


def sums_day(item: str) -> str:
    """The day of a part of sums."""
    return item.partition("#")[0]


def sums_between(first: str, last: str) -> tuple[str, str]:
    """Between which keys stand the sums of these days, both included."""
    return first, f"{last}#~"


def cells_part(account: str, day: str, number: int) -> tuple[str, str]:
    """A part of the packed cells of a day; mostly there is only the first, number 0."""
    return f"{account}#{day}#packed", f"part#{number:03d}"


LEASES = "leases"
"""The partition of the leases of what only one worker is to do at a time."""


def notice(key: str) -> str:
    """A notice by its key, or the beginning of the keys of a time, in its account's shard of the outbox."""
    return f"notice#{key}"


def webhook(account: str, webhook_id: str) -> str:
    """The partition of the outbox with a webhook's deliveries."""
    return f"{account}#webhook#{webhook_id}"


def webhook_of(partition: str) -> tuple[str, str]:
    """The account and the webhook whose partition it is."""
    account, _, webhook_id = partition.rpartition("#webhook#")
    return account, webhook_id


def delivery(place: str) -> str:
    """A delivery, by its place, in its webhook's partition."""
    return f"delivery#{place}"


def place_of(item: str) -> str:
    """The place of a delivery, or the key of a notice."""
    return item.partition("#")[2]


def is_notice(item: str) -> bool:
    """Whether an item of the outbox is a notice."""
    return item.startswith("notice#")


def tried_hits(account: str, webhook_id: str) -> str:
    """The partition of the outbox with the hits of which a webhook was told, or may have been."""
    return f"{account}#tried#{webhook_id}"


def tried_hit(message_id: str, hit: str) -> str:
    """A hit, by its mail and its event's key."""
    return f"tried#{message_id}#{hit}"


def due_shard(place: str) -> str:
    """In which partition of what is due a delivery stands."""
    return f"due#{zlib.crc32(place.encode()) % SHARDS}"


def due_shards() -> list[str]:
    """All partitions of what is due."""
    return [f"due#{shard}" for shard in range(SHARDS)]


def due(at: str, tries: int, place: str) -> str:
    """When somebody must look after a delivery, and which attempt it waits for."""
    return f"{at}#{tries}#{place}"


def tries_of(due_key: str) -> int:
    """The attempts that were begun before."""
    return int(due_key.split("#")[1])
