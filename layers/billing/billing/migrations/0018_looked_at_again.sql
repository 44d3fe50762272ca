-- What a closing looks at again (design §13).

-- An instant before which every transaction began that is not over. The platform writes terms, too, and its transactions may be
-- older than the 15 minutes that are the most of ours; those of other databases, and autovacuum's, hold nothing back. Where the
-- owner may not see when others began, or the server does not track it, nobody may write for longer than that.
CREATE OR REPLACE FUNCTION settled() RETURNS timestamptz STABLE LANGUAGE sql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT coalesce(CASE WHEN pg_has_role('pg_read_all_stats', 'USAGE') THEN min(xact_start) - interval '5 seconds' END,
        now() - interval '15 minutes')
    FROM pg_stat_activity WHERE datname = current_database() AND backend_type <> 'autovacuum worker');

-- When volunteer hours occurred, to the instant; of those of one hour that come together, the last. Where months begin at half
-- past, an hour can lie in two of them.
CREATE OR REPLACE FUNCTION note_activities() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO activity_changes (company_id, campaign_id, occurred_at)
    SELECT c.company_id, c.id, max(changed.occurred_at)
    FROM changed JOIN campaigns c ON c.id = changed.campaign_id
    WHERE changed.kind = 'volunteer_hours'
        AND EXISTS (SELECT FROM campaign_terms t WHERE t.campaign_id = c.id AND t.terms ->> 'pricing_model' = 'custom')
    GROUP BY c.id, date_trunc('hour', changed.occurred_at, 'UTC');
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION note_changed_activity() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO activity_changes (company_id, campaign_id, occurred_at)
    SELECT DISTINCT c.company_id, c.id, changed.occurred_at
    FROM (VALUES (OLD.campaign_id, OLD.kind, OLD.occurred_at), (NEW.campaign_id, NEW.kind, NEW.occurred_at))
        AS changed (campaign_id, kind, occurred_at)
    JOIN campaigns c ON c.id = changed.campaign_id
    WHERE changed.kind = 'volunteer_hours';
    RETURN NULL;
END $$;

-- Column by column, since a comparison of rows is another text after a dump and a restore.
DROP TRIGGER note_changed_activity ON campaign_activities;
CREATE TRIGGER note_changed_activity AFTER UPDATE OF campaign_id, kind, quantity, occurred_at ON campaign_activities
    FOR EACH ROW WHEN (OLD.campaign_id IS DISTINCT FROM NEW.campaign_id OR OLD.kind IS DISTINCT FROM NEW.kind
        OR OLD.quantity IS DISTINCT FROM NEW.quantity OR OLD.occurred_at IS DISTINCT FROM NEW.occurred_at)
    EXECUTE FUNCTION note_changed_activity();
