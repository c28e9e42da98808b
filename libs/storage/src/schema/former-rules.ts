/**
 * Key in `settings` of the instant until which a price may have been calculated by the rules of builds before the end of 2026: to 18 digits,
 * however few were known, and at a rate of any age. There is none in a database that was made since.
 */
export const FORMER_RULES_UNTIL = 'former_rules_until';
