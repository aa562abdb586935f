-- What time it was when a server, or an operator, last told; at most one row. A clock that is far from it is not believed.
CREATE TABLE clock (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    time INTEGER NOT NULL, -- milliseconds since 1970-01-01T00:00:00Z
    boot TEXT NOT NULL, -- which start of the machine, by its name for that; empty if it has none
    uptime INTEGER NOT NULL -- milliseconds since then
) STRICT;

-- An account without a password was deleted by an operator; a server that has the file does the rest.
CREATE INDEX deleted_accounts ON accounts(id) WHERE password = '';
CREATE INDEX seen_accounts ON accounts(seen);
