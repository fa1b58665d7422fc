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

-- Every model has its partition of ledger.fit, which checks the lengths of the arrays.
-- ATTACH, unlike CREATE ... PARTITION OF, does not stop the workers of other models.
CREATE FUNCTION ledger.make_fit_partition() RETURNS trigger LANGUAGE plpgsql AS $$
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
