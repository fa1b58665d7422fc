"""Physical constants in CGS (CODATA 2018), as the stellar-atmosphere literature writes them."""

from __future__ import annotations

from math import pi

LIGHT_SPEED = 2.99792458e10  # cm/s
LIGHT_SPEED_KMS = 2.99792458e5  # km/s
PLANCK = 6.62607015e-27  # erg s
BOLTZMANN = 1.380649e-16  # erg/K
BOLTZMANN_EV = 8.617333262e-5  # eV/K
ELECTRON_MASS = 9.1093837e-28  # g
ATOMIC_MASS = 1.66053907e-24  # g
ELECTRON_CHARGE = 4.80320471e-10  # esu
THOMSON = 6.6524587e-25  # cm²
SECOND_RADIATION = PLANCK * LIGHT_SPEED / BOLTZMANN  # cm K
LINE_CROSS_SECTION = pi * ELECTRON_CHARGE**2 / (ELECTRON_MASS * LIGHT_SPEED)  # cm² Hz
SAHA = 2.0 * (2.0 * pi * ELECTRON_MASS * BOLTZMANN / PLANCK**2) ** 1.5  # cm⁻³ K^-3/2
