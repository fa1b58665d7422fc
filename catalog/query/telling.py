"""What an answer says of the releases that it was read from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from starledger.catalog.releases.finding import PublishedRelease


def told(releases: Sequence[PublishedRelease]) -> list[tuple[str, str]]:
    """Return what there is to say of some releases, in order; of several at once, key by key.

    Parameters
    ----------
    releases
        Those that a query reads.
    """
    said: dict[str, list[str]] = {}
    for one in releases:
        for key, text in _said(one):
            if text and text not in said.setdefault(key, []):
                said[key].append(text)
    return [(key, "; ".join(texts)) for key, texts in said.items() if texts]


def _said(release: PublishedRelease) -> Iterator[tuple[str, str]]:
    manifest = release.manifest
    yield "release", release.name
    yield "title", release.title
    yield "withdrawn", release.withdrawn or ""
    yield "citation", release.citation or ""
    yield "doi", release.doi or ""
    yield "licence", release.licence
    if release.published_at is not None:
        yield "published", f"{release.published_at:%Y-%m-%dT%H:%M:%SZ}"
    for kind, runs in manifest.get("pins", {}).items():
        if runs:
            yield "pins", f"{kind} {', '.join(map(str, runs))}"
    for name, version in manifest.get("software", {}).items():
        yield "software", f"{name} {version}"
