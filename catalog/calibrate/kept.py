"""Calibrations in the ledger: found by name, compared by content, and entered."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, cast

import numpy as np
import psycopg
import pyarrow as pa
from sqlalchemy import Connection, Row, func, insert, select, text

from starledger.catalog.calibrate.evidence import Evidence
from starledger.catalog.calibrate.forms import Calibration as Applied
from starledger.catalog.calibrate.formula import BoolArray
from starledger.schema.copying import copy_batch
from starledger.schema.errors import StarledgerError
from starledger.schema.tables import SCHEMA, Calibration, Model

CONTENT = (
    *("model_id", "label", "corrects", "population", "form", "variables", "inputs"),
    *("application_order", "coefficients", "coefficient_covariance", "definition"),
    *("valid_low", "valid_high", "outside", "sample_sha256", "validation", "description"),
)
"""The columns that make a calibration what it is; the others say where it stands."""
_FOREVER = ("label", "corrects", "population")
"""What all versions of a name have in common."""


class NoSuchCalibration(StarledgerError):
    """There is no calibration of that name and version."""


class NameTaken(StarledgerError):
    """The name is that of another correction, or no name at all."""


@dataclass(frozen=True)
class Entered:
    """A calibration as it stands in the ledger."""

    calibration_id: int
    name: str
    version: int


def find(connection: Connection, named: str) -> Row[Any]:
    """Return the row that ``NAME:VERSION`` means, or the newest version of ``NAME``.

    Raises
    ------
    NoSuchCalibration
        There is none.
    """
    name, _, version = named.partition(":")
    query = select(Calibration.__table__).where(Calibration.name == name)
    if version:
        number = int(version) if version.isdecimal() else -1
        query = query.where(Calibration.version == number)
    row = connection.execute(query.order_by(Calibration.version.desc()).limit(1)).one_or_none()
    if row is None:
        raise NoSuchCalibration(
            f"There is no calibration {named}.", remedy="`starledger calibrate list` shows all."
        )
    return row


def of_model(connection: Connection, names: Sequence[str], model_id: int) -> list[int]:
    """Return the numbers of calibrations of one model, by their names.

    Raises
    ------
    NoSuchCalibration
        There is none of a name, or it is of another model.
    """
    rows = [find(connection, name) for name in names]
    for row in rows:
        if row.model_id != model_id:
            raise NoSuchCalibration(
                f"The calibration {row.name}:{row.version} is of another model.",
                remedy="Derive it for this one, or name another version.",
            )
    return [row.calibration_id for row in rows]


def all_of(connection: Connection) -> Sequence[Row[Any]]:
    """Return all calibrations with the names of their models, by name and version."""
    newest = func.max(Calibration.version).over(partition_by=Calibration.name)
    query = (
        select(Calibration.__table__, Model.name.label("model"), newest.label("newest"))
        .join(Model, Model.model_id == Calibration.model_id)
        .order_by(Calibration.name, Calibration.version)
    )
    return connection.execute(query).all()


def content_of(row: Row[Any]) -> dict[str, Any]:
    """Return the columns of a row that make it what it is."""
    return {name: getattr(row, name) for name in CONTENT}


def as_calibration(name: str, content: Mapping[str, Any]) -> Applied:
    """Return the calibration that some content makes, before it has a number."""
    own: dict[str, Any] = {
        field.name: content[field.name] for field in fields(Applied) if field.name in content
    }
    for arrays in ("variables", "coefficients"):
        own[arrays] = tuple(own[arrays])
    return Applied(calibration_id=0, name=name, version=0, **own)


def sha256_of_content(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a calibration is: equal for equal derivations."""
    from starledger.compute.models.stored import canonical_json

    return hashlib.sha256(canonical_json(_unsigned(dict(content))).encode()).hexdigest()


def _unsigned(value: Any) -> Any:
    """Return a value in which no zero has a sign, which jsonb would not keep."""
    match value:
        case float():
            return value + 0.0
        case dict():
            return {name: _unsigned(one) for name, one in value.items()}
        case list():
            return [_unsigned(one) for one in value]
        case _:
            return value


def check_name(connection: Connection, name: str, content: Mapping[str, Any]) -> Row[Any] | None:
    """Return the newest version of a name, after checking that a next one may follow it.

    Raises
    ------
    NameTaken
        It is spelled as no name is, or stands for another correction.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise NameTaken(
            f"{name!r} is no name for a calibration.",
            remedy="Use lower-case letters, digits and _, a letter first: mg_fe_dwarfs.",
        )
    query = select(Calibration.__table__).where(Calibration.name == name)
    row = connection.execute(query.order_by(Calibration.version.desc()).limit(1)).one_or_none()
    for what in _FOREVER if row is not None else ():
        if getattr(row, what) != content[what]:
            raise NameTaken(
                f"{name} is a calibration of another {what}, {getattr(row, what)}.",
                remedy="Choose another name.",
            )
    return row


def enter(
    connection: Connection,
    name: str,
    run_id: int,
    content: Mapping[str, Any],
    figure: str | None,
) -> Entered:
    """Add the next version of a calibration."""
    # Two that derive one name at once follow each other.
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})
    last = check_name(connection, name, content)
    version = 1 if last is None else last.version + 1
    values = {
        "name": name,
        "version": version,
        "supersedes_id": None if last is None else last.calibration_id,
        "run_id": run_id,
        "figure": figure,
        **content,
    }
    number = connection.execute(
        insert(Calibration).returning(Calibration.calibration_id), values
    ).scalar_one()
    return Entered(int(number), name, version)


def enter_members(
    connection: Connection, calibration_id: int, evidence: Evidence, held_out: BoolArray
) -> None:
    """Add the members of a calibration's sample."""
    count = len(evidence)
    batch = pa.record_batch(
        {
            "calibration_id": pa.array(np.full(count, calibration_id, np.int32)),
            "member": pa.array(np.arange(1, count + 1, dtype=np.int32)),
            "star_id": pa.array(evidence.star_id),
            "partner_star_id": _or_nulls(evidence.partner_star_id, count),
            "reference_row_id": _or_nulls(evidence.reference_row_id, count),
            "role": pa.array(np.where(held_out, "held_out", "fitted").tolist(), pa.string()),
        }
    )
    driver = cast("psycopg.Connection[object]", connection.connection.driver_connection)
    with driver.cursor() as cursor:
        copy_batch(cursor, (SCHEMA, "calibration_member"), batch)


def _or_nulls(values: Any, count: int) -> pa.Array:
    return pa.nulls(count, pa.int64()) if values is None else pa.array(values)
