-- A closed room can be opened again until the time `purge`, in milliseconds as above; then its lines are forgotten, and
-- it has none of these any more. `heir`: it was closed by somebody who had inherited it, and may not go before.
ALTER TABLE rooms ADD COLUMN purge INTEGER;
ALTER TABLE rooms ADD COLUMN heir INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rooms ADD COLUMN closed_by TEXT;

-- What was closed before is forgotten as it was to be.
UPDATE rooms SET purge = closed;
CREATE INDEX closed_rooms ON rooms(purge) WHERE purge IS NOT NULL;
