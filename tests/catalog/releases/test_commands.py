"""`starledger release` on the command line, from the draft to the withdrawal."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from starledger.schema.database import Database
from tests.catalog.releases.growing import Growing
from tests.conftest import Answer, Command, address

pytestmark = pytest.mark.integration


@pytest.fixture
def growing(ledger: Database) -> Growing:
    """Return the numbers of what is in the ledger."""
    with ledger.engine().begin() as connection:
        return Growing(connection)


def created(
    starledger: Command, ledger: Database, growing: Growing, name: str, *more: str
) -> Answer:
    """Keep a draft of a release of one model."""
    return starledger(
        *("--database", address(ledger), "release", "create", name),
        *("--model", "payne_lamost", "--combination", str(growing.runs["combination"])),
        *("--title", "The first", "--licence", "CC BY 4.0", "--json", *more),
    )


def test_a_release_from_draft_to_withdrawal(
    ledger: Database, growing: Growing, starledger: Command
) -> None:
    release = ("--database", address(ledger), "release")
    drafted = created(
        starledger, ledger, growing, "dr1", "--calibration", "mg_fe_dwarfs:1",
        "--recommend", "teff=payne_lamost", "--doi", "10.5281/zenodo.1",
    )  # fmt: skip
    assert drafted.code == 0, drafted.err
    assert "teff=payne_lamost" in json.loads(drafted.out)["labels"]
    shown = starledger(*release, "preview", "dr1")
    assert shown.code == 0
    assert "-- dr1.star: 1 rows" in shown.out
    assert json.loads(starledger(*release, "list", "--json").out)[0]["state"] == "draft"

    done = starledger(*release, "publish", "dr1", "--materialise", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["rows"]["star"] == 1
    assert starledger(*release, "publish", "dr1").code == 2
    held = starledger(*release, "verify", "dr1")
    assert (held.code, held.out) == (0, "")
    assert "dr1 holds" in held.err
    manifest = json.loads(starledger(*release, "show", "dr1", "--json").out)
    assert manifest["doi"] == "10.5281/zenodo.1"
    assert "CC BY 4.0" in starledger(*release, "show", "dr1").out

    assert created(starledger, ledger, growing, "dr2").code == 0
    assert starledger(*release, "publish", "dr2").code == 0
    differ = starledger(*release, "diff", "dr1", "dr2", "--sigma", "0.1", "--json")
    assert differ.code == 1
    found = json.loads(differ.out)
    assert [one["label"] for one in found["changes"]] == ["mg_fe"]
    assert found["counts"] == {"moved": 1, "mg_fe moved": 1}
    assert "mg_fe moved" in starledger(*release, "diff", "dr1", "dr2", "--sigma", "0.1").out
    assert starledger(*release, "diff", "dr1", "dr1").code == 0

    gone = starledger(*release, "withdraw", "dr1", "--reason", "wrong zero point")
    assert gone.code == 0
    again = starledger(*release, "withdraw", "dr1", "--reason", "again")
    assert (again.code, "withdrawn already: wrong zero point" in again.err) == (2, True)
    listed = json.loads(starledger(*release, "list", "--json").out)
    assert [one["state"] for one in listed] == ["withdrawn: wrong zero point", "published"]
    assert starledger(*release, "verify", "dr1").code == 0


def test_verify_exits_with_1_and_names_the_table(
    ledger: Database, growing: Growing, starledger: Command
) -> None:
    release = ("--database", address(ledger), "release")
    created(starledger, ledger, growing, "dr1")
    starledger(*release, "publish", "dr1")
    with ledger.engine().begin() as connection:
        connection.execute(text("ALTER TABLE ledger.shard DISABLE TRIGGER USER"))
        connection.execute(text("UPDATE ledger.shard SET n_pixels = 1"))
    found = starledger(*release, "verify", "dr1")
    assert found.code == 1
    assert "ledger.shard" in found.out
    assert "dr1 is not what was published" in found.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("publish", "dr7"), "There is no draft 'dr7'"),
        (("preview", "dr7"), "There is no draft 'dr7'"),
        (("verify", "dr7"), "There is no release 'dr7'"),
        (("show", "dr7"), "There is no release 'dr7'"),
        (("diff", "dr7", "dr8"), "There is no release 'dr7'"),
        (("withdraw", "dr7", "--reason", "x"), "There is no release 'dr7'"),
    ],
)
def test_what_is_not_there_is_refused(
    arguments: tuple[str, ...], said: str, ledger: Database, starledger: Command
) -> None:
    found = starledger("--database", address(ledger), "release", *arguments)
    assert (found.code, found.out) == (2, "")
    assert said in found.err


def test_what_is_recommended_must_be_spelled(
    ledger: Database, growing: Growing, starledger: Command
) -> None:
    found = created(starledger, ledger, growing, "dr1", "--recommend", "teff")
    assert found.code == 2
    assert "LABEL=MODEL" in found.err
