"""A library of synthesized spectra that is interpolated: thousands of stars a minute.

Spectra of some hundred nodes are synthesized once. Between them ln(flux) is interpolated by
Gaussian processes, one for each stretch of pixels, so that each learns which abundances matter
there. Stars far from every node are synthesized.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from starledger.compute.simulate.files.fits_bytes import write_atomically
from starledger.compute.simulate.observe.library_kernel import Kernel, learn_kernel, scaled
from starledger.compute.simulate.observe.library_nodes import draw_nodes, spacing
from starledger.compute.simulate.observe.rest_spectra import Band, DirectSpectra
from starledger.compute.simulate.processes import in_order
from starledger.schema.settings import load_settings

NODES = 800
NODE_SEED = 1
_STRETCH = 128
"""Pixels that share a kernel."""
_LEARNERS = 300
"""Nodes from which a kernel is learned; all of them are interpolated between."""
_COMPONENTS = 32
_AT_ONCE = 16
_TRUST = 2.0
"""Stars farther from a node than this many times the widest gap between nodes are synthesized."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The interpolation of some pixels.

    Parameters
    ----------
    kernel
        How alike nodes and stars are there.
    mean
        Of ln(flux) over the nodes.
    weights
        Nodes × pixels: likeness times weight is ln(flux) less the mean.
    """

    kernel: Kernel
    mean: Tensor
    weights: Tensor


def _fit(places: Tensor, target: Tensor) -> Stretch:
    mean = target.mean(dim=0)
    left, size, _ = torch.linalg.svd(target - mean, full_matrices=False)
    components = (left * size)[:, : min(_COMPONENTS, len(size))]
    kernel = learn_kernel(places[:_LEARNERS], components[:_LEARNERS])
    gram = kernel(places, places) + kernel.nugget(len(places))
    return Stretch(kernel, mean, torch.linalg.solve(gram, target - mean))


class Library:
    """Interpolates between the spectra of nodes.

    Parameters
    ----------
    source
        What synthesizes stars that are far from every node.
    nodes
        Labels of the nodes, nodes × `SYNTHESIS_LABELS`.
    stretches
        The interpolation, stretch by stretch.
    """

    def __init__(self, source: DirectSpectra, nodes: Tensor, stretches: list[Stretch]) -> None:
        self.source, self.nodes, self.stretches = source, nodes, stretches
        self._places = scaled(nodes)
        # Nodes come farthest first, so that the last one fills what was the widest gap.
        self._gap = _TRUST * float(spacing(nodes[-1:], nodes[:-1]).max()) if len(nodes) > 1 else 0.0

    @classmethod
    def of(cls, source: DirectSpectra, nodes: Tensor, processes: int = 1) -> Library:
        """Synthesize the nodes and learn to interpolate between them.

        Parameters
        ----------
        source
            What synthesizes.
        nodes
            Labels of the nodes.
        processes
            How many share the work.
        """
        made = in_order(source.flux, torch.split(nodes, _AT_ONCE), processes)
        target = torch.cat(list(made)).double().log()
        parts = torch.split(target, _STRETCH, dim=1)
        fit = partial(_fit, scaled(nodes))
        return cls(source, nodes, list(in_order(fit, parts, processes)))

    @property
    def band(self) -> Band:
        """The band of the spectra."""
        return self.source.band

    def trusted(self, labels: Tensor) -> Tensor:
        """Return which stars are near enough to a node."""
        return spacing(labels, self.nodes) <= self._gap

    @torch.no_grad()
    def flux(self, labels: Tensor) -> Tensor:
        """Return F_λ at the surface in erg s⁻¹ cm⁻² Å⁻¹, stars × pixels of the band."""
        places = scaled(labels)
        parts = [s.kernel(places, self._places) @ s.weights + s.mean for s in self.stretches]
        flux = torch.cat(parts, dim=1).exp().float()
        far = torch.nonzero(~self.trusted(labels))[:, 0]
        if len(far):
            flux[far] = self.source.flux(labels[far])
        return flux

    def to_bytes(self) -> bytes:
        """Return the library as an uncompressed ``.npz``, without its source."""
        arrays: dict[str, NDArray[Any]] = {"nodes": self.nodes.numpy()}
        for name, place in (("scales", 0), ("relevance", 1), ("curvature", 2), ("noise", 3)):
            arrays[name] = np.stack([s.kernel.parts()[place].numpy() for s in self.stretches])
        arrays["mean"] = torch.cat([s.mean for s in self.stretches]).numpy()
        arrays["weights"] = torch.cat([s.weights for s in self.stretches], dim=1).numpy()
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        return buffer.getvalue()

    @classmethod
    def from_file(cls, path: Path, source: DirectSpectra) -> Library:
        """Read a library that was written by `to_bytes`."""
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: torch.from_numpy(stored[name]) for name in stored.files}
        means = torch.split(arrays["mean"], _STRETCH)
        weights = torch.split(arrays["weights"], _STRETCH, dim=1)
        names = ("scales", "relevance", "curvature", "noise")
        parts = zip(*(arrays[name] for name in names), strict=True)
        stretches = [
            Stretch(Kernel(*part), mean, weight)
            for part, mean, weight in zip(parts, means, weights, strict=True)
        ]
        return cls(source, arrays["nodes"], stretches)


def fingerprint(source: DirectSpectra, nodes: Tensor) -> str:
    """Return a name for a library that changes with all that its spectra depend on."""
    digest = hashlib.sha256(repr((source.band, _STRETCH, _LEARNERS, _COMPONENTS)).encode())
    digest.update(nodes.numpy().tobytes())
    for values in (source.lines.wavelength, source.lines.log_gf, source.lines.strength):
        digest.update(np.ascontiguousarray(values).tobytes())
    for folder in ("starledger.compute.synthesis", "starledger.compute.simulate.observe"):
        for file in sorted(files(folder).iterdir(), key=lambda f: f.name):
            physics = folder.endswith("synthesis") or file.name.startswith("library")
            if physics and file.name.endswith((".py", ".csv")):
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def library_for(
    band: Band,
    folder: Path | None = None,
    nodes: int = NODES,
    tell: Callable[[str], None] = lambda _: None,
    processes: int = 1,
) -> Library:
    """Return the library of a band, made and kept if there is none yet.

    Parameters
    ----------
    band
        Of the spectra.
    folder
        Where libraries are kept; ``simulation`` in the user's home of the software by default.
    nodes
        Number of nodes.
    tell
        Called with a line if a library must be made, which takes minutes.
    processes
        How many share the work of making it.
    """
    folder = folder or load_settings({}).settings.home / "simulation"
    source = DirectSpectra(band)
    labels = draw_nodes(nodes, NODE_SEED)
    path = folder / f"library-{band.name}-{fingerprint(source, labels)}.npz"
    if path.exists():
        return Library.from_file(path, source)
    tell(f"Making the library of {nodes} {band.name} spectra in {folder}: once, some minutes.")
    library = Library.of(source, labels, processes)
    write_atomically(path, library.to_bytes())
    return library
