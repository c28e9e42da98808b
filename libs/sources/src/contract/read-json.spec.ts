import { z } from 'zod';
import { AnswerReader } from './answer-reader.js';
import { WireNumber, readJson, wireNumber } from './read-json.js';

describe('readJson', () => {
  it.each(['1', '-0', '81413.60', '1.5E-8', '12345678901234567890.5', '1e400', '0.1'])(
    'keeps the text of %s',
    (text) => {
      expect(readJson('any', text)).toEqual(new WireNumber(text));
      expect(readJson('any', `{"a":[ ${text} ]}`)).toEqual({ a: [new WireNumber(text)] });
    },
  );

  it('leaves text, true, false and null as they are', () => {
    expect(readJson('any', '{"a":"1.50","b":[true,null]}')).toEqual({ a: '1.50', b: [true, null] });
  });

  it('gives the last of two members of one name', () => {
    expect(readJson('any', '{"a":1.10,"a":2.20}')).toEqual({ a: new WireNumber('2.20') });
  });
});

describe('the shape of an answer', () => {
  const schema = z.object({ result: z.object({ price: wireNumber, live: z.boolean() }) });

  it.each([
    ['{"result":{"price":"1","live":true}}', 'field result.price: expected a number, found a string'],
    ['{"result":{"live":true}}', 'field result.price: expected a number, found nothing'],
    ['{"result":{"price":1,"live":null}}', 'field result.live: expected a value of type boolean, found null'],
    ['{"result":{"price":1,"live":2}}', 'field result.live: expected a value of type boolean, found a number'],
    ['[]', 'the answer: expected a value of type object, found an array'],
  ])('names what is wrong with %s', (body, detail) => {
    const read = (): unknown => new AnswerReader('any', readJson('any', body)).shape(schema);
    expect(read).toThrow(expect.objectContaining({ kind: 'drift', detail }) as Error);
  });
});
