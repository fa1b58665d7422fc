DROP TABLE ledger.fit_tally;

-- What is leased waits again.
INSERT INTO ledger.work (model_id, fit_config_id, spectrum_id, fit_run_id, position, attempts,
    last_error)
SELECT r.model_id, r.fit_config_id, v.spectrum_id, l.fit_run_id, v.position, l.attempts,
    v.last_error
FROM ledger.lease l JOIN ledger.fit_run r ON r.run_id = l.fit_run_id,
    unnest(l.spectrum_ids, l.positions, l.last_errors) AS v (spectrum_id, position, last_error);
DELETE FROM ledger.lease;
ALTER TABLE ledger.lease ALTER COLUMN lease_id ADD GENERATED ALWAYS AS IDENTITY;
COMMENT ON COLUMN ledger.lease.lease_id IS 'number of the lease [dimensionless; meta.id;meta.main]';
ALTER TABLE ledger.lease DROP COLUMN attempts, DROP COLUMN spectrum_ids, DROP COLUMN positions,
    DROP COLUMN last_errors;
ALTER TABLE ledger.lease ADD CONSTRAINT fk_lease_fit_run_id
    FOREIGN KEY (fit_run_id) REFERENCES ledger.fit_run (run_id);

DROP INDEX ledger.ix_work_position, ledger.ix_work_again, ledger.ix_work_aside;
ALTER TABLE ledger.work DROP CONSTRAINT ck_work_state_known;
ALTER TABLE ledger.work ADD COLUMN lease_id BIGINT;
ALTER TABLE ledger.work ADD CONSTRAINT ck_work_state_known
    CHECK (state IN ('pending', 'leased', 'aside'));
ALTER TABLE ledger.work ADD CONSTRAINT ck_work_lease_while_leased
    CHECK ((state = 'leased') = (lease_id IS NOT NULL));
ALTER TABLE ledger.work ADD CONSTRAINT fk_work_lease_id
    FOREIGN KEY (lease_id) REFERENCES ledger.lease (lease_id);
ALTER TABLE ledger.work ADD CONSTRAINT fk_work_spectrum_id
    FOREIGN KEY (spectrum_id) REFERENCES ledger.spectrum (spectrum_id);
ALTER TABLE ledger.work ADD CONSTRAINT fk_work_fit_run
    FOREIGN KEY (fit_run_id, model_id, fit_config_id)
    REFERENCES ledger.fit_run (run_id, model_id, fit_config_id);
ALTER TABLE ledger.work SET (fillfactor = 70);
CREATE INDEX ix_work_pending ON ledger.work (model_id, fit_config_id, position)
    WHERE state = 'pending';
CREATE INDEX ix_work_lease_id ON ledger.work (lease_id) WHERE lease_id IS NOT NULL;
CREATE INDEX ix_work_aside ON ledger.work (model_id, fit_config_id) WHERE state = 'aside';
CREATE INDEX ix_work_fit_run_id ON ledger.work (fit_run_id);
COMMENT ON TABLE ledger.work IS
    'A visit that waits to be fitted by a model; the row goes when its fit is written.';
COMMENT ON COLUMN ledger.work.state IS 'pending, leased to a worker, or set aside after too many'
    ' attempts [dimensionless; meta.code.status]';
COMMENT ON COLUMN ledger.work.lease_id IS 'the lease that holds it [dimensionless; meta.id]';

ALTER TABLE ledger.fit_quality DROP CONSTRAINT fk_fit_quality_fit;
ALTER TABLE ledger.fit DROP CONSTRAINT pk_fit;
ALTER TABLE ledger.fit ADD CONSTRAINT pk_fit PRIMARY KEY (model_id, spectrum_id, fit_config_id);
CREATE INDEX ix_fit_spectrum_id ON ledger.fit (spectrum_id);
ALTER TABLE ledger.fit_quality ADD CONSTRAINT fk_fit_quality_fit
    FOREIGN KEY (model_id, spectrum_id, fit_config_id)
    REFERENCES ledger.fit (model_id, spectrum_id, fit_config_id);

DROP TRIGGER known_run ON ledger.fit;
DROP FUNCTION ledger.check_fit();

CREATE OR REPLACE FUNCTION ledger.make_fit_partition() RETURNS trigger LANGUAGE plpgsql AS $$
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

ALTER TABLE ledger.fit ADD CONSTRAINT fk_fit_spectrum_id
    FOREIGN KEY (spectrum_id) REFERENCES ledger.spectrum (spectrum_id);
ALTER TABLE ledger.fit ADD CONSTRAINT fk_fit_fit_run
    FOREIGN KEY (fit_run_id, model_id, fit_config_id)
    REFERENCES ledger.fit_run (run_id, model_id, fit_config_id);
CREATE INDEX ix_fit_fit_run_id ON ledger.fit (fit_run_id);
