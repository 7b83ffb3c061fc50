"""Users of an account: found by their ids, in pages and by group."""

import pytest

from chalicelib.core.user import User
from chalicelib.storage.users import Users
from tests.moto_stack import REGION

INA = User("ina", "Ina Berg", "Ina@example.com", ("sales", "nord"))
RAJ = User("raj", "Raj", None, ("sales",))
ODD = [User(name, name) for name in ("#", "$", "a/b", "a%2Fb", "a", "Ä", "😀" * 200)]


@pytest.fixture
def users(stack) -> Users:
    return Users("account", REGION)


def test_a_user_is_as_they_were_put_last_and_only_of_this_account(users):
    assert users.get("acme", "ina") is None
    for user in (RAJ, INA._replace(name="Before"), INA, INA):
        users.put("acme", user)
    assert users.get("acme", "ina") == INA
    assert users.all("acme") == [INA, RAJ]
    assert users.all("other") == [] == users.page("other", 10).users


def test_any_name_is_an_id(users):
    for user in ODD:
        users.put("acme", user)
    assert all(users.get("acme", user.user_id) == user for user in ODD)
    assert users.all("acme") == sorted(ODD, key=lambda user: user.user_id.encode())


def test_a_group_has_those_who_are_in_it(users):
    for user in (INA, RAJ):
        users.put("acme", user)
    assert users.of_group("acme", "sales") == {"ina", "raj"}
    assert users.of_group("acme", "nord") == {"ina"}
    assert users.of_group("acme", "sal") == frozenset()


@pytest.mark.parametrize("group", [None, "even"])
def test_pages_lead_through_all_in_both_directions(users, group):
    wanted = []
    for number in range(17):
        user = User(f"{number:02}", "x", None, ("even",) if number % 2 == 0 else ())
        users.put("acme", user)
        wanted += [user] if group is None or group in user.groups else []
    pages = [users.page("acme", 4, group=group)]
    while pages[-1].has_more:
        pages.append(users.page("acme", 4, after=pages[-1].after, group=group))
    assert [user for page in pages for user in page.users] == wanted
    back = pages[-1]
    for expected in reversed(pages[:-1]):
        back = users.page("acme", 4, before=back.before, group=group)
        assert (back.users, back.has_more) == (expected.users, expected is not pages[0])
    assert users.page("acme", 4, before=back.before, group=group).users == []


def test_a_deleted_user_is_gone_and_there_is_nothing_to_delete_twice(users):
    users.put("acme", INA)
    assert [users.delete("acme", "ina"), users.delete("acme", "ina"), users.delete("other", "ina")] == [
        True,
        False,
        False,
    ]
    assert users.get("acme", "ina") is None


def test_an_erased_address_is_taken_from_every_user_who_has_it_and_the_users_stay(users):
    for user in (INA, RAJ, INA._replace(user_id="zoe", address="ina@EXAMPLE.com")):
        users.put("acme", user)
    users.put("other", INA)
    assert users.of_address("acme", "ina@example.com") == [INA, users.get("acme", "zoe")]
    assert [users.erase("acme", "ina@example.com") for _ in range(2)] == [2, 0]
    assert users.all("acme") == [INA._replace(address=None), RAJ, INA._replace(user_id="zoe", address=None)]
    assert users.get("other", "ina") == INA


def test_an_address_that_was_replaced_meanwhile_is_not_taken(users):
    class Interfering(Users):
        def of_address(self, account, address_key):
            found = super().of_address(account, address_key)
            self.put("acme", INA._replace(address="new@example.com"))
            return found

    users.put("acme", INA)
    assert Interfering("account", REGION).erase("acme", "ina@example.com") == 0
    assert users.get("acme", "ina").address == "new@example.com"
