-- Pages of records that miss nothing while records arrive (design: usage-records; docs/decisions/0009).

-- Whether a record was committed when a snapshot was taken. What began before `settled` was over by then; of the rest the
-- transaction that inserted the row decides: it began before the snapshot's end and is not one of those that were in flight,
-- which are counted back from that end. A record is inserted in no savepoint, since a snapshot does not list its number.
CREATE FUNCTION was_committed(inserter xid, began timestamptz, settled timestamptz, xmax bigint, in_flight bigint[])
    RETURNS boolean STABLE LANGUAGE sql
RETURN began < settled OR age(inserter) > age(xmax::text::xid8::xid)
    AND age(inserter)::bigint - age(xmax::text::xid8::xid) <> ALL (in_flight);

-- An instant before which every transaction began that is not over. Those that run say when they began, to whoever may read
-- it: some seconds later than they did, at the most. Where the owner may not, Lambda's longest 15 minutes tell.
CREATE FUNCTION settled() RETURNS timestamptz STABLE LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT greatest(now() - interval '15 minutes',
        CASE WHEN pg_has_role('pg_read_all_stats', 'USAGE') THEN min(xact_start) - interval '5 seconds' END)
    FROM pg_stat_activity);
REVOKE EXECUTE ON FUNCTION settled() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION settled() TO billing_app;

-- What arrives while a walk is under way is read in the order of its arrival.
CREATE INDEX billing_usage_records_arrival ON billing_usage_records (company_id, created_at, id);
