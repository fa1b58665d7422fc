-- Checks of arrays that look at each number once, in all tables; those of partitions follow.
DO $$
DECLARE
    old record;
BEGIN
    FOR old IN SELECT c.conrelid::regclass AS of_table, c.conname,
            substring(pg_get_constraintdef(c.oid) FROM 'array_position\((\w+)') AS of_column
        FROM pg_constraint c WHERE c.connamespace = 'ledger'::regnamespace AND c.contype = 'c'
        AND c.coninhcount = 0 AND pg_get_constraintdef(c.oid) LIKE '%array_position(%NaN%'
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', old.of_table, old.conname);
        EXECUTE format(
            'ALTER TABLE %s ADD CONSTRAINT %I CHECK (%s < ALL (%I) AND ''Infinity'' > ALL (%4$I))',
            old.of_table, old.conname,
            CASE WHEN old.conname LIKE '%positive' THEN '0' ELSE '''-Infinity''' END,
            old.of_column);
    END LOOP;
END $$;

-- Fits: one look for all rows that come in together instead of foreign keys for each.
ALTER TABLE ledger.fit DROP CONSTRAINT fk_fit_fit_run;
ALTER TABLE ledger.fit DROP CONSTRAINT fk_fit_spectrum_id;
-- A model has few runs: no search by run is quicker with an index than without.
DROP INDEX ledger.ix_fit_fit_run_id;

-- Every fit names a run of its model and configuration, and a spectrum: both last for ever, so that
-- looking once when rows come in is as good as a foreign key, and for all rows of a statement together
-- much faster. The lock makes who closes the run wait for us.
CREATE FUNCTION ledger.check_fit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bad record;
    named bigint[];
BEGIN
    PERFORM FROM ledger.fit_run r WHERE r.run_id IN (SELECT DISTINCT fit_run_id FROM inserted)
        FOR KEY SHARE;
    SELECT n.fit_run_id, n.model_id, n.fit_config_id INTO bad
        FROM (SELECT DISTINCT fit_run_id, model_id, fit_config_id FROM inserted) n
        WHERE NOT EXISTS (SELECT FROM ledger.fit_run r WHERE r.run_id = n.fit_run_id
            AND r.model_id = n.model_id AND r.fit_config_id = n.fit_config_id) LIMIT 1;
    IF bad.fit_run_id IS NOT NULL THEN
        RAISE EXCEPTION 'there is no fit run % of model % with configuration %',
            bad.fit_run_id, bad.model_id, bad.fit_config_id
            USING ERRCODE = 'foreign_key_violation', HINT = 'Open the run first.';
    END IF;
    -- As an array the numbers are looked up in the index, whatever the statistics say.
    SELECT array_agg(DISTINCT spectrum_id) INTO named FROM inserted;
    IF (SELECT count(*) FROM ledger.spectrum WHERE spectrum_id = ANY (named))
            < cardinality(named) THEN
        SELECT n.spectrum_id INTO bad FROM unnest(named) AS n (spectrum_id)
            LEFT JOIN ledger.spectrum s USING (spectrum_id) WHERE s.spectrum_id IS NULL LIMIT 1;
        RAISE EXCEPTION 'there is no spectrum % to have a fit', bad.spectrum_id
            USING ERRCODE = 'foreign_key_violation', HINT = 'Ingest it first.';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER known_run AFTER INSERT ON ledger.fit REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.check_fit();

CREATE OR REPLACE FUNCTION ledger.make_fit_partition() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    partition text := format('fit_of_%s', NEW.model_id);
BEGIN
    EXECUTE format('CREATE TABLE ledger.%I (LIKE ledger.fit'
        ' INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS)'
        -- Numbers hardly compress: rows stay whole up to the page rather than be tried.
        ' WITH (toast_tuple_target = 8160)', partition);
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

DO $$
DECLARE
    partition regclass;
BEGIN
    FOR partition IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'ledger.fit'::regclass LOOP
        EXECUTE format('ALTER TABLE %s SET (toast_tuple_target = 8160)', partition);
    END LOOP;
END $$;

-- One index of fits instead of two: the spectrum comes first.
ALTER TABLE ledger.fit_quality DROP CONSTRAINT fk_fit_quality_fit;
DROP INDEX ledger.ix_fit_spectrum_id;
ALTER TABLE ledger.fit DROP CONSTRAINT pk_fit;
ALTER TABLE ledger.fit ADD CONSTRAINT pk_fit PRIMARY KEY (spectrum_id, model_id, fit_config_id);
ALTER TABLE ledger.fit_quality ADD CONSTRAINT fk_fit_quality_fit
    FOREIGN KEY (model_id, spectrum_id, fit_config_id)
    REFERENCES ledger.fit (model_id, spectrum_id, fit_config_id);

-- Work: who claims visits takes their rows into the row of the lease. What is leased now waits again.
ALTER TABLE ledger.work DROP CONSTRAINT fk_work_fit_run;
ALTER TABLE ledger.work DROP CONSTRAINT fk_work_spectrum_id;
ALTER TABLE ledger.work DROP CONSTRAINT fk_work_lease_id;
ALTER TABLE ledger.work DROP CONSTRAINT ck_work_lease_while_leased;
ALTER TABLE ledger.work DROP CONSTRAINT ck_work_state_known;
DROP INDEX ledger.ix_work_pending, ledger.ix_work_lease_id, ledger.ix_work_aside,
    ledger.ix_work_fit_run_id;
UPDATE ledger.work SET state = 'pending' WHERE state = 'leased';
ALTER TABLE ledger.work DROP COLUMN lease_id;
ALTER TABLE ledger.work ADD CONSTRAINT ck_work_state_known CHECK (state IN ('pending', 'aside'));
ALTER TABLE ledger.work RESET (fillfactor);
CREATE INDEX ix_work_position ON ledger.work (fit_run_id, position);
CREATE INDEX ix_work_again ON ledger.work (fit_run_id, position)
    WHERE attempts > 0 AND state = 'pending';
CREATE INDEX ix_work_aside ON ledger.work (fit_run_id) WHERE state = 'aside';
COMMENT ON TABLE ledger.work IS
    'A visit that waits to be fitted by a model; who claims it takes the row into a lease.';
COMMENT ON COLUMN ledger.work.state IS
    'pending, or set aside after too many attempts [dimensionless; meta.code.status]';

DELETE FROM ledger.lease;
ALTER TABLE ledger.lease DROP CONSTRAINT fk_lease_fit_run_id;
ALTER TABLE ledger.lease ALTER COLUMN lease_id DROP IDENTITY;
COMMENT ON COLUMN ledger.lease.lease_id IS
    'number of the lease, drawn at random so that none comes twice [dimensionless; meta.id;meta.main]';
ALTER TABLE ledger.lease ADD COLUMN attempts SMALLINT NOT NULL,
    ADD COLUMN spectrum_ids BIGINT[] NOT NULL, ADD COLUMN positions BIGINT[] NOT NULL,
    ADD COLUMN last_errors TEXT[] NOT NULL,
    ADD CONSTRAINT ck_lease_attempts_count CHECK (attempts >= 0);
COMMENT ON COLUMN ledger.lease.attempts IS
    'attempts in vain that each of its visits has behind it [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.lease.spectrum_ids IS
    'the visits that it holds, in the order of their pixels [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.lease.positions IS
    'their places in the order of claiming [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.lease.last_errors IS
    'what the last attempt at each failed with, or null [dimensionless; meta.code.error]';

CREATE TABLE ledger.fit_tally (
    fit_run_id BIGINT NOT NULL,
    worker TEXT NOT NULL,
    device TEXT NOT NULL,
    good BIGINT NOT NULL,
    flagged BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    seconds DOUBLE PRECISION NOT NULL,
    first_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_fit_tally PRIMARY KEY (fit_run_id, worker),
    CONSTRAINT ck_fit_tally_good_count CHECK (good >= 0),
    CONSTRAINT ck_fit_tally_flagged_count CHECK (flagged >= 0),
    CONSTRAINT ck_fit_tally_failed_count CHECK (failed >= 0),
    CONSTRAINT ck_fit_tally_seconds_non_negative CHECK (seconds >= 0 AND seconds < 'Infinity')
) WITH (fillfactor = 20);
COMMENT ON TABLE ledger.fit_tally IS 'What one worker has fitted in a run so far, counted in the transactions of its fits.';
COMMENT ON COLUMN ledger.fit_tally.fit_run_id IS 'the fit run [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.fit_tally.worker IS 'name of the worker [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.fit_tally.device IS 'what it computes on [dimensionless; meta.id;instr]';
COMMENT ON COLUMN ledger.fit_tally.good IS 'fits without flags [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.fit_tally.flagged IS 'fits with labels that flags warn about [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.fit_tally.failed IS 'fits without labels [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.fit_tally.seconds IS 'time that its device was at work [s; time.processing]';
COMMENT ON COLUMN ledger.fit_tally.first_at IS 'when it wrote its first fits (UTC) [dimensionless; time.start]';
COMMENT ON COLUMN ledger.fit_tally.last_at IS 'when it wrote its last ones (UTC) [dimensionless; time.end]';
GRANT SELECT, INSERT, UPDATE, DELETE ON ledger.fit_tally TO starledger_worker;
