import { z } from 'zod';

/** The field of an answer that holds the cursor of what is left. */
export const nextCursor = () => z.string().nullable().describe('Cursor of the rest; null when nothing is left');
