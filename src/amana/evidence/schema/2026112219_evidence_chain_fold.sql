-- chain_n = SHA-256(chain_{n-1} ‖ leaf_n). The first value that is folded is the chain so far:
--   SELECT chain_fold(part ORDER BY place) FROM (previous chain at place 0, leaves after it)
CREATE FUNCTION chain_step(p_chain bytea, p_leaf bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN sha256(p_chain || p_leaf);
END
$$;

CREATE AGGREGATE chain_fold(bytea) (SFUNC = chain_step, STYPE = bytea);

-- leaf = kind u16 ‖ seq u64 ‖ minute u64 ‖ commitment 32, big-endian, 50 bytes.
CREATE FUNCTION chain_leaf(p_kind int, p_seq bigint, p_ts_ms bigint, p_commitment bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN substring(int4send(p_kind) FROM 3) || int8send(p_seq) || int8send(p_ts_ms / 60000) || p_commitment;
