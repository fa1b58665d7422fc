-- The schema of the first version, as it was: later changes stand in later revisions.

CREATE SEQUENCE ledger.row_id_seq;
CREATE TABLE ledger.run (
    run_id BIGINT GENERATED ALWAYS AS IDENTITY,
    kind TEXT NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    software_version TEXT NOT NULL,
    command TEXT NOT NULL,
    operator TEXT NOT NULL,
    CONSTRAINT pk_run PRIMARY KEY (run_id),
    CONSTRAINT uq_run_run_id_kind UNIQUE (run_id, kind),
    CONSTRAINT ck_run_kind_known CHECK (kind IN ('ingest', 'crossmatch', 'star', 'training', 'fit', 'quality', 'combination', 'calibration', 'release', 'withdrawal'))
);
COMMENT ON TABLE ledger.run IS 'A batch of work, opened here and closed by its row in closed_run.';
COMMENT ON COLUMN ledger.run.run_id IS 'number of the run; runs of all kinds share one sequence [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.run.kind IS 'what the run did [dimensionless; meta.code.class]';
COMMENT ON COLUMN ledger.run.opened_at IS 'when the run began (UTC) [dimensionless; time.start]';
COMMENT ON COLUMN ledger.run.software_version IS 'version of Starledger that ran [dimensionless; meta.version;meta.software]';
COMMENT ON COLUMN ledger.run.command IS 'the command line or the function that began it [dimensionless; meta.note]';
COMMENT ON COLUMN ledger.run.operator IS 'user and machine that began it, user@host [dimensionless; meta.note]';
CREATE TABLE ledger.training_set (
    training_set_id INTEGER GENERATED ALWAYS AS IDENTITY,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    source TEXT NOT NULL,
    labels TEXT[] NOT NULL,
    recipe JSONB NOT NULL,
    CONSTRAINT pk_training_set PRIMARY KEY (training_set_id),
    CONSTRAINT uq_training_set_name UNIQUE (name),
    CONSTRAINT uq_training_set_sha256 UNIQUE (sha256),
    CONSTRAINT ck_training_set_name_sql_name CHECK (name ~ '^[a-z][a-z0-9_]*$'),
    CONSTRAINT ck_training_set_sha256_sha256 CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_training_set_source_known CHECK (source IN ('observed', 'synthetic'))
);
COMMENT ON TABLE ledger.training_set IS 'Spectra with labels that models learn from; immutable, named by the hash of its content.';
COMMENT ON COLUMN ledger.training_set.training_set_id IS 'number of the training set [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.training_set.name IS 'name in commands [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.training_set.sha256 IS 'SHA-256 of its members and labels, or of the recipe of synthetic spectra [dimensionless; meta.checksum]';
COMMENT ON COLUMN ledger.training_set.source IS 'observed spectra, or synthetic ones made by the recipe [dimensionless; meta.code.class]';
COMMENT ON COLUMN ledger.training_set.labels IS 'names of the labels, in the order of its members'' arrays [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.training_set.recipe IS 'how members were selected or made: cuts, seed, versions [dimensionless; meta.note]';
CREATE TABLE ledger.fit_config (
    fit_config_id INTEGER GENERATED ALWAYS AS IDENTITY,
    sha256 TEXT NOT NULL,
    settings JSONB NOT NULL,
    CONSTRAINT pk_fit_config PRIMARY KEY (fit_config_id),
    CONSTRAINT uq_fit_config_sha256 UNIQUE (sha256),
    CONSTRAINT ck_fit_config_sha256_sha256 CHECK (sha256 ~ '^[0-9a-f]{64}$')
);
COMMENT ON TABLE ledger.fit_config IS 'How a model is applied: fitter, bounds, velocity range, seed, code version.';
COMMENT ON COLUMN ledger.fit_config.fit_config_id IS 'number of the configuration [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.fit_config.sha256 IS 'SHA-256 of the settings in canonical form: the configuration''s identity [dimensionless; meta.checksum]';
COMMENT ON COLUMN ledger.fit_config.settings IS 'the settings [dimensionless; meta.note]';
CREATE TABLE ledger.survey (
    survey_id INTEGER GENERATED ALWAYS AS IDENTITY,
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    url TEXT,
    CONSTRAINT pk_survey PRIMARY KEY (survey_id),
    CONSTRAINT uq_survey_name UNIQUE (name),
    CONSTRAINT ck_survey_name_sql_name CHECK (name ~ '^[a-z][a-z0-9_]*$')
);
COMMENT ON TABLE ledger.survey IS 'A survey of the sky, such as LAMOST, APOGEE or Gaia.';
COMMENT ON COLUMN ledger.survey.survey_id IS 'number of the survey [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.survey.name IS 'name in commands and SQL, lower case [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.survey.title IS 'name in print [dimensionless; meta.title]';
COMMENT ON COLUMN ledger.survey.url IS 'page of the survey [dimensionless; meta.ref.url]';
CREATE TABLE ledger.closed_run (
    run_id BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    message TEXT,
    summary JSONB DEFAULT '{}' NOT NULL,
    CONSTRAINT pk_closed_run PRIMARY KEY (run_id),
    CONSTRAINT uq_closed_run_run_id_outcome UNIQUE (run_id, outcome),
    CONSTRAINT fk_closed_run_run_id FOREIGN KEY(run_id) REFERENCES ledger.run (run_id),
    CONSTRAINT ck_closed_run_outcome_known CHECK (outcome IN ('done', 'failed'))
);
COMMENT ON TABLE ledger.closed_run IS 'The end of a run; only a run that is in here as done can be pinned by a release.';
COMMENT ON COLUMN ledger.closed_run.run_id IS 'the run [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.closed_run.outcome IS 'how the run ended: done, or failed with its reason in message [dimensionless; meta.code.status]';
COMMENT ON COLUMN ledger.closed_run.closed_at IS 'when the run ended (UTC) [dimensionless; time.end]';
COMMENT ON COLUMN ledger.closed_run.message IS 'one line for people: what was done, or why it failed [dimensionless; meta.note]';
COMMENT ON COLUMN ledger.closed_run.summary IS 'what the run counted, for programs [dimensionless; meta.note]';
CREATE TABLE ledger.training_run (
    run_id BIGINT NOT NULL,
    training_set_id INTEGER,
    settings JSONB NOT NULL,
    report JSONB DEFAULT '{}' NOT NULL,
    kind TEXT DEFAULT 'training' NOT NULL,
    CONSTRAINT pk_training_run PRIMARY KEY (run_id),
    CONSTRAINT fk_training_run_run_id_kind FOREIGN KEY(run_id, kind) REFERENCES ledger.run (run_id, kind),
    CONSTRAINT fk_training_run_training_set_id FOREIGN KEY(training_set_id) REFERENCES ledger.training_set (training_set_id),
    CONSTRAINT ck_training_run_kind_known CHECK (kind IN ('training'))
);
CREATE INDEX ix_training_run_training_set_id ON ledger.training_run (training_set_id);
COMMENT ON TABLE ledger.training_run IS 'A run that trained or imported a model.';
COMMENT ON COLUMN ledger.training_run.run_id IS 'the run that this row describes [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.training_run.training_set_id IS 'what it was trained on; null for imported models whose authors kept it [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.training_run.settings IS 'settings of the training, seed included [dimensionless; meta.note]';
COMMENT ON COLUMN ledger.training_run.report IS 'what validation found [dimensionless; meta.note]';
COMMENT ON COLUMN ledger.training_run.kind IS 'kind of the run, always the same in this table [dimensionless; meta.code.class]';
CREATE TABLE ledger.release_run (
    run_id BIGINT NOT NULL,
    schema_revision TEXT NOT NULL,
    kind TEXT DEFAULT 'release' NOT NULL,
    CONSTRAINT pk_release_run PRIMARY KEY (run_id),
    CONSTRAINT fk_release_run_run_id_kind FOREIGN KEY(run_id, kind) REFERENCES ledger.run (run_id, kind),
    CONSTRAINT ck_release_run_kind_known CHECK (kind IN ('release'))
);
COMMENT ON TABLE ledger.release_run IS 'A run that published a release.';
COMMENT ON COLUMN ledger.release_run.run_id IS 'the run that this row describes [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.release_run.schema_revision IS 'revision of the database''s schema when it was published [dimensionless; meta.version]';
COMMENT ON COLUMN ledger.release_run.kind IS 'kind of the run, always the same in this table [dimensionless; meta.code.class]';
CREATE TABLE ledger.instrument (
    instrument_id INTEGER GENERATED ALWAYS AS IDENTITY,
    survey_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    arms TEXT[] NOT NULL,
    wavelength_min DOUBLE PRECISION NOT NULL,
    wavelength_max DOUBLE PRECISION NOT NULL,
    wavelength_medium TEXT NOT NULL,
    resolving_power REAL NOT NULL,
    CONSTRAINT pk_instrument PRIMARY KEY (instrument_id),
    CONSTRAINT ck_instrument_wavelengths_in_order CHECK (wavelength_max > wavelength_min),
    CONSTRAINT fk_instrument_survey_id FOREIGN KEY(survey_id) REFERENCES ledger.survey (survey_id),
    CONSTRAINT uq_instrument_name UNIQUE (name),
    CONSTRAINT ck_instrument_name_sql_name CHECK (name ~ '^[a-z][a-z0-9_]*$'),
    CONSTRAINT ck_instrument_wavelength_min_positive CHECK (wavelength_min > 0 AND wavelength_min < 'Infinity'),
    CONSTRAINT ck_instrument_wavelength_max_positive CHECK (wavelength_max > 0 AND wavelength_max < 'Infinity'),
    CONSTRAINT ck_instrument_wavelength_medium_known CHECK (wavelength_medium IN ('air', 'vacuum')),
    CONSTRAINT ck_instrument_resolving_power_positive CHECK (resolving_power > 0 AND resolving_power < 'Infinity')
);
CREATE INDEX ix_instrument_survey_id ON ledger.instrument (survey_id);
COMMENT ON TABLE ledger.instrument IS 'A spectrograph in one mode, such as LAMOST''s low resolution.';
COMMENT ON COLUMN ledger.instrument.instrument_id IS 'number of the instrument [dimensionless; meta.id;instr]';
COMMENT ON COLUMN ledger.instrument.survey_id IS 'the survey that uses it [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.instrument.name IS 'name in commands and SQL, lower case [dimensionless; meta.id;instr]';
COMMENT ON COLUMN ledger.instrument.arms IS 'names of its arms; {full} where there is one [dimensionless; meta.id;instr.setup]';
COMMENT ON COLUMN ledger.instrument.wavelength_min IS 'shortest wavelength, in wavelength_medium [Angstrom; em.wl;stat.min]';
COMMENT ON COLUMN ledger.instrument.wavelength_max IS 'longest wavelength, in wavelength_medium [Angstrom; em.wl;stat.max]';
COMMENT ON COLUMN ledger.instrument.wavelength_medium IS 'where its published wavelengths are measured [dimensionless; meta.code.class;em.wl]';
COMMENT ON COLUMN ledger.instrument.resolving_power IS 'typical wavelength over full width at half maximum of the line-spread function [dimensionless; spect.resolution]';
CREATE TABLE ledger.data_release (
    data_release_id INTEGER GENERATED ALWAYS AS IDENTITY,
    survey_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    version TEXT DEFAULT 'v1' NOT NULL,
    published_on DATE,
    citation TEXT,
    licence TEXT,
    url TEXT,
    CONSTRAINT pk_data_release PRIMARY KEY (data_release_id),
    CONSTRAINT uq_data_release_survey_id_name_version UNIQUE (survey_id, name, version),
    CONSTRAINT fk_data_release_survey_id FOREIGN KEY(survey_id) REFERENCES ledger.survey (survey_id),
    CONSTRAINT ck_data_release_name_sql_name CHECK (name ~ '^[a-z][a-z0-9_]*$'),
    CONSTRAINT ck_data_release_version_sql_name CHECK (version ~ '^[a-z][a-z0-9_]*$')
);
COMMENT ON TABLE ledger.data_release IS 'What a survey published under one name and version.';
COMMENT ON COLUMN ledger.data_release.data_release_id IS 'number of the data release [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.data_release.survey_id IS 'the survey that published it [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.data_release.name IS 'name in commands, such as dr5 [dimensionless; meta.id;meta.dataset]';
COMMENT ON COLUMN ledger.data_release.version IS 'version within the name, such as v3; it decides which identifiers the rows supply [dimensionless; meta.version]';
COMMENT ON COLUMN ledger.data_release.published_on IS 'day of publication [dimensionless; time.release]';
COMMENT ON COLUMN ledger.data_release.citation IS 'how to cite it [dimensionless; meta.bib]';
COMMENT ON COLUMN ledger.data_release.licence IS 'terms of its use [dimensionless; meta.note]';
COMMENT ON COLUMN ledger.data_release.url IS 'where it was published [dimensionless; meta.ref.url]';
CREATE TABLE ledger.crossmatch_run (
    run_id BIGINT NOT NULL,
    left_table TEXT NOT NULL,
    left_data_release_id INTEGER NOT NULL,
    right_table TEXT NOT NULL,
    right_data_release_id INTEGER NOT NULL,
    as_of_run_id BIGINT NOT NULL,
    radius REAL NOT NULL,
    best_rule TEXT NOT NULL,
    kind TEXT DEFAULT 'crossmatch' NOT NULL,
    CONSTRAINT pk_crossmatch_run PRIMARY KEY (run_id),
    CONSTRAINT fk_crossmatch_run_run_id_kind FOREIGN KEY(run_id, kind) REFERENCES ledger.run (run_id, kind),
    CONSTRAINT fk_crossmatch_run_left_data_release_id FOREIGN KEY(left_data_release_id) REFERENCES ledger.data_release (data_release_id),
    CONSTRAINT fk_crossmatch_run_right_data_release_id FOREIGN KEY(right_data_release_id) REFERENCES ledger.data_release (data_release_id),
    CONSTRAINT fk_crossmatch_run_as_of_run_id FOREIGN KEY(as_of_run_id) REFERENCES ledger.run (run_id),
    CONSTRAINT ck_crossmatch_run_left_table_known CHECK (left_table IN ('spectrum', 'survey_visit', 'gaia_source', 'galah_star', 'apogee_star', 'reference_star')),
    CONSTRAINT ck_crossmatch_run_right_table_known CHECK (right_table IN ('spectrum', 'survey_visit', 'gaia_source', 'galah_star', 'apogee_star', 'reference_star')),
    CONSTRAINT ck_crossmatch_run_radius_positive CHECK (radius > 0 AND radius < 'Infinity'),
    CONSTRAINT ck_crossmatch_run_best_rule_known CHECK (best_rule IN ('nearest', 'brightest')),
    CONSTRAINT ck_crossmatch_run_kind_known CHECK (kind IN ('crossmatch'))
);
CREATE INDEX ix_crossmatch_run_left_data_release_id ON ledger.crossmatch_run (left_data_release_id);
CREATE INDEX ix_crossmatch_run_right_data_release_id ON ledger.crossmatch_run (right_data_release_id);
COMMENT ON TABLE ledger.crossmatch_run IS 'A run that matched the rows of one data release with those of another.';
COMMENT ON COLUMN ledger.crossmatch_run.run_id IS 'the run that this row describes [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.crossmatch_run.left_table IS 'table of the left rows [dimensionless; meta.id;meta.table]';
COMMENT ON COLUMN ledger.crossmatch_run.left_data_release_id IS 'data release of the left rows [dimensionless; meta.id;meta.dataset]';
COMMENT ON COLUMN ledger.crossmatch_run.right_table IS 'table of the right rows [dimensionless; meta.id;meta.table]';
COMMENT ON COLUMN ledger.crossmatch_run.right_data_release_id IS 'data release of the right rows [dimensionless; meta.id;meta.dataset]';
COMMENT ON COLUMN ledger.crossmatch_run.as_of_run_id IS 'the rows matched were those valid as of this run [dimensionless; meta.id.assoc]';
COMMENT ON COLUMN ledger.crossmatch_run.radius IS 'how near a pair must be [arcsec; pos.angDistance;stat.max]';
COMMENT ON COLUMN ledger.crossmatch_run.best_rule IS 'which of several neighbours has rank 1: the nearest, or the brightest in G [dimensionless; meta.code.class]';
COMMENT ON COLUMN ledger.crossmatch_run.kind IS 'kind of the run, always the same in this table [dimensionless; meta.code.class]';
CREATE TABLE ledger.model (
    model_id INTEGER GENERATED ALWAYS AS IDENTITY,
    name TEXT NOT NULL,
    system TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    path TEXT NOT NULL,
    training_run_id BIGINT NOT NULL,
    n_labels SMALLINT NOT NULL,
    n_extras SMALLINT DEFAULT '0' NOT NULL,
    citation TEXT,
    description TEXT NOT NULL,
    CONSTRAINT pk_model PRIMARY KEY (model_id),
    CONSTRAINT uq_model_name UNIQUE (name),
    CONSTRAINT uq_model_sha256 UNIQUE (sha256),
    CONSTRAINT fk_model_training_run_id FOREIGN KEY(training_run_id) REFERENCES ledger.training_run (run_id),
    CONSTRAINT ck_model_name_sql_name CHECK (name ~ '^[a-z][a-z0-9_]*$'),
    CONSTRAINT ck_model_system_sql_name CHECK (system ~ '^[a-z][a-z0-9_]*$'),
    CONSTRAINT ck_model_sha256_sha256 CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_model_path_not_empty CHECK (path <> ''),
    CONSTRAINT ck_model_n_labels_ordinal CHECK (n_labels >= 1),
    CONSTRAINT ck_model_n_extras_count CHECK (n_extras >= 0)
);
CREATE INDEX ix_model_training_run_id ON ledger.model (training_run_id);
COMMENT ON TABLE ledger.model IS 'A trained, immutable thing that gives labels for a visit.';
COMMENT ON COLUMN ledger.model.model_id IS 'number of the model [dimensionless; meta.id;meta.modelled]';
COMMENT ON COLUMN ledger.model.name IS 'name in commands and SQL [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.model.system IS 'the system that it is of, such as payne or cannon [dimensionless; meta.code.class]';
COMMENT ON COLUMN ledger.model.sha256 IS 'SHA-256 of weights, masks, normalisation, grid and label scaling: the model''s identity [dimensionless; meta.checksum]';
COMMENT ON COLUMN ledger.model.path IS 'folder of its weights below the model root [dimensionless; meta.id;meta.file]';
COMMENT ON COLUMN ledger.model.training_run_id IS 'the run that made or imported it [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.model.n_labels IS 'how many labels it gives, and the length of a fit''s arrays [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.model.n_extras IS 'how many further columns it gives [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.model.citation IS 'how to cite it [dimensionless; meta.bib]';
COMMENT ON COLUMN ledger.model.description IS 'what it is good for, and what not [dimensionless; meta.note]';
CREATE TABLE ledger.release (
    release_id INTEGER GENERATED ALWAYS AS IDENTITY,
    name TEXT NOT NULL,
    run_id BIGINT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    citation TEXT,
    doi TEXT,
    licence TEXT NOT NULL,
    manifest JSONB NOT NULL,
    CONSTRAINT pk_release PRIMARY KEY (release_id),
    CONSTRAINT uq_release_name UNIQUE (name),
    CONSTRAINT uq_release_run_id UNIQUE (run_id),
    CONSTRAINT fk_release_run_id FOREIGN KEY(run_id) REFERENCES ledger.release_run (run_id),
    CONSTRAINT uq_release_doi UNIQUE (doi),
    CONSTRAINT ck_release_name_schema_name CHECK (name ~ '^[a-z][a-z0-9_]*$' AND name NOT IN ('ledger', 'public')),
    CONSTRAINT ck_release_title_not_empty CHECK (title <> ''),
    CONSTRAINT ck_release_licence_not_empty CHECK (licence <> '')
);
COMMENT ON TABLE ledger.release IS 'A catalog that was published: a PostgreSQL schema of views that never changes.';
COMMENT ON COLUMN ledger.release.release_id IS 'number of the release [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.release.name IS 'name in commands, and of the PostgreSQL schema of its views [dimensionless; meta.id;meta.dataset]';
COMMENT ON COLUMN ledger.release.run_id IS 'the run that published it [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.release.title IS 'name in print [dimensionless; meta.title]';
COMMENT ON COLUMN ledger.release.description IS 'what it holds and how it is meant to be used [dimensionless; meta.abstract]';
COMMENT ON COLUMN ledger.release.citation IS 'how to cite it [dimensionless; meta.bib]';
COMMENT ON COLUMN ledger.release.doi IS 'digital object identifier [dimensionless; meta.ref.doi]';
COMMENT ON COLUMN ledger.release.licence IS 'terms of its use [dimensionless; meta.note]';
COMMENT ON COLUMN ledger.release.manifest IS 'counts, checksums and versions, as published [dimensionless; meta.note;meta.checksum]';
CREATE TABLE ledger.catalog_label (
    data_release_id INTEGER NOT NULL,
    position SMALLINT NOT NULL,
    label TEXT NOT NULL,
    source_column TEXT NOT NULL,
    solar_scale TEXT,
    equilibrium TEXT DEFAULT 'unknown' NOT NULL,
    definition TEXT,
    CONSTRAINT pk_catalog_label PRIMARY KEY (data_release_id, position),
    CONSTRAINT uq_catalog_label_data_release_id_label UNIQUE (data_release_id, label),
    CONSTRAINT fk_catalog_label_data_release_id FOREIGN KEY(data_release_id) REFERENCES ledger.data_release (data_release_id),
    CONSTRAINT ck_catalog_label_label_sql_name CHECK (label ~ '^[a-z][a-z0-9_]*$'),
    CONSTRAINT ck_catalog_label_equilibrium_known CHECK (equilibrium IN ('LTE', 'NLTE', 'unknown'))
);
COMMENT ON TABLE ledger.catalog_label IS 'A label that a reference catalog gives, and what its authors mean by it.';
COMMENT ON COLUMN ledger.catalog_label.data_release_id IS 'the data release [dimensionless; meta.id;meta.dataset]';
COMMENT ON COLUMN ledger.catalog_label.position IS 'place of the label in the arrays of the catalog''s rows, from 1 [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.catalog_label.label IS 'name in the registry of labels [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.catalog_label.source_column IS 'name of the column in the published table [dimensionless; meta.id;meta.table]';
COMMENT ON COLUMN ledger.catalog_label.solar_scale IS 'the solar abundances that the value is relative to [dimensionless; meta.bib]';
COMMENT ON COLUMN ledger.catalog_label.equilibrium IS 'whether the lines were computed in LTE or not [dimensionless; meta.code.class]';
COMMENT ON COLUMN ledger.catalog_label.definition IS 'what else the authors mean, such as the elements that make alpha [dimensionless; meta.note]';
CREATE TABLE ledger.ingest_run (
    run_id BIGINT NOT NULL,
    data_release_id INTEGER NOT NULL,
    content TEXT NOT NULL,
    kind TEXT DEFAULT 'ingest' NOT NULL,
    CONSTRAINT pk_ingest_run PRIMARY KEY (run_id),
    CONSTRAINT fk_ingest_run_run_id_kind FOREIGN KEY(run_id, kind) REFERENCES ledger.run (run_id, kind),
    CONSTRAINT fk_ingest_run_data_release_id FOREIGN KEY(data_release_id) REFERENCES ledger.data_release (data_release_id),
    CONSTRAINT ck_ingest_run_content_known CHECK (content IN ('catalog', 'spectra')),
    CONSTRAINT ck_ingest_run_kind_known CHECK (kind IN ('ingest'))
);
CREATE INDEX ix_ingest_run_data_release_id ON ledger.ingest_run (data_release_id);
COMMENT ON TABLE ledger.ingest_run IS 'A run that brought rows of a data release in.';
COMMENT ON COLUMN ledger.ingest_run.run_id IS 'the run that this row describes [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.ingest_run.data_release_id IS 'the data release ingested [dimensionless; meta.id;meta.dataset]';
COMMENT ON COLUMN ledger.ingest_run.content IS 'what came in [dimensionless; meta.code.class]';
COMMENT ON COLUMN ledger.ingest_run.kind IS 'kind of the run, always the same in this table [dimensionless; meta.code.class]';
CREATE TABLE ledger.gaia_source (
    row_id BIGINT DEFAULT nextval('ledger.row_id_seq') NOT NULL,
    data_release_id INTEGER NOT NULL,
    external_id TEXT NOT NULL,
    version SMALLINT DEFAULT '1' NOT NULL,
    valid_from_run_id BIGINT NOT NULL,
    valid_to_run_id BIGINT,
    ra DOUBLE PRECISION NOT NULL,
    dec DOUBLE PRECISION NOT NULL,
    ref_epoch DOUBLE PRECISION,
    healpix BIGINT NOT NULL,
    pmra DOUBLE PRECISION,
    pmdec DOUBLE PRECISION,
    source_id BIGINT NOT NULL,
    err_ra REAL,
    err_dec REAL,
    err_pmra REAL,
    err_pmdec REAL,
    pmra_pmdec_corr REAL,
    parallax DOUBLE PRECISION,
    err_parallax REAL,
    phot_g_mean_mag REAL,
    phot_bp_mean_mag REAL,
    phot_rp_mean_mag REAL,
    ruwe REAL,
    rv REAL,
    err_rv REAL,
    CONSTRAINT pk_gaia_source PRIMARY KEY (row_id),
    CONSTRAINT ck_gaia_source_external_id_is_source_id CHECK (external_id = source_id::text),
    CONSTRAINT uq_gaia_source_data_release_id_external_id_version UNIQUE (data_release_id, external_id, version),
    CONSTRAINT ck_gaia_source_valid_to_later CHECK (valid_to_run_id > valid_from_run_id),
    CONSTRAINT fk_gaia_source_data_release_id FOREIGN KEY(data_release_id) REFERENCES ledger.data_release (data_release_id),
    CONSTRAINT fk_gaia_source_valid_from_run_id FOREIGN KEY(valid_from_run_id) REFERENCES ledger.ingest_run (run_id),
    CONSTRAINT fk_gaia_source_valid_to_run_id FOREIGN KEY(valid_to_run_id) REFERENCES ledger.ingest_run (run_id),
    CONSTRAINT ck_gaia_source_external_id_not_empty CHECK (external_id <> ''),
    CONSTRAINT ck_gaia_source_version_ordinal CHECK (version >= 1),
    CONSTRAINT ck_gaia_source_ra_range CHECK (ra >= 0 AND ra < 360),
    CONSTRAINT ck_gaia_source_dec_range CHECK (dec BETWEEN -90 AND 90),
    CONSTRAINT ck_gaia_source_ref_epoch_range CHECK (ref_epoch BETWEEN 1800 AND 2200),
    CONSTRAINT ck_gaia_source_healpix_range CHECK (healpix >= 0 AND healpix < 3458764513820540928),
    CONSTRAINT ck_gaia_source_pmra_finite CHECK (pmra > '-Infinity' AND pmra < 'Infinity'),
    CONSTRAINT ck_gaia_source_pmdec_finite CHECK (pmdec > '-Infinity' AND pmdec < 'Infinity'),
    CONSTRAINT ck_gaia_source_err_ra_positive CHECK (err_ra > 0 AND err_ra < 'Infinity'),
    CONSTRAINT ck_gaia_source_err_dec_positive CHECK (err_dec > 0 AND err_dec < 'Infinity'),
    CONSTRAINT ck_gaia_source_err_pmra_positive CHECK (err_pmra > 0 AND err_pmra < 'Infinity'),
    CONSTRAINT ck_gaia_source_err_pmdec_positive CHECK (err_pmdec > 0 AND err_pmdec < 'Infinity'),
    CONSTRAINT ck_gaia_source_pmra_pmdec_corr_range CHECK (pmra_pmdec_corr BETWEEN -1 AND 1),
    CONSTRAINT ck_gaia_source_parallax_finite CHECK (parallax > '-Infinity' AND parallax < 'Infinity'),
    CONSTRAINT ck_gaia_source_err_parallax_positive CHECK (err_parallax > 0 AND err_parallax < 'Infinity'),
    CONSTRAINT ck_gaia_source_phot_g_mean_mag_finite CHECK (phot_g_mean_mag > '-Infinity' AND phot_g_mean_mag < 'Infinity'),
    CONSTRAINT ck_gaia_source_phot_bp_mean_mag_finite CHECK (phot_bp_mean_mag > '-Infinity' AND phot_bp_mean_mag < 'Infinity'),
    CONSTRAINT ck_gaia_source_phot_rp_mean_mag_finite CHECK (phot_rp_mean_mag > '-Infinity' AND phot_rp_mean_mag < 'Infinity'),
    CONSTRAINT ck_gaia_source_ruwe_non_negative CHECK (ruwe >= 0 AND ruwe < 'Infinity'),
    CONSTRAINT ck_gaia_source_rv_finite CHECK (rv > '-Infinity' AND rv < 'Infinity'),
    CONSTRAINT ck_gaia_source_err_rv_positive CHECK (err_rv > 0 AND err_rv < 'Infinity')
);
CREATE INDEX ix_gaia_source_source_id ON ledger.gaia_source (source_id);
CREATE INDEX ix_gaia_source_healpix ON ledger.gaia_source (healpix);
CREATE UNIQUE INDEX uq_gaia_source_current ON ledger.gaia_source (data_release_id, external_id) WHERE valid_to_run_id IS NULL;
COMMENT ON TABLE ledger.gaia_source IS 'A row of Gaia''s source table; its data release says whether source_id is of DR2 or DR3.';
COMMENT ON COLUMN ledger.gaia_source.row_id IS 'number of this version of the row, unique among all versioned rows [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.gaia_source.data_release_id IS 'the data release that published the row [dimensionless; meta.id;meta.dataset]';
COMMENT ON COLUMN ledger.gaia_source.external_id IS 'the survey''s own identifier of the row [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.gaia_source.version IS '1 for the first content under this identifier, then counted up [dimensionless; meta.version]';
COMMENT ON COLUMN ledger.gaia_source.valid_from_run_id IS 'the ingest run that brought this version [dimensionless; meta.id.assoc]';
COMMENT ON COLUMN ledger.gaia_source.valid_to_run_id IS 'the ingest run that found it replaced or gone; null while it is current [dimensionless; meta.id.assoc]';
COMMENT ON COLUMN ledger.gaia_source.ra IS 'right ascension (ICRS) at ref_epoch [deg; pos.eq.ra;meta.main]';
COMMENT ON COLUMN ledger.gaia_source.dec IS 'declination (ICRS) at ref_epoch [deg; pos.eq.dec;meta.main]';
COMMENT ON COLUMN ledger.gaia_source.ref_epoch IS 'Julian epoch of the position; null where the survey does not say [yr; time.epoch;pos.eq]';
COMMENT ON COLUMN ledger.gaia_source.healpix IS 'nested HEALPix cell of order 29 that holds the position [dimensionless; pos.healpix]';
COMMENT ON COLUMN ledger.gaia_source.pmra IS 'proper motion in right ascension times cos(dec) [mas/yr; pos.pm;pos.eq.ra]';
COMMENT ON COLUMN ledger.gaia_source.pmdec IS 'proper motion in declination [mas/yr; pos.pm;pos.eq.dec]';
COMMENT ON COLUMN ledger.gaia_source.source_id IS 'Gaia''s identifier, of the row''s data release [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.gaia_source.err_ra IS 'standard error of ra times cos(dec) [mas; stat.error;pos.eq.ra]';
COMMENT ON COLUMN ledger.gaia_source.err_dec IS 'standard error of dec [mas; stat.error;pos.eq.dec]';
COMMENT ON COLUMN ledger.gaia_source.err_pmra IS 'standard error of pmra [mas/yr; stat.error;pos.pm;pos.eq.ra]';
COMMENT ON COLUMN ledger.gaia_source.err_pmdec IS 'standard error of pmdec [mas/yr; stat.error;pos.pm;pos.eq.dec]';
COMMENT ON COLUMN ledger.gaia_source.pmra_pmdec_corr IS 'correlation of pmra and pmdec [dimensionless; stat.correlation;pos.pm]';
COMMENT ON COLUMN ledger.gaia_source.parallax IS 'parallax [mas; pos.parallax.trig]';
COMMENT ON COLUMN ledger.gaia_source.err_parallax IS 'standard error of parallax [mas; stat.error;pos.parallax.trig]';
COMMENT ON COLUMN ledger.gaia_source.phot_g_mean_mag IS 'mean magnitude in G (Vega) [mag; phot.mag;em.opt]';
COMMENT ON COLUMN ledger.gaia_source.phot_bp_mean_mag IS 'mean magnitude in BP (Vega) [mag; phot.mag;em.opt.B]';
COMMENT ON COLUMN ledger.gaia_source.phot_rp_mean_mag IS 'mean magnitude in RP (Vega) [mag; phot.mag;em.opt.R]';
COMMENT ON COLUMN ledger.gaia_source.ruwe IS 'renormalised unit weight error of the astrometric solution [dimensionless; stat.error]';
COMMENT ON COLUMN ledger.gaia_source.rv IS 'barycentric radial velocity by Gaia [km/s; spect.dopplerVeloc;pos.barycenter]';
COMMENT ON COLUMN ledger.gaia_source.err_rv IS 'standard error of rv [km/s; stat.error;spect.dopplerVeloc]';
CREATE TABLE ledger.gaia_dr2_neighbour (
    row_id BIGINT DEFAULT nextval('ledger.row_id_seq') NOT NULL,
    data_release_id INTEGER NOT NULL,
    external_id TEXT NOT NULL,
    version SMALLINT DEFAULT '1' NOT NULL,
    valid_from_run_id BIGINT NOT NULL,
    valid_to_run_id BIGINT,
    gaia_dr2_source_id BIGINT NOT NULL,
    gaia_dr3_source_id BIGINT NOT NULL,
    separation REAL NOT NULL,
    magnitude_difference REAL,
    CONSTRAINT pk_gaia_dr2_neighbour PRIMARY KEY (row_id),
    CONSTRAINT uq_gaia_dr2_neighbour_data_release_id_external_id_version UNIQUE (data_release_id, external_id, version),
    CONSTRAINT ck_gaia_dr2_neighbour_valid_to_later CHECK (valid_to_run_id > valid_from_run_id),
    CONSTRAINT fk_gaia_dr2_neighbour_data_release_id FOREIGN KEY(data_release_id) REFERENCES ledger.data_release (data_release_id),
    CONSTRAINT fk_gaia_dr2_neighbour_valid_from_run_id FOREIGN KEY(valid_from_run_id) REFERENCES ledger.ingest_run (run_id),
    CONSTRAINT fk_gaia_dr2_neighbour_valid_to_run_id FOREIGN KEY(valid_to_run_id) REFERENCES ledger.ingest_run (run_id),
    CONSTRAINT ck_gaia_dr2_neighbour_external_id_not_empty CHECK (external_id <> ''),
    CONSTRAINT ck_gaia_dr2_neighbour_version_ordinal CHECK (version >= 1),
    CONSTRAINT ck_gaia_dr2_neighbour_separation_non_negative CHECK (separation >= 0 AND separation < 'Infinity'),
    CONSTRAINT ck_gaia_dr2_neighbour_magnitude_difference_finite CHECK (magnitude_difference > '-Infinity' AND magnitude_difference < 'Infinity')
);
CREATE INDEX ix_gaia_dr2_neighbour_gaia_dr2_source_id ON ledger.gaia_dr2_neighbour (gaia_dr2_source_id);
CREATE INDEX ix_gaia_dr2_neighbour_gaia_dr3_source_id ON ledger.gaia_dr2_neighbour (gaia_dr3_source_id);
CREATE UNIQUE INDEX uq_gaia_dr2_neighbour_current ON ledger.gaia_dr2_neighbour (data_release_id, external_id) WHERE valid_to_run_id IS NULL;
COMMENT ON TABLE ledger.gaia_dr2_neighbour IS 'A pair of Gaia''s own table dr2_neighbourhood: the only bridge between DR2 and DR3 ids.';
COMMENT ON COLUMN ledger.gaia_dr2_neighbour.row_id IS 'number of this version of the row, unique among all versioned rows [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.gaia_dr2_neighbour.data_release_id IS 'the data release that published the row [dimensionless; meta.id;meta.dataset]';
COMMENT ON COLUMN ledger.gaia_dr2_neighbour.external_id IS 'the survey''s own identifier of the row [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.gaia_dr2_neighbour.version IS '1 for the first content under this identifier, then counted up [dimensionless; meta.version]';
COMMENT ON COLUMN ledger.gaia_dr2_neighbour.valid_from_run_id IS 'the ingest run that brought this version [dimensionless; meta.id.assoc]';
COMMENT ON COLUMN ledger.gaia_dr2_neighbour.valid_to_run_id IS 'the ingest run that found it replaced or gone; null while it is current [dimensionless; meta.id.assoc]';
COMMENT ON COLUMN ledger.gaia_dr2_neighbour.gaia_dr2_source_id IS 'source_id in Gaia DR2 [dimensionless; meta.id.cross]';
COMMENT ON COLUMN ledger.gaia_dr2_neighbour.gaia_dr3_source_id IS 'source_id in Gaia DR3 [dimensionless; meta.id.cross]';
COMMENT ON COLUMN ledger.gaia_dr2_neighbour.separation IS 'angular distance of the two at the epoch of DR2 [mas; pos.angDistance]';
COMMENT ON COLUMN ledger.gaia_dr2_neighbour.magnitude_difference IS 'G magnitude in DR3 less that in DR2 [mag; phot.mag;arith.diff;em.opt]';
CREATE TABLE ledger.galah_star (
    row_id BIGINT DEFAULT nextval('ledger.row_id_seq') NOT NULL,
    data_release_id INTEGER NOT NULL,
    external_id TEXT NOT NULL,
    version SMALLINT DEFAULT '1' NOT NULL,
    valid_from_run_id BIGINT NOT NULL,
    valid_to_run_id BIGINT,
    ra DOUBLE PRECISION NOT NULL,
    dec DOUBLE PRECISION NOT NULL,
    ref_epoch DOUBLE PRECISION,
    healpix BIGINT NOT NULL,
    sobject_id BIGINT NOT NULL,
    tmass_id TEXT,
    labels REAL[],
    errors REAL[],
    label_flags INTEGER[],
    survey_flags BIGINT DEFAULT '0' NOT NULL,
    snr REAL,
    chi2 REAL,
    rv REAL,
    err_rv REAL,
    gaia_dr2_source_id BIGINT,
    gaia_dr3_source_id BIGINT,
    CONSTRAINT pk_galah_star PRIMARY KEY (row_id),
    CONSTRAINT uq_galah_star_data_release_id_external_id_version UNIQUE (data_release_id, external_id, version),
    CONSTRAINT ck_galah_star_valid_to_later CHECK (valid_to_run_id > valid_from_run_id),
    CONSTRAINT fk_galah_star_data_release_id FOREIGN KEY(data_release_id) REFERENCES ledger.data_release (data_release_id),
    CONSTRAINT fk_galah_star_valid_from_run_id FOREIGN KEY(valid_from_run_id) REFERENCES ledger.ingest_run (run_id),
    CONSTRAINT fk_galah_star_valid_to_run_id FOREIGN KEY(valid_to_run_id) REFERENCES ledger.ingest_run (run_id),
    CONSTRAINT ck_galah_star_external_id_not_empty CHECK (external_id <> ''),
    CONSTRAINT ck_galah_star_version_ordinal CHECK (version >= 1),
    CONSTRAINT ck_galah_star_ra_range CHECK (ra >= 0 AND ra < 360),
    CONSTRAINT ck_galah_star_dec_range CHECK (dec BETWEEN -90 AND 90),
    CONSTRAINT ck_galah_star_ref_epoch_range CHECK (ref_epoch BETWEEN 1800 AND 2200),
    CONSTRAINT ck_galah_star_healpix_range CHECK (healpix >= 0 AND healpix < 3458764513820540928),
    CONSTRAINT ck_galah_star_labels_finite CHECK (array_position(labels, 'NaN') IS NULL AND array_position(labels, 'Infinity') IS NULL AND array_position(labels, '-Infinity') IS NULL),
    CONSTRAINT ck_galah_star_errors_positive CHECK (0 < ALL (errors) AND array_position(errors, 'NaN') IS NULL AND array_position(errors, 'Infinity') IS NULL),
    CONSTRAINT ck_galah_star_snr_non_negative CHECK (snr >= 0 AND snr < 'Infinity'),
    CONSTRAINT ck_galah_star_chi2_non_negative CHECK (chi2 >= 0 AND chi2 < 'Infinity'),
    CONSTRAINT ck_galah_star_rv_finite CHECK (rv > '-Infinity' AND rv < 'Infinity'),
    CONSTRAINT ck_galah_star_err_rv_positive CHECK (err_rv > 0 AND err_rv < 'Infinity')
);
CREATE INDEX ix_galah_star_sobject_id ON ledger.galah_star (sobject_id);
CREATE UNIQUE INDEX uq_galah_star_current ON ledger.galah_star (data_release_id, external_id) WHERE valid_to_run_id IS NULL;
CREATE INDEX ix_galah_star_gaia_dr3_source_id ON ledger.galah_star (gaia_dr3_source_id);
CREATE INDEX ix_galah_star_healpix ON ledger.galah_star (healpix);
CREATE INDEX ix_galah_star_gaia_dr2_source_id ON ledger.galah_star (gaia_dr2_source_id);
CREATE INDEX ix_galah_star_tmass_id ON ledger.galah_star (tmass_id);
COMMENT ON TABLE ledger.galah_star IS 'A row of a GALAH catalog.';
COMMENT ON COLUMN ledger.galah_star.row_id IS 'number of this version of the row, unique among all versioned rows [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.galah_star.data_release_id IS 'the data release that published the row [dimensionless; meta.id;meta.dataset]';
COMMENT ON COLUMN ledger.galah_star.external_id IS 'the survey''s own identifier of the row [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.galah_star.version IS '1 for the first content under this identifier, then counted up [dimensionless; meta.version]';
COMMENT ON COLUMN ledger.galah_star.valid_from_run_id IS 'the ingest run that brought this version [dimensionless; meta.id.assoc]';
COMMENT ON COLUMN ledger.galah_star.valid_to_run_id IS 'the ingest run that found it replaced or gone; null while it is current [dimensionless; meta.id.assoc]';
COMMENT ON COLUMN ledger.galah_star.ra IS 'right ascension (ICRS) at ref_epoch [deg; pos.eq.ra;meta.main]';
COMMENT ON COLUMN ledger.galah_star.dec IS 'declination (ICRS) at ref_epoch [deg; pos.eq.dec;meta.main]';
COMMENT ON COLUMN ledger.galah_star.ref_epoch IS 'Julian epoch of the position; null where the survey does not say [yr; time.epoch;pos.eq]';
COMMENT ON COLUMN ledger.galah_star.healpix IS 'nested HEALPix cell of order 29 that holds the position [dimensionless; pos.healpix]';
COMMENT ON COLUMN ledger.galah_star.sobject_id IS 'GALAH''s identifier of the spectrum [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.galah_star.tmass_id IS '2MASS identifier [dimensionless; meta.id.cross]';
COMMENT ON COLUMN ledger.galah_star.labels IS 'labels, each in its own unit, in the data release''s order [dimensionless; stat.value]';
COMMENT ON COLUMN ledger.galah_star.errors IS 'standard errors of the labels, in their order [dimensionless; stat.error]';
COMMENT ON COLUMN ledger.galah_star.label_flags IS 'the survey''s own flags of the labels, in their order [dimensionless; meta.code.qual]';
COMMENT ON COLUMN ledger.galah_star.survey_flags IS 'the survey''s own flag bits of the row, as published [dimensionless; meta.code.qual]';
COMMENT ON COLUMN ledger.galah_star.snr IS 'signal-to-noise ratio a pixel [dimensionless; stat.snr]';
COMMENT ON COLUMN ledger.galah_star.chi2 IS 'chi squared of the survey''s own fit, as published [dimensionless; stat.fit.chi2]';
COMMENT ON COLUMN ledger.galah_star.rv IS 'barycentric radial velocity [km/s; spect.dopplerVeloc;pos.barycenter]';
COMMENT ON COLUMN ledger.galah_star.err_rv IS 'standard error of rv [km/s; stat.error;spect.dopplerVeloc]';
COMMENT ON COLUMN ledger.galah_star.gaia_dr2_source_id IS 'Gaia DR2 source_id that the survey supplied [dimensionless; meta.id.cross]';
COMMENT ON COLUMN ledger.galah_star.gaia_dr3_source_id IS 'Gaia DR3 source_id that the survey supplied [dimensionless; meta.id.cross]';
CREATE TABLE ledger.apogee_star (
    row_id BIGINT DEFAULT nextval('ledger.row_id_seq') NOT NULL,
    data_release_id INTEGER NOT NULL,
    external_id TEXT NOT NULL,
    version SMALLINT DEFAULT '1' NOT NULL,
    valid_from_run_id BIGINT NOT NULL,
    valid_to_run_id BIGINT,
    ra DOUBLE PRECISION NOT NULL,
    dec DOUBLE PRECISION NOT NULL,
    ref_epoch DOUBLE PRECISION,
    healpix BIGINT NOT NULL,
    apogee_id TEXT NOT NULL,
    telescope TEXT,
    field TEXT,
    n_visits SMALLINT,
    star_flags BIGINT DEFAULT '0' NOT NULL,
    labels REAL[],
    errors REAL[],
    label_flags INTEGER[],
    survey_flags BIGINT DEFAULT '0' NOT NULL,
    snr REAL,
    chi2 REAL,
    rv REAL,
    err_rv REAL,
    gaia_dr2_source_id BIGINT,
    gaia_dr3_source_id BIGINT,
    CONSTRAINT pk_apogee_star PRIMARY KEY (row_id),
    CONSTRAINT uq_apogee_star_data_release_id_external_id_version UNIQUE (data_release_id, external_id, version),
    CONSTRAINT ck_apogee_star_valid_to_later CHECK (valid_to_run_id > valid_from_run_id),
    CONSTRAINT fk_apogee_star_data_release_id FOREIGN KEY(data_release_id) REFERENCES ledger.data_release (data_release_id),
    CONSTRAINT fk_apogee_star_valid_from_run_id FOREIGN KEY(valid_from_run_id) REFERENCES ledger.ingest_run (run_id),
    CONSTRAINT fk_apogee_star_valid_to_run_id FOREIGN KEY(valid_to_run_id) REFERENCES ledger.ingest_run (run_id),
    CONSTRAINT ck_apogee_star_external_id_not_empty CHECK (external_id <> ''),
    CONSTRAINT ck_apogee_star_version_ordinal CHECK (version >= 1),
    CONSTRAINT ck_apogee_star_ra_range CHECK (ra >= 0 AND ra < 360),
    CONSTRAINT ck_apogee_star_dec_range CHECK (dec BETWEEN -90 AND 90),
    CONSTRAINT ck_apogee_star_ref_epoch_range CHECK (ref_epoch BETWEEN 1800 AND 2200),
    CONSTRAINT ck_apogee_star_healpix_range CHECK (healpix >= 0 AND healpix < 3458764513820540928),
    CONSTRAINT ck_apogee_star_n_visits_count CHECK (n_visits >= 0),
    CONSTRAINT ck_apogee_star_labels_finite CHECK (array_position(labels, 'NaN') IS NULL AND array_position(labels, 'Infinity') IS NULL AND array_position(labels, '-Infinity') IS NULL),
    CONSTRAINT ck_apogee_star_errors_positive CHECK (0 < ALL (errors) AND array_position(errors, 'NaN') IS NULL AND array_position(errors, 'Infinity') IS NULL),
    CONSTRAINT ck_apogee_star_snr_non_negative CHECK (snr >= 0 AND snr < 'Infinity'),
    CONSTRAINT ck_apogee_star_chi2_non_negative CHECK (chi2 >= 0 AND chi2 < 'Infinity'),
    CONSTRAINT ck_apogee_star_rv_finite CHECK (rv > '-Infinity' AND rv < 'Infinity'),
    CONSTRAINT ck_apogee_star_err_rv_positive CHECK (err_rv > 0 AND err_rv < 'Infinity')
);
CREATE UNIQUE INDEX uq_apogee_star_current ON ledger.apogee_star (data_release_id, external_id) WHERE valid_to_run_id IS NULL;
CREATE INDEX ix_apogee_star_healpix ON ledger.apogee_star (healpix);
CREATE INDEX ix_apogee_star_gaia_dr3_source_id ON ledger.apogee_star (gaia_dr3_source_id);
CREATE INDEX ix_apogee_star_gaia_dr2_source_id ON ledger.apogee_star (gaia_dr2_source_id);
CREATE INDEX ix_apogee_star_apogee_id ON ledger.apogee_star (apogee_id);
COMMENT ON TABLE ledger.apogee_star IS 'A row of an APOGEE allStar catalog, or of a catalog made of APOGEE''s stars.';
COMMENT ON COLUMN ledger.apogee_star.row_id IS 'number of this version of the row, unique among all versioned rows [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.apogee_star.data_release_id IS 'the data release that published the row [dimensionless; meta.id;meta.dataset]';
COMMENT ON COLUMN ledger.apogee_star.external_id IS 'the survey''s own identifier of the row [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.apogee_star.version IS '1 for the first content under this identifier, then counted up [dimensionless; meta.version]';
COMMENT ON COLUMN ledger.apogee_star.valid_from_run_id IS 'the ingest run that brought this version [dimensionless; meta.id.assoc]';
COMMENT ON COLUMN ledger.apogee_star.valid_to_run_id IS 'the ingest run that found it replaced or gone; null while it is current [dimensionless; meta.id.assoc]';
COMMENT ON COLUMN ledger.apogee_star.ra IS 'right ascension (ICRS) at ref_epoch [deg; pos.eq.ra;meta.main]';
COMMENT ON COLUMN ledger.apogee_star.dec IS 'declination (ICRS) at ref_epoch [deg; pos.eq.dec;meta.main]';
COMMENT ON COLUMN ledger.apogee_star.ref_epoch IS 'Julian epoch of the position; null where the survey does not say [yr; time.epoch;pos.eq]';
COMMENT ON COLUMN ledger.apogee_star.healpix IS 'nested HEALPix cell of order 29 that holds the position [dimensionless; pos.healpix]';
COMMENT ON COLUMN ledger.apogee_star.apogee_id IS 'APOGEE''s identifier of the star, 2Mhhmmssss+ddmmsss [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.apogee_star.telescope IS 'telescope, as published [dimensionless; meta.id;instr.tel]';
COMMENT ON COLUMN ledger.apogee_star.field IS 'field on the sky, as published [dimensionless; meta.id;obs.field]';
COMMENT ON COLUMN ledger.apogee_star.n_visits IS 'number of visits in the published coadd [dimensionless; meta.number;obs]';
COMMENT ON COLUMN ledger.apogee_star.star_flags IS 'APOGEE''s STARFLAG bits, as published [dimensionless; meta.code.qual]';
COMMENT ON COLUMN ledger.apogee_star.labels IS 'labels, each in its own unit, in the data release''s order [dimensionless; stat.value]';
COMMENT ON COLUMN ledger.apogee_star.errors IS 'standard errors of the labels, in their order [dimensionless; stat.error]';
COMMENT ON COLUMN ledger.apogee_star.label_flags IS 'the survey''s own flags of the labels, in their order [dimensionless; meta.code.qual]';
COMMENT ON COLUMN ledger.apogee_star.survey_flags IS 'the survey''s own flag bits of the row, as published [dimensionless; meta.code.qual]';
COMMENT ON COLUMN ledger.apogee_star.snr IS 'signal-to-noise ratio a pixel [dimensionless; stat.snr]';
COMMENT ON COLUMN ledger.apogee_star.chi2 IS 'chi squared of the survey''s own fit, as published [dimensionless; stat.fit.chi2]';
COMMENT ON COLUMN ledger.apogee_star.rv IS 'barycentric radial velocity [km/s; spect.dopplerVeloc;pos.barycenter]';
COMMENT ON COLUMN ledger.apogee_star.err_rv IS 'standard error of rv [km/s; stat.error;spect.dopplerVeloc]';
COMMENT ON COLUMN ledger.apogee_star.gaia_dr2_source_id IS 'Gaia DR2 source_id that the survey supplied [dimensionless; meta.id.cross]';
COMMENT ON COLUMN ledger.apogee_star.gaia_dr3_source_id IS 'Gaia DR3 source_id that the survey supplied [dimensionless; meta.id.cross]';
CREATE TABLE ledger.reference_star (
    row_id BIGINT DEFAULT nextval('ledger.row_id_seq') NOT NULL,
    data_release_id INTEGER NOT NULL,
    external_id TEXT NOT NULL,
    version SMALLINT DEFAULT '1' NOT NULL,
    valid_from_run_id BIGINT NOT NULL,
    valid_to_run_id BIGINT,
    ra DOUBLE PRECISION NOT NULL,
    dec DOUBLE PRECISION NOT NULL,
    ref_epoch DOUBLE PRECISION,
    healpix BIGINT NOT NULL,
    pmra DOUBLE PRECISION,
    pmdec DOUBLE PRECISION,
    class_name TEXT,
    partner_external_id TEXT,
    labels REAL[],
    errors REAL[],
    label_flags INTEGER[],
    survey_flags BIGINT DEFAULT '0' NOT NULL,
    snr REAL,
    chi2 REAL,
    rv REAL,
    err_rv REAL,
    gaia_dr2_source_id BIGINT,
    gaia_dr3_source_id BIGINT,
    CONSTRAINT pk_reference_star PRIMARY KEY (row_id),
    CONSTRAINT uq_reference_star_data_release_id_external_id_version UNIQUE (data_release_id, external_id, version),
    CONSTRAINT ck_reference_star_valid_to_later CHECK (valid_to_run_id > valid_from_run_id),
    CONSTRAINT fk_reference_star_data_release_id FOREIGN KEY(data_release_id) REFERENCES ledger.data_release (data_release_id),
    CONSTRAINT fk_reference_star_valid_from_run_id FOREIGN KEY(valid_from_run_id) REFERENCES ledger.ingest_run (run_id),
    CONSTRAINT fk_reference_star_valid_to_run_id FOREIGN KEY(valid_to_run_id) REFERENCES ledger.ingest_run (run_id),
    CONSTRAINT ck_reference_star_external_id_not_empty CHECK (external_id <> ''),
    CONSTRAINT ck_reference_star_version_ordinal CHECK (version >= 1),
    CONSTRAINT ck_reference_star_ra_range CHECK (ra >= 0 AND ra < 360),
    CONSTRAINT ck_reference_star_dec_range CHECK (dec BETWEEN -90 AND 90),
    CONSTRAINT ck_reference_star_ref_epoch_range CHECK (ref_epoch BETWEEN 1800 AND 2200),
    CONSTRAINT ck_reference_star_healpix_range CHECK (healpix >= 0 AND healpix < 3458764513820540928),
    CONSTRAINT ck_reference_star_pmra_finite CHECK (pmra > '-Infinity' AND pmra < 'Infinity'),
    CONSTRAINT ck_reference_star_pmdec_finite CHECK (pmdec > '-Infinity' AND pmdec < 'Infinity'),
    CONSTRAINT ck_reference_star_labels_finite CHECK (array_position(labels, 'NaN') IS NULL AND array_position(labels, 'Infinity') IS NULL AND array_position(labels, '-Infinity') IS NULL),
    CONSTRAINT ck_reference_star_errors_positive CHECK (0 < ALL (errors) AND array_position(errors, 'NaN') IS NULL AND array_position(errors, 'Infinity') IS NULL),
    CONSTRAINT ck_reference_star_snr_non_negative CHECK (snr >= 0 AND snr < 'Infinity'),
    CONSTRAINT ck_reference_star_chi2_non_negative CHECK (chi2 >= 0 AND chi2 < 'Infinity'),
    CONSTRAINT ck_reference_star_rv_finite CHECK (rv > '-Infinity' AND rv < 'Infinity'),
    CONSTRAINT ck_reference_star_err_rv_positive CHECK (err_rv > 0 AND err_rv < 'Infinity')
);
CREATE INDEX ix_reference_star_gaia_dr3_source_id ON ledger.reference_star (gaia_dr3_source_id);
CREATE INDEX ix_reference_star_gaia_dr2_source_id ON ledger.reference_star (gaia_dr2_source_id);
CREATE UNIQUE INDEX uq_reference_star_current ON ledger.reference_star (data_release_id, external_id) WHERE valid_to_run_id IS NULL;
CREATE INDEX ix_reference_star_healpix ON ledger.reference_star (healpix);
COMMENT ON TABLE ledger.reference_star IS 'A row of any other catalog of stars with labels: value-added tables, benchmarks.';
COMMENT ON COLUMN ledger.reference_star.row_id IS 'number of this version of the row, unique among all versioned rows [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.reference_star.data_release_id IS 'the data release that published the row [dimensionless; meta.id;meta.dataset]';
COMMENT ON COLUMN ledger.reference_star.external_id IS 'the survey''s own identifier of the row [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.reference_star.version IS '1 for the first content under this identifier, then counted up [dimensionless; meta.version]';
COMMENT ON COLUMN ledger.reference_star.valid_from_run_id IS 'the ingest run that brought this version [dimensionless; meta.id.assoc]';
COMMENT ON COLUMN ledger.reference_star.valid_to_run_id IS 'the ingest run that found it replaced or gone; null while it is current [dimensionless; meta.id.assoc]';
COMMENT ON COLUMN ledger.reference_star.ra IS 'right ascension (ICRS) at ref_epoch [deg; pos.eq.ra;meta.main]';
COMMENT ON COLUMN ledger.reference_star.dec IS 'declination (ICRS) at ref_epoch [deg; pos.eq.dec;meta.main]';
COMMENT ON COLUMN ledger.reference_star.ref_epoch IS 'Julian epoch of the position; null where the survey does not say [yr; time.epoch;pos.eq]';
COMMENT ON COLUMN ledger.reference_star.healpix IS 'nested HEALPix cell of order 29 that holds the position [dimensionless; pos.healpix]';
COMMENT ON COLUMN ledger.reference_star.pmra IS 'proper motion in right ascension times cos(dec) [mas/yr; pos.pm;pos.eq.ra]';
COMMENT ON COLUMN ledger.reference_star.pmdec IS 'proper motion in declination [mas/yr; pos.pm;pos.eq.dec]';
COMMENT ON COLUMN ledger.reference_star.class_name IS 'class that the catalog gives, such as white dwarf [dimensionless; src.class]';
COMMENT ON COLUMN ledger.reference_star.partner_external_id IS 'identifier of the other star of a wide binary, in the same data release [dimensionless; meta.id.cross]';
COMMENT ON COLUMN ledger.reference_star.labels IS 'labels, each in its own unit, in the data release''s order [dimensionless; stat.value]';
COMMENT ON COLUMN ledger.reference_star.errors IS 'standard errors of the labels, in their order [dimensionless; stat.error]';
COMMENT ON COLUMN ledger.reference_star.label_flags IS 'the survey''s own flags of the labels, in their order [dimensionless; meta.code.qual]';
COMMENT ON COLUMN ledger.reference_star.survey_flags IS 'the survey''s own flag bits of the row, as published [dimensionless; meta.code.qual]';
COMMENT ON COLUMN ledger.reference_star.snr IS 'signal-to-noise ratio a pixel [dimensionless; stat.snr]';
COMMENT ON COLUMN ledger.reference_star.chi2 IS 'chi squared of the survey''s own fit, as published [dimensionless; stat.fit.chi2]';
COMMENT ON COLUMN ledger.reference_star.rv IS 'barycentric radial velocity [km/s; spect.dopplerVeloc;pos.barycenter]';
COMMENT ON COLUMN ledger.reference_star.err_rv IS 'standard error of rv [km/s; stat.error;spect.dopplerVeloc]';
COMMENT ON COLUMN ledger.reference_star.gaia_dr2_source_id IS 'Gaia DR2 source_id that the survey supplied [dimensionless; meta.id.cross]';
COMMENT ON COLUMN ledger.reference_star.gaia_dr3_source_id IS 'Gaia DR3 source_id that the survey supplied [dimensionless; meta.id.cross]';
CREATE TABLE ledger.survey_visit (
    row_id BIGINT DEFAULT nextval('ledger.row_id_seq') NOT NULL,
    data_release_id INTEGER NOT NULL,
    external_id TEXT NOT NULL,
    version SMALLINT DEFAULT '1' NOT NULL,
    valid_from_run_id BIGINT NOT NULL,
    valid_to_run_id BIGINT,
    ra DOUBLE PRECISION NOT NULL,
    dec DOUBLE PRECISION NOT NULL,
    ref_epoch DOUBLE PRECISION,
    healpix BIGINT NOT NULL,
    designation TEXT,
    mjd DOUBLE PRECISION,
    plate TEXT,
    fiber TEXT,
    class_name TEXT,
    subclass TEXT,
    file_name TEXT,
    labels REAL[],
    errors REAL[],
    label_flags INTEGER[],
    survey_flags BIGINT DEFAULT '0' NOT NULL,
    snr REAL,
    chi2 REAL,
    rv REAL,
    err_rv REAL,
    snr_u REAL,
    snr_g REAL,
    snr_r REAL,
    snr_i REAL,
    snr_z REAL,
    gaia_dr2_source_id BIGINT,
    gaia_dr3_source_id BIGINT,
    CONSTRAINT pk_survey_visit PRIMARY KEY (row_id),
    CONSTRAINT uq_survey_visit_data_release_id_external_id_version UNIQUE (data_release_id, external_id, version),
    CONSTRAINT ck_survey_visit_valid_to_later CHECK (valid_to_run_id > valid_from_run_id),
    CONSTRAINT fk_survey_visit_data_release_id FOREIGN KEY(data_release_id) REFERENCES ledger.data_release (data_release_id),
    CONSTRAINT fk_survey_visit_valid_from_run_id FOREIGN KEY(valid_from_run_id) REFERENCES ledger.ingest_run (run_id),
    CONSTRAINT fk_survey_visit_valid_to_run_id FOREIGN KEY(valid_to_run_id) REFERENCES ledger.ingest_run (run_id),
    CONSTRAINT ck_survey_visit_external_id_not_empty CHECK (external_id <> ''),
    CONSTRAINT ck_survey_visit_version_ordinal CHECK (version >= 1),
    CONSTRAINT ck_survey_visit_ra_range CHECK (ra >= 0 AND ra < 360),
    CONSTRAINT ck_survey_visit_dec_range CHECK (dec BETWEEN -90 AND 90),
    CONSTRAINT ck_survey_visit_ref_epoch_range CHECK (ref_epoch BETWEEN 1800 AND 2200),
    CONSTRAINT ck_survey_visit_healpix_range CHECK (healpix >= 0 AND healpix < 3458764513820540928),
    CONSTRAINT ck_survey_visit_mjd_range CHECK (mjd > 0 AND mjd < 200000),
    CONSTRAINT ck_survey_visit_labels_finite CHECK (array_position(labels, 'NaN') IS NULL AND array_position(labels, 'Infinity') IS NULL AND array_position(labels, '-Infinity') IS NULL),
    CONSTRAINT ck_survey_visit_errors_positive CHECK (0 < ALL (errors) AND array_position(errors, 'NaN') IS NULL AND array_position(errors, 'Infinity') IS NULL),
    CONSTRAINT ck_survey_visit_snr_non_negative CHECK (snr >= 0 AND snr < 'Infinity'),
    CONSTRAINT ck_survey_visit_chi2_non_negative CHECK (chi2 >= 0 AND chi2 < 'Infinity'),
    CONSTRAINT ck_survey_visit_rv_finite CHECK (rv > '-Infinity' AND rv < 'Infinity'),
    CONSTRAINT ck_survey_visit_err_rv_positive CHECK (err_rv > 0 AND err_rv < 'Infinity'),
    CONSTRAINT ck_survey_visit_snr_u_non_negative CHECK (snr_u >= 0 AND snr_u < 'Infinity'),
    CONSTRAINT ck_survey_visit_snr_g_non_negative CHECK (snr_g >= 0 AND snr_g < 'Infinity'),
    CONSTRAINT ck_survey_visit_snr_r_non_negative CHECK (snr_r >= 0 AND snr_r < 'Infinity'),
    CONSTRAINT ck_survey_visit_snr_i_non_negative CHECK (snr_i >= 0 AND snr_i < 'Infinity'),
    CONSTRAINT ck_survey_visit_snr_z_non_negative CHECK (snr_z >= 0 AND snr_z < 'Infinity')
);
CREATE UNIQUE INDEX uq_survey_visit_current ON ledger.survey_visit (data_release_id, external_id) WHERE valid_to_run_id IS NULL;
CREATE INDEX ix_survey_visit_designation ON ledger.survey_visit (designation);
CREATE INDEX ix_survey_visit_healpix ON ledger.survey_visit (healpix);
CREATE INDEX ix_survey_visit_gaia_dr3_source_id ON ledger.survey_visit (gaia_dr3_source_id);
CREATE INDEX ix_survey_visit_gaia_dr2_source_id ON ledger.survey_visit (gaia_dr2_source_id);
COMMENT ON TABLE ledger.survey_visit IS 'A row of a survey''s own list of visits, such as LAMOST''s general catalog.';
COMMENT ON COLUMN ledger.survey_visit.row_id IS 'number of this version of the row, unique among all versioned rows [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.survey_visit.data_release_id IS 'the data release that published the row [dimensionless; meta.id;meta.dataset]';
COMMENT ON COLUMN ledger.survey_visit.external_id IS 'the survey''s own identifier of the row [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.survey_visit.version IS '1 for the first content under this identifier, then counted up [dimensionless; meta.version]';
COMMENT ON COLUMN ledger.survey_visit.valid_from_run_id IS 'the ingest run that brought this version [dimensionless; meta.id.assoc]';
COMMENT ON COLUMN ledger.survey_visit.valid_to_run_id IS 'the ingest run that found it replaced or gone; null while it is current [dimensionless; meta.id.assoc]';
COMMENT ON COLUMN ledger.survey_visit.ra IS 'right ascension (ICRS) at ref_epoch [deg; pos.eq.ra;meta.main]';
COMMENT ON COLUMN ledger.survey_visit.dec IS 'declination (ICRS) at ref_epoch [deg; pos.eq.dec;meta.main]';
COMMENT ON COLUMN ledger.survey_visit.ref_epoch IS 'Julian epoch of the position; null where the survey does not say [yr; time.epoch;pos.eq]';
COMMENT ON COLUMN ledger.survey_visit.healpix IS 'nested HEALPix cell of order 29 that holds the position [dimensionless; pos.healpix]';
COMMENT ON COLUMN ledger.survey_visit.designation IS 'the survey''s name of the star [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.survey_visit.mjd IS 'day of the visit as published (modified Julian date) [d; time.epoch]';
COMMENT ON COLUMN ledger.survey_visit.plate IS 'plate, plan or field, as published [dimensionless; meta.id;obs.field]';
COMMENT ON COLUMN ledger.survey_visit.fiber IS 'spectrograph and fibre, as published [dimensionless; instr.setup]';
COMMENT ON COLUMN ledger.survey_visit.class_name IS 'class by the survey''s pipeline, as published [dimensionless; src.class]';
COMMENT ON COLUMN ledger.survey_visit.subclass IS 'subclass by the survey''s pipeline, as published [dimensionless; src.spType]';
COMMENT ON COLUMN ledger.survey_visit.file_name IS 'file of the spectrum, as published [dimensionless; meta.id;meta.file]';
COMMENT ON COLUMN ledger.survey_visit.labels IS 'labels, each in its own unit, in the data release''s order [dimensionless; stat.value]';
COMMENT ON COLUMN ledger.survey_visit.errors IS 'standard errors of the labels, in their order [dimensionless; stat.error]';
COMMENT ON COLUMN ledger.survey_visit.label_flags IS 'the survey''s own flags of the labels, in their order [dimensionless; meta.code.qual]';
COMMENT ON COLUMN ledger.survey_visit.survey_flags IS 'the survey''s own flag bits of the row, as published [dimensionless; meta.code.qual]';
COMMENT ON COLUMN ledger.survey_visit.snr IS 'signal-to-noise ratio a pixel [dimensionless; stat.snr]';
COMMENT ON COLUMN ledger.survey_visit.chi2 IS 'chi squared of the survey''s own fit, as published [dimensionless; stat.fit.chi2]';
COMMENT ON COLUMN ledger.survey_visit.rv IS 'barycentric radial velocity [km/s; spect.dopplerVeloc;pos.barycenter]';
COMMENT ON COLUMN ledger.survey_visit.err_rv IS 'standard error of rv [km/s; stat.error;spect.dopplerVeloc]';
COMMENT ON COLUMN ledger.survey_visit.snr_u IS 'signal-to-noise ratio a pixel in the u band [dimensionless; stat.snr;em.opt.U]';
COMMENT ON COLUMN ledger.survey_visit.snr_g IS 'signal-to-noise ratio a pixel in the g band [dimensionless; stat.snr;em.opt.B]';
COMMENT ON COLUMN ledger.survey_visit.snr_r IS 'signal-to-noise ratio a pixel in the r band [dimensionless; stat.snr;em.opt.R]';
COMMENT ON COLUMN ledger.survey_visit.snr_i IS 'signal-to-noise ratio a pixel in the i band [dimensionless; stat.snr;em.opt.I]';
COMMENT ON COLUMN ledger.survey_visit.snr_z IS 'signal-to-noise ratio a pixel in the z band [dimensionless; stat.snr;em.opt.I]';
COMMENT ON COLUMN ledger.survey_visit.gaia_dr2_source_id IS 'Gaia DR2 source_id that the survey supplied [dimensionless; meta.id.cross]';
COMMENT ON COLUMN ledger.survey_visit.gaia_dr3_source_id IS 'Gaia DR3 source_id that the survey supplied [dimensionless; meta.id.cross]';
CREATE TABLE ledger.shard (
    shard_id INTEGER GENERATED ALWAYS AS IDENTITY,
    run_id BIGINT NOT NULL,
    instrument_id INTEGER NOT NULL,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    n_spectra INTEGER NOT NULL,
    n_pixels INTEGER NOT NULL,
    grid_kind TEXT NOT NULL,
    grid_start DOUBLE PRECISION NOT NULL,
    grid_step DOUBLE PRECISION,
    wavelength_medium TEXT NOT NULL,
    mask_bits JSONB DEFAULT '{}' NOT NULL,
    CONSTRAINT pk_shard PRIMARY KEY (shard_id),
    CONSTRAINT ck_shard_step_where_regular CHECK ((grid_kind = 'explicit') = (grid_step IS NULL)),
    CONSTRAINT ck_shard_path_relative CHECK (path NOT LIKE '/%%' AND path !~ '(^|/)\.\.(/|$)'),
    CONSTRAINT fk_shard_run_id FOREIGN KEY(run_id) REFERENCES ledger.ingest_run (run_id),
    CONSTRAINT fk_shard_instrument_id FOREIGN KEY(instrument_id) REFERENCES ledger.instrument (instrument_id),
    CONSTRAINT uq_shard_path UNIQUE (path),
    CONSTRAINT ck_shard_path_not_empty CHECK (path <> ''),
    CONSTRAINT ck_shard_sha256_sha256 CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_shard_n_spectra_count CHECK (n_spectra >= 0),
    CONSTRAINT ck_shard_n_pixels_count CHECK (n_pixels >= 0),
    CONSTRAINT ck_shard_grid_kind_known CHECK (grid_kind IN ('log10', 'linear', 'explicit')),
    CONSTRAINT ck_shard_grid_start_positive CHECK (grid_start > 0 AND grid_start < 'Infinity'),
    CONSTRAINT ck_shard_grid_step_positive CHECK (grid_step > 0 AND grid_step < 'Infinity'),
    CONSTRAINT ck_shard_wavelength_medium_known CHECK (wavelength_medium IN ('air', 'vacuum'))
);
CREATE INDEX ix_shard_instrument_id ON ledger.shard (instrument_id);
CREATE INDEX ix_shard_run_id ON ledger.shard (run_id);
COMMENT ON TABLE ledger.shard IS 'A file of some thousands of spectra on one pixel grid: flux, inverse variance, mask.';
COMMENT ON COLUMN ledger.shard.shard_id IS 'number of the shard [dimensionless; meta.id;meta.file]';
COMMENT ON COLUMN ledger.shard.run_id IS 'the ingest run that wrote it [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.shard.instrument_id IS 'the instrument whose grid it holds [dimensionless; meta.id;instr]';
COMMENT ON COLUMN ledger.shard.path IS 'path below the shard root [dimensionless; meta.id;meta.file]';
COMMENT ON COLUMN ledger.shard.sha256 IS 'SHA-256 of its bytes, hexadecimal [dimensionless; meta.checksum;meta.file]';
COMMENT ON COLUMN ledger.shard.n_spectra IS 'number of spectra in it [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.shard.n_pixels IS 'pixels of each spectrum [dimensionless; meta.number;instr.pixel]';
COMMENT ON COLUMN ledger.shard.grid_kind IS 'how wavelengths follow from the pixel number: evenly in log10, evenly, or listed [dimensionless; meta.code.class;em.wl]';
COMMENT ON COLUMN ledger.shard.grid_start IS 'wavelength of the first pixel''s centre, in wavelength_medium [Angstrom; em.wl;stat.min]';
COMMENT ON COLUMN ledger.shard.grid_step IS 'step of log10(wavelength/Angstrom), or of the wavelength in Angstrom where evenly [dimensionless; spect.binSize]';
COMMENT ON COLUMN ledger.shard.wavelength_medium IS 'where the wavelengths are measured [dimensionless; meta.code.class;em.wl]';
COMMENT ON COLUMN ledger.shard.mask_bits IS 'names of the survey''s own mask bits that the shard keeps, by bit number [dimensionless; meta.code.qual]';
CREATE TABLE ledger.neighbourhood (
    crossmatch_run_id BIGINT NOT NULL,
    left_row_id BIGINT NOT NULL,
    right_row_id BIGINT NOT NULL,
    origin TEXT NOT NULL,
    separation DOUBLE PRECISION NOT NULL,
    epoch DOUBLE PRECISION,
    rank SMALLINT NOT NULL,
    n_neighbours SMALLINT NOT NULL,
    n_mates SMALLINT NOT NULL,
    CONSTRAINT pk_neighbourhood PRIMARY KEY (crossmatch_run_id, left_row_id, right_row_id),
    CONSTRAINT ck_neighbourhood_rank_within CHECK (rank <= n_neighbours),
    CONSTRAINT fk_neighbourhood_crossmatch_run_id FOREIGN KEY(crossmatch_run_id) REFERENCES ledger.crossmatch_run (run_id),
    CONSTRAINT ck_neighbourhood_origin_known CHECK (origin IN ('supplied', 'position')),
    CONSTRAINT ck_neighbourhood_separation_non_negative CHECK (separation >= 0 AND separation < 'Infinity'),
    CONSTRAINT ck_neighbourhood_epoch_range CHECK (epoch BETWEEN 1800 AND 2200),
    CONSTRAINT ck_neighbourhood_rank_ordinal CHECK (rank >= 1),
    CONSTRAINT ck_neighbourhood_n_neighbours_ordinal CHECK (n_neighbours >= 1),
    CONSTRAINT ck_neighbourhood_n_mates_ordinal CHECK (n_mates >= 1)
);
CREATE INDEX ix_neighbourhood_right_row_id ON ledger.neighbourhood (right_row_id, crossmatch_run_id);
COMMENT ON TABLE ledger.neighbourhood IS 'A pair of rows within the radius of a crossmatch run.';
COMMENT ON COLUMN ledger.neighbourhood.crossmatch_run_id IS 'the crossmatch run [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.neighbourhood.left_row_id IS 'row id on the left [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.neighbourhood.right_row_id IS 'row id on the right [dimensionless; meta.id.cross]';
COMMENT ON COLUMN ledger.neighbourhood.origin IS 'whether the survey supplied the pair or its positions agree [dimensionless; meta.code.class]';
COMMENT ON COLUMN ledger.neighbourhood.separation IS 'angular distance at the epoch of comparison [arcsec; pos.angDistance]';
COMMENT ON COLUMN ledger.neighbourhood.epoch IS 'Julian epoch to which the positions were brought [yr; time.epoch]';
COMMENT ON COLUMN ledger.neighbourhood.rank IS '1 for the best right row of the left row [dimensionless; stat.rank]';
COMMENT ON COLUMN ledger.neighbourhood.n_neighbours IS 'right rows within the radius of the left row [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.neighbourhood.n_mates IS 'left rows within the radius of the right row [dimensionless; meta.number]';
CREATE TABLE ledger.fit_run (
    run_id BIGINT NOT NULL,
    model_id INTEGER NOT NULL,
    fit_config_id INTEGER NOT NULL,
    selection TEXT NOT NULL,
    n_planned BIGINT NOT NULL,
    kind TEXT DEFAULT 'fit' NOT NULL,
    CONSTRAINT pk_fit_run PRIMARY KEY (run_id),
    CONSTRAINT uq_fit_run_run_id_model_id_fit_config_id UNIQUE (run_id, model_id, fit_config_id),
    CONSTRAINT fk_fit_run_run_id_kind FOREIGN KEY(run_id, kind) REFERENCES ledger.run (run_id, kind),
    CONSTRAINT fk_fit_run_model_id FOREIGN KEY(model_id) REFERENCES ledger.model (model_id),
    CONSTRAINT fk_fit_run_fit_config_id FOREIGN KEY(fit_config_id) REFERENCES ledger.fit_config (fit_config_id),
    CONSTRAINT ck_fit_run_n_planned_count CHECK (n_planned >= 0),
    CONSTRAINT ck_fit_run_kind_known CHECK (kind IN ('fit'))
);
CREATE INDEX ix_fit_run_model_id ON ledger.fit_run (model_id, fit_config_id);
COMMENT ON TABLE ledger.fit_run IS 'A run that fitted a selection of visits by one model in one way.';
COMMENT ON COLUMN ledger.fit_run.run_id IS 'the run that this row describes [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.fit_run.model_id IS 'the model [dimensionless; meta.id;meta.modelled]';
COMMENT ON COLUMN ledger.fit_run.fit_config_id IS 'how it was applied [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.fit_run.selection IS 'which visits were planned, as given [dimensionless; meta.note;meta.query]';
COMMENT ON COLUMN ledger.fit_run.n_planned IS 'how many visits were planned [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.fit_run.kind IS 'kind of the run, always the same in this table [dimensionless; meta.code.class]';
CREATE TABLE ledger.model_instrument (
    model_id INTEGER NOT NULL,
    instrument_id INTEGER NOT NULL,
    arm TEXT DEFAULT 'full' NOT NULL,
    spectrum_kind TEXT DEFAULT 'visit' NOT NULL,
    CONSTRAINT pk_model_instrument PRIMARY KEY (model_id, instrument_id, arm),
    CONSTRAINT fk_model_instrument_model_id FOREIGN KEY(model_id) REFERENCES ledger.model (model_id),
    CONSTRAINT fk_model_instrument_instrument_id FOREIGN KEY(instrument_id) REFERENCES ledger.instrument (instrument_id),
    CONSTRAINT ck_model_instrument_spectrum_kind_known CHECK (spectrum_kind IN ('exposure', 'visit', 'coadd'))
);
CREATE INDEX ix_model_instrument_instrument_id ON ledger.model_instrument (instrument_id);
COMMENT ON TABLE ledger.model_instrument IS 'An instrument whose spectra a model can fit, and of which kind and arm.';
COMMENT ON COLUMN ledger.model_instrument.model_id IS 'the model [dimensionless; meta.id;meta.modelled]';
COMMENT ON COLUMN ledger.model_instrument.instrument_id IS 'the instrument [dimensionless; meta.id;instr]';
COMMENT ON COLUMN ledger.model_instrument.arm IS 'arm of the instrument [dimensionless; meta.id;instr.setup]';
COMMENT ON COLUMN ledger.model_instrument.spectrum_kind IS 'kind of spectrum that it fits by default [dimensionless; meta.code.class;obs]';
CREATE TABLE ledger.model_output (
    model_id INTEGER NOT NULL,
    output TEXT NOT NULL,
    position SMALLINT NOT NULL,
    name TEXT NOT NULL,
    unit TEXT NOT NULL,
    ucd TEXT NOT NULL,
    description TEXT NOT NULL,
    low DOUBLE PRECISION,
    high DOUBLE PRECISION,
    CONSTRAINT pk_model_output PRIMARY KEY (model_id, output, position),
    CONSTRAINT uq_model_output_model_id_name UNIQUE (model_id, name),
    CONSTRAINT ck_model_output_range_in_order CHECK (high > low),
    CONSTRAINT fk_model_output_model_id FOREIGN KEY(model_id) REFERENCES ledger.model (model_id),
    CONSTRAINT ck_model_output_output_known CHECK (output IN ('label', 'extra')),
    CONSTRAINT ck_model_output_position_ordinal CHECK (position >= 1),
    CONSTRAINT ck_model_output_name_sql_name CHECK (name ~ '^[a-z][a-z0-9_]*$'),
    CONSTRAINT ck_model_output_unit_not_empty CHECK (unit <> ''),
    CONSTRAINT ck_model_output_ucd_not_empty CHECK (ucd <> ''),
    CONSTRAINT ck_model_output_description_not_empty CHECK (description <> ''),
    CONSTRAINT ck_model_output_low_finite CHECK (low > '-Infinity' AND low < 'Infinity'),
    CONSTRAINT ck_model_output_high_finite CHECK (high > '-Infinity' AND high < 'Infinity')
);
COMMENT ON TABLE ledger.model_output IS 'A label or a further column that a model gives: the order of a fit''s arrays.';
COMMENT ON COLUMN ledger.model_output.model_id IS 'the model [dimensionless; meta.id;meta.modelled]';
COMMENT ON COLUMN ledger.model_output.output IS 'label, in the arrays of labels; or extra, in the array of extras [dimensionless; meta.code.class]';
COMMENT ON COLUMN ledger.model_output.position IS 'place in the array, from 1 [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.model_output.name IS 'name of the label in the registry, or of the column in views [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.model_output.unit IS 'its unit [dimensionless; meta.unit]';
COMMENT ON COLUMN ledger.model_output.ucd IS 'its UCD1+ words [dimensionless; meta.ucd]';
COMMENT ON COLUMN ledger.model_output.description IS 'what it is, for readers of the catalog [dimensionless; meta.note]';
COMMENT ON COLUMN ledger.model_output.low IS 'lower end of the range that the model was trained on, in unit [dimensionless; stat.value;stat.min]';
COMMENT ON COLUMN ledger.model_output.high IS 'upper end of the range that the model was trained on, in unit [dimensionless; stat.value;stat.max]';
CREATE TABLE ledger.quality_run (
    run_id BIGINT NOT NULL,
    model_id INTEGER NOT NULL,
    fit_config_id INTEGER NOT NULL,
    as_of_run_id BIGINT NOT NULL,
    definition_sha256 TEXT NOT NULL,
    definition JSONB NOT NULL,
    kind TEXT DEFAULT 'quality' NOT NULL,
    CONSTRAINT pk_quality_run PRIMARY KEY (run_id),
    CONSTRAINT uq_quality_run_run_id_model_id_fit_config_id UNIQUE (run_id, model_id, fit_config_id),
    CONSTRAINT fk_quality_run_run_id_kind FOREIGN KEY(run_id, kind) REFERENCES ledger.run (run_id, kind),
    CONSTRAINT fk_quality_run_model_id FOREIGN KEY(model_id) REFERENCES ledger.model (model_id),
    CONSTRAINT fk_quality_run_fit_config_id FOREIGN KEY(fit_config_id) REFERENCES ledger.fit_config (fit_config_id),
    CONSTRAINT fk_quality_run_as_of_run_id FOREIGN KEY(as_of_run_id) REFERENCES ledger.run (run_id),
    CONSTRAINT ck_quality_run_definition_sha256_sha256 CHECK (definition_sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_quality_run_kind_known CHECK (kind IN ('quality'))
);
CREATE INDEX ix_quality_run_model_id ON ledger.quality_run (model_id, fit_config_id);
COMMENT ON TABLE ledger.quality_run IS 'A run that judged the fits of one model as a sample.';
COMMENT ON COLUMN ledger.quality_run.run_id IS 'the run that this row describes [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.quality_run.model_id IS 'the model whose fits were judged [dimensionless; meta.id;meta.modelled]';
COMMENT ON COLUMN ledger.quality_run.fit_config_id IS 'how the model was applied [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.quality_run.as_of_run_id IS 'the sample was all fits as of this run [dimensionless; meta.id.assoc]';
COMMENT ON COLUMN ledger.quality_run.definition_sha256 IS 'SHA-256 of definition in canonical form [dimensionless; meta.checksum]';
COMMENT ON COLUMN ledger.quality_run.definition IS 'thresholds used, and what the sample gave: bins, medians, polynomials of chi squared [dimensionless; meta.note]';
COMMENT ON COLUMN ledger.quality_run.kind IS 'kind of the run, always the same in this table [dimensionless; meta.code.class]';
CREATE TABLE ledger.release_flag (
    release_id INTEGER NOT NULL,
    scope TEXT NOT NULL,
    bit SMALLINT NOT NULL,
    name TEXT NOT NULL,
    severity TEXT NOT NULL,
    meaning TEXT NOT NULL,
    CONSTRAINT pk_release_flag PRIMARY KEY (release_id, scope, bit),
    CONSTRAINT uq_release_flag_release_id_scope_name UNIQUE (release_id, scope, name),
    CONSTRAINT fk_release_flag_release_id FOREIGN KEY(release_id) REFERENCES ledger.release (release_id),
    CONSTRAINT ck_release_flag_scope_known CHECK (scope IN ('spectrum', 'fit', 'label', 'star')),
    CONSTRAINT ck_release_flag_bit_range CHECK (bit BETWEEN 0 AND 62),
    CONSTRAINT ck_release_flag_name_sql_name CHECK (name ~ '^[a-z][a-z0-9_]*$'),
    CONSTRAINT ck_release_flag_severity_known CHECK (severity IN ('warn', 'bad')),
    CONSTRAINT ck_release_flag_meaning_not_empty CHECK (meaning <> '')
);
COMMENT ON TABLE ledger.release_flag IS 'A flag as the release defines it: later changes of its wording do not reach here.';
COMMENT ON COLUMN ledger.release_flag.release_id IS 'the release [dimensionless; meta.id.parent]';
COMMENT ON COLUMN ledger.release_flag.scope IS 'what the flag is of [dimensionless; meta.code.class]';
COMMENT ON COLUMN ledger.release_flag.bit IS 'its bit, from 0 [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.release_flag.name IS 'its name [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.release_flag.severity IS 'whether it warns or condemns [dimensionless; meta.code.class]';
COMMENT ON COLUMN ledger.release_flag.meaning IS 'what a set bit means, in one sentence [dimensionless; meta.note]';
CREATE TABLE ledger.release_view (
    release_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    definition TEXT NOT NULL,
    columns JSONB NOT NULL,
    materialised BOOLEAN NOT NULL,
    row_count BIGINT NOT NULL,
    checksum TEXT NOT NULL,
    CONSTRAINT pk_release_view PRIMARY KEY (release_id, name),
    CONSTRAINT fk_release_view_release_id FOREIGN KEY(release_id) REFERENCES ledger.release (release_id),
    CONSTRAINT ck_release_view_name_sql_name CHECK (name ~ '^[a-z][a-z0-9_]*$'),
    CONSTRAINT ck_release_view_definition_not_empty CHECK (definition <> ''),
    CONSTRAINT ck_release_view_row_count_count CHECK (row_count >= 0),
    CONSTRAINT ck_release_view_checksum_sha256 CHECK (checksum ~ '^[0-9a-f]{64}$')
);
COMMENT ON TABLE ledger.release_view IS 'A view of a release: its text, and what it answered when it was published.';
COMMENT ON COLUMN ledger.release_view.release_id IS 'the release [dimensionless; meta.id.parent]';
COMMENT ON COLUMN ledger.release_view.name IS 'name of the view [dimensionless; meta.id;meta.table]';
COMMENT ON COLUMN ledger.release_view.definition IS 'its SQL text [dimensionless; meta.query]';
COMMENT ON COLUMN ledger.release_view.columns IS 'name, type, unit, UCD and description of each column [dimensionless; meta.note]';
COMMENT ON COLUMN ledger.release_view.materialised IS 'whether a copy was stored for speed [dimensionless; meta.code]';
COMMENT ON COLUMN ledger.release_view.row_count IS 'rows in it [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.release_view.checksum IS 'checksum of its rows that does not depend on their order [dimensionless; meta.checksum]';
CREATE TABLE ledger.star_run (
    run_id BIGINT NOT NULL,
    previous_run_id BIGINT,
    crossmatch_run_id BIGINT,
    linking_radius REAL NOT NULL,
    kind TEXT DEFAULT 'star' NOT NULL,
    CONSTRAINT pk_star_run PRIMARY KEY (run_id),
    CONSTRAINT uq_star_run_previous_run_id UNIQUE NULLS NOT DISTINCT (previous_run_id),
    CONSTRAINT ck_star_run_previous_earlier CHECK (previous_run_id < run_id),
    CONSTRAINT fk_star_run_run_id_kind FOREIGN KEY(run_id, kind) REFERENCES ledger.run (run_id, kind),
    CONSTRAINT fk_star_run_previous_run_id FOREIGN KEY(previous_run_id) REFERENCES ledger.star_run (run_id),
    CONSTRAINT fk_star_run_crossmatch_run_id FOREIGN KEY(crossmatch_run_id) REFERENCES ledger.crossmatch_run (run_id),
    CONSTRAINT ck_star_run_linking_radius_non_negative CHECK (linking_radius >= 0 AND linking_radius < 'Infinity'),
    CONSTRAINT ck_star_run_kind_known CHECK (kind IN ('star'))
);
COMMENT ON TABLE ledger.star_run IS 'A run that assigned spectra and Gaia sources to stars; the runs form one chain.';
COMMENT ON COLUMN ledger.star_run.run_id IS 'the run that this row describes [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.star_run.previous_run_id IS 'the star run that this one continues; null for the first [dimensionless; meta.id.parent]';
COMMENT ON COLUMN ledger.star_run.crossmatch_run_id IS 'the crossmatch with Gaia that it used [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.star_run.linking_radius IS 'how near two spectra without a Gaia source must be to be of one star [arcsec; pos.angDistance;stat.max]';
COMMENT ON COLUMN ledger.star_run.kind IS 'kind of the run, always the same in this table [dimensionless; meta.code.class]';
CREATE TABLE ledger.ingest_file (
    ingest_file_id BIGINT GENERATED ALWAYS AS IDENTITY,
    run_id BIGINT NOT NULL,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size BIGINT NOT NULL,
    n_read BIGINT NOT NULL,
    n_inserted BIGINT NOT NULL,
    n_new_version BIGINT NOT NULL,
    n_unchanged BIGINT NOT NULL,
    n_rejected BIGINT NOT NULL,
    CONSTRAINT pk_ingest_file PRIMARY KEY (ingest_file_id),
    CONSTRAINT uq_ingest_file_run_id_path UNIQUE (run_id, path),
    CONSTRAINT ck_ingest_file_counts_add_up CHECK (n_read = n_inserted + n_new_version + n_unchanged + n_rejected),
    CONSTRAINT fk_ingest_file_run_id FOREIGN KEY(run_id) REFERENCES ledger.ingest_run (run_id),
    CONSTRAINT ck_ingest_file_path_not_empty CHECK (path <> ''),
    CONSTRAINT ck_ingest_file_sha256_sha256 CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_ingest_file_size_count CHECK (size >= 0),
    CONSTRAINT ck_ingest_file_n_read_count CHECK (n_read >= 0),
    CONSTRAINT ck_ingest_file_n_inserted_count CHECK (n_inserted >= 0),
    CONSTRAINT ck_ingest_file_n_new_version_count CHECK (n_new_version >= 0),
    CONSTRAINT ck_ingest_file_n_unchanged_count CHECK (n_unchanged >= 0),
    CONSTRAINT ck_ingest_file_n_rejected_count CHECK (n_rejected >= 0)
);
CREATE INDEX ix_ingest_file_sha256 ON ledger.ingest_file (sha256);
COMMENT ON TABLE ledger.ingest_file IS 'A file, or an answer of a remote service, that an ingest run read to its end.';
COMMENT ON COLUMN ledger.ingest_file.ingest_file_id IS 'number of the file [dimensionless; meta.id;meta.file]';
COMMENT ON COLUMN ledger.ingest_file.run_id IS 'the ingest run that read it [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.ingest_file.path IS 'path or address as given [dimensionless; meta.id;meta.file]';
COMMENT ON COLUMN ledger.ingest_file.sha256 IS 'SHA-256 of its bytes, hexadecimal [dimensionless; meta.checksum;meta.file]';
COMMENT ON COLUMN ledger.ingest_file.size IS 'size of the file [byte; meta.number;meta.file]';
COMMENT ON COLUMN ledger.ingest_file.n_read IS 'rows read [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.ingest_file.n_inserted IS 'rows under an identifier not seen before [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.ingest_file.n_new_version IS 'rows that replaced an earlier version [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.ingest_file.n_unchanged IS 'rows equal to what is kept [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.ingest_file.n_rejected IS 'rows refused, each with a row in rejected_row [dimensionless; meta.number]';
CREATE TABLE ledger.rejected_row (
    rejected_row_id BIGINT GENERATED ALWAYS AS IDENTITY,
    run_id BIGINT NOT NULL,
    path TEXT NOT NULL,
    row_number BIGINT,
    external_id TEXT,
    reason TEXT NOT NULL,
    content TEXT,
    CONSTRAINT pk_rejected_row PRIMARY KEY (rejected_row_id),
    CONSTRAINT fk_rejected_row_run_id FOREIGN KEY(run_id) REFERENCES ledger.ingest_run (run_id),
    CONSTRAINT uq_rejected_row_run_id_path_row_number UNIQUE NULLS NOT DISTINCT (run_id, path, row_number),
    CONSTRAINT ck_rejected_row_row_number_count CHECK (row_number >= 0),
    CONSTRAINT ck_rejected_row_reason_not_empty CHECK (reason <> '')
);
COMMENT ON TABLE ledger.rejected_row IS 'An input row, or a whole file, that was refused, and why.';
COMMENT ON COLUMN ledger.rejected_row.rejected_row_id IS 'number of the refusal [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.rejected_row.run_id IS 'the ingest run that refused it [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.rejected_row.path IS 'path or address as given [dimensionless; meta.id;meta.file]';
COMMENT ON COLUMN ledger.rejected_row.row_number IS 'number of the row in the file, from 1; null where the file itself is refused [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.rejected_row.external_id IS 'the survey''s identifier, where it could be read [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.rejected_row.reason IS 'what was wrong [dimensionless; meta.code.error]';
COMMENT ON COLUMN ledger.rejected_row.content IS 'the row as text, cut at 1000 characters [dimensionless; meta.note]';
CREATE TABLE ledger.spectrum (
    spectrum_id BIGINT DEFAULT nextval('ledger.row_id_seq') NOT NULL,
    data_release_id INTEGER NOT NULL,
    external_id TEXT NOT NULL,
    version SMALLINT DEFAULT '1' NOT NULL,
    valid_from_run_id BIGINT NOT NULL,
    valid_to_run_id BIGINT,
    ra DOUBLE PRECISION NOT NULL,
    dec DOUBLE PRECISION NOT NULL,
    ref_epoch DOUBLE PRECISION,
    healpix BIGINT NOT NULL,
    instrument_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    arm TEXT DEFAULT 'full' NOT NULL,
    mjd_mid DOUBLE PRECISION,
    time_scale TEXT,
    night INTEGER,
    exposure_time REAL,
    snr REAL,
    rv REAL,
    err_rv REAL,
    frame TEXT NOT NULL,
    frame_shift DOUBLE PRECISION,
    lsf_fwhm REAL[],
    class_name TEXT,
    subclass TEXT,
    survey_labels REAL[],
    survey_errors REAL[],
    survey_flags BIGINT DEFAULT '0' NOT NULL,
    flags BIGINT DEFAULT '0' NOT NULL,
    shard_id INTEGER NOT NULL,
    shard_row INTEGER NOT NULL,
    file_name TEXT NOT NULL,
    snr_u REAL,
    snr_g REAL,
    snr_r REAL,
    snr_i REAL,
    snr_z REAL,
    gaia_dr2_source_id BIGINT,
    gaia_dr3_source_id BIGINT,
    CONSTRAINT pk_spectrum PRIMARY KEY (spectrum_id),
    CONSTRAINT ck_spectrum_shift_where_shifted CHECK ((frame = 'shifted') = (frame_shift IS NOT NULL)),
    CONSTRAINT ck_spectrum_time_unless_coadd CHECK ((kind = 'coadd') OR (mjd_mid IS NOT NULL)),
    CONSTRAINT ck_spectrum_time_with_scale CHECK ((mjd_mid IS NULL) = (time_scale IS NULL)),
    CONSTRAINT uq_spectrum_data_release_id_external_id_version UNIQUE (data_release_id, external_id, version),
    CONSTRAINT ck_spectrum_valid_to_later CHECK (valid_to_run_id > valid_from_run_id),
    CONSTRAINT fk_spectrum_data_release_id FOREIGN KEY(data_release_id) REFERENCES ledger.data_release (data_release_id),
    CONSTRAINT fk_spectrum_valid_from_run_id FOREIGN KEY(valid_from_run_id) REFERENCES ledger.ingest_run (run_id),
    CONSTRAINT fk_spectrum_valid_to_run_id FOREIGN KEY(valid_to_run_id) REFERENCES ledger.ingest_run (run_id),
    CONSTRAINT fk_spectrum_instrument_id FOREIGN KEY(instrument_id) REFERENCES ledger.instrument (instrument_id),
    CONSTRAINT fk_spectrum_shard_id FOREIGN KEY(shard_id) REFERENCES ledger.shard (shard_id),
    CONSTRAINT ck_spectrum_external_id_not_empty CHECK (external_id <> ''),
    CONSTRAINT ck_spectrum_version_ordinal CHECK (version >= 1),
    CONSTRAINT ck_spectrum_ra_range CHECK (ra >= 0 AND ra < 360),
    CONSTRAINT ck_spectrum_dec_range CHECK (dec BETWEEN -90 AND 90),
    CONSTRAINT ck_spectrum_ref_epoch_range CHECK (ref_epoch BETWEEN 1800 AND 2200),
    CONSTRAINT ck_spectrum_healpix_range CHECK (healpix >= 0 AND healpix < 3458764513820540928),
    CONSTRAINT ck_spectrum_kind_known CHECK (kind IN ('exposure', 'visit', 'coadd')),
    CONSTRAINT ck_spectrum_arm_not_empty CHECK (arm <> ''),
    CONSTRAINT ck_spectrum_mjd_mid_range CHECK (mjd_mid > 0 AND mjd_mid < 200000),
    CONSTRAINT ck_spectrum_time_scale_known CHECK (time_scale IN ('utc', 'tai', 'tt', 'tdb')),
    CONSTRAINT ck_spectrum_exposure_time_positive CHECK (exposure_time > 0 AND exposure_time < 'Infinity'),
    CONSTRAINT ck_spectrum_snr_non_negative CHECK (snr >= 0 AND snr < 'Infinity'),
    CONSTRAINT ck_spectrum_rv_finite CHECK (rv > '-Infinity' AND rv < 'Infinity'),
    CONSTRAINT ck_spectrum_err_rv_positive CHECK (err_rv > 0 AND err_rv < 'Infinity'),
    CONSTRAINT ck_spectrum_frame_known CHECK (frame IN ('topocentric', 'barycentric', 'shifted')),
    CONSTRAINT ck_spectrum_frame_shift_finite CHECK (frame_shift > '-Infinity' AND frame_shift < 'Infinity'),
    CONSTRAINT ck_spectrum_lsf_fwhm_finite CHECK (array_position(lsf_fwhm, 'NaN') IS NULL AND array_position(lsf_fwhm, 'Infinity') IS NULL AND array_position(lsf_fwhm, '-Infinity') IS NULL),
    CONSTRAINT ck_spectrum_survey_labels_finite CHECK (array_position(survey_labels, 'NaN') IS NULL AND array_position(survey_labels, 'Infinity') IS NULL AND array_position(survey_labels, '-Infinity') IS NULL),
    CONSTRAINT ck_spectrum_survey_errors_positive CHECK (0 < ALL (survey_errors) AND array_position(survey_errors, 'NaN') IS NULL AND array_position(survey_errors, 'Infinity') IS NULL),
    CONSTRAINT ck_spectrum_flags_count CHECK (flags >= 0),
    CONSTRAINT ck_spectrum_shard_row_count CHECK (shard_row >= 0),
    CONSTRAINT ck_spectrum_file_name_not_empty CHECK (file_name <> ''),
    CONSTRAINT ck_spectrum_snr_u_non_negative CHECK (snr_u >= 0 AND snr_u < 'Infinity'),
    CONSTRAINT ck_spectrum_snr_g_non_negative CHECK (snr_g >= 0 AND snr_g < 'Infinity'),
    CONSTRAINT ck_spectrum_snr_r_non_negative CHECK (snr_r >= 0 AND snr_r < 'Infinity'),
    CONSTRAINT ck_spectrum_snr_i_non_negative CHECK (snr_i >= 0 AND snr_i < 'Infinity'),
    CONSTRAINT ck_spectrum_snr_z_non_negative CHECK (snr_z >= 0 AND snr_z < 'Infinity')
);
CREATE UNIQUE INDEX uq_spectrum_current ON ledger.spectrum (data_release_id, external_id) WHERE valid_to_run_id IS NULL;
CREATE INDEX ix_spectrum_healpix ON ledger.spectrum (healpix);
CREATE INDEX ix_spectrum_gaia_dr3_source_id ON ledger.spectrum (gaia_dr3_source_id);
CREATE UNIQUE INDEX uq_spectrum_shard_row ON ledger.spectrum (shard_id, shard_row);
CREATE INDEX ix_spectrum_instrument_id_kind_arm ON ledger.spectrum (instrument_id, kind, arm);
CREATE INDEX ix_spectrum_gaia_dr2_source_id ON ledger.spectrum (gaia_dr2_source_id);
COMMENT ON TABLE ledger.spectrum IS 'A spectrum of one star: what it is, and where its pixels are.';
COMMENT ON COLUMN ledger.spectrum.spectrum_id IS 'number of this version of the spectrum, unique among all versioned rows [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.spectrum.data_release_id IS 'the data release that published the row [dimensionless; meta.id;meta.dataset]';
COMMENT ON COLUMN ledger.spectrum.external_id IS 'the survey''s own identifier of the row [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.spectrum.version IS '1 for the first content under this identifier, then counted up [dimensionless; meta.version]';
COMMENT ON COLUMN ledger.spectrum.valid_from_run_id IS 'the ingest run that brought this version [dimensionless; meta.id.assoc]';
COMMENT ON COLUMN ledger.spectrum.valid_to_run_id IS 'the ingest run that found it replaced or gone; null while it is current [dimensionless; meta.id.assoc]';
COMMENT ON COLUMN ledger.spectrum.ra IS 'right ascension (ICRS) at ref_epoch [deg; pos.eq.ra;meta.main]';
COMMENT ON COLUMN ledger.spectrum.dec IS 'declination (ICRS) at ref_epoch [deg; pos.eq.dec;meta.main]';
COMMENT ON COLUMN ledger.spectrum.ref_epoch IS 'Julian epoch of the position; null where the survey does not say [yr; time.epoch;pos.eq]';
COMMENT ON COLUMN ledger.spectrum.healpix IS 'nested HEALPix cell of order 29 that holds the position [dimensionless; pos.healpix]';
COMMENT ON COLUMN ledger.spectrum.instrument_id IS 'the instrument that took it [dimensionless; meta.id;instr]';
COMMENT ON COLUMN ledger.spectrum.kind IS 'exposure, visit (one star''s light of one night) or coadd (a sum of visits) [dimensionless; meta.code.class;obs]';
COMMENT ON COLUMN ledger.spectrum.arm IS 'arm of the instrument; full where all arms are joined or there is one [dimensionless; meta.id;instr.setup]';
COMMENT ON COLUMN ledger.spectrum.mjd_mid IS 'mid-exposure time in time_scale (modified Julian date); null for coadds [d; time.epoch;obs.exposure]';
COMMENT ON COLUMN ledger.spectrum.time_scale IS 'scale of mjd_mid [dimensionless; time.scale]';
COMMENT ON COLUMN ledger.spectrum.night IS 'local night as the survey counts it (day number); repeats are of different nights [d; time.epoch;obs]';
COMMENT ON COLUMN ledger.spectrum.exposure_time IS 'total exposure time [s; time.duration;obs.exposure]';
COMMENT ON COLUMN ledger.spectrum.snr IS 'signal-to-noise ratio a pixel, all wavelengths [dimensionless; stat.snr]';
COMMENT ON COLUMN ledger.spectrum.rv IS 'barycentric radial velocity by the survey''s pipeline [km/s; spect.dopplerVeloc;pos.barycenter]';
COMMENT ON COLUMN ledger.spectrum.err_rv IS 'standard error of rv [km/s; stat.error;spect.dopplerVeloc]';
COMMENT ON COLUMN ledger.spectrum.frame IS 'rest frame of the stored wavelengths: the observer''s, the barycentre''s, or shifted from the barycentre''s by frame_shift [dimensionless; pos.frame]';
COMMENT ON COLUMN ledger.spectrum.frame_shift IS 'radial velocity already taken out of the stored wavelengths [km/s; spect.dopplerVeloc;arith.diff]';
COMMENT ON COLUMN ledger.spectrum.lsf_fwhm IS 'full width at half maximum of the line-spread function, in Angstrom: coefficients of a polynomial in (wavelength/Angstrom - 6000)/1000, constant first; null where the instrument''s resolving power is all that is known [dimensionless; instr.det.psf;spect.resolution]';
COMMENT ON COLUMN ledger.spectrum.class_name IS 'class by the survey''s pipeline, as published [dimensionless; src.class]';
COMMENT ON COLUMN ledger.spectrum.subclass IS 'subclass by the survey''s pipeline, as published [dimensionless; src.spType]';
COMMENT ON COLUMN ledger.spectrum.survey_labels IS 'labels by the survey''s pipeline, in the order of the data release''s catalog_label [dimensionless; stat.value]';
COMMENT ON COLUMN ledger.spectrum.survey_errors IS 'standard errors of survey_labels, in their order [dimensionless; stat.error]';
COMMENT ON COLUMN ledger.spectrum.survey_flags IS 'the survey''s own flag bits of the spectrum, as published [dimensionless; meta.code.qual]';
COMMENT ON COLUMN ledger.spectrum.flags IS 'our flags of scope spectrum, known when it came in [dimensionless; meta.code.qual]';
COMMENT ON COLUMN ledger.spectrum.shard_id IS 'the shard that holds its pixels [dimensionless; meta.id;meta.file]';
COMMENT ON COLUMN ledger.spectrum.shard_row IS 'its row in the shard, from 0 [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.spectrum.file_name IS 'the file that it came from, as given [dimensionless; meta.id;meta.file]';
COMMENT ON COLUMN ledger.spectrum.snr_u IS 'signal-to-noise ratio a pixel in the u band [dimensionless; stat.snr;em.opt.U]';
COMMENT ON COLUMN ledger.spectrum.snr_g IS 'signal-to-noise ratio a pixel in the g band [dimensionless; stat.snr;em.opt.B]';
COMMENT ON COLUMN ledger.spectrum.snr_r IS 'signal-to-noise ratio a pixel in the r band [dimensionless; stat.snr;em.opt.R]';
COMMENT ON COLUMN ledger.spectrum.snr_i IS 'signal-to-noise ratio a pixel in the i band [dimensionless; stat.snr;em.opt.I]';
COMMENT ON COLUMN ledger.spectrum.snr_z IS 'signal-to-noise ratio a pixel in the z band [dimensionless; stat.snr;em.opt.I]';
COMMENT ON COLUMN ledger.spectrum.gaia_dr2_source_id IS 'Gaia DR2 source_id that the survey supplied [dimensionless; meta.id.cross]';
COMMENT ON COLUMN ledger.spectrum.gaia_dr3_source_id IS 'Gaia DR3 source_id that the survey supplied [dimensionless; meta.id.cross]';
CREATE TABLE ledger.combination_run (
    run_id BIGINT NOT NULL,
    model_id INTEGER NOT NULL,
    fit_config_id INTEGER NOT NULL,
    star_run_id BIGINT NOT NULL,
    as_of_run_id BIGINT NOT NULL,
    quality_run_id BIGINT,
    previous_run_id BIGINT,
    spectrum_kind TEXT NOT NULL,
    arm TEXT NOT NULL,
    settings_sha256 TEXT NOT NULL,
    settings JSONB NOT NULL,
    kind TEXT DEFAULT 'combination' NOT NULL,
    CONSTRAINT pk_combination_run PRIMARY KEY (run_id),
    CONSTRAINT uq_combination_run_run_id_model_id UNIQUE (run_id, model_id),
    CONSTRAINT ck_combination_run_previous_earlier CHECK (previous_run_id < run_id),
    CONSTRAINT fk_combination_run_run_id_kind FOREIGN KEY(run_id, kind) REFERENCES ledger.run (run_id, kind),
    CONSTRAINT fk_combination_run_model_id FOREIGN KEY(model_id) REFERENCES ledger.model (model_id),
    CONSTRAINT fk_combination_run_fit_config_id FOREIGN KEY(fit_config_id) REFERENCES ledger.fit_config (fit_config_id),
    CONSTRAINT fk_combination_run_star_run_id FOREIGN KEY(star_run_id) REFERENCES ledger.star_run (run_id),
    CONSTRAINT fk_combination_run_as_of_run_id FOREIGN KEY(as_of_run_id) REFERENCES ledger.run (run_id),
    CONSTRAINT fk_combination_run_quality_run_id FOREIGN KEY(quality_run_id) REFERENCES ledger.quality_run (run_id),
    CONSTRAINT fk_combination_run_previous_run_id FOREIGN KEY(previous_run_id) REFERENCES ledger.combination_run (run_id),
    CONSTRAINT ck_combination_run_spectrum_kind_known CHECK (spectrum_kind IN ('exposure', 'visit', 'coadd')),
    CONSTRAINT ck_combination_run_arm_not_empty CHECK (arm <> ''),
    CONSTRAINT ck_combination_run_settings_sha256_sha256 CHECK (settings_sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_combination_run_kind_known CHECK (kind IN ('combination'))
);
CREATE INDEX ix_combination_run_star_run_id ON ledger.combination_run (star_run_id);
CREATE INDEX ix_combination_run_model_id ON ledger.combination_run (model_id, fit_config_id);
COMMENT ON TABLE ledger.combination_run IS 'A run that combined the fits of one model, of one kind and arm of spectra.';
COMMENT ON COLUMN ledger.combination_run.run_id IS 'the run that this row describes [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.combination_run.model_id IS 'the model [dimensionless; meta.id;meta.modelled]';
COMMENT ON COLUMN ledger.combination_run.fit_config_id IS 'how the model was applied [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.combination_run.star_run_id IS 'spectra belong to stars as of this star run [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.combination_run.as_of_run_id IS 'fits, versions and withdrawals are those as of this run [dimensionless; meta.id.assoc]';
COMMENT ON COLUMN ledger.combination_run.quality_run_id IS 'the quality run whose flags keep fits out [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.combination_run.previous_run_id IS 'the combination run whose rows stand where this one has none [dimensionless; meta.id.parent]';
COMMENT ON COLUMN ledger.combination_run.spectrum_kind IS 'the one kind of spectrum that was combined [dimensionless; meta.code.class;obs]';
COMMENT ON COLUMN ledger.combination_run.arm IS 'the one arm that was combined [dimensionless; meta.id;instr.setup]';
COMMENT ON COLUMN ledger.combination_run.settings_sha256 IS 'SHA-256 of settings in canonical form [dimensionless; meta.checksum]';
COMMENT ON COLUMN ledger.combination_run.settings IS 'estimator, weights and outlier rule [dimensionless; meta.note]';
COMMENT ON COLUMN ledger.combination_run.kind IS 'kind of the run, always the same in this table [dimensionless; meta.code.class]';
CREATE TABLE ledger.quality_output (
    quality_run_id BIGINT NOT NULL,
    scope TEXT NOT NULL,
    position SMALLINT NOT NULL,
    name TEXT NOT NULL,
    unit TEXT NOT NULL,
    ucd TEXT NOT NULL,
    description TEXT NOT NULL,
    CONSTRAINT pk_quality_output PRIMARY KEY (quality_run_id, scope, position),
    CONSTRAINT uq_quality_output_quality_run_id_scope_name UNIQUE (quality_run_id, scope, name),
    CONSTRAINT fk_quality_output_quality_run_id FOREIGN KEY(quality_run_id) REFERENCES ledger.quality_run (run_id),
    CONSTRAINT ck_quality_output_scope_known CHECK (scope IN ('fit', 'star')),
    CONSTRAINT ck_quality_output_position_ordinal CHECK (position >= 1),
    CONSTRAINT ck_quality_output_name_sql_name CHECK (name ~ '^[a-z][a-z0-9_]*$'),
    CONSTRAINT ck_quality_output_unit_not_empty CHECK (unit <> ''),
    CONSTRAINT ck_quality_output_ucd_not_empty CHECK (ucd <> ''),
    CONSTRAINT ck_quality_output_description_not_empty CHECK (description <> '')
);
COMMENT ON TABLE ledger.quality_output IS 'A number that a quality run gives beside flags: the order of its arrays.';
COMMENT ON COLUMN ledger.quality_output.quality_run_id IS 'the quality run [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.quality_output.scope IS 'whether it stands with fits or with stars [dimensionless; meta.code.class]';
COMMENT ON COLUMN ledger.quality_output.position IS 'place in the array, from 1 [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.quality_output.name IS 'name in views [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.quality_output.unit IS 'its unit [dimensionless; meta.unit]';
COMMENT ON COLUMN ledger.quality_output.ucd IS 'its UCD1+ words [dimensionless; meta.ucd]';
COMMENT ON COLUMN ledger.quality_output.description IS 'what it is, for readers of the catalog [dimensionless; meta.note]';
CREATE TABLE ledger.star (
    star_id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    created_run_id BIGINT NOT NULL,
    CONSTRAINT pk_star PRIMARY KEY (star_id),
    CONSTRAINT fk_star_created_run_id FOREIGN KEY(created_run_id) REFERENCES ledger.star_run (run_id)
);
CREATE INDEX ix_star_created_run_id ON ledger.star (created_run_id);
COMMENT ON TABLE ledger.star IS 'One source on the sky; nothing in this row ever changes.';
COMMENT ON COLUMN ledger.star.star_id IS 'stable number of the star [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.star.created_run_id IS 'the star run that first saw it [dimensionless; meta.id]';
CREATE TABLE ledger.lease (
    lease_id BIGINT GENERATED ALWAYS AS IDENTITY,
    fit_run_id BIGINT NOT NULL,
    worker TEXT NOT NULL,
    claimed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_lease PRIMARY KEY (lease_id),
    CONSTRAINT fk_lease_fit_run_id FOREIGN KEY(fit_run_id) REFERENCES ledger.fit_run (run_id)
);
CREATE INDEX ix_lease_fit_run_id ON ledger.lease (fit_run_id);
CREATE INDEX ix_lease_expires_at ON ledger.lease (expires_at);
COMMENT ON TABLE ledger.lease IS 'A batch of work that one worker holds until it expires.';
COMMENT ON COLUMN ledger.lease.lease_id IS 'number of the lease [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.lease.fit_run_id IS 'the fit run it belongs to [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.lease.worker IS 'name of the worker [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.lease.claimed_at IS 'when it was claimed (UTC) [dimensionless; time.start]';
COMMENT ON COLUMN ledger.lease.expires_at IS 'when others may take the batch (UTC); each heartbeat moves it on [dimensionless; time.end]';
CREATE TABLE ledger.withdrawal (
    withdrawal_id BIGINT GENERATED ALWAYS AS IDENTITY,
    run_id BIGINT NOT NULL,
    kind TEXT DEFAULT 'withdrawal' NOT NULL,
    action TEXT NOT NULL,
    reason TEXT NOT NULL,
    spectrum_id BIGINT,
    data_release_id INTEGER,
    model_id INTEGER,
    release_id INTEGER,
    CONSTRAINT pk_withdrawal PRIMARY KEY (withdrawal_id),
    CONSTRAINT ck_withdrawal_one_subject CHECK (num_nonnulls(spectrum_id, data_release_id, model_id, release_id) = 1),
    CONSTRAINT uq_withdrawal_subject UNIQUE NULLS NOT DISTINCT (run_id, spectrum_id, data_release_id, model_id, release_id),
    CONSTRAINT fk_withdrawal_run_id_kind FOREIGN KEY(run_id, kind) REFERENCES ledger.run (run_id, kind),
    CONSTRAINT fk_withdrawal_spectrum_id FOREIGN KEY(spectrum_id) REFERENCES ledger.spectrum (spectrum_id),
    CONSTRAINT fk_withdrawal_data_release_id FOREIGN KEY(data_release_id) REFERENCES ledger.data_release (data_release_id),
    CONSTRAINT fk_withdrawal_model_id FOREIGN KEY(model_id) REFERENCES ledger.model (model_id),
    CONSTRAINT fk_withdrawal_release_id FOREIGN KEY(release_id) REFERENCES ledger.release (release_id),
    CONSTRAINT ck_withdrawal_kind_known CHECK (kind IN ('withdrawal')),
    CONSTRAINT ck_withdrawal_action_known CHECK (action IN ('withdrawn', 'restored')),
    CONSTRAINT ck_withdrawal_reason_not_empty CHECK (reason <> '')
);
CREATE INDEX ix_withdrawal_release_id ON ledger.withdrawal (release_id);
CREATE INDEX ix_withdrawal_spectrum_id ON ledger.withdrawal (spectrum_id);
CREATE INDEX ix_withdrawal_model_id ON ledger.withdrawal (model_id);
CREATE INDEX ix_withdrawal_data_release_id ON ledger.withdrawal (data_release_id);
COMMENT ON TABLE ledger.withdrawal IS 'Something taken back, or restored; the latest row of a subject counts.';
COMMENT ON COLUMN ledger.withdrawal.withdrawal_id IS 'number of the row [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.withdrawal.run_id IS 'the run that wrote it, which orders it among all runs [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.withdrawal.kind IS 'kind of the run, always withdrawal [dimensionless; meta.code.class]';
COMMENT ON COLUMN ledger.withdrawal.action IS 'withdrawn, or restored after a withdrawal [dimensionless; meta.code.status]';
COMMENT ON COLUMN ledger.withdrawal.reason IS 'why, for those who used it [dimensionless; meta.note]';
COMMENT ON COLUMN ledger.withdrawal.spectrum_id IS 'the spectrum version taken back [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.withdrawal.data_release_id IS 'the data release taken back [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.withdrawal.model_id IS 'the model taken back [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.withdrawal.release_id IS 'the release taken back [dimensionless; meta.id]';
CREATE TABLE ledger.calibration_run (
    run_id BIGINT NOT NULL,
    combination_run_id BIGINT NOT NULL,
    settings JSONB NOT NULL,
    kind TEXT DEFAULT 'calibration' NOT NULL,
    CONSTRAINT pk_calibration_run PRIMARY KEY (run_id),
    CONSTRAINT fk_calibration_run_run_id_kind FOREIGN KEY(run_id, kind) REFERENCES ledger.run (run_id, kind),
    CONSTRAINT fk_calibration_run_combination_run_id FOREIGN KEY(combination_run_id) REFERENCES ledger.combination_run (run_id),
    CONSTRAINT ck_calibration_run_kind_known CHECK (kind IN ('calibration'))
);
CREATE INDEX ix_calibration_run_combination_run_id ON ledger.calibration_run (combination_run_id);
COMMENT ON TABLE ledger.calibration_run IS 'A run that derived calibrations from the combinations of one combination run.';
COMMENT ON COLUMN ledger.calibration_run.run_id IS 'the run that this row describes [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.calibration_run.combination_run_id IS 'the combinations that it was derived from [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.calibration_run.settings IS 'settings of the derivation, seed included [dimensionless; meta.note]';
COMMENT ON COLUMN ledger.calibration_run.kind IS 'kind of the run, always the same in this table [dimensionless; meta.code.class]';
CREATE TABLE ledger.spectrum_parent (
    spectrum_id BIGINT NOT NULL,
    parent_id BIGINT NOT NULL,
    CONSTRAINT pk_spectrum_parent PRIMARY KEY (spectrum_id, parent_id),
    CONSTRAINT ck_spectrum_parent_not_itself CHECK (spectrum_id <> parent_id),
    CONSTRAINT fk_spectrum_parent_spectrum_id FOREIGN KEY(spectrum_id) REFERENCES ledger.spectrum (spectrum_id),
    CONSTRAINT fk_spectrum_parent_parent_id FOREIGN KEY(parent_id) REFERENCES ledger.spectrum (spectrum_id)
);
CREATE INDEX ix_spectrum_parent_parent_id ON ledger.spectrum_parent (parent_id);
COMMENT ON TABLE ledger.spectrum_parent IS 'A spectrum that went into another: exposures into a visit, visits into a coadd.';
COMMENT ON COLUMN ledger.spectrum_parent.spectrum_id IS 'the sum [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.spectrum_parent.parent_id IS 'what went into it [dimensionless; meta.id.parent]';
CREATE TABLE ledger.combination (
    combination_run_id BIGINT NOT NULL,
    star_id BIGINT NOT NULL,
    labels REAL[] NOT NULL,
    errors REAL[] NOT NULL,
    covariance REAL[],
    scatter REAL[],
    label_flags INTEGER[],
    flags BIGINT DEFAULT '0' NOT NULL,
    rv REAL,
    err_rv REAL,
    rv_scatter REAL,
    chi2 REAL,
    snr REAL,
    n_visits SMALLINT NOT NULL,
    n_nights SMALLINT NOT NULL,
    n_rejected SMALLINT NOT NULL,
    best_spectrum_id BIGINT NOT NULL,
    spectrum_ids BIGINT[] NOT NULL,
    rejected_ids BIGINT[] DEFAULT '{}' NOT NULL,
    CONSTRAINT pk_combination PRIMARY KEY (combination_run_id, star_id),
    CONSTRAINT ck_combination_lengths_agree CHECK (cardinality(labels) = cardinality(errors) AND coalesce(cardinality(scatter), cardinality(labels)) = cardinality(labels) AND coalesce(cardinality(label_flags), cardinality(labels)) = cardinality(labels) AND coalesce(cardinality(covariance) * 2, cardinality(labels) * (cardinality(labels) + 1)) = cardinality(labels) * (cardinality(labels) + 1)),
    CONSTRAINT ck_combination_counts_agree CHECK (cardinality(spectrum_ids) = n_visits AND cardinality(rejected_ids) = n_rejected),
    CONSTRAINT ck_combination_best_is_one_of_them CHECK (best_spectrum_id = ANY (spectrum_ids)),
    CONSTRAINT ck_combination_used_or_rejected CHECK (NOT spectrum_ids && rejected_ids),
    CONSTRAINT fk_combination_combination_run_id FOREIGN KEY(combination_run_id) REFERENCES ledger.combination_run (run_id),
    CONSTRAINT fk_combination_star_id FOREIGN KEY(star_id) REFERENCES ledger.star (star_id),
    CONSTRAINT ck_combination_labels_finite CHECK (array_position(labels, 'NaN') IS NULL AND array_position(labels, 'Infinity') IS NULL AND array_position(labels, '-Infinity') IS NULL),
    CONSTRAINT ck_combination_errors_positive CHECK (0 < ALL (errors) AND array_position(errors, 'NaN') IS NULL AND array_position(errors, 'Infinity') IS NULL),
    CONSTRAINT ck_combination_covariance_finite CHECK (array_position(covariance, 'NaN') IS NULL AND array_position(covariance, 'Infinity') IS NULL AND array_position(covariance, '-Infinity') IS NULL),
    CONSTRAINT ck_combination_scatter_finite CHECK (array_position(scatter, 'NaN') IS NULL AND array_position(scatter, 'Infinity') IS NULL AND array_position(scatter, '-Infinity') IS NULL),
    CONSTRAINT ck_combination_flags_count CHECK (flags >= 0),
    CONSTRAINT ck_combination_rv_finite CHECK (rv > '-Infinity' AND rv < 'Infinity'),
    CONSTRAINT ck_combination_err_rv_positive CHECK (err_rv > 0 AND err_rv < 'Infinity'),
    CONSTRAINT ck_combination_rv_scatter_non_negative CHECK (rv_scatter >= 0 AND rv_scatter < 'Infinity'),
    CONSTRAINT ck_combination_chi2_non_negative CHECK (chi2 >= 0 AND chi2 < 'Infinity'),
    CONSTRAINT ck_combination_snr_non_negative CHECK (snr >= 0 AND snr < 'Infinity'),
    CONSTRAINT ck_combination_n_visits_ordinal CHECK (n_visits >= 1),
    CONSTRAINT ck_combination_n_nights_count CHECK (n_nights >= 0),
    CONSTRAINT ck_combination_n_rejected_count CHECK (n_rejected >= 0)
);
CREATE INDEX ix_combination_star_id ON ledger.combination (star_id, combination_run_id);
COMMENT ON TABLE ledger.combination IS 'The labels of one star by one model over its visits, raw: before any calibration.';
COMMENT ON COLUMN ledger.combination.combination_run_id IS 'the combination run [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.combination.star_id IS 'the star [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.combination.labels IS 'labels, each in its own unit, in the model''s order [dimensionless; stat.value;stat.mean]';
COMMENT ON COLUMN ledger.combination.errors IS 'standard errors of the labels, in their order [dimensionless; stat.error]';
COMMENT ON COLUMN ledger.combination.covariance IS 'covariance of the labels: lower triangle row by row, n(n+1)/2 numbers [dimensionless; stat.covariance]';
COMMENT ON COLUMN ledger.combination.scatter IS 'standard deviation of the labels between visits, in their order; null for one visit [dimensionless; stat.stdev]';
COMMENT ON COLUMN ledger.combination.label_flags IS 'flags of scope label, in the labels'' order [dimensionless; meta.code.qual]';
COMMENT ON COLUMN ledger.combination.flags IS 'flags of scope star [dimensionless; meta.code.qual]';
COMMENT ON COLUMN ledger.combination.rv IS 'barycentric radial velocity over the visits [km/s; spect.dopplerVeloc;pos.barycenter]';
COMMENT ON COLUMN ledger.combination.err_rv IS 'standard error of rv [km/s; stat.error;spect.dopplerVeloc]';
COMMENT ON COLUMN ledger.combination.rv_scatter IS 'standard deviation of rv between visits [km/s; stat.stdev;spect.dopplerVeloc]';
COMMENT ON COLUMN ledger.combination.chi2 IS 'chi squared of the visits about the combination [dimensionless; stat.fit.chi2]';
COMMENT ON COLUMN ledger.combination.snr IS 'signal-to-noise ratio a pixel of all visits together [dimensionless; stat.snr]';
COMMENT ON COLUMN ledger.combination.n_visits IS 'visits that went in [dimensionless; meta.number;obs]';
COMMENT ON COLUMN ledger.combination.n_nights IS 'different nights among them [dimensionless; meta.number;obs]';
COMMENT ON COLUMN ledger.combination.n_rejected IS 'visits left out as outliers [dimensionless; meta.number;obs]';
COMMENT ON COLUMN ledger.combination.best_spectrum_id IS 'the visit with the highest signal-to-noise ratio [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.combination.spectrum_ids IS 'the visits that went in [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.combination.rejected_ids IS 'the visits left out as outliers [dimensionless; meta.id]';
CREATE TABLE ledger.combination_input (
    combination_run_id BIGINT NOT NULL,
    fit_run_id BIGINT NOT NULL,
    CONSTRAINT pk_combination_input PRIMARY KEY (combination_run_id, fit_run_id),
    CONSTRAINT fk_combination_input_combination_run_id FOREIGN KEY(combination_run_id) REFERENCES ledger.combination_run (run_id),
    CONSTRAINT fk_combination_input_fit_run_id FOREIGN KEY(fit_run_id) REFERENCES ledger.fit_run (run_id),
    CONSTRAINT fk_combination_input_closed_run FOREIGN KEY(fit_run_id) REFERENCES ledger.closed_run (run_id)
);
CREATE INDEX ix_combination_input_fit_run_id ON ledger.combination_input (fit_run_id);
COMMENT ON TABLE ledger.combination_input IS 'A closed fit run whose fits a combination run could use.';
COMMENT ON COLUMN ledger.combination_input.combination_run_id IS 'the combination run [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.combination_input.fit_run_id IS 'the fit run, closed [dimensionless; meta.id]';
CREATE TABLE ledger.fit (
    model_id INTEGER NOT NULL,
    spectrum_id BIGINT NOT NULL,
    fit_config_id INTEGER NOT NULL,
    fit_run_id BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    flags BIGINT DEFAULT '0' NOT NULL,
    labels REAL[],
    errors REAL[],
    bounds REAL[],
    label_flags INTEGER[],
    covariance REAL[],
    rv REAL,
    err_rv REAL,
    extras REAL[],
    chi2 REAL,
    n_pixels INTEGER NOT NULL,
    n_iterations INTEGER,
    seconds REAL,
    worker TEXT NOT NULL,
    software_version TEXT NOT NULL,
    fitted_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_fit PRIMARY KEY (model_id, spectrum_id, fit_config_id),
    CONSTRAINT fk_fit_fit_run FOREIGN KEY(fit_run_id, model_id, fit_config_id) REFERENCES ledger.fit_run (run_id, model_id, fit_config_id),
    CONSTRAINT ck_fit_labels_unless_failed CHECK ((outcome = 'failed') = (labels IS NULL) AND (outcome = 'failed') = (errors IS NULL)),
    CONSTRAINT ck_fit_failed_with_reason CHECK ((outcome <> 'failed') OR (reason IS NOT NULL)),
    CONSTRAINT fk_fit_spectrum_id FOREIGN KEY(spectrum_id) REFERENCES ledger.spectrum (spectrum_id),
    CONSTRAINT ck_fit_outcome_known CHECK (outcome IN ('good', 'flagged', 'failed')),
    CONSTRAINT ck_fit_reason_not_empty CHECK (reason <> ''),
    CONSTRAINT ck_fit_flags_count CHECK (flags >= 0),
    CONSTRAINT ck_fit_labels_finite CHECK (array_position(labels, 'NaN') IS NULL AND array_position(labels, 'Infinity') IS NULL AND array_position(labels, '-Infinity') IS NULL),
    CONSTRAINT ck_fit_errors_positive CHECK (0 < ALL (errors) AND array_position(errors, 'NaN') IS NULL AND array_position(errors, 'Infinity') IS NULL),
    CONSTRAINT ck_fit_bounds_positive CHECK (0 < ALL (bounds) AND array_position(bounds, 'NaN') IS NULL AND array_position(bounds, 'Infinity') IS NULL),
    CONSTRAINT ck_fit_covariance_finite CHECK (array_position(covariance, 'NaN') IS NULL AND array_position(covariance, 'Infinity') IS NULL AND array_position(covariance, '-Infinity') IS NULL),
    CONSTRAINT ck_fit_rv_finite CHECK (rv > '-Infinity' AND rv < 'Infinity'),
    CONSTRAINT ck_fit_err_rv_positive CHECK (err_rv > 0 AND err_rv < 'Infinity'),
    CONSTRAINT ck_fit_extras_finite CHECK (array_position(extras, 'NaN') IS NULL AND array_position(extras, 'Infinity') IS NULL AND array_position(extras, '-Infinity') IS NULL),
    CONSTRAINT ck_fit_chi2_non_negative CHECK (chi2 >= 0 AND chi2 < 'Infinity'),
    CONSTRAINT ck_fit_n_pixels_count CHECK (n_pixels >= 0),
    CONSTRAINT ck_fit_n_iterations_count CHECK (n_iterations >= 0),
    CONSTRAINT ck_fit_seconds_non_negative CHECK (seconds >= 0 AND seconds < 'Infinity')
)
 PARTITION BY LIST (model_id);
CREATE INDEX ix_fit_fit_run_id ON ledger.fit (fit_run_id);
CREATE INDEX ix_fit_spectrum_id ON ledger.fit (spectrum_id);
COMMENT ON TABLE ledger.fit IS 'The labels of one visit by one model: good, flagged, or failed with a reason.';
COMMENT ON COLUMN ledger.fit.model_id IS 'the model [dimensionless; meta.id;meta.modelled]';
COMMENT ON COLUMN ledger.fit.spectrum_id IS 'the spectrum version [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.fit.fit_config_id IS 'how the model was applied [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.fit.fit_run_id IS 'the fit run that wrote it [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.fit.outcome IS 'good; flagged: has labels that flags warn about; or failed: has none [dimensionless; meta.code.status]';
COMMENT ON COLUMN ledger.fit.reason IS 'how the fit ended, or why it failed, as a sentence [dimensionless; meta.note]';
COMMENT ON COLUMN ledger.fit.flags IS 'flags of scope fit [dimensionless; meta.code.qual]';
COMMENT ON COLUMN ledger.fit.labels IS 'labels, each in its own unit, in the model''s order [dimensionless; stat.value]';
COMMENT ON COLUMN ledger.fit.errors IS 'standard errors of the labels, in their order [dimensionless; stat.error]';
COMMENT ON COLUMN ledger.fit.bounds IS 'Cramér–Rao bounds of the labels: the least possible standard errors, in their order [dimensionless; stat.error;stat.min]';
COMMENT ON COLUMN ledger.fit.label_flags IS 'flags of scope label, in the labels'' order [dimensionless; meta.code.qual]';
COMMENT ON COLUMN ledger.fit.covariance IS 'covariance of the labels: lower triangle row by row, n(n+1)/2 numbers [dimensionless; stat.covariance]';
COMMENT ON COLUMN ledger.fit.rv IS 'radial velocity of the stored wavelengths'' frame to the star, fitted with the labels [km/s; spect.dopplerVeloc]';
COMMENT ON COLUMN ledger.fit.err_rv IS 'standard error of rv [km/s; stat.error;spect.dopplerVeloc]';
COMMENT ON COLUMN ledger.fit.extras IS 'further columns that the model declares, in its order [dimensionless; stat.value]';
COMMENT ON COLUMN ledger.fit.chi2 IS 'chi squared of the fit [dimensionless; stat.fit.chi2]';
COMMENT ON COLUMN ledger.fit.n_pixels IS 'pixels that entered the fit [dimensionless; meta.number;instr.pixel]';
COMMENT ON COLUMN ledger.fit.n_iterations IS 'iterations until the fit ended [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.fit.seconds IS 'computing time, the batch''s shared evenly [s; time.processing]';
COMMENT ON COLUMN ledger.fit.worker IS 'name of the worker [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.fit.software_version IS 'version of Starledger that fitted [dimensionless; meta.version;meta.software]';
COMMENT ON COLUMN ledger.fit.fitted_at IS 'when it was written (UTC) [dimensionless; time.creation]';
CREATE TABLE ledger.training_member (
    training_set_id INTEGER NOT NULL,
    spectrum_id BIGINT NOT NULL,
    source_row_id BIGINT,
    labels REAL[] NOT NULL,
    errors REAL[],
    fold SMALLINT,
    role TEXT NOT NULL,
    CONSTRAINT pk_training_member PRIMARY KEY (training_set_id, spectrum_id),
    CONSTRAINT fk_training_member_training_set_id FOREIGN KEY(training_set_id) REFERENCES ledger.training_set (training_set_id),
    CONSTRAINT fk_training_member_spectrum_id FOREIGN KEY(spectrum_id) REFERENCES ledger.spectrum (spectrum_id),
    CONSTRAINT ck_training_member_labels_finite CHECK (array_position(labels, 'NaN') IS NULL AND array_position(labels, 'Infinity') IS NULL AND array_position(labels, '-Infinity') IS NULL),
    CONSTRAINT ck_training_member_errors_positive CHECK (0 < ALL (errors) AND array_position(errors, 'NaN') IS NULL AND array_position(errors, 'Infinity') IS NULL),
    CONSTRAINT ck_training_member_fold_count CHECK (fold >= 0),
    CONSTRAINT ck_training_member_role_known CHECK (role IN ('train', 'validation', 'test'))
);
CREATE INDEX ix_training_member_spectrum_id ON ledger.training_member (spectrum_id);
COMMENT ON TABLE ledger.training_member IS 'A spectrum in a training set, with the labels it taught and where they came from.';
COMMENT ON COLUMN ledger.training_member.training_set_id IS 'the training set [dimensionless; meta.id.parent]';
COMMENT ON COLUMN ledger.training_member.spectrum_id IS 'the spectrum version [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.training_member.source_row_id IS 'row id of the catalog row that gave the labels [dimensionless; meta.id.cross]';
COMMENT ON COLUMN ledger.training_member.labels IS 'the labels taught, in the set''s order; null where the source has none [dimensionless; stat.value]';
COMMENT ON COLUMN ledger.training_member.errors IS 'their standard errors [dimensionless; stat.error]';
COMMENT ON COLUMN ledger.training_member.fold IS 'fold of cross-validation, from 0 [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.training_member.role IS 'what the member was used for [dimensionless; meta.code.class]';
CREATE TABLE ledger.star_quality (
    quality_run_id BIGINT NOT NULL,
    star_id BIGINT NOT NULL,
    flags BIGINT NOT NULL,
    outputs REAL[],
    CONSTRAINT pk_star_quality PRIMARY KEY (quality_run_id, star_id),
    CONSTRAINT fk_star_quality_quality_run_id FOREIGN KEY(quality_run_id) REFERENCES ledger.quality_run (run_id),
    CONSTRAINT fk_star_quality_star_id FOREIGN KEY(star_id) REFERENCES ledger.star (star_id),
    CONSTRAINT ck_star_quality_flags_count CHECK (flags >= 0),
    CONSTRAINT ck_star_quality_outputs_finite CHECK (array_position(outputs, 'NaN') IS NULL AND array_position(outputs, 'Infinity') IS NULL AND array_position(outputs, '-Infinity') IS NULL)
);
CREATE INDEX ix_star_quality_star_id ON ledger.star_quality (star_id);
COMMENT ON TABLE ledger.star_quality IS 'What a quality run found of one star.';
COMMENT ON COLUMN ledger.star_quality.quality_run_id IS 'the quality run [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.star_quality.star_id IS 'the star [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.star_quality.flags IS 'flags of scope star that this run adds [dimensionless; meta.code.qual]';
COMMENT ON COLUMN ledger.star_quality.outputs IS 'numbers in the order of quality_output [dimensionless; stat.value]';
CREATE TABLE ledger.release_label (
    release_id INTEGER NOT NULL,
    label TEXT NOT NULL,
    model_id INTEGER NOT NULL,
    combination_run_id BIGINT NOT NULL,
    CONSTRAINT pk_release_label PRIMARY KEY (release_id, label),
    CONSTRAINT fk_release_label_combination_run_id_model_id FOREIGN KEY(combination_run_id, model_id) REFERENCES ledger.combination_run (run_id, model_id),
    CONSTRAINT fk_release_label_release_id FOREIGN KEY(release_id) REFERENCES ledger.release (release_id),
    CONSTRAINT fk_release_label_model_id FOREIGN KEY(model_id) REFERENCES ledger.model (model_id),
    CONSTRAINT ck_release_label_label_sql_name CHECK (label ~ '^[a-z][a-z0-9_]*$')
);
COMMENT ON TABLE ledger.release_label IS 'The model that a release recommends for a label.';
COMMENT ON COLUMN ledger.release_label.release_id IS 'the release [dimensionless; meta.id.parent]';
COMMENT ON COLUMN ledger.release_label.label IS 'the label [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.release_label.model_id IS 'the model recommended [dimensionless; meta.id;meta.modelled]';
COMMENT ON COLUMN ledger.release_label.combination_run_id IS 'the combination run that its values come from [dimensionless; meta.id]';
CREATE TABLE ledger.star_member (
    spectrum_id BIGINT NOT NULL,
    star_run_id BIGINT NOT NULL,
    star_id BIGINT NOT NULL,
    CONSTRAINT pk_star_member PRIMARY KEY (spectrum_id, star_run_id),
    CONSTRAINT fk_star_member_spectrum_id FOREIGN KEY(spectrum_id) REFERENCES ledger.spectrum (spectrum_id),
    CONSTRAINT fk_star_member_star_run_id FOREIGN KEY(star_run_id) REFERENCES ledger.star_run (run_id),
    CONSTRAINT fk_star_member_star_id FOREIGN KEY(star_id) REFERENCES ledger.star (star_id)
);
CREATE INDEX ix_star_member_star_run_id ON ledger.star_member (star_run_id);
CREATE INDEX ix_star_member_star_id_star_run_id ON ledger.star_member (star_id, star_run_id);
COMMENT ON TABLE ledger.star_member IS 'A spectrum that a star run assigned to a star, or moved to another.';
COMMENT ON COLUMN ledger.star_member.spectrum_id IS 'the spectrum version [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.star_member.star_run_id IS 'the star run that said so [dimensionless; meta.id.assoc]';
COMMENT ON COLUMN ledger.star_member.star_id IS 'the star that it belongs to from this run on [dimensionless; meta.id.parent]';
CREATE TABLE ledger.star_version (
    star_id BIGINT NOT NULL,
    star_run_id BIGINT NOT NULL,
    ra DOUBLE PRECISION NOT NULL,
    dec DOUBLE PRECISION NOT NULL,
    ref_epoch DOUBLE PRECISION,
    healpix BIGINT NOT NULL,
    pmra DOUBLE PRECISION,
    pmdec DOUBLE PRECISION,
    gaia_dr2_source_id BIGINT,
    gaia_dr3_source_id BIGINT,
    starid TEXT NOT NULL,
    CONSTRAINT pk_star_version PRIMARY KEY (star_id, star_run_id),
    CONSTRAINT fk_star_version_star_id FOREIGN KEY(star_id) REFERENCES ledger.star (star_id),
    CONSTRAINT fk_star_version_star_run_id FOREIGN KEY(star_run_id) REFERENCES ledger.star_run (run_id),
    CONSTRAINT ck_star_version_ra_range CHECK (ra >= 0 AND ra < 360),
    CONSTRAINT ck_star_version_dec_range CHECK (dec BETWEEN -90 AND 90),
    CONSTRAINT ck_star_version_ref_epoch_range CHECK (ref_epoch BETWEEN 1800 AND 2200),
    CONSTRAINT ck_star_version_healpix_range CHECK (healpix >= 0 AND healpix < 3458764513820540928),
    CONSTRAINT ck_star_version_pmra_finite CHECK (pmra > '-Infinity' AND pmra < 'Infinity'),
    CONSTRAINT ck_star_version_pmdec_finite CHECK (pmdec > '-Infinity' AND pmdec < 'Infinity')
);
CREATE INDEX ix_star_version_gaia_dr2_source_id ON ledger.star_version (gaia_dr2_source_id);
CREATE INDEX ix_star_version_star_run_id ON ledger.star_version (star_run_id);
CREATE INDEX ix_star_version_healpix ON ledger.star_version (healpix);
CREATE INDEX ix_star_version_starid ON ledger.star_version (starid);
CREATE INDEX ix_star_version_gaia_dr3_source_id ON ledger.star_version (gaia_dr3_source_id);
COMMENT ON TABLE ledger.star_version IS 'What a star run found a star to be: its Gaia source, position and display name.';
COMMENT ON COLUMN ledger.star_version.star_id IS 'the star [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.star_version.star_run_id IS 'the star run that said so [dimensionless; meta.id.assoc]';
COMMENT ON COLUMN ledger.star_version.ra IS 'right ascension (ICRS) at ref_epoch [deg; pos.eq.ra;meta.main]';
COMMENT ON COLUMN ledger.star_version.dec IS 'declination (ICRS) at ref_epoch [deg; pos.eq.dec;meta.main]';
COMMENT ON COLUMN ledger.star_version.ref_epoch IS 'Julian epoch of the position; null where the survey does not say [yr; time.epoch;pos.eq]';
COMMENT ON COLUMN ledger.star_version.healpix IS 'nested HEALPix cell of order 29 that holds the position [dimensionless; pos.healpix]';
COMMENT ON COLUMN ledger.star_version.pmra IS 'proper motion in right ascension times cos(dec) [mas/yr; pos.pm;pos.eq.ra]';
COMMENT ON COLUMN ledger.star_version.pmdec IS 'proper motion in declination [mas/yr; pos.pm;pos.eq.dec]';
COMMENT ON COLUMN ledger.star_version.gaia_dr2_source_id IS 'Gaia DR2 source_id of the star [dimensionless; meta.id.cross]';
COMMENT ON COLUMN ledger.star_version.gaia_dr3_source_id IS 'Gaia DR3 source_id of the star [dimensionless; meta.id.cross]';
COMMENT ON COLUMN ledger.star_version.starid IS 'name for display, Sdddmmss+ddmmss of the position, truncated; not unique [dimensionless; meta.id]';
CREATE TABLE ledger.star_event (
    star_run_id BIGINT NOT NULL,
    from_star_id BIGINT NOT NULL,
    to_star_id BIGINT NOT NULL,
    event TEXT NOT NULL,
    CONSTRAINT pk_star_event PRIMARY KEY (star_run_id, from_star_id, to_star_id),
    CONSTRAINT ck_star_event_two_stars CHECK (from_star_id <> to_star_id),
    CONSTRAINT fk_star_event_star_run_id FOREIGN KEY(star_run_id) REFERENCES ledger.star_run (run_id),
    CONSTRAINT fk_star_event_from_star_id FOREIGN KEY(from_star_id) REFERENCES ledger.star (star_id),
    CONSTRAINT fk_star_event_to_star_id FOREIGN KEY(to_star_id) REFERENCES ledger.star (star_id),
    CONSTRAINT ck_star_event_event_known CHECK (event IN ('merge', 'split'))
);
CREATE INDEX ix_star_event_to_star_id ON ledger.star_event (to_star_id);
COMMENT ON TABLE ledger.star_event IS 'A merge of one star into another, or a star split off another, in a star run.';
COMMENT ON COLUMN ledger.star_event.star_run_id IS 'the star run in which it happened [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.star_event.from_star_id IS 'the star that lost spectra [dimensionless; meta.id.parent]';
COMMENT ON COLUMN ledger.star_event.to_star_id IS 'the star that got them [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.star_event.event IS 'merge: the first star has no spectra left; split: it keeps some [dimensionless; meta.code.class]';
CREATE TABLE ledger.work (
    model_id INTEGER NOT NULL,
    fit_config_id INTEGER NOT NULL,
    spectrum_id BIGINT NOT NULL,
    fit_run_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    state TEXT DEFAULT 'pending' NOT NULL,
    lease_id BIGINT,
    attempts SMALLINT DEFAULT '0' NOT NULL,
    not_before TIMESTAMP WITH TIME ZONE,
    last_error TEXT,
    CONSTRAINT pk_work PRIMARY KEY (model_id, fit_config_id, spectrum_id),
    CONSTRAINT fk_work_fit_run FOREIGN KEY(fit_run_id, model_id, fit_config_id) REFERENCES ledger.fit_run (run_id, model_id, fit_config_id),
    CONSTRAINT ck_work_lease_while_leased CHECK ((state = 'leased') = (lease_id IS NOT NULL)),
    CONSTRAINT ck_work_aside_with_reason CHECK ((state <> 'aside') OR (last_error IS NOT NULL)),
    CONSTRAINT fk_work_spectrum_id FOREIGN KEY(spectrum_id) REFERENCES ledger.spectrum (spectrum_id),
    CONSTRAINT fk_work_lease_id FOREIGN KEY(lease_id) REFERENCES ledger.lease (lease_id),
    CONSTRAINT ck_work_position_count CHECK (position >= 0),
    CONSTRAINT ck_work_state_known CHECK (state IN ('pending', 'leased', 'aside')),
    CONSTRAINT ck_work_attempts_count CHECK (attempts >= 0)
)
 WITH (fillfactor = 70);
CREATE INDEX ix_work_fit_run_id ON ledger.work (fit_run_id);
CREATE INDEX ix_work_aside ON ledger.work (model_id, fit_config_id) WHERE state = 'aside';
CREATE INDEX ix_work_lease_id ON ledger.work (lease_id) WHERE lease_id IS NOT NULL;
CREATE INDEX ix_work_pending ON ledger.work (model_id, fit_config_id, position) WHERE state = 'pending';
COMMENT ON TABLE ledger.work IS 'A visit that waits to be fitted by a model; the row goes when its fit is written.';
COMMENT ON COLUMN ledger.work.model_id IS 'the model to fit [dimensionless; meta.id;meta.modelled]';
COMMENT ON COLUMN ledger.work.fit_config_id IS 'how to apply it [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.work.spectrum_id IS 'the visit to be fitted [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.work.fit_run_id IS 'the fit run that planned it [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.work.position IS 'place in the order of claiming: shard number times 2**32 plus row, so that a batch reads neighbouring pixels [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.work.state IS 'pending, leased to a worker, or set aside after too many attempts [dimensionless; meta.code.status]';
COMMENT ON COLUMN ledger.work.lease_id IS 'the lease that holds it [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.work.attempts IS 'attempts so far that ended without a fit [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.work.not_before IS 'when it may be tried again after a failed attempt (UTC) [dimensionless; time.start]';
COMMENT ON COLUMN ledger.work.last_error IS 'what the last attempt failed with [dimensionless; meta.code.error]';
CREATE TABLE ledger.calibration (
    calibration_id INTEGER GENERATED ALWAYS AS IDENTITY,
    name TEXT NOT NULL,
    version SMALLINT NOT NULL,
    supersedes_id INTEGER,
    run_id BIGINT NOT NULL,
    model_id INTEGER NOT NULL,
    label TEXT NOT NULL,
    corrects TEXT NOT NULL,
    population TEXT NOT NULL,
    form TEXT NOT NULL,
    variables TEXT[] NOT NULL,
    inputs TEXT NOT NULL,
    application_order SMALLINT NOT NULL,
    coefficients DOUBLE PRECISION[] NOT NULL,
    coefficient_covariance DOUBLE PRECISION[],
    definition JSONB DEFAULT '{}' NOT NULL,
    valid_low DOUBLE PRECISION,
    valid_high DOUBLE PRECISION,
    outside TEXT NOT NULL,
    sample_sha256 TEXT NOT NULL,
    validation JSONB NOT NULL,
    figure TEXT,
    description TEXT NOT NULL,
    CONSTRAINT pk_calibration PRIMARY KEY (calibration_id),
    CONSTRAINT uq_calibration_name_version UNIQUE (name, version),
    CONSTRAINT ck_calibration_range_in_order CHECK (valid_high > valid_low),
    CONSTRAINT ck_calibration_supersedes_earlier CHECK (supersedes_id < calibration_id),
    CONSTRAINT ck_calibration_supersedes_by_version CHECK ((version = 1) = (supersedes_id IS NULL)),
    CONSTRAINT ck_calibration_covariance_length CHECK (coefficient_covariance IS NULL OR cardinality(coefficient_covariance) * 2 = cardinality(coefficients) * (cardinality(coefficients) + 1)),
    CONSTRAINT uq_calibration_supersedes_id UNIQUE (supersedes_id),
    CONSTRAINT fk_calibration_supersedes_id FOREIGN KEY(supersedes_id) REFERENCES ledger.calibration (calibration_id),
    CONSTRAINT fk_calibration_run_id FOREIGN KEY(run_id) REFERENCES ledger.calibration_run (run_id),
    CONSTRAINT fk_calibration_model_id FOREIGN KEY(model_id) REFERENCES ledger.model (model_id),
    CONSTRAINT ck_calibration_name_sql_name CHECK (name ~ '^[a-z][a-z0-9_]*$'),
    CONSTRAINT ck_calibration_version_ordinal CHECK (version >= 1),
    CONSTRAINT ck_calibration_label_sql_name CHECK (label ~ '^[a-z][a-z0-9_]*$'),
    CONSTRAINT ck_calibration_corrects_known CHECK (corrects IN ('label', 'error')),
    CONSTRAINT ck_calibration_population_known CHECK (population IN ('all', 'dwarf', 'giant')),
    CONSTRAINT ck_calibration_form_known CHECK (form IN ('constant', 'polynomial', 'spline')),
    CONSTRAINT ck_calibration_inputs_known CHECK (inputs IN ('raw', 'calibrated')),
    CONSTRAINT ck_calibration_application_order_ordinal CHECK (application_order >= 1),
    CONSTRAINT ck_calibration_coefficients_finite CHECK (array_position(coefficients, 'NaN') IS NULL AND array_position(coefficients, 'Infinity') IS NULL AND array_position(coefficients, '-Infinity') IS NULL),
    CONSTRAINT ck_calibration_coefficient_covariance_finite CHECK (array_position(coefficient_covariance, 'NaN') IS NULL AND array_position(coefficient_covariance, 'Infinity') IS NULL AND array_position(coefficient_covariance, '-Infinity') IS NULL),
    CONSTRAINT ck_calibration_valid_low_finite CHECK (valid_low > '-Infinity' AND valid_low < 'Infinity'),
    CONSTRAINT ck_calibration_valid_high_finite CHECK (valid_high > '-Infinity' AND valid_high < 'Infinity'),
    CONSTRAINT ck_calibration_outside_known CHECK (outside IN ('hold', 'nothing', 'null')),
    CONSTRAINT ck_calibration_sample_sha256_sha256 CHECK (sample_sha256 ~ '^[0-9a-f]{64}$')
);
CREATE INDEX ix_calibration_model_id ON ledger.calibration (model_id, label);
CREATE INDEX ix_calibration_run_id ON ledger.calibration (run_id);
COMMENT ON TABLE ledger.calibration IS 'A correction of one label or its error for one population; a change is a new version.';
COMMENT ON COLUMN ledger.calibration.calibration_id IS 'number of the calibration [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.calibration.name IS 'name in commands [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.calibration.version IS 'version within the name, from 1 [dimensionless; meta.version]';
COMMENT ON COLUMN ledger.calibration.supersedes_id IS 'the version that this one replaces in new releases [dimensionless; meta.id.parent]';
COMMENT ON COLUMN ledger.calibration.run_id IS 'the run that derived it [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.calibration.model_id IS 'the model whose labels it corrects [dimensionless; meta.id;meta.modelled]';
COMMENT ON COLUMN ledger.calibration.label IS 'the label [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.calibration.corrects IS 'what it is applied to: the label, by adding; its error, by multiplying [dimensionless; meta.code.class]';
COMMENT ON COLUMN ledger.calibration.population IS 'the stars that it is for [dimensionless; meta.code.class]';
COMMENT ON COLUMN ledger.calibration.form IS 'its mathematical form [dimensionless; meta.code.class]';
COMMENT ON COLUMN ledger.calibration.variables IS 'the quantities that it depends on, such as {teff}; {} for a constant [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.calibration.inputs IS 'whether its variables are taken raw or after earlier calibrations [dimensionless; meta.code.class]';
COMMENT ON COLUMN ledger.calibration.application_order IS 'calibrations of a label are applied in rising order [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.calibration.coefficients IS 'its coefficients, in the order that the definition of the form says [dimensionless; stat.fit.param]';
COMMENT ON COLUMN ledger.calibration.coefficient_covariance IS 'their covariance: lower triangle row by row [dimensionless; stat.covariance]';
COMMENT ON COLUMN ledger.calibration.definition IS 'what else the form needs: knots, powers, pivots, boundary of the populations [dimensionless; meta.note]';
COMMENT ON COLUMN ledger.calibration.valid_low IS 'lower end of its range in the first variable, in that variable''s unit [dimensionless; stat.value;stat.min]';
COMMENT ON COLUMN ledger.calibration.valid_high IS 'upper end of its range in the first variable, in that variable''s unit [dimensionless; stat.value;stat.max]';
COMMENT ON COLUMN ledger.calibration.outside IS 'outside its range: hold the value at the end, correct nothing, or give null [dimensionless; meta.code.class]';
COMMENT ON COLUMN ledger.calibration.sample_sha256 IS 'SHA-256 of the sample''s members and values [dimensionless; meta.checksum]';
COMMENT ON COLUMN ledger.calibration.validation IS 'what the held-out part of the sample showed [dimensionless; stat.fit.goodness]';
COMMENT ON COLUMN ledger.calibration.figure IS 'picture of the sample and the curve, path below the home folder [dimensionless; meta.id;meta.file]';
COMMENT ON COLUMN ledger.calibration.description IS 'one sentence for readers [dimensionless; meta.note]';
CREATE TABLE ledger.fit_quality (
    quality_run_id BIGINT NOT NULL,
    spectrum_id BIGINT NOT NULL,
    model_id INTEGER NOT NULL,
    fit_config_id INTEGER NOT NULL,
    flags BIGINT NOT NULL,
    label_flags INTEGER[],
    outputs REAL[],
    CONSTRAINT pk_fit_quality PRIMARY KEY (quality_run_id, spectrum_id),
    CONSTRAINT fk_fit_quality_quality_run FOREIGN KEY(quality_run_id, model_id, fit_config_id) REFERENCES ledger.quality_run (run_id, model_id, fit_config_id),
    CONSTRAINT fk_fit_quality_fit FOREIGN KEY(model_id, spectrum_id, fit_config_id) REFERENCES ledger.fit (model_id, spectrum_id, fit_config_id),
    CONSTRAINT ck_fit_quality_flags_count CHECK (flags >= 0),
    CONSTRAINT ck_fit_quality_outputs_finite CHECK (array_position(outputs, 'NaN') IS NULL AND array_position(outputs, 'Infinity') IS NULL AND array_position(outputs, '-Infinity') IS NULL)
);
CREATE INDEX ix_fit_quality_spectrum_id ON ledger.fit_quality (spectrum_id);
COMMENT ON TABLE ledger.fit_quality IS 'What a quality run found of one fit.';
COMMENT ON COLUMN ledger.fit_quality.quality_run_id IS 'the quality run [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.fit_quality.spectrum_id IS 'the spectrum version of the fit [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.fit_quality.model_id IS 'the model of the fit [dimensionless; meta.id;meta.modelled]';
COMMENT ON COLUMN ledger.fit_quality.fit_config_id IS 'how the model was applied [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.fit_quality.flags IS 'flags of scope fit that this run adds [dimensionless; meta.code.qual]';
COMMENT ON COLUMN ledger.fit_quality.label_flags IS 'flags of scope label that this run adds, in the model''s order [dimensionless; meta.code.qual]';
COMMENT ON COLUMN ledger.fit_quality.outputs IS 'numbers in the order of quality_output [dimensionless; stat.value]';
CREATE TABLE ledger.calibration_member (
    calibration_id INTEGER NOT NULL,
    member INTEGER NOT NULL,
    star_id BIGINT NOT NULL,
    partner_star_id BIGINT,
    reference_row_id BIGINT,
    role TEXT NOT NULL,
    CONSTRAINT pk_calibration_member PRIMARY KEY (calibration_id, member),
    CONSTRAINT ck_calibration_member_two_stars CHECK (partner_star_id <> star_id),
    CONSTRAINT uq_calibration_member_calibration_id_star_id_partner_star_id UNIQUE (calibration_id, star_id, partner_star_id),
    CONSTRAINT fk_calibration_member_calibration_id FOREIGN KEY(calibration_id) REFERENCES ledger.calibration (calibration_id),
    CONSTRAINT fk_calibration_member_star_id FOREIGN KEY(star_id) REFERENCES ledger.star (star_id),
    CONSTRAINT fk_calibration_member_partner_star_id FOREIGN KEY(partner_star_id) REFERENCES ledger.star (star_id),
    CONSTRAINT ck_calibration_member_member_count CHECK (member >= 0),
    CONSTRAINT ck_calibration_member_role_known CHECK (role IN ('fitted', 'held_out'))
);
CREATE INDEX ix_calibration_member_star_id ON ledger.calibration_member (star_id);
COMMENT ON TABLE ledger.calibration_member IS 'A star, or a pair of stars, in the sample of a calibration.';
COMMENT ON COLUMN ledger.calibration_member.calibration_id IS 'the calibration [dimensionless; meta.id.parent]';
COMMENT ON COLUMN ledger.calibration_member.member IS 'number of the member in the sample, from 1 [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.calibration_member.star_id IS 'the star [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.calibration_member.partner_star_id IS 'the other star of a wide binary [dimensionless; meta.id.cross]';
COMMENT ON COLUMN ledger.calibration_member.reference_row_id IS 'row id of the catalog row that gave the reference value [dimensionless; meta.id.cross]';
COMMENT ON COLUMN ledger.calibration_member.role IS 'whether it was fitted or held out [dimensionless; meta.code.class]';
CREATE TABLE ledger.release_pin (
    release_id INTEGER NOT NULL,
    pin INTEGER NOT NULL,
    run_id BIGINT,
    kind TEXT,
    outcome TEXT,
    calibration_id INTEGER,
    CONSTRAINT pk_release_pin PRIMARY KEY (release_id, pin),
    CONSTRAINT fk_release_pin_run_id_kind FOREIGN KEY(run_id, kind) REFERENCES ledger.run (run_id, kind),
    CONSTRAINT fk_release_pin_run_id_outcome FOREIGN KEY(run_id, outcome) REFERENCES ledger.closed_run (run_id, outcome),
    CONSTRAINT ck_release_pin_one_subject CHECK (num_nonnulls(run_id, calibration_id) = 1),
    CONSTRAINT ck_release_pin_kind_of_run CHECK ((run_id IS NULL) = (kind IS NULL)),
    CONSTRAINT ck_release_pin_outcome_of_run CHECK ((run_id IS NULL) = (outcome IS NULL)),
    CONSTRAINT uq_release_pin_release_id_run_id UNIQUE (release_id, run_id),
    CONSTRAINT uq_release_pin_release_id_calibration_id UNIQUE (release_id, calibration_id),
    CONSTRAINT fk_release_pin_release_id FOREIGN KEY(release_id) REFERENCES ledger.release (release_id),
    CONSTRAINT fk_release_pin_calibration_id FOREIGN KEY(calibration_id) REFERENCES ledger.calibration (calibration_id),
    CONSTRAINT ck_release_pin_pin_ordinal CHECK (pin >= 1),
    CONSTRAINT ck_release_pin_outcome_known CHECK (outcome IN ('done'))
);
COMMENT ON TABLE ledger.release_pin IS 'A closed run or a calibration that a release is made of.';
COMMENT ON COLUMN ledger.release_pin.release_id IS 'the release [dimensionless; meta.id.parent]';
COMMENT ON COLUMN ledger.release_pin.pin IS 'number of the pin, from 1 [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.release_pin.run_id IS 'the closed run pinned [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.release_pin.kind IS 'kind of the run [dimensionless; meta.code.class]';
COMMENT ON COLUMN ledger.release_pin.outcome IS 'outcome of the run, always done [dimensionless; meta.code.status]';
COMMENT ON COLUMN ledger.release_pin.calibration_id IS 'the calibration pinned [dimensionless; meta.id]';
-- The functions behind the ledger's triggers. Each ends in an error that names the table, what
-- was tried and what to do instead, or lets the statement pass.

CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on ledger.% is refused: its rows are never changed', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation',
              HINT = 'Insert a new row; take something back with a row in ledger.withdrawal.';
END $$;

-- A versioned row may be closed once, by the run that found it replaced or gone.
CREATE FUNCTION ledger.only_close_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    closing_run bigint := NEW.valid_to_run_id;
BEGIN
    NEW.valid_to_run_id := NULL;
    IF closing_run IS NULL OR NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'UPDATE on ledger.% is refused: a version may only be closed, once',
            TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation',
                  HINT = 'Set valid_to_run_id alone, and insert the next version.';
    END IF;
    NEW.valid_to_run_id := closing_run;
    RETURN NEW;
END $$;

-- A version above 1 begins where the one before it ended, so that versions never overlap.
CREATE FUNCTION ledger.check_version_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad record;
BEGIN
    EXECUTE format(
        'SELECT n.external_id, n.version FROM inserted n WHERE n.version > 1 AND NOT EXISTS ('
        'SELECT 1 FROM %I.%I o WHERE o.data_release_id = n.data_release_id'
        ' AND o.external_id = n.external_id AND o.version = n.version - 1'
        ' AND o.valid_to_run_id <= n.valid_from_run_id) LIMIT 1',
        TG_TABLE_SCHEMA, TG_TABLE_NAME) INTO bad;
    IF bad.external_id IS NOT NULL THEN
        RAISE EXCEPTION 'version % of % in ledger.% does not follow a closed version %',
            bad.version, bad.external_id, TG_TABLE_NAME, bad.version - 1
            USING ERRCODE = 'integrity_constraint_violation',
                  HINT = 'Close the version before it first: set its valid_to_run_id.';
    END IF;
    RETURN NULL;
END $$;

-- Rows of a run are refused once it is closed. The argument names the column of the run.
CREATE FUNCTION ledger.refuse_closed_run() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    closed bigint;
BEGIN
    EXECUTE format(
        'SELECT c.run_id FROM (SELECT DISTINCT %I AS run_id FROM inserted) n'
        ' JOIN ledger.closed_run c USING (run_id) LIMIT 1', TG_ARGV[0]) INTO closed;
    IF closed IS NOT NULL THEN
        RAISE EXCEPTION 'INSERT into ledger.% is refused: run % is closed', TG_TABLE_NAME, closed
            USING ERRCODE = 'restrict_violation', HINT = 'Open a new run.';
    END IF;
    RETURN NULL;
END $$;

-- Closing waits for every transaction that still writes rows of the run: their foreign keys hold
-- a share of the lock on the run's row, or on its row in the table of its kind.
CREATE FUNCTION ledger.lock_closing_run() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_kind text;
BEGIN
    SELECT kind || '_run' INTO of_kind FROM ledger.run WHERE run_id = NEW.run_id FOR UPDATE;
    IF to_regclass('ledger.' || of_kind) IS NOT NULL THEN
        EXECUTE format('SELECT 1 FROM ledger.%I WHERE run_id = $1 FOR UPDATE', of_kind)
            USING NEW.run_id;
    END IF;
    RETURN NEW;
END $$;

-- Every model has its partition of ledger.fit, which checks the lengths of the arrays.
-- ATTACH, unlike CREATE ... PARTITION OF, does not stop the workers of other models.
CREATE FUNCTION ledger.make_fit_partition() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    partition text := format('fit_of_%s', NEW.model_id);
BEGIN
    EXECUTE format('CREATE TABLE ledger.%I (LIKE ledger.fit'
        ' INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS)', partition);
    EXECUTE format(
        'ALTER TABLE ledger.%I ADD CONSTRAINT ck_fit_lengths CHECK ('
        ' coalesce(cardinality(labels), %2$s) = %2$s'
        ' AND coalesce(cardinality(errors), %2$s) = %2$s'
        ' AND coalesce(cardinality(bounds), %2$s) = %2$s'
        ' AND coalesce(cardinality(label_flags), %2$s) = %2$s'
        ' AND coalesce(cardinality(covariance), %3$s) = %3$s'
        ' AND coalesce(cardinality(extras), %4$s) = %4$s)',
        partition, NEW.n_labels, NEW.n_labels * (NEW.n_labels + 1) / 2, NEW.n_extras);
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.%I'
        ' FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()', partition);
    EXECUTE format('ALTER TABLE ledger.fit ATTACH PARTITION ledger.%I FOR VALUES IN (%s)',
        partition, NEW.model_id);
    EXECUTE format('COMMENT ON TABLE ledger.%I IS %L', partition, 'Fits by the model ' || NEW.name);
    RETURN NULL;
END $$;

-- A combination has as many labels as its model, and sums only the one kind and arm of spectra
-- that its run declares.
CREATE FUNCTION ledger.check_combination() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad record;
BEGIN
    SELECT n.star_id, cardinality(n.labels) AS given, m.n_labels, m.name INTO bad
        FROM inserted n JOIN ledger.combination_run r ON r.run_id = n.combination_run_id
        JOIN ledger.model m USING (model_id)
        WHERE cardinality(n.labels) <> m.n_labels LIMIT 1;
    IF bad.star_id IS NOT NULL THEN
        RAISE EXCEPTION 'the combination of star % has % labels, but the model % gives %',
            bad.star_id, bad.given, bad.name, bad.n_labels
            USING ERRCODE = 'integrity_constraint_violation',
                  HINT = 'Give the labels in the order of ledger.model_output.';
    END IF;
    SELECT n.star_id, u.spectrum_id, s.kind, s.arm, r.spectrum_kind, r.arm AS run_arm INTO bad
        FROM inserted n CROSS JOIN LATERAL unnest(n.spectrum_ids) AS u (spectrum_id)
        JOIN ledger.combination_run r ON r.run_id = n.combination_run_id
        LEFT JOIN ledger.spectrum s USING (spectrum_id)
        WHERE (s.kind, s.arm) IS DISTINCT FROM (r.spectrum_kind, r.arm) LIMIT 1;
    IF bad.star_id IS NOT NULL THEN
        RAISE EXCEPTION 'spectrum % (% of arm %) cannot be combined in a run over the % of arm %',
            bad.spectrum_id, coalesce(bad.kind, 'unknown'), coalesce(bad.arm, 'unknown'),
            bad.spectrum_kind, bad.run_arm
            USING ERRCODE = 'integrity_constraint_violation',
                  HINT = 'Only one kind of one arm is combined; open a run for the other.';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON ledger.apogee_star FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER only_close BEFORE UPDATE ON ledger.apogee_star FOR EACH ROW EXECUTE FUNCTION ledger.only_close_version();
CREATE TRIGGER open_run_only AFTER INSERT ON ledger.apogee_star REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_run('valid_from_run_id');
CREATE TRIGGER version_chain AFTER INSERT ON ledger.apogee_star REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.check_version_chain();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.calibration FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER open_run_only AFTER INSERT ON ledger.calibration REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_run('run_id');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.calibration_member FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.calibration_run FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.catalog_label FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.closed_run FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.combination FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER open_run_only AFTER INSERT ON ledger.combination REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_run('combination_run_id');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.combination_input FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER open_run_only AFTER INSERT ON ledger.combination_input REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_run('combination_run_id');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.combination_run FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.crossmatch_run FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.data_release FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.fit FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER open_run_only AFTER INSERT ON ledger.fit REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_run('fit_run_id');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.fit_config FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.fit_quality FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER open_run_only AFTER INSERT ON ledger.fit_quality REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_run('quality_run_id');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.fit_run FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON ledger.gaia_dr2_neighbour FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER only_close BEFORE UPDATE ON ledger.gaia_dr2_neighbour FOR EACH ROW EXECUTE FUNCTION ledger.only_close_version();
CREATE TRIGGER open_run_only AFTER INSERT ON ledger.gaia_dr2_neighbour REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_run('valid_from_run_id');
CREATE TRIGGER version_chain AFTER INSERT ON ledger.gaia_dr2_neighbour REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.check_version_chain();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON ledger.gaia_source FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER only_close BEFORE UPDATE ON ledger.gaia_source FOR EACH ROW EXECUTE FUNCTION ledger.only_close_version();
CREATE TRIGGER open_run_only AFTER INSERT ON ledger.gaia_source REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_run('valid_from_run_id');
CREATE TRIGGER version_chain AFTER INSERT ON ledger.gaia_source REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.check_version_chain();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON ledger.galah_star FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER only_close BEFORE UPDATE ON ledger.galah_star FOR EACH ROW EXECUTE FUNCTION ledger.only_close_version();
CREATE TRIGGER open_run_only AFTER INSERT ON ledger.galah_star REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_run('valid_from_run_id');
CREATE TRIGGER version_chain AFTER INSERT ON ledger.galah_star REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.check_version_chain();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.ingest_file FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER open_run_only AFTER INSERT ON ledger.ingest_file REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_run('run_id');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.ingest_run FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.instrument FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.model FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.model_instrument FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.model_output FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.neighbourhood FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER open_run_only AFTER INSERT ON ledger.neighbourhood REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_run('crossmatch_run_id');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.quality_output FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER open_run_only AFTER INSERT ON ledger.quality_output REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_run('quality_run_id');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.quality_run FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON ledger.reference_star FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER only_close BEFORE UPDATE ON ledger.reference_star FOR EACH ROW EXECUTE FUNCTION ledger.only_close_version();
CREATE TRIGGER open_run_only AFTER INSERT ON ledger.reference_star REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_run('valid_from_run_id');
CREATE TRIGGER version_chain AFTER INSERT ON ledger.reference_star REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.check_version_chain();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.rejected_row FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER open_run_only AFTER INSERT ON ledger.rejected_row REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_run('run_id');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.release FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.release_flag FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.release_label FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.release_pin FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.release_run FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.release_view FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.run FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.shard FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER open_run_only AFTER INSERT ON ledger.shard REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_run('run_id');
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON ledger.spectrum FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER only_close BEFORE UPDATE ON ledger.spectrum FOR EACH ROW EXECUTE FUNCTION ledger.only_close_version();
CREATE TRIGGER open_run_only AFTER INSERT ON ledger.spectrum REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_run('valid_from_run_id');
CREATE TRIGGER version_chain AFTER INSERT ON ledger.spectrum REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.check_version_chain();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.spectrum_parent FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.star FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER open_run_only AFTER INSERT ON ledger.star REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_run('created_run_id');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.star_event FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER open_run_only AFTER INSERT ON ledger.star_event REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_run('star_run_id');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.star_member FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER open_run_only AFTER INSERT ON ledger.star_member REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_run('star_run_id');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.star_quality FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER open_run_only AFTER INSERT ON ledger.star_quality REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_run('quality_run_id');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.star_run FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.star_version FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER open_run_only AFTER INSERT ON ledger.star_version REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_run('star_run_id');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.survey FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON ledger.survey_visit FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER only_close BEFORE UPDATE ON ledger.survey_visit FOR EACH ROW EXECUTE FUNCTION ledger.only_close_version();
CREATE TRIGGER open_run_only AFTER INSERT ON ledger.survey_visit REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_run('valid_from_run_id');
CREATE TRIGGER version_chain AFTER INSERT ON ledger.survey_visit REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.check_version_chain();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.training_member FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.training_run FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.training_set FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.withdrawal FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER open_run_only AFTER INSERT ON ledger.withdrawal REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_run('run_id');
CREATE TRIGGER right_combination AFTER INSERT ON ledger.combination REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.check_combination();
CREATE TRIGGER lock_run BEFORE INSERT ON ledger.closed_run FOR EACH ROW EXECUTE FUNCTION ledger.lock_closing_run();
CREATE TRIGGER make_partition AFTER INSERT ON ledger.model FOR EACH ROW EXECUTE FUNCTION ledger.make_fit_partition();
GRANT USAGE ON SCHEMA ledger TO starledger_worker;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO starledger_worker;
GRANT INSERT ON ledger.fit TO starledger_worker;
GRANT INSERT, UPDATE, DELETE ON ledger.lease TO starledger_worker;
GRANT INSERT, UPDATE, DELETE ON ledger.work TO starledger_worker;
