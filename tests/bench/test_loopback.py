"""The comparison of hosts: each answers and writes rightly, and nothing is a figure that was not seen to be right."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from gunicorn.util import import_app

from bench import loopback, loopback_servers, track_botocore
from bench.loopback import APPS, BOTOCORE, DESTINATION, HOSTS, KINDS, MAILSIGHT, NGINX, PYTRACKING, Target
from bench.loopback_hosts import wsgi
from bench.loopback_servers import NotMeasured, Store
from chalicelib.entrypoints import track
from tests.gateways.aws_on_loopback import AwsOnLoopback, aws_on_loopback

TOOLS = {tool: loopback_servers.find(tool) for tool in loopback_servers.TOOLS}
needs_tools = pytest.mark.skipif(None in TOOLS.values(), reason=f"nginx or wrk is missing. {loopback_servers.INSTALL}")

Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsOnLoopback]:
    """A store, and this process as a host that writes to it."""
    with aws_on_loopback() as server:
        for name, value in loopback_servers.environment(server.url, loopback.TOKEN_KEYS).items():
            monkeypatch.setenv(name, value)
        track._parts.cache_clear()
        track_botocore._parts.cache_clear()
        yield server
        track._parts().log.close()
        track._parts.cache_clear()
        track_botocore._parts.cache_clear()


def ask(application: Any, path: str, **environ: str) -> Answer:
    said: list[Any] = []
    environ = {"PATH_INFO": path, "QUERY_STRING": "", "REMOTE_ADDR": "127.0.0.1", **environ}
    setup_testing_defaults(environ)
    with contextlib.ExitStack() as stack:
        chunks = application(environ, lambda status, headers: said.extend([status, headers]))
        if hasattr(chunks, "close"):
            stack.callback(chunks.close)
        body = b"".join(chunks)
    return int(said[0].split()[0]), {name.lower(): value for name, value in said[1]}, body


@pytest.mark.parametrize("host", [MAILSIGHT, BOTOCORE, PYTRACKING])
def test_every_host_answers_a_pixel_and_a_link_and_writes_each_once(host: str, store: AwsOnLoopback) -> None:
    application = import_app(APPS[host])
    for target in loopback.targets():
        if target.host == host:
            status, headers, body = ask(application, target.paths[7])
            assert (status, headers.get("location", "")) == (target.status, target.location)
            assert body == target.body
    hits = [call for call in store.calls if call.request["TableName"] == "events"]
    assert [call.operation for call in hits] == ["PutItem", "PutItem"]
    assert {call.request["TableName"] for call in store.calls if call not in hits} <= {"salts"}, "once a process"
    items = [call.request["Item"] for call in hits]
    assert [item["message_id"]["S"] for item in items] == [f"{7:032x}"] * 2
    assert [item["kind"]["S"] for item in items] == ["opened", "clicked"]


def test_all_urls_are_different_ones() -> None:
    for target in loopback.targets():
        assert len(set(target.paths)) == len(target.paths) == loopback.TOKENS


def test_the_function_gets_the_request_as_an_http_api_hands_it_over() -> None:
    payloads: list[Any] = []
    application = wsgi(lambda payload: payloads.append(payload) or {"statusCode": 302, "headers": {"Location": "/"}})
    status, headers, body = ask(application, "/c/a_b", QUERY_STRING="x=1&y", HTTP_USER_AGENT="Agent 7")
    assert (status, headers["location"], headers["content-length"], body) == (302, "/", "0", b"")
    [payload] = payloads
    assert (payload["version"], payload["rawPath"], payload["rawQueryString"]) == ("2.0", "/c/a_b", "x=1&y")
    assert payload["headers"]["user-agent"] == "Agent 7"
    assert payload["requestContext"]["http"]["method"] == "GET"
    assert payload["requestContext"]["http"]["sourceIp"] == "127.0.0.1"


def test_another_path_never_reaches_the_function() -> None:
    payloads: list[Any] = []
    assert ask(wsgi(payloads.append), "/elsewhere")[0] == 404
    assert payloads == []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({}, "nginx and wrk are not installed"),
        ({"nginx": "/usr/sbin/nginx"}, "wrk is not installed"),
        ({"wrk": "/usr/bin/wrk"}, "nginx is not installed"),
    ],
)
def test_without_its_tools_the_table_says_what_to_install(found: dict[str, str], said: str) -> None:
    [table] = loopback.tables(find=found.get)
    assert f"Not measured: {said}. " in table.about
    assert "`apt-get install nginx-light wrk`" in table.about
    assert table.figures == ()


def test_a_host_that_does_not_come_up_is_named_with_its_last_words(tmp_path: Path) -> None:
    with (
        pytest.raises(NotMeasured, match="unknown ended by itself and said: "),
        loopback_servers.gunicorn("bench.nobody_wrote_this:host()", tmp_path / "unknown", {}) as port,
    ):
        loopback_servers.get(port, "/")


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[tuple[Store, int]]:
    """A store, and a host of pixels that writes nothing."""
    path = TOOLS["nginx"]
    with (
        loopback_servers.nginx(path, tmp_path / "store", loopback_servers.STORE) as store,
        loopback_servers.nginx(path, tmp_path / "pixels", loopback_servers.CEILING % DESTINATION) as pixels,
    ):
        yield Store(store), pixels


def target(host: str, kind: str) -> Target:
    [found] = [one for one in loopback.targets() if (one.host, one.kind) == (host, kind)]
    return found


@needs_tools
def test_a_wrong_answer_is_no_figure(nginx: tuple[Store, int]) -> None:
    loopback.compare(target(NGINX, "pixel"), nginx[1])
    loopback.compare(target(NGINX, "click"), nginx[1])
    with pytest.raises(NotMeasured, match="mailsight answered a pixel with"):
        loopback.compare(target(MAILSIGHT, "pixel"), nginx[1])
    with pytest.raises(NotMeasured, match="pytracking answered a click with"):
        loopback.compare(target(PYTRACKING, "click"), nginx[1])


@needs_tools
def test_hits_that_are_not_written_are_no_figure(nginx: tuple[Store, int]) -> None:
    store, pixels = nginx
    with pytest.raises(NotMeasured, match="mailsight has made 0 writes of"):
        loopback.turn(target(MAILSIGHT, "pixel"), pixels, store, TOOLS["wrk"], 1)


@needs_tools
def test_refused_requests_are_no_figure(nginx: tuple[Store, int]) -> None:
    store, pixels = nginx
    with pytest.raises(NotMeasured, match="failed"):
        loopback.turn(target(NGINX, "pixel")._replace(paths=["/elsewhere"]), pixels, store, TOOLS["wrk"], 1)


@needs_tools
def test_a_short_round_gives_all_figures_and_says_where_the_writes_went() -> None:
    [table] = loopback.tables(rounds=1, seconds=1, warm_up=False)
    rates = {f"{kind}: {host}" for kind in KINDS for host in HOSTS}
    ratios = {f"{kind}: mailsight over {host}" for kind in KINDS for host in (PYTRACKING, BOTOCORE)}
    assert {figure.what for figure in table.figures} == rates | ratios, table.about
    assert all(figure.value > 0 for figure in table.figures)
    assert [figure.what for figure in table.figures if figure.goal] == [
        f"{kind}: mailsight over pytracking" for kind in KINDS
    ]
    assert "the same instant stub" in table.about
