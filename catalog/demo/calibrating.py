"""The demonstration's calibrations: by wide binaries, a cluster, other catalogs, and repeats."""

from __future__ import annotations

from collections.abc import Sequence

from starledger.catalog.demo.user import User

WITHIN = ("--low", 4600, "--high", 6700)
"""Range of Teff in K over which curves are fitted."""
M67 = "132.85,11.81,1.0,-10.97,-2.94"
"""The cluster's place and radius in degrees, and its proper motion in mas/yr."""
REFERENCE = ("--catalog", "galah/dr3")


def calibrate(user: User, combination: int, apogee: int) -> dict[str, int]:
    """Derive all calibrations and return the version of each by its name.

    Parameters
    ----------
    user
        Who runs the commands.
    combination
        The combination run of the model whose labels are recommended.
    apogee
        The crossmatch run of the spectra with APOGEE, whose errors are the smallest, so that it
        tells ours best.
    """
    scatter = ("--catalog", "apogee/dr16", "--crossmatch", apogee)
    derive = _Deriving(user, combination)
    derive("binaries", "mg_fe_teff", "mg_fe", "--catalog", "value_added/wide_binaries", *WITHIN)
    derive("cluster", "fe_h_teff", "fe_h", "--cone", M67, *WITHIN)
    for label in ("teff", "logg", "fe_h", "mg_fe", "ca_fe"):
        before = [name for name in (f"{label}_teff",) if name in derive.versions]
        derive("zero-point", f"{label}_zero", label, *REFERENCE, after=before)
        before.append(f"{label}_zero")
        derive("errors", f"{label}_errors", label, "--degree", 1)
        before.append(f"{label}_errors")
        derive("floor", f"{label}_floor", label, *scatter, *WITHIN, after=before)
    return derive.versions


class _Deriving:
    """Derives calibrations of a combination run, and remembers their versions."""

    def __init__(self, user: User, combination: int) -> None:
        self.user, self.combination = user, combination
        self.versions: dict[str, int] = {}

    def __call__(
        self, kind: str, name: str, label: str, *more: object, after: Sequence[str] = ()
    ) -> None:
        earlier = [word for one in after for word in ("--after", one)]
        said = self.user(
            *("calibrate", "derive", kind, name, "--label", label),
            *("--combination", self.combination, *earlier, *more),
        )
        self.versions[name] = said["version"]
