-- A room. Its id is its place in the order of creation.
CREATE TABLE rooms (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE, -- what it is found by: the name, case-folded
    topic TEXT NOT NULL DEFAULT '',
    created INTEGER NOT NULL, -- milliseconds since 1970-01-01T00:00:00Z
    last_id INTEGER NOT NULL DEFAULT 0, -- the highest number given to a message, here still or not
    indexed_id INTEGER NOT NULL DEFAULT 0 -- the index has the messages up to this number
) STRICT;

-- A message. The place is room * 2^40 + number, so that a room is one range of the table and of the index.
CREATE TABLE messages (
    place INTEGER PRIMARY KEY,
    time INTEGER NOT NULL, -- milliseconds since 1970-01-01T00:00:00Z
    name TEXT NOT NULL,
    kind INTEGER NOT NULL, -- 0: something said
    text TEXT NOT NULL
) STRICT;

-- Which messages contain which three letters. Whether they stand in one word is seen from the message.
CREATE VIRTUAL TABLE message_index USING fts5 (
    text,
    content = 'messages',
    content_rowid = 'place',
    tokenize = 'trigram',
    detail = 'none',
    columnsize = 0
);

-- The index is made of parts that have to be merged. By itself it does so now and then, all at once, which
-- can take seconds; instead it is told to, in small steps. Eight parts make a larger one.
INSERT INTO message_index(message_index, rank) VALUES ('automerge', 0);
INSERT INTO message_index(message_index, rank) VALUES ('crisismerge', 1000);
INSERT INTO message_index(message_index, rank) VALUES ('usermerge', 8);

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
