"""What ingest must remember, and catalog rows divided by data release.

Revision ID: 0002
Revises: 0001
"""

import re
from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UPGRADE = """
ALTER TABLE ledger.data_release ADD COLUMN product text DEFAULT 'main' NOT NULL;
ALTER TABLE ledger.data_release ADD CONSTRAINT ck_data_release_product_sql_name
    CHECK (product ~ '^[a-z][a-z0-9_]*$');
ALTER TABLE ledger.data_release DROP CONSTRAINT uq_data_release_survey_id_name_version;
ALTER TABLE ledger.data_release ADD CONSTRAINT uq_data_release_survey_id_name_version_product
    UNIQUE (survey_id, name, version, product);
COMMENT ON TABLE ledger.data_release IS
    'A product that a survey published under one name and version: a catalog, or its spectra.';
COMMENT ON COLUMN ledger.data_release.product IS
    'which of its products, within which identifiers are unique: spectra, or a catalog''s name'
    ' [dimensionless; meta.id.part;meta.dataset]';

ALTER TABLE ledger.ingest_run ADD COLUMN source text;
ALTER TABLE ledger.ingest_run ADD COLUMN layout text;
ALTER TABLE ledger.ingest_run ADD COLUMN mapping_sha256 text;
ALTER TABLE ledger.ingest_run ADD CONSTRAINT ck_ingest_run_layout_sql_name
    CHECK (layout ~ '^[a-z][a-z0-9_]*$');
ALTER TABLE ledger.ingest_run ADD CONSTRAINT ck_ingest_run_mapping_sha256_sha256
    CHECK (mapping_sha256 ~ '^[0-9a-f]{64}$');
COMMENT ON COLUMN ledger.ingest_run.source IS
    'the files, the folder or the address that was read, as given [dimensionless; meta.id;meta.file]';
COMMENT ON COLUMN ledger.ingest_run.layout IS
    'name of the layout by which a catalog was read; null for spectra [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.ingest_run.mapping_sha256 IS
    'SHA-256 of that layout''s mapping of columns, hexadecimal [dimensionless; meta.checksum]';

ALTER TABLE ledger.ingest_file ADD COLUMN modified_ns bigint;
COMMENT ON COLUMN ledger.ingest_file.modified_ns IS
    'when the file was last changed before it was read (nanoseconds since 1970, UTC)'
    ' [ns; time.epoch;meta.file]';

DROP INDEX ledger.uq_spectrum_current;
ALTER TABLE ledger.spectrum ADD COLUMN sha256 text NOT NULL;
ALTER TABLE ledger.spectrum ADD CONSTRAINT ck_spectrum_sha256_sha256
    CHECK (sha256 ~ '^[0-9a-f]{64}$');
COMMENT ON COLUMN ledger.spectrum.sha256 IS
    'SHA-256 of its pixels and of all that its file says of it, hexadecimal'
    ' [dimensionless; meta.checksum]';
"""

DOWNGRADE = """
ALTER TABLE ledger.spectrum DROP COLUMN sha256;
CREATE UNIQUE INDEX uq_spectrum_current ON ledger.spectrum (data_release_id, external_id)
    WHERE valid_to_run_id IS NULL;
ALTER TABLE ledger.ingest_file DROP COLUMN modified_ns;
ALTER TABLE ledger.ingest_run DROP COLUMN source;
ALTER TABLE ledger.ingest_run DROP COLUMN layout;
ALTER TABLE ledger.ingest_run DROP COLUMN mapping_sha256;
ALTER TABLE ledger.data_release DROP CONSTRAINT uq_data_release_survey_id_name_version_product;
ALTER TABLE ledger.data_release DROP COLUMN product;
ALTER TABLE ledger.data_release ADD CONSTRAINT uq_data_release_survey_id_name_version
    UNIQUE (survey_id, name, version);
COMMENT ON TABLE ledger.data_release IS 'What a survey published under one name and version.';
"""


CATALOGS = (
    "apogee_star",
    "gaia_dr2_neighbour",
    "gaia_source",
    "galah_star",
    "reference_star",
    "survey_visit",
)


def upgrade() -> None:
    _run(UPGRADE)
    _drop_catalogs()
    _run(Path(__file__).with_suffix(".sql").read_text("utf-8"))
    _grant()


def downgrade() -> None:
    _drop_catalogs()
    _run(DOWNGRADE)
    first = Path(__file__).with_name("0001_foundation.sql").read_text("utf-8")
    about = "|".join(CATALOGS)
    for statement in first.split(";\n"):
        if re.match(
            rf"\s*(CREATE TABLE|COMMENT ON (TABLE|COLUMN)|CREATE (UNIQUE )?INDEX \S+ ON"
            rf"|CREATE TRIGGER [^;]*? ON) ledger\.({about})\b",
            statement,
        ):
            _run(statement)
    _grant()


def _drop_catalogs() -> None:
    for table in CATALOGS:
        if op.get_bind().exec_driver_sql(f"SELECT FROM ledger.{table} LIMIT 1").first():
            raise RuntimeError(
                f"ledger.{table} holds rows, which this revision cannot divide by data release;"
                " ingest into a new database instead"
            )
        _run(f"DROP TABLE ledger.{table}")


def _grant() -> None:
    for table in CATALOGS:
        _run(f"GRANT SELECT ON ledger.{table} TO starledger_worker")


def _run(script: str) -> None:
    # Straight to the driver, which takes several statements and leaves % and : alone.
    op.get_bind().connection.cursor().execute(script)
