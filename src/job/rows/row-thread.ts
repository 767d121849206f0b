import { serveRows } from '../../thread/thread.js';
import { packRows } from './packed-rows.js';
import { rowSource } from './row-source.js';

/** The thread that makes a job's rows: of all that a row costs, cutting and encoding it is what the thread that sends can be spared. */
serveRows(rowSource, (rows) => {
  const packed = packRows(rows);
  return { packed, moved: [packed.places.buffer] };
});
