"""What a file of a release says of itself: release, versions, pins, citation and licence."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata

from starledger import __version__
from starledger.catalog.export.about import About
from starledger.catalog.export.selecting import Selection
from starledger.catalog.releases.finding import PublishedRelease

LIBRARIES = ("astropy", "numpy", "pyarrow")
"""What has a say in the bytes of a file, beside us."""


def software() -> dict[str, str]:
    """Return the versions of what writes files."""
    return {"starledger": __version__} | {name: metadata.version(name) for name in LIBRARIES}


def about(release: PublishedRelease, selection: Selection) -> About:
    """Return what a file with rows of a view says of itself; nothing in it depends on when."""
    table = selection.table
    return About(
        f"{release.title}: {table.name}", table.description, tuple(_pairs(release, selection))
    )


def _pairs(release: PublishedRelease, selection: Selection) -> Iterator[tuple[str, str]]:
    said = release.manifest
    yield "release", release.name
    yield "view", selection.table.name
    if release.withdrawn is not None:
        yield "withdrawn", release.withdrawn
    if release.description:
        yield "abstract", release.description
    if selection.where is not None:
        yield "selected", selection.where
    yield "sorted", ", ".join(selection.order)
    if release.published_at is not None:
        yield "published", f"{release.published_at:%Y-%m-%dT%H:%M:%SZ}"
    for key, value in (("citation", release.citation), ("doi", release.doi)):
        if value:
            yield key, value
    yield "licence", release.licence
    yield "models", "; ".join(f"{one['name']} {one['sha256']}" for one in said.get("models", ()))
    yield "labels", ", ".join(f"{name}={by}" for name, by in release.recommended().items())
    yield "pins", _listed(said.get("pins", {}))
    yield "software", _versions(said.get("software", {}))
    yield "revision", str(said.get("schema_revision", ""))
    yield "manifest", release.manifest_sha256 or ""
    yield "creator", _versions(software())


def _listed(pins: dict[str, list[int]]) -> str:
    return "; ".join(f"{kind} {', '.join(map(str, runs))}" for kind, runs in pins.items() if runs)


def _versions(of: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in of.items())
