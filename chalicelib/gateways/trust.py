"""Whom the hot path's connections trust. Authorities are read when the first host needs them.

To read all authorities of the public web takes some 25 ms of CPU, a third of a cold start. AWS's hosts have
certificates of Amazon's own authorities, so these five are read first; a host that shows another certificate is then
held against all.
Source: Amazon Trust Services, https://www.amazontrust.com/repository/.
"""

import functools
import ssl
from collections.abc import Callable, Sequence
from os.path import dirname, join

ROOTS = join(dirname(__file__), "amazon_roots.pem")

Trust = Callable[[], ssl.SSLContext]


def for_host(host: str) -> Sequence[Trust]:
    """Those whom a host is held against, in this order."""
    return (amazon, everybody) if host.endswith(".amazonaws.com") else (everybody,)


@functools.cache
def amazon() -> ssl.SSLContext:
    """Amazon's authorities only."""
    return ssl.create_default_context(cafile=ROOTS)


@functools.cache
def everybody() -> ssl.SSLContext:
    """All whom the machine trusts; OpenSSL obeys SSL_CERT_FILE."""
    return ssl.create_default_context()
