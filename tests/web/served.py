"""The pages of a desk over HTTP on loopback, for a real browser: no tables, no queues, and all of it at once."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from chalicelib.web import assets, mail, mail_export, mails, opens, phone_calls, reports, signin
from chalicelib.web.answer import Answer, Asked
from chalicelib.web.ports import Parts
from chalicelib.web.problems import answered
from chalicelib.web.urls import site_of
from tests.web.desk import Desk

Show = Callable[..., Answer]
PAGES: dict[str, Show] = {
    r"GET /signin": signin.show_signin,
    r"POST /signin": signin.sign_in,
    r"GET /mails": mails.show_list,
    r"GET /mails/rows": mails.show_rows,
    r"GET /opens": opens.show_list,
    r"GET /opens/rows": opens.show_rows,
    r"GET /mails/([0-9a-f]+)": mail.show_mail,
    r"GET /mails/([0-9a-f]+)/live": mail.show_live,
    r"GET /mails/([0-9a-f]+)/content": mail.show_content,
    r"GET /calls": phone_calls.show_list,
    r"POST /exports": mail_export.begin,
    r"GET /exports/([0-9a-f]+)": mail_export.show,
    r"GET /exports/([0-9a-f]+)/live": mail_export.show_live,
    r"GET /exports/([0-9a-f]+)/files/(\d+)": mail_export.show_file,
    r"GET /reports": reports.show_index,
    r"GET /reports/([\w-]+)": reports.show_report,
    r"GET /static/(.+)": lambda name, asked, _: assets.serve(name, asked),
}


@contextmanager
def served(desk: Desk) -> Iterator[str]:
    """The address at which the desk's pages answer until the end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(desk))
    url = f"http://127.0.0.1:{server.server_port}"
    desk.parts = desk.parts._replace(site=site_of(url))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(method: str, target: str, headers: dict[str, str], body: bytes, parts: Parts) -> Answer:
    url = urlsplit(target)
    every = parse_qs(url.query, keep_blank_values=True)
    asked = Asked(headers, {name: values[-1] for name, values in every.items()}, body, every)
    matches = ((show, re.fullmatch(page, f"{method} {url.path}")) for page, show in PAGES.items())
    show, names = next(((show, found.groups()) for show, found in matches if found), (_nothing, ()))
    return answered(parts.site, lambda: show(*names, asked, parts))


def _nothing(asked: Asked, parts: Parts) -> Answer:
    return Answer(404, {})


def _handler(desk: Desk) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            answer = _answer(self.command, self.path, headers, body, desk.parts)
            content = answer.body.encode()
            self.send_response(int(answer.status))
            for name, value in {**answer.headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    return Handler
