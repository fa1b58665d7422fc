-- The tables of catalog rows, divided by data release, as they were at this revision.

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
    CONSTRAINT pk_gaia_source PRIMARY KEY (row_id, data_release_id),
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
)
 PARTITION BY LIST (data_release_id);
CREATE INDEX ix_gaia_source_source_id ON ledger.gaia_source (source_id);
CREATE INDEX ix_gaia_source_healpix ON ledger.gaia_source (healpix);
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
    CONSTRAINT pk_gaia_dr2_neighbour PRIMARY KEY (row_id, data_release_id),
    CONSTRAINT uq_gaia_dr2_neighbour_data_release_id_external_id_version UNIQUE (data_release_id, external_id, version),
    CONSTRAINT ck_gaia_dr2_neighbour_valid_to_later CHECK (valid_to_run_id > valid_from_run_id),
    CONSTRAINT fk_gaia_dr2_neighbour_data_release_id FOREIGN KEY(data_release_id) REFERENCES ledger.data_release (data_release_id),
    CONSTRAINT fk_gaia_dr2_neighbour_valid_from_run_id FOREIGN KEY(valid_from_run_id) REFERENCES ledger.ingest_run (run_id),
    CONSTRAINT fk_gaia_dr2_neighbour_valid_to_run_id FOREIGN KEY(valid_to_run_id) REFERENCES ledger.ingest_run (run_id),
    CONSTRAINT ck_gaia_dr2_neighbour_external_id_not_empty CHECK (external_id <> ''),
    CONSTRAINT ck_gaia_dr2_neighbour_version_ordinal CHECK (version >= 1),
    CONSTRAINT ck_gaia_dr2_neighbour_separation_non_negative CHECK (separation >= 0 AND separation < 'Infinity'),
    CONSTRAINT ck_gaia_dr2_neighbour_magnitude_difference_finite CHECK (magnitude_difference > '-Infinity' AND magnitude_difference < 'Infinity')
)
 PARTITION BY LIST (data_release_id);
CREATE INDEX ix_gaia_dr2_neighbour_gaia_dr2_source_id ON ledger.gaia_dr2_neighbour (gaia_dr2_source_id);
CREATE INDEX ix_gaia_dr2_neighbour_gaia_dr3_source_id ON ledger.gaia_dr2_neighbour (gaia_dr3_source_id);
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
    CONSTRAINT pk_galah_star PRIMARY KEY (row_id, data_release_id),
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
)
 PARTITION BY LIST (data_release_id);
CREATE INDEX ix_galah_star_gaia_dr2_source_id ON ledger.galah_star (gaia_dr2_source_id) WHERE gaia_dr2_source_id IS NOT NULL;
CREATE INDEX ix_galah_star_healpix ON ledger.galah_star (healpix);
CREATE INDEX ix_galah_star_tmass_id ON ledger.galah_star (tmass_id);
CREATE INDEX ix_galah_star_gaia_dr3_source_id ON ledger.galah_star (gaia_dr3_source_id) WHERE gaia_dr3_source_id IS NOT NULL;
CREATE INDEX ix_galah_star_sobject_id ON ledger.galah_star (sobject_id);
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
    CONSTRAINT pk_apogee_star PRIMARY KEY (row_id, data_release_id),
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
)
 PARTITION BY LIST (data_release_id);
CREATE INDEX ix_apogee_star_healpix ON ledger.apogee_star (healpix);
CREATE INDEX ix_apogee_star_gaia_dr3_source_id ON ledger.apogee_star (gaia_dr3_source_id) WHERE gaia_dr3_source_id IS NOT NULL;
CREATE INDEX ix_apogee_star_apogee_id ON ledger.apogee_star (apogee_id);
CREATE INDEX ix_apogee_star_gaia_dr2_source_id ON ledger.apogee_star (gaia_dr2_source_id) WHERE gaia_dr2_source_id IS NOT NULL;
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
    ra DOUBLE PRECISION,
    dec DOUBLE PRECISION,
    ref_epoch DOUBLE PRECISION,
    healpix BIGINT,
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
    CONSTRAINT pk_reference_star PRIMARY KEY (row_id, data_release_id),
    CONSTRAINT ck_reference_star_position_whole CHECK (num_nonnulls(ra, dec, healpix) IN (0, 3)),
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
)
 PARTITION BY LIST (data_release_id);
CREATE INDEX ix_reference_star_healpix ON ledger.reference_star (healpix);
CREATE INDEX ix_reference_star_gaia_dr2_source_id ON ledger.reference_star (gaia_dr2_source_id) WHERE gaia_dr2_source_id IS NOT NULL;
CREATE INDEX ix_reference_star_gaia_dr3_source_id ON ledger.reference_star (gaia_dr3_source_id) WHERE gaia_dr3_source_id IS NOT NULL;
COMMENT ON TABLE ledger.reference_star IS 'A row of any other catalog of stars with labels: value-added tables, benchmarks.';
COMMENT ON COLUMN ledger.reference_star.row_id IS 'number of this version of the row, unique among all versioned rows [dimensionless; meta.id;meta.main]';
COMMENT ON COLUMN ledger.reference_star.data_release_id IS 'the data release that published the row [dimensionless; meta.id;meta.dataset]';
COMMENT ON COLUMN ledger.reference_star.external_id IS 'the survey''s own identifier of the row [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.reference_star.version IS '1 for the first content under this identifier, then counted up [dimensionless; meta.version]';
COMMENT ON COLUMN ledger.reference_star.valid_from_run_id IS 'the ingest run that brought this version [dimensionless; meta.id.assoc]';
COMMENT ON COLUMN ledger.reference_star.valid_to_run_id IS 'the ingest run that found it replaced or gone; null while it is current [dimensionless; meta.id.assoc]';
COMMENT ON COLUMN ledger.reference_star.ra IS 'right ascension (ICRS) at ref_epoch; null where the table has no positions [deg; pos.eq.ra;meta.main]';
COMMENT ON COLUMN ledger.reference_star.dec IS 'declination (ICRS) at ref_epoch; null where the table has no positions [deg; pos.eq.dec;meta.main]';
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
    CONSTRAINT pk_survey_visit PRIMARY KEY (row_id, data_release_id),
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
)
 PARTITION BY LIST (data_release_id);
CREATE INDEX ix_survey_visit_healpix ON ledger.survey_visit (healpix);
CREATE INDEX ix_survey_visit_gaia_dr2_source_id ON ledger.survey_visit (gaia_dr2_source_id) WHERE gaia_dr2_source_id IS NOT NULL;
CREATE INDEX ix_survey_visit_gaia_dr3_source_id ON ledger.survey_visit (gaia_dr3_source_id) WHERE gaia_dr3_source_id IS NOT NULL;
CREATE INDEX ix_survey_visit_designation ON ledger.survey_visit (designation);
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
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON ledger.apogee_star FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER only_close BEFORE UPDATE ON ledger.apogee_star FOR EACH ROW EXECUTE FUNCTION ledger.only_close_version();
CREATE TRIGGER open_run_only AFTER INSERT ON ledger.apogee_star REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_run('valid_from_run_id');
CREATE TRIGGER version_chain AFTER INSERT ON ledger.apogee_star REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.check_version_chain();
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
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON ledger.reference_star FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER only_close BEFORE UPDATE ON ledger.reference_star FOR EACH ROW EXECUTE FUNCTION ledger.only_close_version();
CREATE TRIGGER open_run_only AFTER INSERT ON ledger.reference_star REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_run('valid_from_run_id');
CREATE TRIGGER version_chain AFTER INSERT ON ledger.reference_star REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.check_version_chain();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON ledger.survey_visit FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER only_close BEFORE UPDATE ON ledger.survey_visit FOR EACH ROW EXECUTE FUNCTION ledger.only_close_version();
CREATE TRIGGER open_run_only AFTER INSERT ON ledger.survey_visit REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_run('valid_from_run_id');
CREATE TRIGGER version_chain AFTER INSERT ON ledger.survey_visit REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.check_version_chain();
