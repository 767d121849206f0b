import { packRawRows } from './packed-raw-rows.js';
import { rawRowSource } from './raw-row-source.js';
import { serveRows } from './thread.js';

/** The thread that cuts a file into rows while they are looked at here: each is about half of what a check costs. */
serveRows(rawRowSource, (rows) => {
  const packed = packRawRows(rows);
  return { packed, moved: [packed.places.buffer, packed.cellEnds.buffer] };
});
