"""What is counted for operators: the names of all metrics, and CloudWatch's embedded metric format for the hot path.

All are in one namespace with one dimension, the stage: a metric costs by the month, and a person is never one of them.
They are near the truth, not exact: what is retried may count again, and what a dying function counted is lost. The
exact numbers are in the tables. A count of nothing is not written, so a metric without data means none.
Source: CloudWatch User Guide, "Specification: Embedded metric format".
"""

import functools
import json
from typing import Literal, get_args

NAMESPACE = "mailsight"
DIMENSION = "stage"

Count = Literal[
    "RateUncounted",  # leases of calls that were let through, because the counter of a key could not be reached
    "MailAccepted",  # by the API; a request that is repeated with its Idempotency-Key counts once
    "MailPrepared",  # given back to be sent by its caller; counts as above
    "MailReceived",  # a mail that came in, handed over by a program; the same one again does not count
    "MailSent",  # SES took it
    "RecipientSent",  # the recipients of these; SES's quotas count them
    "MailDelayed",  # SES refuses for now: it is tried later; once for each try
    "MailFailed",  # SES refuses for good, or a day of tries is over, or its content is gone
    "MailUnknown",  # SES gave no clear answer
    "MailUntracked",  # links stay as they were, for what they need could not be stored; once for each try
    "Delivered",  # recipients, by what SES's notifications tell of them; each fact once, however often it is told
    "BouncedHard",
    "BouncedSoft",  # without automatic answers
    "Complained",
    "NotificationMalformed",  # once for each try
    "NotificationUnattributed",
    "OpenRecorded",  # hits that are in the table, of people and of machines
    "ClickRecorded",
    "DownloadRecorded",
    "UnsubscribeSeen",  # somebody, or a scanner, looked at the page with the button
    "UnsubscribeRecorded",
    "EventSpilled",  # hits that the table did not take: to the queue
    "EventLogged",  # nor did the queue: to the log, which a person must replay
    "LinksUnavailable",  # a stored destination could not be read: 503
    "HitFailed",  # a bug, or settings that are broken
    "EventFolded",  # records of the stream
    "FoldFailed",  # messages, once for each try
    "MessageRefolded",  # by the sweep: fold had missed something
    "MessageUnstuck",  # by the sweep: queued anew, or given up
    "SweepFailed",
    "SweepLeft",
    "CellDrift",  # by the recount: mails by which report cells, or the notes of mails, were wrong in all; always zero
    "RecountFailed",  # accounts and days that could not be counted anew, or were left for want of time
    "EventOverdue",  # by the recount, of a sample: events that TTL should have deleted three days ago; always zero
    "ReportFailed",  # days whose table could not be built, once for each try
    "EventReplayed",  # spilled hits that are in the table now
    "ReplayIncomplete",  # runs that something stopped, or that found what is no event
    "NoticeDelivered",  # to a webhook that took it
    "NoticeFailed",  # given up: after the last attempt, or the webhook is gone
    "WebhookDisabled",  # by us: it answered 410, or failed for days
]
Seconds = Literal[
    "FoldLag",  # from an event's writing to its being folded, the longest of a batch: how old what people see is
    "ReportAge",  # from a change of a report cell to the run that finds it in no table yet, the longest
    "SendLag",  # from a mail's acceptance to SES's taking it
]
COUNTS: frozenset[str] = frozenset(get_args(Count))
SECONDS: frozenset[str] = frozenset(get_args(Seconds))


def line(name: Count, *, stage: str, at_ms: int) -> str:
    """One log line that CloudWatch reads as one of this. `at_ms` is in Unix milliseconds."""
    behind = _behind_the_time(name, stage)
    return f'{{"_aws":{{"Timestamp":{at_ms},{behind}'


@functools.cache
def _behind_the_time(name: Count, stage: str) -> str:
    """Put together by hand and once, as each hit pays for it."""
    return (
        f'"CloudWatchMetrics":[{{"Namespace":"{NAMESPACE}",'
        f'"Dimensions":[["{DIMENSION}"]],"Metrics":[{{"Name":"{name}","Unit":"Count"}}]}}]}},'
        f'"{DIMENSION}":{json.dumps(stage)},"{name}":1}}'
    )
