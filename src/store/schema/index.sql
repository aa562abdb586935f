-- How far the index has come in a room. Numbers of messages, as in the database.
CREATE TABLE rooms (
    id INTEGER PRIMARY KEY,
    first_id INTEGER NOT NULL, -- it has nothing before this one
    last_id INTEGER NOT NULL, -- it has everything up to this one
    last_time INTEGER NOT NULL -- of that message; another time means another database
) STRICT;

-- How far it has come with the messages that came late.
CREATE TABLE progress (late_number INTEGER NOT NULL) STRICT;
INSERT INTO progress VALUES (0);

-- Which messages contain which three letters. Whether they stand in one word is seen from the message.
CREATE VIRTUAL TABLE message_index USING fts5 (
    text,
    content = '',
    contentless_delete = 1,
    tokenize = 'trigram',
    detail = 'none'
);
