"""The overlap of a simulated LAMOST with GALAH: which spectra, which labels, and all at rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from astropy.io import fits
from numpy.typing import NDArray
from sqlalchemy import text
from torch import Tensor

from starledger.compute.models.cannon.training import BadTrainingSet, train
from starledger.compute.models.registry import Registration, register
from starledger.compute.simulate.observe.rest_spectra import OPTICAL
from starledger.compute.simulate.survey import simulate_survey
from starledger.compute.synthesis.labels import label_index
from starledger.compute.training.overlap import Cuts, Overlap, at_rest, enter, overlap
from starledger.ingest.catalogs.ingesting import ingest_catalog
from starledger.ingest.crossmatch.matching import crossmatch
from starledger.ingest.crossmatch.ranking import BestRule
from starledger.ingest.crossmatch.sides import named_release
from starledger.ingest.pixels.spectra_run import ingest_spectra
from starledger.schema.database import Database
from tests.conftest import Server

pytestmark = pytest.mark.integration

LINE = 5200.0
NAMES = ("teff", "mg_fe")
WAVELENGTH = 10 ** np.arange(np.log10(5100.0), np.log10(5300.0), 1e-4)
N_STARS = 150


class OneLine:
    """Stars with one line, the deeper the cooler and the more magnesium."""

    band = OPTICAL

    def flux(self, labels: Tensor) -> Tensor:
        """Return the flux of stars, which is flat but for the line."""
        depth = 0.5 - (labels[:, label_index("teff")] - 5500.0) / 1e4
        depth = depth + 0.3 * labels[:, label_index("mg_fe")]
        shape = np.exp(-0.5 * ((OPTICAL.wavelength - LINE) / 5.0) ** 2)
        return (1.0 - depth[:, None] * torch.from_numpy(shape)).float()


@dataclass(frozen=True)
class Matched:
    """A ledger with both surveys, matched, and the truth about the stars."""

    database: Database
    shard_root: Path
    run: int
    stars: NDArray[np.void]
    catalog: NDArray[np.void]


@pytest.fixture(scope="module")
def matched(
    server: Server, upgraded: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Matched]:
    folder = tmp_path_factory.mktemp("overlap")
    simulate_survey("lamost", N_STARS, 3, folder / "lamost", quality="clean", spectra=OneLine())
    simulate_survey("galah", N_STARS, 3, folder / "galah", quality="realistic")
    catalog = folder / "galah" / "catalogs" / "GALAH_DR3_main_v2.fits"
    with fits.open(catalog) as file, fits.open(folder / "lamost/truth/stars.fits") as truth:
        rows, stars = np.array(file[1].data), np.array(truth[1].data)
    with server.database(upgraded) as database:
        shards = folder / "shards"
        ingest_spectra(database, shards, "lamost", "dr5", [folder / "lamost" / "spectra"])
        ingest_catalog(database, "galah", "dr3", [catalog])
        with database.engine().connect() as connection:
            here, there = (
                named_release(connection, one) for one in ("lamost/dr5:spectra", "galah/dr3")
            )
        found = crossmatch(database, here, there, 2.0, None, BestRule.NEAREST)
        yield Matched(database, shards, found["run"], stars, rows)


def found_in(matched: Matched, cuts: Cuts = Cuts(), names: tuple[str, ...] = NAMES) -> Overlap:  # noqa: B008 -- it is frozen
    with matched.database.engine().connect() as connection:
        return overlap(connection, matched.run, names, cuts)


def galah_of(matched: Matched, found: Overlap) -> NDArray[np.void]:
    """Return the rows of the catalog that gave the labels."""
    with matched.database.engine().connect() as connection:
        query = text("SELECT row_id, sobject_id FROM ledger.galah_star")
        name_of = {row[0]: row[1] for row in connection.execute(query)}
    wanted = np.array([name_of[int(row)] for row in found.source_row_ids])
    order = np.argsort(matched.catalog["sobject_id"])
    return matched.catalog[order][np.searchsorted(matched.catalog["sobject_id"][order], wanted)]


def test_labels_are_those_of_sound_rows(matched: Matched) -> None:
    found = found_in(matched)
    rows = galah_of(matched, found)
    assert 0.6 * N_STARS < len(found) < N_STARS
    assert len(np.unique(found.spectrum_ids)) == len(found)
    assert (rows["flag_sp"] == 0).all()
    assert (matched.catalog["flag_sp"] != 0).any()
    assert (rows["flag_Mg_fe"] == 0).all()
    np.testing.assert_allclose(found.labels[:, 0], rows["teff"], rtol=1e-6)
    np.testing.assert_allclose(found.labels[:, 1], rows["Mg_fe"], rtol=1e-5)
    np.testing.assert_allclose(found.errors[:, 1], rows["e_Mg_fe"], rtol=1e-5)


def test_cuts_leave_out_what_is_not_good_enough(matched: Matched) -> None:
    cuts = Cuts(min_snr=60.0, min_catalog_snr=30.0, ranges={"teff": (5000.0, 6000.0)})
    found = found_in(matched, cuts)
    assert 0 < len(found) < len(found_in(matched))
    assert (galah_of(matched, found)["snr_c3_iraf"] >= 30.0).all()
    assert ((found.labels[:, 0] >= 5000.0) & (found.labels[:, 0] <= 6000.0)).all()
    with matched.database.engine().connect() as connection:
        least = connection.execute(
            text("SELECT min(snr) FROM ledger.spectrum WHERE spectrum_id = ANY (:ids)"),
            {"ids": found.spectrum_ids.tolist()},
        ).scalar_one()
    assert least >= 60.0


def test_spectra_come_to_rest_and_teach(matched: Matched) -> None:
    found = found_in(matched, Cuts(min_snr=40.0))
    with matched.database.engine().connect() as connection:
        taught = at_rest(connection, matched.shard_root, found, WAVELENGTH, "none")
    flux = taught.spectra.flux / taught.spectra.flux.median(dim=1, keepdim=True).values
    depth = (1.0 - flux).clamp(min=0.0).double().numpy()
    near = np.abs(WAVELENGTH - LINE) < 15.0
    centre = (depth * WAVELENGTH)[:, near].sum(axis=1) / depth[:, near].sum(axis=1)
    assert np.abs(found.rv).max() > 60.0
    # 60 km/s are 1 Å; velocities are known to some km/s.
    assert np.abs(np.median(centre) - LINE) < 0.1
    assert np.quantile(np.abs(centre - LINE), 0.9) < 0.35
    divided = replace(taught, spectra=replace(taught.spectra, flux=flux))
    cannon = train(divided)
    middle = torch.tensor([[5000.0, 0.0], [6000.0, 0.0]], dtype=torch.float64)
    cooler, hotter = cannon.flux(middle)[:, int(np.argmin(np.abs(WAVELENGTH - LINE)))]
    assert 0.07 < float(hotter - cooler) < 0.13


def test_a_training_set_is_entered_once_and_known_to_its_model(
    matched: Matched, tmp_path: Path
) -> None:
    found = found_in(matched)
    engine = matched.database.engine()
    with engine.begin() as connection:
        number = enter(connection, "overlap", found)
        assert enter(connection, "overlap", found) == number
        taught = at_rest(connection, matched.shard_root, found, WAVELENGTH, "none")
    about = Registration(name="cannon_overlap", description="x", training_set_id=number)
    register(engine, tmp_path, train(taught), about)
    with engine.connect() as connection:
        members = text("SELECT count(*) FROM ledger.training_member WHERE training_set_id = :id")
        assert connection.execute(members, {"id": number}).scalar_one() == len(found)
        kept = text("SELECT max(training_set_id) FROM ledger.training_run")
        assert connection.execute(kept).scalar_one() == number


def test_another_set_of_the_same_name_is_refused(matched: Matched) -> None:
    with matched.database.engine().begin() as connection:
        enter(connection, "taken", found_in(matched, Cuts(min_snr=50.0)))
    with (
        pytest.raises(BadTrainingSet, match="taken"),
        matched.database.engine().begin() as connection,
    ):
        enter(connection, "taken", found_in(matched, Cuts(min_snr=60.0)))


@pytest.mark.parametrize(
    ("run", "names", "cuts", "said"),
    [
        (1, NAMES, Cuts(), "did not match spectra"),
        (None, ("teff", "ti2_fe"), Cuts(), "has no ti2_fe"),
        (None, NAMES, Cuts(min_snr=1e6), "No spectrum"),
    ],
)
def test_what_cannot_teach_is_refused(
    matched: Matched, run: int | None, names: tuple[str, ...], cuts: Cuts, said: str
) -> None:
    wrong = replace(matched, run=matched.run if run is None else run)
    with pytest.raises(BadTrainingSet, match=said):
        found_in(wrong, cuts, names)
