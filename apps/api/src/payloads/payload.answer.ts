import type { RouteAnswer } from '@app/openapi';
import { z } from 'zod';

/** `/payloads/:sha256` */
export const PAYLOAD_ANSWER: RouteAnswer<z.ZodString> = {
  description: 'The body.',
  schema: z.string(),
  mediaType: 'text/plain',
  example: '{"bitcoin":{"usd":87123.45}}',
};
