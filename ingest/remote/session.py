"""HTTP with a time limit, whose failures say whether another try may help."""

from __future__ import annotations

import datetime as dt
import re
from email.utils import parsedate_to_datetime
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests

from starledger import __version__
from starledger.ingest.remote.faults import PassingFault, QueryRefused, RemoteError, TooMuch

LARGEST_ANSWER = 1 << 29
"""Bytes beyond which an answer is not taken: who ignores MAXREC must not fill our memory."""

_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_TOO_LARGE = 413
_SENT_ON = frozenset({302, 303})
_BLOCK = 1 << 20
_TOLD = 300


class PoliteSession(requests.Session):
    """A session that names us, waits for so long only, and tells failures apart.

    Parameters
    ----------
    timeout_s
        Seconds that a server may be silent.

    Attributes
    ----------
    sent_to
        Where the first answer led that only names another place: a job that was made, even if
        it could not be looked at.
    """

    def __init__(self, timeout_s: float) -> None:
        super().__init__()
        self.timeout_s = timeout_s
        self.sent_to: str | None = None
        self._last: requests.Response | None = None
        self.hooks["response"].append(self._remember)
        self.headers["User-Agent"] = f"starledger/{__version__} (IVOA-science)"

    def request(self, method: str, url: str | bytes, **options: Any) -> requests.Response:  # type: ignore[override]
        """Send a request.

        Raises
        ------
        PassingFault
            Another try may help.
        QueryRefused
            Another try is answered the same way.
        """
        self._close_last()
        options["timeout"] = self.timeout_s
        try:
            response = super().request(method, url, **options)
        except (
            requests.ConnectionError,
            requests.Timeout,
            requests.exceptions.ChunkedEncodingError,
        ) as error:
            raise PassingFault(f"No answer from {_text(url)}: {_cause(error)}.") from error
        except requests.RequestException as error:
            raise RemoteError(
                f"{_text(url)} cannot be asked: {error}.",
                remedy="Give the service's address with --url.",
            ) from error
        self._last = response
        if not response.ok:
            raise _fault(response)
        return response

    def close(self) -> None:
        """Close all connections."""
        self._close_last()
        super().close()

    def _close_last(self) -> None:
        # pyvo leaves half-read answers behind.
        if self._last is not None:
            self._last.close()

    def _remember(self, response: requests.Response, **_: Any) -> None:
        if not response.is_redirect:
            return
        to = urljoin(response.url, response.headers["Location"])
        if response.status_code in _SENT_ON:
            self.sent_to = self.sent_to or to
        # What is posted would be lost on the way there.
        elif response.status_code == requests.codes.moved_permanently:
            raise RemoteError(
                f"{response.url} has moved to {to}.",
                remedy="Give its new address with --url, without /sync and /async.",
            )


def save_answer(response: requests.Response, file: Path, largest: int = LARGEST_ANSWER) -> None:
    """Write the body of a response into a file.

    Raises
    ------
    PassingFault
        The connection broke.
    TooMuch
        The body has more bytes than ``largest``.
    """
    size = 0
    try:
        with response, file.open("wb") as out:
            for block in response.iter_content(_BLOCK):
                size += out.write(block)
                if size > largest:
                    raise TooMuch(f"The answer has more than {largest} bytes.")
    except requests.RequestException as error:
        raise PassingFault(f"The connection broke after {size} bytes: {_cause(error)}.") from error


def readable(body: str) -> str:
    """Return the message of an error page: the status of a VOTable, or the text without tags.

    Examples
    --------
    >>> readable('<VOTABLE><INFO name="QUERY_STATUS" value="ERROR">No &lt;x&gt;</INFO></VOTABLE>')
    'No <x>'
    >>> readable("<html><style>a {}</style><h1>Down</h1> for repair </html>")
    'Down for repair'
    """
    found = _status_of(body)
    text = found or re.sub(r"<(style|script)\b.*?</\1>", " ", body, flags=re.DOTALL | re.IGNORECASE)
    plain = unescape(re.sub(r"<!\[CDATA\[|\]\]>|<[^>]*>", " ", text))
    return " ".join(plain.split())[:_TOLD]


def _status_of(body: str) -> str:
    found = re.search(
        r"<(?:\w+:)?INFO\b[^>]*QUERY_STATUS[^>]*[^/]>(.*?)</(?:\w+:)?INFO>", body, re.DOTALL
    )
    return found[1] if found else ""


def _fault(response: requests.Response) -> Exception:
    with response:
        body = next(response.iter_content(_BLOCK), b"").decode(errors="replace")
    code, said = response.status_code, readable(body)
    what = f"{response.url} answers {code} {response.reason}: {said or 'nothing more'}"
    if code == _TOO_LARGE:
        return TooMuch(what)
    # Some services tell wrong queries with 500, but then as a VOTable.
    if code in _BUSY and not (code == requests.codes.server_error and _status_of(body)):
        return PassingFault(what, _retry_after(response.headers.get("Retry-After")))
    return QueryRefused(f"{what.rstrip('.')}.", remedy="Mend what was asked for, as it says.")


def _retry_after(header: str | None) -> float | None:
    """Return the seconds that a header asks for, which may be a number or a date."""
    if header is None:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=dt.UTC)
    return max(0.0, (until - dt.datetime.now(dt.UTC)).total_seconds())


def _cause(error: BaseException) -> str:
    """Return the innermost of the reasons, which says most."""
    while isinstance(inner := error.args[0] if error.args else None, BaseException):
        error = inner
    return f"{type(error).__name__} {error}".strip().splitlines()[0].rstrip(".")


def _text(url: str | bytes) -> str:
    return url.decode() if isinstance(url, bytes) else url
