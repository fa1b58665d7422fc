"""Pictures show what is in the tables, in our style, and the same ones have the same bytes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.table import MaskedColumn, Table

from starledger.catalog.plots.comparing import one_to_one, residuals
from starledger.catalog.plots.figures import save
from starledger.catalog.plots.kiel import kiel, plane
from starledger.catalog.plots.precision import precision
from starledger.compute.plots import NothingToDraw
from starledger.schema.errors import StarledgerError

STARS = 400


@pytest.fixture
def stars() -> Table:
    """Return stars whose temperature is 20 K above what others say, with errors of 40 K."""
    rng = np.random.default_rng(5)
    teff = rng.uniform(4000, 7000, STARS)
    snr = rng.uniform(20, 200, STARS)
    table = Table(
        {
            "teff": teff + 20 + rng.normal(0, 40, STARS),
            "other_teff": teff,
            "err_teff": np.full(STARS, 40.0),
            "err_other_teff": np.full(STARS, 40.0),
            "crlb_teff": 2000 / snr,
            "logg": rng.uniform(1, 5, STARS),
            "fe_h": rng.normal(-0.2, 0.3, STARS),
            "mg_fe": rng.normal(0.1, 0.1, STARS),
            "snr": snr,
        }
    )
    table["logg"] = MaskedColumn(table["logg"], mask=np.arange(STARS) < 100)
    return table


DRAWN: dict[str, Callable[[Table], Any]] = {
    "kiel": kiel,
    "plane": lambda stars: plane(stars, "fe_h", "mg_fe"),
    "one_to_one": lambda stars: one_to_one(stars, "teff"),
    "residuals": lambda stars: residuals(stars, "teff"),
    "precision": lambda stars: precision(stars, "teff"),
}


@pytest.mark.parametrize("name", sorted(DRAWN))
@pytest.mark.parametrize("ending", [".png", ".pdf", ".svg"])
def test_a_picture_drawn_twice_is_the_same_file(
    name: str, ending: str, stars: Table, tmp_path: Path
) -> None:
    for place in ("one", "two"):
        save(DRAWN[name](stars), tmp_path / f"{place}{ending}")
    one, two = ((tmp_path / f"{place}{ending}").read_bytes() for place in ("one", "two"))
    assert one == two
    assert len(one) > 2000


def test_the_kiel_diagram_has_its_axes_turned_and_leaves_nulls_out(stars: Table) -> None:
    axes, colours = kiel(stars).axes
    assert axes.xaxis_inverted()
    assert axes.yaxis_inverted()
    assert axes.get_xlabel() == r"$T_\mathrm{eff}$ (K)"
    assert axes.get_title(loc="left") == "300 stars"
    assert colours.get_ylabel() == "[Fe/H] (dex)"
    (points,) = axes.collections
    assert np.shape(points.get_offsets()) == (300, 2)


def test_a_crowd_is_drawn_as_cells(stars: Table) -> None:
    from astropy.table import vstack

    axes, colours = kiel(vstack([stars] * 20)).axes
    assert axes.get_title(loc="left") == "6,000 stars"
    assert colours.get_ylabel().startswith("median")


def test_one_to_one_tells_offset_scatter_and_how_honest_errors_are(stars: Table) -> None:
    stars.remove_column("err_other_teff")
    above, below = one_to_one(stars, "teff", "APOGEE").axes
    words = above.get_title(loc="left")
    assert "400 stars" in words
    said = re.findall(r"(?:offset|scatter) ([\d.]+)|([\d.]+) of the errors", words)
    offset, scatter, honest = (float(first or second) for first, second in said)
    assert offset == pytest.approx(20, abs=8)
    assert scatter == pytest.approx(40, rel=0.2)
    assert honest == pytest.approx(1, rel=0.2)
    assert below.get_xlabel().endswith("APOGEE")


def test_residuals_have_a_panel_for_each_column(stars: Table) -> None:
    panels = residuals(stars, "teff", ("teff", "logg", "snr")).axes
    assert [panel.get_visible() for panel in panels] == [True, True, True, False]


def test_repeats_are_drawn_beside_errors_and_bounds(stars: Table) -> None:
    (axes,) = precision(stars, "teff").axes
    drawn = {line.get_label(): np.asarray(line.get_ydata(), float) for line in axes.lines}
    assert set(drawn) == {"error", "Cramér–Rao bound", "scatter of repeats"}
    assert np.median(drawn["scatter of repeats"]) == pytest.approx(40 / np.sqrt(2), rel=0.3)
    stars["err_other_teff"] = 30.0
    (axes,) = precision(stars, "teff").axes
    (line,) = (one for one in axes.lines if one.get_label() == "scatter of repeats")
    ratio = np.asarray(line.get_ydata(), float) / drawn["scatter of repeats"]
    np.testing.assert_allclose(ratio, np.sqrt(2) * 40 / 50)


def test_what_is_missing_is_named(stars: Table) -> None:
    with pytest.raises(NothingToDraw, match="no column c_fe"):
        kiel(stars, "c_fe")
    stars["logg"].mask[:] = True
    with pytest.raises(NothingToDraw, match="No row has teff and logg and fe_h"):
        kiel(stars)
    stars["name"] = "Sirius"
    with pytest.raises(NothingToDraw, match="no numbers"):
        plane(stars, "name", "teff")


def test_a_picture_needs_a_known_ending_and_a_folder(stars: Table, tmp_path: Path) -> None:
    for target in (tmp_path / "kiel.docx", tmp_path / "nowhere" / "kiel.png"):
        with pytest.raises(StarledgerError, match=target.name):
            save(kiel(stars), target)
