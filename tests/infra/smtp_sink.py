"""An SMTP server on loopback that keeps what it is given, and refuses the recipients that it is told to."""

import re
import threading
from collections.abc import Mapping
from socketserver import StreamRequestHandler, ThreadingTCPServer


class SmtpSink:
    """`refusals` is address to reply, such as "550 5.1.1 no such user"; `mails` is [(sender, recipients, bytes)]."""

    def __init__(self, refusals: Mapping[str, str]) -> None:
        self.refusals = refusals
        self.mails: list[tuple[str, list[str], bytes]] = []
        self._server = _Server(("127.0.0.1", 0), _Session)
        self._server.sink = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "SmtpSink":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingTCPServer):
    sink: SmtpSink


class _Session(StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        sender, recipients = "", []
        self._say("220 sink")
        while line := self.rfile.readline().decode().strip():
            verb, address = line.partition(" ")[0].upper(), (re.findall("<(.*?)>", line) or [""])[0]
            if verb == "MAIL":
                sender, recipients = address, []
            elif verb == "RCPT" and address in self.server.sink.refusals:
                self._say(self.server.sink.refusals[address])
                continue
            elif verb == "RCPT":
                recipients.append(address)
            elif verb == "DATA":
                self._say("354 go on")
                self.server.sink.mails.append((sender, recipients, self._data()))
            elif verb == "QUIT":
                return self._say("221 bye")
            self._say("250 fine")
        return None

    def _data(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    def _say(self, reply: str) -> None:
        self.wfile.write(f"{reply}\r\n".encode())
