"""A small TAP service over PostgreSQL: sync and async, MAXREC, uploads, and faults on demand."""

from __future__ import annotations

import io
import re
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs

import numpy as np
from astropy.io import votable as astropy_votable
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from tests.ingest.remote.votables import TYPES, Row, complaint, votable

PAGE = b"<html><head><title>Maintenance</title></head><body>Back at noon</body></html>"
"""What services show while they are under repair."""

UNITS = {"ra": "deg", "dec": "deg", "parallax": "mas", "pmra": "mas.yr**-1"}

FUNCTIONS = """
CREATE FUNCTION point(text, float8, float8) RETURNS float8[] IMMUTABLE LANGUAGE sql
    RETURN ARRAY[$2, $3];
CREATE FUNCTION circle(text, float8, float8, float8) RETURNS float8[] IMMUTABLE LANGUAGE sql
    RETURN ARRAY[$2, $3, $4];
CREATE FUNCTION contains(float8[], float8[]) RETURNS int IMMUTABLE LANGUAGE sql
    RETURN (power(sind(($1[2] - $2[2]) / 2), 2)
        + cosd($1[2]) * cosd($2[2]) * power(sind(($1[1] - $2[1]) / 2), 2)
        <= power(sind($2[3] / 2), 2))::int;
"""
"""With these PostgreSQL understands the ADQL that is asked here."""

Where = Literal["sync", "create", "job", "result", "delete"]


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the next request of a kind.

    Parameters
    ----------
    where
        Which kind of request.
    status, headers, body
        The answer instead; a status alone says so in plain words.
    keep
        How much of the body is sent; the promised length stays true to what is sent.
    broken
        How the connection ends within the body: with a reset, or as if all were said.
    silent
        Whether the answer never comes.
    max_rows, flagged
        Cuts the answer; whether it says so.
    renamed
        Columns that come under other names.
    """

    where: Where
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    keep: float = 1.0
    broken: Literal["no", "reset", "closed"] = "no"
    silent: bool = False
    max_rows: int | None = None
    flagged: bool = True
    renamed: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Job:
    """A job of the service; each look at it brings it a phase further."""

    parameters: dict[str, str]
    uploads: dict[str, bytes]
    phase: str = "PENDING"
    message: str = ""
    error_type: str = "fatal"


@dataclass
class Service:
    """The service's state: its data, what is to go wrong, and what it saw.

    Parameters
    ----------
    engine
        The database.
    faults
        What goes wrong, each once.
    hard_limit, flagging
        Rows that no answer has more of, and whether it says so.
    binary
        Whether rows come as BINARY2.
    ends
        Phases in which jobs end instead of COMPLETED, each once, with type and message.
    queries
        Every query that was executed.
    """

    engine: Engine
    faults: list[Fault] = field(default_factory=list)
    hard_limit: int | None = None
    flagging: bool = True
    binary: bool = False
    ends: list[tuple[str, str, str]] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    jobs: dict[str, Job] = field(default_factory=dict)
    made: int = 0
    at_once: int = 0
    most_at_once: int = 0
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)
    stalled: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)

    def fault(self, where: Where) -> Fault | None:
        """Return what goes wrong with a request, once."""
        with self.lock:
            for number, fault in enumerate(self.faults):
                if fault.where == where:
                    return self.faults.pop(number)
        return None

    def answer(self, job: Job, fault: Fault | None) -> bytes:
        """Execute a query and return the VOTable."""
        asked = job.parameters
        limits = [self.hard_limit, int(asked["MAXREC"]) if "MAXREC" in asked else None]
        limits.append(fault.max_rows if fault else None)
        limit = min((limit for limit in limits if limit is not None), default=None)
        with self.lock:
            self.queries.append(asked["QUERY"])
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            with self.engine.connect() as connection:
                columns, rows = _executed(connection, job, None if limit is None else limit + 1)
        finally:
            with self.lock:
                self.at_once -= 1
        cut = limit is not None and len(rows) > limit
        told = cut and self.flagging and (fault is None or fault.flagged)
        renamed = fault.renamed if fault else {}
        return votable(
            {renamed.get(name, name): kind for name, kind in columns.items()},
            rows[:limit],
            status="OVERFLOW" if told else "OK",
            units=UNITS,
            binary=self.binary,
        )


def _executed(
    connection: Connection, job: Job, limit: int | None
) -> tuple[dict[str, str], list[Row]]:
    for name, content in job.uploads.items():
        _load(connection, name, content)
    connection.commit()
    connection.execute(text("SET TRANSACTION READ ONLY"))
    sql = re.sub(r"\bTAP_UPLOAD\.", "pg_temp.", job.parameters["QUERY"])
    top = re.match(r"SELECT (DISTINCT )?TOP (\d+)", sql)
    sql = re.sub(r"^(SELECT (?:DISTINCT )?)TOP \d+ ", r"\1", sql)
    limits = [int(top[2])] if top else []
    limits += [limit] if limit is not None else []
    sql += f" LIMIT {min(limits)}" if limits else ""
    cursor = connection.exec_driver_sql(sql.replace("%", "%%"))
    assert cursor.cursor is not None
    description: Any = cursor.cursor.description
    columns = {about[0]: TYPES[about[1]] for about in description}
    rows: list[Row] = [tuple(row) for row in cursor]
    connection.rollback()
    for name in job.uploads:
        connection.execute(text(f"DROP TABLE pg_temp.{name}"))
    connection.commit()
    return columns, rows


def _load(connection: Connection, name: str, content: bytes) -> None:
    table = astropy_votable.parse(io.BytesIO(content)).get_first_table()
    kinds = {"long": "bigint", "double": "float8"}
    columns = [f"{field.name} {kinds[field.datatype]}" for field in table.fields]
    connection.execute(text(f"CREATE TEMP TABLE {name} ({', '.join(columns)})"))
    names = [field.name for field in table.fields]
    arrays = {key: np.asarray(table.array[key]).tolist() for key in names}
    values = ", ".join(
        f"(:{key})::{kinds[f.datatype]}[]" for key, f in zip(names, table.fields, strict=True)
    )
    connection.execute(text(f"INSERT INTO {name} SELECT * FROM unnest({values})"), arrays)


class Handler(BaseHTTPRequestHandler):
    """Answers requests as TAP 1.1 and UWS 1.1 say."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # else heads and bodies go in packets of their own, and wait for each other
    service: Service

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        """Keep quiet."""

    def do_GET(self) -> None:
        """Answer looks at a job, and take its result."""
        self._seen()
        *_, job_id, last = ["", *self.path.partition("?")[0].split("/")]
        if last == "result":
            self._result(self.service.jobs[self.path.split("/")[-3]])
        elif last in self.service.jobs:
            self._job(last)
        else:
            self._send(404, b"There is no " + job_id.encode(), "text/plain")

    def do_POST(self) -> None:
        """Answer queries, and make jobs and run them."""
        self._seen()
        parameters, uploads = self._form()
        if self.path.endswith("/sync"):
            self._sync(Job(parameters, uploads))
        elif self.path.endswith("/async"):
            self._create(Job(parameters, uploads))
        else:
            job_id = self.path.split("/")[-2]
            self.service.jobs[job_id].phase = "QUEUED"
            self._redirect(f"{self.service.url}/async/{job_id}")

    def do_DELETE(self) -> None:
        """Forget a job."""
        self._seen()
        if not self._spoiled(self.service.fault("delete"), b""):
            self.service.jobs.pop(self.path.split("/")[-1], None)
            self._send(200, b"", "text/plain")

    def _sync(self, job: Job) -> None:
        fault = self.service.fault("sync")
        try:
            content = self.service.answer(job, fault)
        except DBAPIError as error:
            self._send(400, complaint(str(error.orig)), "application/x-votable+xml")
            return
        if not self._spoiled(fault, content):
            self._send(200, content, "application/x-votable+xml")

    def _create(self, job: Job) -> None:
        if self._spoiled(self.service.fault("create"), b""):
            return
        with self.service.lock:
            self.service.made += 1
            job_id = f"job{self.service.made}"
            self.service.jobs[job_id] = job
        self._redirect(f"{self.service.url}/async/{job_id}")

    def _job(self, job_id: str) -> None:
        job = self.service.jobs[job_id]
        if job.phase == "EXECUTING":
            ends = self.service.ends
            job.phase, job.error_type, job.message = ends.pop(0) if ends else ("COMPLETED", "", "")
        elif job.phase == "QUEUED":
            job.phase = "EXECUTING"
        document = _uws(job_id, job, self.service.url)
        if not self._spoiled(self.service.fault("job"), document):
            self._send(200, document, "application/xml")

    def _result(self, job: Job) -> None:
        fault = self.service.fault("result")
        content = self.service.answer(job, fault)
        if not self._spoiled(fault, content):
            self._send(200, content, "application/x-votable+xml")

    def _spoiled(self, fault: Fault | None, content: bytes) -> bool:
        """Tell whether a fault answered in our place."""
        if fault is None or fault.max_rows is not None or fault.renamed:
            return False
        if fault.silent:
            self.service.stalled.set()
            self.service.closing.wait()
            self.close_connection = True
            return True
        body = content if fault.body is None else fault.body
        kept = body[: int(len(body) * fault.keep)]
        promised = len(kept) if fault.broken == "no" else len(body)
        self._send(fault.status or 200, kept, "text/html", fault.headers, promised)
        if fault.broken == "reset":
            # Closing without lingering resets the connection.
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        if fault.broken != "no":
            self.wfile.flush()
            self.close_connection = True
        return True

    def _send(
        self,
        status: int,
        body: bytes,
        kind: str,
        headers: Mapping[str, str] | None = None,
        promised: int | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if promised is None else promised))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _redirect(self, to: str) -> None:
        self._send(303, b"", "text/plain", {"Location": to})

    def _seen(self) -> None:
        with self.service.lock:
            self.service.requests.append(f"{self.command} {self.path}")

    def _form(self) -> tuple[dict[str, str], dict[str, bytes]]:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.headers.get("Content-Type", "")
        if not kind.startswith("multipart/"):
            return {name: values[0] for name, values in parse_qs(body.decode()).items()}, {}
        whole = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
        parts: list[Message] = [part for part in whole.walk() if not part.is_multipart()]
        fields = {str(part.get_param("name", header="content-disposition")): part for part in parts}
        contents = {name: _content(part) for name, part in fields.items()}
        sent = dict(one.split(",param:") for one in contents.pop("UPLOAD").decode().split(";"))
        uploads = {name: contents.pop(part) for name, part in sent.items()}
        return {name: content.decode() for name, content in contents.items()}, uploads


def _content(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


def _uws(job_id: str, job: Job, url: str) -> bytes:
    message = ""
    if job.phase == "ERROR":
        message = (
            f'<uws:errorSummary type="{job.error_type}" hasDetail="false">'
            f"<uws:message>{job.message}</uws:message></uws:errorSummary>"
        )
    results = ""
    if job.phase == "COMPLETED":
        href = f"{url}/async/{job_id}/results/result"
        results = f'<uws:result id="result" xlink:href="{href}"/>'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<uws:job xmlns:uws="http://www.ivoa.net/xml/UWS/v1.0" '
        'xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1">'
        f"<uws:jobId>{job_id}</uws:jobId><uws:phase>{job.phase}</uws:phase>"
        "<uws:executionDuration>60</uws:executionDuration>"
        f"<uws:results>{results}</uws:results>{message}</uws:job>"
    ).encode()


class Quiet(ThreadingHTTPServer):
    """A server that does not print that its clients went away."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(engine: Engine) -> Iterator[Service]:
    """Run the service for a while."""
    service = Service(engine)
    http = Quiet(("127.0.0.1", 0), type("OwnHandler", (Handler,), {"service": service}))
    service.url = f"http://127.0.0.1:{http.server_port}/tap"
    thread = threading.Thread(target=http.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield service
    finally:
        service.closing.set()
        http.shutdown()
        http.server_close()
        thread.join()
