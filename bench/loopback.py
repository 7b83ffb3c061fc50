"""What a host of pixels and links bears, beside others: `python -m bench loopback`.

mailsight's tracking function, the same with a botocore client, and pytracking with Django stand in the same gunicorn
and write to the same instant store; nginx, which writes nothing, says what loopback itself bears.
"""

import json
import os
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import pytracking

from bench import loopback_servers as servers
from bench.loopback_servers import Find, Load, NotMeasured, Store
from bench.report import Figure, Goal, Table, number
from chalicelib.core import hit_answer
from chalicelib.core.token import Keys, Mode, Purpose, Token, mint

ROUNDS = 5
SECONDS = 2
TOKENS = 64
GOAL = Goal("≥", 2)

SECRET = "a secret that is only for benchmarks"
TOKEN_KEYS = json.dumps({"1": SECRET})
DESTINATION = "https://crm.example/offers?id=4711"
UNTIL = datetime(2099, 1, 1, tzinfo=UTC)
KINDS = ("pixel", "click")
MAILSIGHT, BOTOCORE, PYTRACKING, NGINX = HOSTS = ("mailsight", "botocore handler", "pytracking", "nginx")
APPS = {
    MAILSIGHT: "bench.loopback_hosts:host('mailsight')",
    BOTOCORE: "bench.loopback_hosts:host('botocore')",
    PYTRACKING: "bench.loopback_pytracking:application()",
}
NGINX_GIF = bytes.fromhex(
    "47494638396101000100800100000000ffffff21f90401000001002c00000000010001000002024c01003b"  # its empty_gif
)

TITLE = "Pixel and click over loopback"
ABOUT = (
    "`wrk -t{threads} -c{connections}` on kept connections, {tokens} URLs in turn. In each of {rounds} rounds of"
    " {seconds} s all take turns; medians of the rounds, and of the ratios within a round. The Python hosts stand alike"
    " in `gunicorn {gunicorn}`, version {gunicorn_version} (its default worker closes each connection), and all of"
    " them write a hit as one PutItem to the same instant stub, an nginx that answers `{{}}` and stores nothing:"
    " programs are measured, not a database; mailsight asks it for the salt of the day once a process. nginx's own"
    " figures (`empty_gif`, `return 302`, {workers} workers, no"
    " write) are the ceiling. wrk, the stub and the host share {cores} cores. The answers to all URLs are compared"
    " before, and a figure counts only if the stub has counted a write for each hit. pytracking {pytracking} in Django"
    " {django} has its views extended as its README says, a client as the botocore handler has it, and its default"
    " URLs, neither signed nor encrypted."
)


class Target(NamedTuple):
    """What a host is asked for, and what each answer must be. `body` is that of a pixel, `location` of a click."""

    host: str
    kind: str
    paths: Sequence[str]
    status: int
    body: bytes = b""
    location: str = ""


Loads = dict[tuple[str, str], list[Load]]
"""By host and kind, one a round."""


def tables(
    rounds: int = ROUNDS, seconds: int = SECONDS, find: Find = servers.find, warm_up: bool = True
) -> Iterator[Table]:
    """The table. Where a program is missing or an answer is wrong it says so and has no figures."""
    turns = [seconds] * rounds
    try:
        loads = _loads([1, *turns] if warm_up else turns, servers.tools(find))
        loads = {name: own[-rounds:] for name, own in loads.items()}
        table = Table(TITLE, _about(rounds, seconds), [figure for kind in KINDS for figure in _figures(kind, loads)])
    except NotMeasured as error:
        table = Table(TITLE, f"Not measured: {error}", ())
    yield table


def targets() -> list[Target]:
    """All that is asked for, in the order of turns."""
    keys = Keys({1: SECRET.encode()})
    ids = [f"{number:032x}" for number in range(TOKENS)]
    pixels = [f"/o/{mint(Token(Purpose.OPEN, Mode.FULL, one, UNTIL), keys)}" for one in ids]
    links = [f"/c/{mint(Token(Purpose.CLICK, Mode.FULL, one, UNTIL, 3, DESTINATION), keys)}" for one in ids]
    told = [{"message_id": one} for one in ids]
    their_pixels = [pytracking.get_open_tracking_url(one, base_open_tracking_url="/open/") for one in told]
    their_links = [
        pytracking.get_click_tracking_url(DESTINATION, one, base_click_tracking_url="/click/") for one in told
    ]
    png, _ = pytracking.get_open_tracking_pixel()
    return [
        Target(MAILSIGHT, "pixel", pixels, 200, body=hit_answer.GIF),
        Target(BOTOCORE, "pixel", pixels, 200, body=hit_answer.GIF),
        Target(PYTRACKING, "pixel", their_pixels, 200, body=png),
        Target(NGINX, "pixel", pixels, 200, body=NGINX_GIF),
        Target(MAILSIGHT, "click", links, 302, location=DESTINATION),
        Target(BOTOCORE, "click", links, 302, location=DESTINATION),
        Target(PYTRACKING, "click", their_links, 302, location=DESTINATION),
        Target(NGINX, "click", links, 302, location=DESTINATION),
    ]


def _loads(turns: Sequence[int], tools: Mapping[str, str]) -> Loads:
    """Starts all hosts, and lets all targets take turns of so many seconds."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        nginx = tools["nginx"]
        store = Store(stack.enter_context(servers.nginx(nginx, folder / "store", servers.STORE)))
        ceiling = servers.CEILING % DESTINATION
        ports = {NGINX: stack.enter_context(servers.nginx(nginx, folder / NGINX, ceiling, servers.WORKERS))}
        environ = servers.environment(f"http://127.0.0.1:{store.port}", TOKEN_KEYS)
        for host, app in APPS.items():
            ports[host] = stack.enter_context(servers.gunicorn(app, folder / host, environ))
        asked = targets()
        for target in asked:
            compare(target, ports[target.host])
        found: Loads = {(target.host, target.kind): [] for target in asked}
        for seconds in turns:
            for target in asked:
                load = turn(target, ports[target.host], store, tools["wrk"], seconds)
                found[target.host, target.kind].append(load)
    return found


def compare(target: Target, port: int) -> None:
    """Asks for everything once. Raises NotMeasured unless each answer is the right one."""
    for path in target.paths:
        answer = servers.get(port, path)
        said = answer.status, answer.headers.get("location", ""), answer.body if target.body else b""
        if said != (target.status, target.location, target.body):
            raise NotMeasured(f"{target.host} answered a {target.kind} with {said}")


def turn(target: Target, port: int, store: Store, wrk: str, seconds: int) -> Load:
    """What it bears. Raises NotMeasured unless there are as many writes as hits.

    There may be some more: of the hits that were under way when wrk went, and of a rare retry.
    """
    before = store.writes()
    load = servers.wrk(wrk, port, target.paths, seconds)
    writes = store.writes() - before
    least, most = load.requests, load.requests * 1.01 + servers.CONNECTIONS
    if target.host == NGINX:
        least, most = 0, 0
    if not least <= writes <= most:
        raise NotMeasured(f"{target.host} has made {writes} writes of {load.requests} hits of kind {target.kind}")
    return load


def _figures(kind: str, loads: Loads) -> Iterator[Figure]:
    """Rates, and mailsight's in relation to the others."""
    for host in HOSTS:
        own = loads[host, kind]
        rates = [load.per_second for load in own]
        latency = number(statistics.median(load.median_ms for load in own))
        note = f"{number(min(rates))} to {number(max(rates))}; median latency {latency} ms"
        yield Figure(f"{kind}: {host}", statistics.median(rates), "a second", note=note)
    for host, goal in ((PYTRACKING, GOAL), (BOTOCORE, None)):
        pairs = zip(loads[MAILSIGHT, kind], loads[host, kind], strict=True)
        ratios = [ours.per_second / theirs.per_second for ours, theirs in pairs]
        note = f"{number(min(ratios))} to {number(max(ratios))}"
        yield Figure(f"{kind}: mailsight over {host}", statistics.median(ratios), "×", goal, note)


def _about(rounds: int, seconds: int) -> str:
    return ABOUT.format(
        threads=servers.WRK_THREADS,
        connections=servers.CONNECTIONS,
        workers=servers.WORKERS,
        tokens=TOKENS,
        rounds=rounds,
        seconds=seconds,
        cores=os.cpu_count(),
        gunicorn=" ".join(servers.GUNICORN),
        gunicorn_version=version("gunicorn"),
        pytracking=version("pytracking"),
        django=version("django"),
    )
