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
