-- An index of the words of lines. Lines are taken together in blocks by their numbers, 64 each: block 0 has the lines 1 to 64.
-- What the parts are is said in search/parts.rs. Rows come when a block is full, and are changed only by an import.
CREATE TABLE parlor.blocks (
    room integer NOT NULL,
    block bigint NOT NULL,
    parts integer[] NOT NULL,
    PRIMARY KEY (room, block)
);
-- They look like random numbers: nothing to compress.
ALTER TABLE parlor.blocks ALTER COLUMN parts SET STORAGE EXTERNAL;
CREATE INDEX parts_of_blocks ON parlor.blocks USING gin (parts) WITH (fastupdate = off);

-- How far each room is in that index: up to this line, the last one of a block. Whoever puts lines before it takes it back.
CREATE TABLE parlor.indexed (
    room integer PRIMARY KEY,
    line bigint NOT NULL
) WITH (fillfactor = 50);

-- Rooms that lines were imported into of late: those are in no log that nodes follow.
CREATE TABLE parlor.imports (
    room integer PRIMARY KEY,
    time bigint NOT NULL
);
