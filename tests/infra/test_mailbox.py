"""The folder of mails."""

from pathlib import Path

from infra.local.mailbox import Kept, Mailbox


def kept(mail_id: str, epoch_ms: int) -> Kept:
    return Kept(mail_id, epoch_ms, b"From: a@b.example\r\n\r\n\xff", {"subject": "Grüße"})


def test_a_mail_is_found_again_after_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    mail = kept("a-1", 1_795_000_000_000)
    Mailbox(folder).keep(mail)
    assert sorted(path.name for path in folder.iterdir()) == ["1795000000000-a-1.eml", "1795000000000-a-1.json"]
    again = Mailbox(folder)
    assert again.read("a-1") == mail
    assert (len(again), again.newest_epoch_ms) == (1, 1_795_000_000_000)


def test_the_order_is_that_of_time_whoever_writes_first(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path)
    for mail_id, epoch_ms in (("c", 3), ("a", 1), ("d", 4), ("b", 2)):
        mailbox.keep(kept(mail_id, epoch_ms))
    assert mailbox.newest(9) == Mailbox(tmp_path).newest(9) == ["d", "c", "b", "a"]
    assert mailbox.newest(2) == ["d", "c"]
    assert mailbox.newest(2, before="c") == ["b", "a"]
    assert mailbox.newest(2, before="a") == []
    assert mailbox.newest(1, before="not there") == ["d"]


def test_a_mail_that_was_not_written_whole_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "0000000000001-half.eml").write_bytes(b"From: a@b.example")
    (tmp_path / "0000000000001-half.draft").write_text('{"subj')
    assert Mailbox(tmp_path).newest(9) == []


def test_what_is_still_to_be_told_outlives_a_restart_and_goes_with_its_mail(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path)
    for mail_id, epoch_ms in (("b", 2), ("a", 1), ("c", 3)):
        mailbox.keep(kept(mail_id, epoch_ms), untold=f"of {mail_id}")
    mailbox.keep(kept("d", 4))
    mailbox.told("b")
    mailbox.told("not there")
    assert mailbox.untold() == Mailbox(tmp_path).untold() == ["of a", "of c"]
    mailbox.empty()
    assert list(tmp_path.iterdir()) == []


def test_a_mail_whose_files_somebody_deleted_is_not_there(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path)
    mailbox.keep(kept("a", 1))
    for path in tmp_path.iterdir():
        path.unlink()
    assert (mailbox.read("a"), mailbox.envelope("a")) == (None, None)
    assert mailbox.empty() == 1
