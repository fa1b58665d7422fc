"""A visit's picture shows its pixels, the model that was fitted, and what the fit found."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from starledger.catalog.plots.figures import save
from starledger.catalog.plots.spectrum import SPREAD, spectrum
from starledger.catalog.releases.errors import NoSuchStar
from starledger.catalog.star_spectra.spectra import StarSpectra, spectra_of_visit
from starledger.compute.plots import NothingToDraw
from starledger.compute.work.explaining import NoSuchVisit
from tests.catalog.star_spectra.conftest import FAILED, Survey, survey
from tests.conftest import Answer, Command, address

__all__ = ["survey"]

pytestmark = pytest.mark.integration


def visit(survey: Survey, name: str) -> StarSpectra:
    roots = survey.settings.shard_root, survey.settings.model_root
    return spectra_of_visit(survey.database, *roots, "dr1", name)


@pytest.fixture
def found(survey: Survey) -> StarSpectra:
    return visit(survey, "visit_2")


def masked(found: StarSpectra, *pixels: int) -> StarSpectra:
    """Return the same with pixels that did not count, and hold nonsense."""
    fitted = found.visits[0].fitted
    flux, ivar, used = fitted.flux.copy(), fitted.ivar.copy(), fitted.used.copy()
    flux[list(pixels)], ivar[list(pixels)], used[list(pixels)] = 1e6, 0.0, False
    changed = replace(fitted, flux=flux, ivar=ivar, used=used)
    return replace(found, visits=(replace(found.visits[0], fitted=changed),))


def lines(axes: Axes) -> dict[str, np.ndarray]:
    return {str(one.get_label()): np.asarray(one.get_xydata()) for one in axes.lines}


def words(figure: Figure) -> str:
    return "\n".join(one.get_text() for one in figure.findobj(Text))


def shaded(axes: Axes) -> Iterator[tuple[float, float]]:
    for patch in axes.patches:
        ends = patch.get_extents().transformed(axes.transData.inverted())
        yield ends.x0, ends.x1


def test_flux_and_model_are_those_of_the_fit(found: StarSpectra) -> None:
    above, below = spectrum(found).axes
    fitted = found.visits[0].fitted
    assert fitted.model is not None
    drawn = lines(above)
    assert set(drawn) == {"observed", "small"}
    np.testing.assert_array_equal(drawn["observed"][:, 0], found.wavelength)
    np.testing.assert_array_equal(drawn["observed"][:, 1], fitted.flux)
    np.testing.assert_array_equal(drawn["small"][:, 1], fitted.model)
    residuals = np.asarray(below.lines[0].get_ydata())
    used = fitted.used
    np.testing.assert_allclose(
        residuals[used], ((fitted.flux - fitted.model) * np.sqrt(fitted.ivar))[used], rtol=1e-5
    )
    assert np.isnan(residuals[~used]).all()
    assert {float(np.asarray(line.get_ydata())[0]) for line in below.lines[1:]} == {
        -SPREAD, 0.0, SPREAD
    }  # fmt: skip


def test_axes_say_what_they_are(found: StarSpectra) -> None:
    above, below = spectrum(found).axes
    assert above.get_title(loc="left") == "visit_2, S/N 100"
    assert above.get_ylabel() == "normalised flux"
    assert below.get_xlabel() == "wavelength in vacuum (Å)"
    assert below.get_ylabel() == r"residual ($\sigma$)"
    assert above.get_xlim() == below.get_xlim() == (found.wavelength[0], found.wavelength[-1])


def test_what_the_fit_found_stands_in_a_corner(found: StarSpectra) -> None:
    about, said = found.visits[0].about, words(spectrum(found))
    (teff,) = re.findall(r"T_\\mathrm{eff}\$ = ([\d.]+) ± [\d.]+ K\n", said)
    assert float(teff) == pytest.approx(about["labels"][0], abs=0.1)
    assert "dex(cm s⁻²)\n" in said
    assert "[Fe/H] = " in said
    assert "RV = " in said
    assert f"$\\chi^2$ = {about['chi2']:.5g}, {about['n_pixels']:,} pixels" in said


def test_pixels_that_did_not_count_are_shaded_and_press_nothing_together(
    found: StarSpectra,
) -> None:
    figure = spectrum(masked(found, 0, 1, 200, 201, 202))
    at = found.wavelength
    for axes in figure.axes:
        spans = list(shaded(axes))
        assert any(low == pytest.approx(at[0]) for low, _ in spans)
        (middle,) = [one for one in spans if one[0] < at[201] < one[1]]
        assert middle == pytest.approx(((at[199] + at[200]) / 2, (at[202] + at[203]) / 2))
    assert figure.axes[0].get_ylim()[1] < 10
    assert "did not count" in words(figure)


def test_a_window_shows_its_pixels_alone(found: StarSpectra) -> None:
    low, high = found.wavelength[[50, 80]]
    above, below = spectrum(found, (low, high)).axes
    assert len(lines(above)["observed"]) == 31
    assert below.get_xlim() == (low, high)
    with pytest.raises(NothingToDraw, match="0 pixels from 6000 to 6100"):
        spectrum(found, (6000, 6100))
    with pytest.raises(NothingToDraw, match="None of the visit's pixels"):
        spectrum(masked(found, *range(40, 90)), (low, high))


def test_a_failed_fit_has_no_residuals_and_says_why(survey: Survey) -> None:
    failed = visit(survey, f"visit_{FAILED}")
    figure = spectrum(failed)
    (axes,) = figure.axes
    assert set(lines(axes)) == {"observed"}
    assert str(failed.visits[0].fitted.why_none) in words(figure)


@pytest.mark.parametrize("ending", [".png", ".pdf", ".svg"])
def test_the_same_visit_gives_the_same_bytes(
    ending: str, found: StarSpectra, tmp_path: Path
) -> None:
    one, two = tmp_path / f"one{ending}", tmp_path / f"two{ending}"
    save(spectrum(found), one)
    save(spectrum(found), two)
    assert one.read_bytes() == two.read_bytes()


def test_a_visit_is_named_by_its_number_too(survey: Survey, found: StarSpectra) -> None:
    number = found.visits[0].about["spectrum_id"]
    again = visit(survey, str(number))
    assert again.visits[0].about["external_id"] == "visit_2"
    with pytest.raises(NoSuchVisit, match="visit_77"):
        visit(survey, "visit_77")


def test_a_visit_that_is_not_in_the_release_is_told(survey: Survey) -> None:
    from sqlalchemy import text

    from starledger.catalog.releases.finding import find_release
    from starledger.catalog.star_spectra.finding import visit_named

    copy = """
        INSERT INTO ledger.spectrum (data_release_id, external_id, version, valid_from_run_id,
            instrument_id, kind, arm, frame, shard_id, shard_row, file_name, sha256, ra, dec,
            healpix, ref_epoch, mjd_mid, time_scale, night)
        SELECT data_release_id, 'later', 1, valid_from_run_id, instrument_id, kind, arm, frame,
            shard_id, 500, 'later.fits', sha256, ra, dec, healpix, ref_epoch, mjd_mid,
            time_scale, night
        FROM ledger.spectrum WHERE external_id = 'visit_0'
    """
    with closing(survey.database.engine().connect()) as connection:
        connection.execute(text("ALTER TABLE ledger.spectrum DISABLE TRIGGER USER"))
        connection.execute(text(copy))
        with pytest.raises(NoSuchStar, match="dr1 has no star with the visit 'later'"):
            visit_named(connection, find_release(connection, "dr1"), "later")
        connection.rollback()


@pytest.fixture
def plot(survey: Survey, starledger: Command) -> Command:
    where = ("--database", address(survey.database), "--home", str(survey.settings.home))

    def run(*arguments: str | Path) -> Answer:
        return starledger(*where, "plot", "spectrum", *arguments)

    return run


def test_the_command_writes_a_picture(plot: Command, tmp_path: Path) -> None:
    target = tmp_path / "visit.png"
    answer = plot("visit_2", "--release", "dr1", "--window", "5020,5060", "-o", target, "--json")
    assert answer.code == 0, answer.err
    assert json.loads(answer.out) == {"picture": str(target)}
    assert target.read_bytes().startswith(b"\x89PNG")


def test_the_command_tells_what_it_cannot_draw(plot: Command, tmp_path: Path) -> None:
    target = tmp_path / "visit.png"
    for arguments, said in (
        (("visit_77",), "knows no visit 'visit_77'"),
        (("visit_2", "--model", "large"), "no model 'large'"),
        (("visit_2", "--window", "5060,5020"), "--window '5060,5020' is no range"),
        (("visit_2", "--window", "1,2"), "0 pixels"),
    ):
        answer = plot(*arguments, "-o", target)
        assert answer.code == 2
        assert said in answer.err
    assert not target.exists()
