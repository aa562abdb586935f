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
