-- chain_n = SHA-256(chain_{n-1} ‖ leaf_n). The first value that is folded is the chain so far:
--   SELECT chain_fold(part ORDER BY place) FROM (previous chain at place 0, leaves after it)
CREATE FUNCTION chain_step(p_chain bytea, p_leaf bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN sha256(p_chain || p_leaf);
END
$$;

CREATE AGGREGATE chain_fold(bytea) (SFUNC = chain_step, STYPE = bytea);
