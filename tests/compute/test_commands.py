from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from starledger.compute.commands import simulate
from starledger.compute.simulate.survey import SimulationRefused


def test_simulate_tells_what_it_wrote(tmp_path: Path) -> None:
    arguments = ["gaia", "--stars", "20", "--seed", "3", "--out", str(tmp_path / "sky"), "--json"]
    done = CliRunner().invoke(simulate, arguments, catch_exceptions=False)
    answer = json.loads(done.stdout)
    assert (answer["survey"], answer["stars"], answer["quality"]) == ("gaia", 20, "realistic")
    assert answer["counts"]["gaia_dr3_source_rows"] == 20
    assert (tmp_path / "sky" / "truth" / "stars.fits").exists()


@pytest.mark.parametrize(
    "arguments",
    [["hubble"], ["lamost", "--stars", "0"]],
)
def test_nonsense_is_refused_in_one_line(arguments: list[str], tmp_path: Path) -> None:
    with pytest.raises(SimulationRefused) as caught:
        CliRunner().invoke(
            simulate, [*arguments, "--out", str(tmp_path / "sky")], catch_exceptions=False
        )
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
