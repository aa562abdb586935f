-- What the owners of a room have decided, as JSON: owners by account, the password's hash, private, bans.
ALTER TABLE rooms ADD COLUMN care TEXT NOT NULL DEFAULT '{}';

-- When the room was closed, in milliseconds since 1970-01-01T00:00:00Z. Its lines are being forgotten; this row
-- stays, so that its number is not given again. Its key is no name's, so its name is free.
ALTER TABLE rooms ADD COLUMN closed INTEGER;

-- For people.
DROP VIEW transcript;
CREATE VIEW transcript AS
SELECT
    rooms.name AS room,
    place & 0xFFFFFFFFFF AS id,
    strftime('%Y-%m-%d %H:%M:%f', time / 1000.0, 'unixepoch') AS utc,
    messages.name AS name,
    kind,
    text
FROM messages JOIN rooms ON rooms.id = place >> 40
WHERE closed IS NULL;
