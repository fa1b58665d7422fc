from __future__ import annotations

from pathlib import Path

import pytest
import torch

from starledger.compute.simulate.library import NODES, Library, fingerprint, library_for
from starledger.compute.simulate.library_nodes import draw_nodes
from starledger.compute.simulate.rest_spectra import Band, DirectSpectra
from starledger.compute.simulate.truth import draw_stars
from starledger.compute.synthesis.labels import label_tensor
from starledger.compute.synthesis.lines import perturbed
from starledger.compute.synthesis.synthesizer import default_lines

MAGNESIUM = Band("magnesium", 5150.0, 5215.0, 5160.0, 64, 34.5, 40.0)


def errors(folder: Path, nodes: int) -> torch.Tensor:
    library = library_for(MAGNESIUM, folder, nodes)
    labels = torch.from_numpy(draw_stars(40, 77).labels.copy())
    trusted = library.trusted(labels)
    assert trusted.float().mean() > 0.8
    error: torch.Tensor = (library.flux(labels) / library.source.flux(labels) - 1).abs()
    return error[trusted]


def test_few_nodes_give_the_gist(tmp_path: Path) -> None:
    assert float(errors(tmp_path, 64).median()) < 0.03


@pytest.mark.slow
def test_interpolation_is_good_to_a_thousandth(tmp_path: Path) -> None:
    error = errors(tmp_path, NODES)
    assert float(error.median()) < 1e-3
    # Mg b with MgH is among the hardest stretches: cool giants are off by a percent.
    assert float(error.quantile(0.95)) < 2.5e-2


def test_a_kept_library_gives_the_same_spectra(tmp_path: Path) -> None:
    source = DirectSpectra(MAGNESIUM)
    nodes = draw_nodes(24, 1)
    library = Library.of(source, nodes)
    path = tmp_path / "library.npz"
    path.write_bytes(library.to_bytes())
    again = Library.from_file(path, source)
    labels = torch.from_numpy(draw_stars(5, 3).labels.copy())
    assert torch.equal(library.flux(labels), again.flux(labels))
    assert Library.of(source, nodes).to_bytes() == path.read_bytes()


def test_strange_stars_are_synthesized() -> None:
    library = Library.of(DirectSpectra(MAGNESIUM), draw_nodes(16, 1))
    strange = label_tensor({"teff": 5000.0, "logg": 2.5, "c_fe": 4.0})
    assert not bool(library.trusted(strange)[0])
    assert torch.equal(library.flux(strange), library.source.flux(strange))


def test_fingerprint_knows_lines_and_nodes() -> None:
    source = DirectSpectra(MAGNESIUM)
    other = DirectSpectra(MAGNESIUM, perturbed(default_lines(), 0.1, 1))
    nodes = draw_nodes(8, 1)
    names = {
        fingerprint(source, nodes),
        fingerprint(other, nodes),
        fingerprint(source, draw_nodes(8, 2)),
    }
    assert len(names) == 3
