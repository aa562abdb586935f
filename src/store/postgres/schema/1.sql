-- What nodes share. Times are milliseconds since 1970-01-01T00:00:00Z by the clock of this server, but for `expires`.
-- Comments here say what a column holds; why a function does what it does is said where it is called.
--
-- A function that exists is never changed, since nodes of an earlier version call it while a later one is brought in:
-- what has to be done otherwise is a function of another name.

-- One row: which database this is, and which programs can use it.
CREATE TABLE parlor.meta (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    cluster uuid NOT NULL DEFAULT gen_random_uuid(),
    version integer NOT NULL, -- of the schema
    needs integer NOT NULL -- a program that knows this version of the schema can use it
);

-- What is counted: barriers, rooms, nodes, reports.
CREATE TABLE parlor.counters (
    name text COLLATE "C" PRIMARY KEY,
    value bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO parlor.counters VALUES ('barrier', 0), ('room', 0), ('node', 0), ('report', 0);

-- Who takes part.
CREATE TABLE parlor.nodes (
    node integer PRIMARY KEY,
    label text NOT NULL,
    version integer NOT NULL, -- of the entries that it understands
    since bigint NOT NULL,
    expires timestamptz NOT NULL, -- when its lease is over
    undertaker integer -- it is taken for dead, and this node takes it out of the rooms
) WITH (fillfactor = 50);

-- The last write of each node, and what came of it; null: nothing. Apart from the nodes, since a commit that waits for a
-- standby keeps this row to itself; and it stays for a day when the node is gone.
CREATE TABLE parlor.writes (
    node integer PRIMARY KEY,
    number bigint NOT NULL,
    time timestamptz NOT NULL,
    states smallint[], -- of each part: 0 stored, 1 stale, 2 no such room
    seqs bigint[],
    ids bigint[],
    times bigint[]
) WITH (fillfactor = 10);

-- A room. Its number is its place in the order of creation.
CREATE TABLE parlor.rooms (
    id integer PRIMARY KEY,
    name text NOT NULL,
    key text COLLATE "C" NOT NULL, -- what it is found by: the name, case-folded
    looks_folded text COLLATE "C" NOT NULL, -- what looks like it once case-folded
    folded_looks text COLLATE "C" NOT NULL, -- what looks like it, case-folded
    created bigint NOT NULL,
    seq bigint NOT NULL DEFAULT 0, -- of its last entry
    rights bigint NOT NULL DEFAULT 0, -- of the last entry that changed who may do what
    time bigint NOT NULL DEFAULT 0, -- of its last entry
    last_id bigint NOT NULL DEFAULT 0, -- the number of its last line, forgotten or not
    last_line bigint, -- when that was said
    closed bigint, -- when it was closed
    closed_by text,
    purge bigint, -- closed, and can be opened again until then; then its lines are forgotten
    kept smallint NOT NULL DEFAULT 0 -- 1: it may go before; 2: it may not
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX room_keys ON parlor.rooms (key) WHERE closed IS NULL;
CREATE UNIQUE INDEX room_looks_folded ON parlor.rooms (looks_folded) WHERE closed IS NULL;
CREATE UNIQUE INDEX room_folded_looks ON parlor.rooms (folded_looks) WHERE closed IS NULL;
CREATE INDEX closed_rooms ON parlor.rooms (purge) WHERE purge IS NOT NULL;

-- What a room was like at some place of its log, as JSON.
CREATE TABLE parlor.images (
    room integer PRIMARY KEY REFERENCES parlor.rooms ON DELETE CASCADE,
    seq bigint NOT NULL,
    image text NOT NULL
);

-- The logs of the rooms. A line has columns of its own, everything else a body in JSON.
CREATE TABLE parlor.entries (
    room integer NOT NULL,
    seq bigint NOT NULL,
    time bigint NOT NULL,
    line bigint, -- the number of the line
    member bigint, -- who said it
    kind smallint NOT NULL, -- of the entry: 0 is a line
    version smallint NOT NULL, -- who knows this version of entries understands it
    line_kind smallint, -- 0: something said, 1: something done
    changes_rights boolean NOT NULL, -- it changes who may do what
    name text,
    text text,
    body text,
    PRIMARY KEY (room, seq)
);
CREATE UNIQUE INDEX lines ON parlor.entries (room, line) WHERE line IS NOT NULL;
CREATE INDEX changes ON parlor.entries (room, seq) WHERE line IS NULL;

-- Who is called what. A name has three keys, each of a kind of its own.
CREATE TABLE parlor.names (
    kind smallint NOT NULL,
    key text COLLATE "C" NOT NULL,
    member bigint NOT NULL,
    node integer NOT NULL REFERENCES parlor.nodes ON DELETE CASCADE,
    kept_for text COLLATE "C", -- the connection was lost, and the name is for who comes from there
    kept_until bigint,
    PRIMARY KEY (kind, key)
) WITH (fillfactor = 50);
CREATE INDEX names_of_node ON parlor.names (node);
CREATE INDEX kept_names ON parlor.names (kept_until) WHERE kept_until IS NOT NULL;

-- Who is connected where.
CREATE TABLE parlor.people (
    member bigint PRIMARY KEY,
    node integer NOT NULL REFERENCES parlor.nodes ON DELETE CASCADE,
    since bigint NOT NULL,
    folded text COLLATE "C" NOT NULL, -- the name, case-folded
    name text NOT NULL,
    person text NOT NULL -- JSON
) WITH (fillfactor = 50);
CREATE INDEX people_of_node ON parlor.people (node);
CREATE INDEX people_since ON parlor.people (since, member);
CREATE INDEX people_names ON parlor.people (folded);

-- What nodes say to each other. After a crash there is none.
CREATE UNLOGGED TABLE parlor.letters (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    receiver integer NOT NULL,
    sender integer NOT NULL,
    posted timestamptz NOT NULL,
    body text NOT NULL
);
CREATE INDEX letters_for ON parlor.letters (receiver, id);

-- A name that somebody has registered. Nobody else may take one that has a key in common with it.
CREATE TABLE parlor.accounts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    folded text COLLATE "C" NOT NULL UNIQUE,
    folded_skeleton text COLLATE "C" NOT NULL UNIQUE,
    skeleton_folded text COLLATE "C" NOT NULL UNIQUE,
    password text NOT NULL, -- the PHC string of its hash; empty: an operator has deleted it
    created bigint NOT NULL,
    seen bigint NOT NULL,
    settings text NOT NULL, -- JSON
    reads text NOT NULL -- JSON
) WITH (fillfactor = 80);
CREATE INDEX deleted_accounts ON parlor.accounts (id) WHERE password = '';
CREATE INDEX seen_accounts ON parlor.accounts (seen);

-- Public keys by which the bearers of accounts are recognised without a password.
CREATE TABLE parlor.account_keys (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- in the order in which they were added
    account bigint NOT NULL REFERENCES parlor.accounts ON DELETE CASCADE,
    fingerprint bytea NOT NULL UNIQUE CHECK (length(fingerprint) = 32), -- the SHA-256 of the key
    added bigint NOT NULL
);
CREATE INDEX keys_of_account ON parlor.account_keys (account);

-- Who is kept out of all nodes.
CREATE TABLE parlor.bans (
    target text COLLATE "C" PRIMARY KEY, -- `192.0.2.0/24`, `name:Dai`, `account:Dai`
    until bigint, -- null: until it is lifted
    made_by text NOT NULL,
    why text NOT NULL,
    made bigint NOT NULL,
    hits bigint NOT NULL
);

-- What users have reported, as JSON.
CREATE TABLE parlor.reports (
    id bigint PRIMARY KEY,
    report text NOT NULL
);

-- For people.
CREATE VIEW parlor.transcript AS
SELECT
    rooms.name AS room,
    line AS id,
    to_timestamp(entries.time / 1000.0) AS said,
    entries.name,
    line_kind AS kind,
    text
FROM parlor.entries JOIN parlor.rooms ON rooms.id = entries.room
WHERE line IS NOT NULL AND closed IS NULL;

CREATE FUNCTION parlor.now_ms() RETURNS bigint LANGUAGE sql VOLATILE
AS $$ SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint $$;

CREATE FUNCTION parlor.count(counter text) RETURNS bigint LANGUAGE sql VOLATILE
AS $$ UPDATE parlor.counters SET value = value + 1 WHERE name = counter RETURNING value $$;

-- Takes a node in, under a number that it had or under a new one.
CREATE FUNCTION parlor.join_1(
    number integer, last_write bigint, its_label text, its_version integer, lease interval, number_max integer
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    me integer := number;
BEGIN
    IF me > (SELECT value FROM parlor.counters WHERE name = 'node') THEN
        RAISE EXCEPTION 'no node has number % yet: this is an old copy of the data', me USING ERRCODE = 'PN003';
    ELSIF me IS NULL THEN
        me := parlor.count('node');
        IF me > number_max THEN
            RAISE EXCEPTION 'all numbers of nodes were given' USING ERRCODE = 'PN003';
        END IF;
        DELETE FROM parlor.writes w WHERE w.time < clock_timestamp() - interval '1 day'
            AND NOT EXISTS (SELECT FROM parlor.nodes n WHERE n.node = w.node);
        DELETE FROM parlor.letters l WHERE l.posted < clock_timestamp() - interval '1 hour';
    END IF;
    -- What is under way comes to its end first, and what is on its way is too late.
    INSERT INTO parlor.writes AS w (node, number, time) VALUES (me, last_write, clock_timestamp())
    ON CONFLICT (node) DO UPDATE SET
        number = greatest(w.number, last_write),
        time = clock_timestamp(),
        states = CASE WHEN w.number >= last_write THEN w.states END,
        seqs = CASE WHEN w.number >= last_write THEN w.seqs END,
        ids = CASE WHEN w.number >= last_write THEN w.ids END,
        times = CASE WHEN w.number >= last_write THEN w.times END;
    INSERT INTO parlor.nodes AS n (node, label, version, since, expires)
    VALUES (me, its_label, its_version, parlor.now_ms(), clock_timestamp() + lease)
    ON CONFLICT (node) DO UPDATE SET
        label = excluded.label, version = excluded.version, expires = excluded.expires
    WHERE n.undertaker IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the node is being taken out of the rooms' USING ERRCODE = 'PN004';
    END IF;
    RETURN me;
END $$;

-- Takes an expired node for dead.
CREATE FUNCTION parlor.condemn_1(me integer, whom integer) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM parlor.nodes WHERE node = me AND undertaker IS NULL) THEN
        RAISE EXCEPTION 'the node is taken for dead' USING ERRCODE = 'PN001';
    END IF;
    -- Its write that is under way comes to its end first.
    PERFORM FROM parlor.writes WHERE node = whom FOR NO KEY UPDATE;
    UPDATE parlor.nodes n SET undertaker = me
    WHERE n.node = whom AND n.node <> me AND n.expires <= clock_timestamp() AND (
        n.undertaker IS NULL OR n.undertaker = me OR NOT EXISTS (
            SELECT FROM parlor.nodes u
            WHERE u.node = n.undertaker AND u.expires > clock_timestamp() AND u.undertaker IS NULL
        )
    );
    RETURN FOUND;
END $$;

-- Forgets a node. What became of its last write stays.
CREATE FUNCTION parlor.bury_1(whom integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM parlor.writes WHERE node = whom FOR NO KEY UPDATE;
    UPDATE parlor.writes SET time = clock_timestamp() WHERE node = whom;
    DELETE FROM parlor.letters WHERE receiver = whom;
    DELETE FROM parlor.nodes WHERE node = whom;
END $$;

-- Makes space for one more closed room: those go that may go before their time, the oldest first.
CREATE FUNCTION parlor.make_space_1(kept_max bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    now bigint := parlor.now_ms();
    surplus bigint;
BEGIN
    SELECT count(*) - kept_max + 1 INTO surplus FROM parlor.rooms WHERE purge > now;
    IF surplus > 0 THEN
        UPDATE parlor.rooms SET purge = now WHERE id IN (
            SELECT id FROM parlor.rooms WHERE purge > now AND kept = 1 ORDER BY purge, id LIMIT surplus
            FOR NO KEY UPDATE SKIP LOCKED
        );
        IF NOT FOUND THEN
            RAISE EXCEPTION 'too many closed rooms are kept' USING ERRCODE = 'PN003';
        END IF;
    END IF;
END $$;

-- One write of a node: all of it or nothing.
CREATE FUNCTION parlor.append_1(
    me integer, write_number bigint,
    -- of each part
    p_rooms integer[], p_rights bigint[], p_entries bigint[], p_lines bigint[],
    p_new_rights bigint[], -- which of its entries is the last that changes who may do what; 0: none
    -- of each part that closes its room
    c_parts integer[], c_until bigint[], c_kept smallint[], c_by text[], kept_max bigint,
    -- of each image
    i_parts integer[], i_seqs bigint[], i_images text[],
    -- of each entry: its part, its number in it, and which of its lines it is, or null
    e_parts integer[], e_numbers bigint[], e_lines bigint[], e_kinds smallint[], e_versions smallint[],
    e_changes_rights boolean[], e_members bigint[], e_line_kinds smallint[], e_names text[], e_texts text[],
    e_bodies text[]
) RETURNS TABLE (state smallint, seq bigint, id bigint, "time" bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    last_write bigint;
    expired boolean;
    now bigint;
    o_states smallint[];
    o_seqs bigint[];
    o_ids bigint[];
    o_times bigint[];
BEGIN
    SELECT w.number INTO last_write FROM parlor.writes w WHERE w.node = me FOR NO KEY UPDATE;
    IF last_write IS NULL THEN
        RAISE EXCEPTION 'the node is taken for dead' USING ERRCODE = 'PN001';
    ELSIF last_write >= write_number THEN
        RAISE EXCEPTION 'write % of node % is over', write_number, me USING ERRCODE = 'PN002';
    ELSIF last_write < write_number - 1 THEN
        RAISE EXCEPTION 'write % of node % comes after %', write_number, me, last_write USING ERRCODE = 'PN003';
    END IF;
    -- Looked at behind that lock: whoever takes the node for dead has it meanwhile.
    SELECT n.expires <= clock_timestamp() INTO expired FROM parlor.nodes n WHERE n.node = me AND n.undertaker IS NULL;
    IF expired IS NULL THEN
        RAISE EXCEPTION 'the node is taken for dead' USING ERRCODE = 'PN001';
    ELSIF expired THEN
        RAISE EXCEPTION 'the lease of node % is over', me USING ERRCODE = 'PN004';
    END IF;

    PERFORM FROM parlor.rooms r WHERE r.id = ANY (p_rooms) ORDER BY r.id FOR NO KEY UPDATE;
    now := parlor.now_ms();
    WITH parts AS (
        SELECT * FROM unnest(p_rooms, p_rights, p_entries, p_lines, p_new_rights) WITH ORDINALITY
            AS p (room, rights, entries, lines, new_rights, part)
    ), moved AS (
        UPDATE parlor.rooms r SET
            seq = r.seq + p.entries,
            rights = CASE WHEN p.new_rights > 0 THEN r.seq + p.new_rights ELSE r.rights END,
            last_id = r.last_id + p.lines,
            "time" = greatest(r.time, now),
            last_line = CASE WHEN p.lines > 0 THEN greatest(r.time, now) ELSE r.last_line END
        FROM parts p
        WHERE r.id = p.room AND r.closed IS NULL AND r.rights <= p.rights
        RETURNING p.part, r.seq - p.entries AS seq, r.last_id - p.lines AS id, r.time AS "time"
    )
    SELECT
        array_agg((CASE WHEN m.part IS NOT NULL THEN 0 WHEN r.closed IS NULL AND r.id IS NOT NULL THEN 1 ELSE 2 END)::smallint
            ORDER BY p.part),
        array_agg(coalesce(m.seq + 1, r.seq, 0) ORDER BY p.part),
        array_agg(coalesce(m.id + 1, 0) ORDER BY p.part),
        array_agg(coalesce(m.time, 0) ORDER BY p.part)
    INTO o_states, o_seqs, o_ids, o_times
    FROM parts p LEFT JOIN moved m ON m.part = p.part LEFT JOIN parlor.rooms r ON r.id = p.room;

    INSERT INTO parlor.entries (
        room, seq, "time", line, member, kind, version, line_kind, changes_rights, name, text, body
    )
    SELECT p_rooms[e.part], o_seqs[e.part] + e.number - 1, o_times[e.part], o_ids[e.part] + e.line - 1, e.member, e.kind,
        e.version, e.line_kind, e.changes_rights, e.name, e.text, e.body
    FROM unnest(
        e_parts, e_numbers, e_lines, e_kinds, e_versions, e_changes_rights, e_members, e_line_kinds, e_names, e_texts, e_bodies
    ) AS e (part, number, line, kind, version, changes_rights, member, line_kind, name, text, body)
    WHERE o_states[e.part] = 0;

    IF cardinality(i_parts) > 0 THEN
        INSERT INTO parlor.images AS old (room, seq, image)
        SELECT p_rooms[i.part], i.seq, i.image FROM unnest(i_parts, i_seqs, i_images) AS i (part, seq, image)
        WHERE o_states[i.part] = 0
        ON CONFLICT (room) DO UPDATE SET seq = excluded.seq, image = excluded.image WHERE old.seq < excluded.seq;
    END IF;
    FOR part IN 1 .. cardinality(c_parts) LOOP
        IF o_states[c_parts[part]] = 0 THEN
            IF c_kept[part] > 0 THEN
                PERFORM parlor.make_space_1(kept_max);
            END IF;
            UPDATE parlor.rooms r SET closed = r.time, purge = c_until[part], kept = c_kept[part], closed_by = c_by[part]
            WHERE r.id = p_rooms[c_parts[part]];
        END IF;
    END LOOP;

    o_states := coalesce(o_states, '{}');
    UPDATE parlor.writes w SET number = write_number, "time" = clock_timestamp(), states = o_states,
        seqs = coalesce(o_seqs, '{}'), ids = coalesce(o_ids, '{}'), times = coalesce(o_times, '{}')
    WHERE w.node = me;
    RETURN QUERY SELECT * FROM unnest(o_states, o_seqs, o_ids, o_times);
END $$;

-- What has become of a write, which has come to its end behind this. It writes itself, so that its own commit waits for
-- whatever the other one's should have waited for.
CREATE FUNCTION parlor.settle_1(me integer, write_number bigint)
RETURNS TABLE (done boolean, states smallint[], seqs bigint[], ids bigint[], times bigint[]) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    last parlor.writes%ROWTYPE;
BEGIN
    SELECT * INTO last FROM parlor.writes w WHERE w.node = me FOR NO KEY UPDATE;
    IF last.node IS NULL OR last.number > write_number THEN
        RAISE EXCEPTION 'what became of write % of node % is not known any more', write_number, me USING ERRCODE = 'PN003';
    ELSIF last.number = write_number AND last.states IS NOT NULL THEN
        UPDATE parlor.writes w SET "time" = clock_timestamp() WHERE w.node = me;
        RETURN QUERY SELECT true, last.states, last.seqs, last.ids, last.times;
    ELSE
        UPDATE parlor.writes w SET number = write_number, "time" = clock_timestamp(), states = NULL, seqs = NULL, ids = NULL,
            times = NULL
        WHERE w.node = me;
        RETURN QUERY SELECT false, NULL::smallint[], NULL::bigint[], NULL::bigint[], NULL::bigint[];
    END IF;
END $$;

-- Creates a room. The lock on the counter makes the order of numbers that of commits.
CREATE FUNCTION parlor.create_room_1(its_name text, its_key text, its_looks_folded text, its_folded_looks text)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    number integer := parlor.count('room');
BEGIN
    INSERT INTO parlor.rooms (id, name, key, looks_folded, folded_looks, created)
    VALUES (number, its_name, its_key, its_looks_folded, its_folded_looks, parlor.now_ms());
    RETURN number;
END $$;

-- The place of the first line of a room that was said at this time or later, looked for by halving: the time of lines never
-- goes back in a room, but lines may be missing.
CREATE FUNCTION parlor.first_since_1(its_room integer, since bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    low bigint := 0;
    high bigint;
    middle bigint;
    found_line bigint;
    found_time bigint;
BEGIN
    SELECT last_id + 1 INTO high FROM parlor.rooms WHERE id = its_room;
    IF high IS NULL THEN
        RETURN 0;
    END IF;
    WHILE low < high LOOP
        middle := low + (high - low) / 2;
        SELECT line, "time" INTO found_line, found_time FROM parlor.entries
        WHERE room = its_room AND line >= middle AND line < high ORDER BY line LIMIT 1;
        IF found_time < since THEN
            low := found_line + 1;
        ELSE
            high := middle;
        END IF;
    END LOOP;
    RETURN low;
END $$;

-- Gives a name to a connection: `taken`, or who holds one of its keys, or the name that is registered.
CREATE FUNCTION parlor.take_name_1(
    whose bigint, whose_node integer, keys text[], whose_account text, address text, by_force boolean
) RETURNS TABLE (taken boolean, holders bigint[], registered text) LANGUAGE plpgsql AS $$
DECLARE
    found_account text;
    found_holders bigint[];
    now bigint;
    given bigint;
BEGIN
    LOOP
        SELECT a.name INTO found_account FROM parlor.accounts a
        WHERE (a.folded_skeleton = keys[1] OR a.skeleton_folded = keys[2] OR a.folded = keys[3])
            AND a.name IS DISTINCT FROM whose_account
        ORDER BY a.id LIMIT 1;
        IF FOUND THEN
            RETURN QUERY SELECT false, NULL::bigint[], found_account;
            RETURN;
        END IF;
        now := parlor.now_ms();
        IF NOT by_force THEN
            SELECT array_agg(DISTINCT n.member) INTO found_holders
            FROM parlor.names n JOIN unnest(keys) WITH ORDINALITY AS k (key, kind) ON n.kind = k.kind AND n.key = k.key
            WHERE n.member <> whose AND NOT coalesce(n.kept_until <= now OR n.kept_for = address, false);
            IF found_holders IS NOT NULL THEN
                RETURN QUERY SELECT false, found_holders, NULL::text;
                RETURN;
            END IF;
        END IF;
        BEGIN
            INSERT INTO parlor.names AS n (kind, key, member, node)
            SELECT k.kind, k.key, whose, whose_node FROM unnest(keys) WITH ORDINALITY AS k (key, kind) ORDER BY k.kind
            ON CONFLICT (kind, key) DO UPDATE
                SET member = excluded.member, node = excluded.node, kept_for = NULL, kept_until = NULL
                WHERE by_force OR n.member = whose OR coalesce(n.kept_until <= now OR n.kept_for = address, false);
            GET DIAGNOSTICS given = ROW_COUNT;
            IF given < cardinality(keys) THEN
                -- Somebody was faster.
                RAISE EXCEPTION USING ERRCODE = 'PN009';
            END IF;
            RETURN QUERY SELECT true, NULL::bigint[], NULL::text;
            RETURN;
        EXCEPTION WHEN SQLSTATE 'PN009' THEN
            NULL;
        END;
    END LOOP;
END $$;

-- Leaves an account nothing in rooms that were closed: it is written at the end of their logs. Those that are open write it
-- themselves. Named in JSON it is `written`.
CREATE FUNCTION parlor.leave_closed_rooms_1(written text, entry text, entry_version smallint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    now bigint := parlor.now_ms();
    r parlor.rooms%ROWTYPE;
BEGIN
    FOR r IN
        SELECT * FROM parlor.rooms c WHERE c.purge > now AND (
            EXISTS (SELECT FROM parlor.images i WHERE i.room = c.id AND strpos(i.image, written) > 0)
            OR EXISTS (
                SELECT FROM parlor.entries e WHERE e.room = c.id AND e.line IS NULL AND strpos(e.body, written) > 0
            )
        ) ORDER BY c.id FOR NO KEY UPDATE
    LOOP
        INSERT INTO parlor.entries (room, seq, "time", kind, version, changes_rights, body)
        VALUES (r.id, r.seq + 1, greatest(r.time, now), 6, entry_version, true, entry);
        UPDATE parlor.rooms SET seq = r.seq + 1, rights = r.seq + 1, "time" = greatest(r.time, now) WHERE id = r.id;
    END LOOP;
END $$;

CREATE FUNCTION parlor.create_account_1(
    its_name text, keys text[], its_password text, its_created bigint, its_seen bigint, its_settings text, its_reads text,
    written text, entry text, entry_version smallint
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO parlor.accounts (name, folded_skeleton, skeleton_folded, folded, password, created, seen, settings, reads)
    VALUES (its_name, keys[1], keys[2], keys[3], its_password, its_created, its_seen, its_settings, its_reads)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    -- From an earlier account of the name, whose end some room did not hear of.
    PERFORM parlor.leave_closed_rooms_1(written, entry, entry_version);
    RETURN true;
END $$;

CREATE FUNCTION parlor.delete_account_1(whose text, written text, entry text, entry_version smallint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM parlor.accounts WHERE folded = whose;
    PERFORM parlor.leave_closed_rooms_1(written, entry, entry_version);
END $$;

-- Binds a key to an account.
CREATE FUNCTION parlor.add_key_1(whose text, its_fingerprint bytea, its_time bigint, keys_max bigint)
RETURNS TABLE (outcome text, owner text) LANGUAGE plpgsql AS $$
DECLARE
    account_id bigint;
    bound_to text;
BEGIN
    SELECT id INTO account_id FROM parlor.accounts WHERE folded = whose AND password <> '' FOR NO KEY UPDATE;
    SELECT a.name INTO bound_to FROM parlor.account_keys k JOIN parlor.accounts a ON a.id = k.account
    WHERE k.fingerprint = its_fingerprint AND a.password <> '';
    IF FOUND THEN
        RETURN QUERY SELECT 'bound', bound_to;
    ELSIF (SELECT count(*) FROM parlor.account_keys WHERE account = account_id) >= keys_max THEN
        RETURN QUERY SELECT 'full', NULL::text;
    ELSIF account_id IS NULL THEN
        RETURN QUERY SELECT 'no account', NULL::text;
    ELSE
        -- One that is bound to an account which is being deleted is free.
        DELETE FROM parlor.account_keys WHERE fingerprint = its_fingerprint;
        INSERT INTO parlor.account_keys (account, fingerprint, added) VALUES (account_id, its_fingerprint, its_time);
        RETURN QUERY SELECT 'added', NULL::text;
    END IF;
END $$;
