-- What every transaction sets, in functions: RDS Proxy keeps a connection for whoever sends set_config or SET itself, and does
-- not look into functions. All of it ends with the transaction.

-- The role, the company that row-level security shows ('*': all), and how long a statement and all of it may take.
CREATE FUNCTION enter_transaction(as_role text, company text, seconds integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('billing.company_id', company, true), set_config('timezone', 'UTC', true),
        set_config('statement_timeout', seconds || 's', true);
    IF current_setting('server_version_num')::integer >= 170000 THEN
        PERFORM set_config('transaction_timeout', seconds || 's', true);
    END IF;
    PERFORM set_config('role', as_role, true);
END $$;

-- A page of records is read in the order of an index, whatever the statistics make the planner believe.
CREATE FUNCTION read_in_order() RETURNS text LANGUAGE sql RETURN set_config('enable_sort', 'off', true);
