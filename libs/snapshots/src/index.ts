export { addToMinute, SnapshotFileError, writeMinute, type SnapshotMinute } from './minute-file.js';
export { slotText, SNAPSHOT_COLUMNS, type SnapshotRow } from './snapshot-row.js';
