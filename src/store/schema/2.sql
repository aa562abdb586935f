-- The index has a file of its own (index.sql), which says itself how far it has come. The table of rooms is
-- written anew without that: SQLite cannot take out a column that has a comment behind it.
DROP TABLE message_index;
DROP VIEW transcript;
CREATE TABLE new_rooms (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE, -- what it is found by: the name, case-folded
    topic TEXT NOT NULL DEFAULT '',
    created INTEGER NOT NULL, -- milliseconds since 1970-01-01T00:00:00Z
    last_id INTEGER NOT NULL DEFAULT 0 -- the highest number given to a message, here still or not
) STRICT;
INSERT INTO new_rooms SELECT id, name, key, topic, created, last_id FROM rooms;
DROP TABLE rooms;
ALTER TABLE new_rooms RENAME TO rooms;

-- For people.
CREATE VIEW transcript AS
SELECT
    rooms.name AS room,
    place & 0xFFFFFFFFFF AS id,
    strftime('%Y-%m-%d %H:%M:%f', time / 1000.0, 'unixepoch') AS utc,
    messages.name AS name,
    kind,
    text
FROM messages JOIN rooms ON rooms.id = place >> 40;

-- Messages that came to stand before others, which an import brings back. An index that had passed their
-- places finds them here.
CREATE TABLE late (
    number INTEGER PRIMARY KEY,
    place INTEGER NOT NULL
) STRICT;

-- A name that somebody has registered. Nobody else may take one that has a key in common with it.
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL, -- as it is shown
    folded TEXT NOT NULL UNIQUE, -- what it is found by: the name, case-folded
    folded_skeleton TEXT NOT NULL UNIQUE, -- what looks like it once case-folded
    skeleton_folded TEXT NOT NULL UNIQUE, -- what looks like it, case-folded
    password TEXT NOT NULL, -- the PHC string of its hash
    created INTEGER NOT NULL, -- milliseconds since 1970-01-01T00:00:00Z
    seen INTEGER NOT NULL, -- when its bearer last came or went, in the same unit
    settings TEXT NOT NULL -- JSON; what is unknown is passed over
) STRICT;
