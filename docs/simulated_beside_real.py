"""Draw ``images/simulated_beside_real.png``: ``PYTHONPATH=. python docs/simulated_beside_real.py``.

Needs the folder of real spectra (``STARLEDGER_REAL_DATA``) and matplotlib.
"""

from __future__ import annotations

from pathlib import Path

from tests.compute.synthesis.pilot_stars import bright_stars, compared_wavelength, simulate

from starledger.compute.synthesis.plots import draw_beside

TARGET = Path(__file__).parent / "images" / "simulated_beside_real.png"
CHOSEN = ("213", "129", "225", "082", "018")


def main() -> None:
    """Draw stars from K to A, and the giant that fits worst for its noise."""
    by_name = {star.name: star for star in bright_stars()}
    stars = [by_name[name] for name in CHOSEN]
    titles = [
        f"LAMOST {star.subclass}, Teff {star.teff:.0f} K, log g {star.logg:.1f}, "
        f"[Fe/H] {star.fe_h:+.1f}"
        for star in stars
    ]
    wavelengths = [compared_wavelength(star) for star in stars]
    TARGET.parent.mkdir(exist_ok=True)
    draw_beside(list(zip(titles, wavelengths, simulate(stars), strict=True)), TARGET)


if __name__ == "__main__":
    main()
