-- As join_1. A node that was taken for dead by one that has died since, before it was out of the rooms, is not taken out of them:
-- it takes part again by itself, or nodes that have taken each other for dead would wait for ever.
CREATE FUNCTION parlor.join_2(
    number integer, last_write bigint, its_label text, its_version integer, lease interval, number_max integer
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    me integer := number;
BEGIN
    -- Whoever forgets it just now comes to an end first.
    PERFORM FROM parlor.writes w WHERE w.node = me FOR NO KEY UPDATE;
    IF EXISTS (
        SELECT FROM parlor.nodes n WHERE n.node = me AND n.undertaker IS NOT NULL AND NOT EXISTS (
            SELECT FROM parlor.nodes u
            WHERE u.node = n.undertaker AND u.expires > clock_timestamp() AND u.undertaker IS NULL
        )
    ) THEN
        PERFORM parlor.bury_1(me);
    END IF;
    RETURN parlor.join_1(me, last_write, its_label, its_version, lease, number_max);
END $$;

-- As bury_1, by another node only if that is still to take it out of the rooms.
CREATE FUNCTION parlor.bury_2(me integer, whom integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM parlor.writes WHERE node = whom FOR NO KEY UPDATE;
    IF me = whom OR EXISTS (SELECT FROM parlor.nodes WHERE node = whom AND undertaker = me) THEN
        PERFORM parlor.bury_1(whom);
    END IF;
END $$;

-- As append_1, and nothing is stored behind the end of a log that ends before what the node has seen of it (p_seqs, of each part).
CREATE FUNCTION parlor.append_2(
    me integer, write_number bigint,
    p_rooms integer[], p_seqs bigint[], p_rights bigint[], p_entries bigint[], p_lines bigint[], p_new_rights bigint[],
    c_parts integer[], c_until bigint[], c_kept smallint[], c_by text[], kept_max bigint,
    i_parts integer[], i_seqs bigint[], i_images text[],
    e_parts integer[], e_numbers bigint[], e_lines bigint[], e_kinds smallint[], e_versions smallint[],
    e_changes_rights boolean[], e_members bigint[], e_line_kinds smallint[], e_names text[], e_texts text[],
    e_bodies text[]
) RETURNS TABLE (state smallint, seq bigint, id bigint, "time" bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    -- The same locks in the same order.
    PERFORM FROM parlor.writes w WHERE w.node = me FOR NO KEY UPDATE;
    PERFORM FROM parlor.rooms r WHERE r.id = ANY (p_rooms) ORDER BY r.id FOR NO KEY UPDATE;
    IF EXISTS (
        SELECT FROM unnest(p_rooms, p_seqs) AS p (room, seen) JOIN parlor.rooms r ON r.id = p.room WHERE r.seq < p.seen
    ) THEN
        RAISE EXCEPTION 'a log ends before what node % has seen of it: this is an old copy of the data', me
            USING ERRCODE = 'PN003';
    END IF;
    RETURN QUERY SELECT * FROM parlor.append_1(
        me, write_number, p_rooms, p_rights, p_entries, p_lines, p_new_rights, c_parts, c_until, c_kept, c_by, kept_max,
        i_parts, i_seqs, i_images, e_parts, e_numbers, e_lines, e_kinds, e_versions, e_changes_rights, e_members,
        e_line_kinds, e_names, e_texts, e_bodies
    );
END $$;
