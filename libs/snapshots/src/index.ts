export { addToMinute, SnapshotFileError, writeMinute, type SnapshotMinute } from './minute-file.js';
export { SNAPSHOT_COLUMNS, type SnapshotRow } from './snapshot-row.js';
