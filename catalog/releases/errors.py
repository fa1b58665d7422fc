"""What can be wrong with a release that is drafted, published or asked for."""

from __future__ import annotations

from starledger.schema.errors import StarledgerError


class DraftRefused(StarledgerError):
    """A release cannot be made of what its draft names."""


class NoSuchDraft(StarledgerError):
    """There is no draft of that name."""


class NoSuchRelease(StarledgerError):
    """No release of that name was published."""


class ReleaseExists(StarledgerError):
    """A release of that name was published already, or its schemas are taken."""


class CopyDiffers(StarledgerError):
    """A copy does not hold what its view answers, so that nothing was published."""


class NoSuchStar(StarledgerError):
    """A release has no star of that name, or several."""
