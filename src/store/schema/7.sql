-- Public keys by which the bearers of accounts are recognised without a password.
CREATE TABLE account_keys (
    number INTEGER PRIMARY KEY, -- in the order in which they were added
    account INTEGER NOT NULL, -- its number
    fingerprint BLOB NOT NULL UNIQUE CHECK (length(fingerprint) = 32), -- the SHA-256 of the key
    added INTEGER NOT NULL -- milliseconds since 1970-01-01T00:00:00Z
) STRICT;
CREATE INDEX keys_of_account ON account_keys(account);

-- The number of an account can be given again, and must not bring the keys of somebody else, whoever deletes it.
CREATE TRIGGER keys_go_with_account AFTER DELETE ON accounts
BEGIN
    DELETE FROM account_keys WHERE account = OLD.id;
END;

-- Who is kept out of the server. Times are milliseconds since 1970-01-01T00:00:00Z.
CREATE TABLE bans (
    target TEXT PRIMARY KEY, -- `192.0.2.0/24`, `name:Dai`, `account:Dai`
    until INTEGER, -- NULL: until it is lifted
    made_by TEXT NOT NULL, -- the operator
    why TEXT NOT NULL,
    made INTEGER NOT NULL,
    hits INTEGER NOT NULL -- how often it has kept out somebody
) STRICT;

-- What users have reported, as JSON.
CREATE TABLE reports (
    id INTEGER PRIMARY KEY,
    report TEXT NOT NULL
) STRICT;
