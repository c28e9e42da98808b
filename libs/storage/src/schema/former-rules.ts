/**
 * Key in `settings` of the instant until which a price may have been calculated by the rules of builds before the end of 2026: to 18 digits,
 * however few were known, at a rate of any age, and as if each rate were known to its last digit. There is none in a database that was
 * made since.
 */
export const FORMER_RULES_UNTIL = 'former_rules_until';

/** SQL: that instant; null where there is none. */
export const FORMER_RULES_UNTIL_SQL = `(SELECT (value #>> '{}')::timestamptz FROM settings WHERE key = '${FORMER_RULES_UNTIL}')`;
