-- What every other migration uses. The schemas amana and keyring, the roles and the table
-- schema_migration were made by the runner before this file.

-- The organisation of the running transaction; null when there is none, and then nothing is
-- visible. Written so that the planner can inline it into every policy.
CREATE FUNCTION amana_org() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT nullif(current_setting('amana.org', true), '')::uuid $$;

-- Second line of defence: even a query that forgot its filter sees one organisation only.
-- FORCE, because the owner of a table is otherwise exempt. Call it for every table.
CREATE PROCEDURE protect_table(p_table regclass)
LANGUAGE plpgsql
AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', p_table);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', p_table);
  EXECUTE format(
    'CREATE POLICY own_organisation ON %s USING (org_id = amana.amana_org()) WITH CHECK (org_id = amana.amana_org())',
    p_table);
END $$;

-- For the few tables that must be found before the organisation is known (the organisation
-- itself, set-up and invitation secrets by their hash): visible to Database.system() too.
CREATE PROCEDURE protect_entry_table(p_table regclass)
LANGUAGE plpgsql
AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', p_table);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', p_table);
  EXECUTE format(
    'CREATE POLICY own_organisation_or_entry ON %s '
    'USING (org_id = amana.amana_org() OR amana.amana_org() IS NULL) '
    'WITH CHECK (org_id = amana.amana_org() OR amana.amana_org() IS NULL)',
    p_table);
END $$;
