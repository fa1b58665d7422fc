"""How the lines in ``lines.csv`` were chosen from the compiled lists; run it to remake the file.

``python -m starledger.compute.synthesis.selection FOLDER`` reads ``atomic.csv`` and
``molecular.csv`` of FOLDER and writes ``lines.csv`` to the working directory.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from starledger.compute.spectra.wavelengths import air_to_vacuum
from starledger.compute.synthesis.atmosphere import build_atmosphere
from starledger.compute.synthesis.constants import BOLTZMANN_EV, LINE_CROSS_SECTION
from starledger.compute.synthesis.continuous import continuous_opacity
from starledger.compute.synthesis.elements import elements
from starledger.compute.synthesis.labels import label_tensor
from starledger.compute.synthesis.lines import LineList
from starledger.compute.synthesis.populations import absorbers, doppler_speed
from starledger.compute.synthesis.species import species_index

_WINDOWS = ((3660.0, 9080.0), (15050.0, 17050.0))
_WEAKEST = 0.02
_STRONGEST_CH = -0.3
_MOLECULES = {106: "CH", 107: "NH", 108: "OH", 112: "MgH", 607: "CN"}
_COMMON_ISOTOPES = {"00112", "00114", "00116", "00124", "01214"}
_ADDED = (
    ("4481.126", "Mg 2", "8.864", "0.749"),
    ("4481.150", "Mg 2", "8.864", "-0.553"),
    ("4481.325", "Mg 2", "8.864", "0.594"),
    ("6707.761", "Li 1", "0.000", "-0.002"),
    ("6707.912", "Li 1", "0.000", "-0.303"),
    ("7877.054", "Mg 2", "9.996", "0.391"),
    ("7896.366", "Mg 2", "9.999", "0.643"),
)
"""Lines that the compiled list lacks (Mg II) or splits by isotope (Li I): NIST ASD."""
_SPAN: dict[str, float | list[float]] = {
    "teff": [3500.0, 3800.0, 4500.0, 5500.0, 6500.0, 8000.0, 4200.0],
    "logg": [4.8, 1.0, 2.5, 4.3, 4.2, 4.0, 4.6],
    "fe_h": 0.3,
    "vmic": 1.0,
}
_HEADER = """\
# Spectral lines: air wavelength (Å), absorber, lower energy (eV), log10 gf, and the log10 of the
# largest line-to-continuum opacity over the labels. Physical constants, the strongest of
# R. L. Kurucz's lists (kurucz.harvard.edu) with laboratory values where they exist, as compiled in
# linemake (Placco et al. 2021, RNAAS 5, 92); molecules: CH Masseron et al. (2014), CN Brooke et
# al. (2014), MgH Hinkle et al. (2013), NH and OH Kurucz. Mg II and
# Li I 6708: NIST. Chosen by selection.py.
"""


def _name(code: str) -> str | None:
    """Return the absorber of a species code (26.1 = Fe II, 607.01214 = ¹²C¹⁴N), if we know it."""
    number, _, rest = code.partition(".")
    if int(number) in _MOLECULES:
        return _MOLECULES[int(number)] if rest in _COMMON_ISOTOPES else None
    symbols = {element.number: element.symbol for element in elements()}
    # Hydrogen has broad wings of its own; isotopes stand behind a zero.
    if int(number) == 1 or int(number) not in symbols or rest not in {"", "0", "1"}:
        return None
    return f"{symbols[int(number)]} {int(rest or 0) + 1}"


def _read(folder: Path) -> tuple[list[tuple[str, str, str, str]], LineList]:
    rows = list(_ADDED)
    for name in ("atomic.csv", "molecular.csv"):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                absorber = _name(row["species"])
                air = float(row["wavelength_air_angstrom"])
                energy, gf = row["lower_energy_ev"], row["log_gf"]
                # A few CH lines have a log gf far above what their bands can have.
                if absorber == "CH" and float(gf) > _STRONGEST_CH:
                    continue
                if absorber and any(low < air < high for low, high in _WINDOWS):
                    rows.append((row["wavelength_air_angstrom"], absorber, energy, gf))
    rows.sort(key=lambda row: float(row[0]))
    columns = [np.array([float(row[i]) for row in rows]) for i in (0, 2, 3)]
    species = np.array([species_index(row[1]) for row in rows], dtype=np.int64)
    vacuum = air_to_vacuum(columns[0])
    return rows, LineList(vacuum, species, columns[1], columns[2], np.zeros(len(rows)))


def line_strength(lines: LineList) -> NDArray[np.float64]:
    """Return log10 of the largest central line opacity over the continuum's, near τ = 0.1."""
    atmosphere = build_atmosphere(label_tensor(_SPAN))
    depth = int((atmosphere.optical_depth - 0.1).abs().argmin())
    gas = atmosphere.gas
    t = gas.temperature[:, depth]
    wavelength = torch.from_numpy(lines.wavelength)
    number = absorbers(atmosphere)[:, depth].numpy()[lines.species]
    speed = doppler_speed(atmosphere, torch.ones(len(t), dtype=torch.float64))[:, depth]
    boltzmann = np.exp(number - lines.lower_energy[:, None] / (BOLTZMANN_EV * t.numpy()))
    width = speed.numpy()[lines.species] * 1e5 / (lines.wavelength[:, None] * 1e-8)
    opacity = LINE_CROSS_SECTION * 10 ** lines.log_gf[:, None] * boltzmann / width / np.sqrt(np.pi)
    continuum = continuous_opacity(
        wavelength, t, gas.electrons[:, depth], atmosphere.hydrogen[:, depth]
    ).numpy()
    return np.asarray(np.log10((opacity / continuum.T).max(axis=1)))


def select(folder: Path, target: Path) -> int:
    """Write the lines that matter somewhere in the space of labels; return how many they are."""
    rows, lines = _read(folder)
    strength = line_strength(lines)
    with target.open("w", encoding="utf-8", newline="") as file:
        file.write(_HEADER)
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("wavelength_air", "species", "lower_energy_ev", "log_gf", "strength"))
        strong = strength > np.log10(_WEAKEST)
        kept = [(*rows[i], f"{strength[i]:.2f}") for i in np.flatnonzero(strong)]
        writer.writerows(kept)
    return len(kept)


if __name__ == "__main__":
    select(Path(sys.argv[1]), Path("lines.csv"))
