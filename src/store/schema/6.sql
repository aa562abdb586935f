-- How far the bearer of an account has read in rooms: JSON, [[room, number of the last line seen], ...], the room left
-- last at the end; what makes no sense is passed over.
ALTER TABLE accounts ADD COLUMN reads TEXT NOT NULL DEFAULT '[]';
