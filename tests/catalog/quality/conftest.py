"""What the tests of quality share."""

from tests.catalog.quality.clean_ledger import clean as clean
