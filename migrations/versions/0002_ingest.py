"""What ingest must remember: products, layouts, times of files, content of spectra.

Revision ID: 0002
Revises: 0001
"""

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

ALTER TABLE ledger.reference_star ALTER COLUMN ra DROP NOT NULL;
ALTER TABLE ledger.reference_star ALTER COLUMN dec DROP NOT NULL;
ALTER TABLE ledger.reference_star ALTER COLUMN healpix DROP NOT NULL;
ALTER TABLE ledger.reference_star ADD CONSTRAINT ck_reference_star_position_whole
    CHECK (num_nonnulls(ra, "dec", healpix) IN (0, 3));
COMMENT ON COLUMN ledger.reference_star.ra IS
    'right ascension (ICRS) at ref_epoch; null where the table has no positions'
    ' [deg; pos.eq.ra;meta.main]';
COMMENT ON COLUMN ledger.reference_star."dec" IS
    'declination (ICRS) at ref_epoch; null where the table has no positions'
    ' [deg; pos.eq.dec;meta.main]';

ALTER TABLE ledger.spectrum ADD COLUMN sha256 text NOT NULL;
ALTER TABLE ledger.spectrum ADD CONSTRAINT ck_spectrum_sha256_sha256
    CHECK (sha256 ~ '^[0-9a-f]{64}$');
COMMENT ON COLUMN ledger.spectrum.sha256 IS
    'SHA-256 of its pixels and of all that its file says of it, hexadecimal'
    ' [dimensionless; meta.checksum]';
"""

DOWNGRADE = """
ALTER TABLE ledger.spectrum DROP COLUMN sha256;
ALTER TABLE ledger.reference_star DROP CONSTRAINT ck_reference_star_position_whole;
ALTER TABLE ledger.reference_star ALTER COLUMN ra SET NOT NULL;
ALTER TABLE ledger.reference_star ALTER COLUMN dec SET NOT NULL;
ALTER TABLE ledger.reference_star ALTER COLUMN healpix SET NOT NULL;
COMMENT ON COLUMN ledger.reference_star.ra IS
    'right ascension (ICRS) at ref_epoch [deg; pos.eq.ra;meta.main]';
COMMENT ON COLUMN ledger.reference_star."dec" IS
    'declination (ICRS) at ref_epoch [deg; pos.eq.dec;meta.main]';
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


def upgrade() -> None:
    _run(UPGRADE)


def downgrade() -> None:
    _run(DOWNGRADE)


def _run(script: str) -> None:
    # Straight to the driver, which takes several statements and leaves % and : alone.
    op.get_bind().connection.cursor().execute(script)
