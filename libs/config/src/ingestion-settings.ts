import { z } from 'zod';
import { wholeNumber } from './setting-types.js';

/** Which lists of assets are read beside the prices, and how. */
export const ingestionSettings = {
  ETL_INTERVAL_SECONDS: wholeNumber(0, 86_400, 'must be a whole number of seconds, 0 to 86400')
    .default(300)
    .describe(
      'How often the list of assets of each source is read, slower where the month of its plan allows less; 0: never.',
    ),
  ETL_CSV_DIR: z
    .string()
    .optional()
    .describe('Folder with CSV files and their layouts.yaml, which are read like the lists of sources.'),
  ETL_LINKS_FILE: z
    .string()
    .optional()
    .describe(
      'YAML file with rules by which assets of different sources are one; they come before those that Tidemark brings.',
    ),
  ETL_BATCH_SIZE: wholeNumber(1, 5_000, 'must be a whole number, 1 to 5000')
    .default(250)
    .describe('How many records of a list are stored in one transaction.'),
  ETL_COINGECKO_PAGES: wholeNumber(1, 100, 'must be a whole number, 1 to 100')
    .default(1)
    .describe('How many pages of 250 coins of CoinGecko are read; each is a call.'),
  FAIL_AFTER_N_RECORDS: wholeNumber(1, 1_000_000_000, 'must be a whole number, 1 or more')
    .optional()
    .describe(
      'Ends each run over a list as failed after exactly so many records, to see that the next one goes on there.',
    ),
};

/** For how long what lists of assets brought is kept. */
export const ingestionRetentionSettings = {
  ETL_RAW_RETENTION_DAYS: retentionDays(90).describe(
    'How many days the raw records of lists and those in quarantine are kept; whole months are dropped.',
  ),
  ETL_VALUES_RETENTION_DAYS: retentionDays(400).describe(
    'How many days back the history of the values of assets goes; whole months are dropped. What CSV files said of their past stays.',
  ),
  ETL_RUNS_RETENTION_DAYS: retentionDays(90).describe(
    'How many days the runs over lists are kept; the newest that succeeded and the newest that failed of each list stay.',
  ),
};

function retentionDays(days: number) {
  return wholeNumber(1, 36_500, 'must be a whole number of days, 1 to 36500').default(days);
}
