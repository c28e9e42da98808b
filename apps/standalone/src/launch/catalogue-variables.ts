/** What the scheduler applies once a run. Given again after its death they would undo what the control API changed since. */
export const CATALOGUE_VARIABLES: readonly string[] = ['CATALOGUE_FILE', 'SAMPLE_INTERVAL_SECONDS'];
