import { REFUSAL_REASONS, UNPLANNED_REASONS } from '@app/domain';

/** SQL: the reasons of a gap range that nobody planned, as a list for IN. */
export const UNPLANNED_REASONS_SQL = UNPLANNED_REASONS.map((reason) => `'${reason}'`).join(', ');

/** SQL: the reasons of a gap range in which a rule refused to name a price, as a list for IN. */
export const REFUSAL_REASONS_SQL = REFUSAL_REASONS.map((reason) => `'${reason}'`).join(', ');
