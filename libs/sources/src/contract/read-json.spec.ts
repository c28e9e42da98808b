import { z } from 'zod';
import { AnswerReader } from './answer-reader.js';
import { NoNumber, WireNumber, readJson, wireNumber } from './read-json.js';

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

  it.each([
    ['{"a":1.10,"a":2.20}', 'a'],
    ['{"a":{"usd":7},"b":[{"x":1}],"a" : {"usd":8}}', 'a'],
    ['[{"x":null,"x":0}]', 'x'],
    ['{"q":{"a\\"b":1,"c":"\\\\","a\\u0022b":"{"}}', 'a"b'],
  ])('refuses %s, of which nobody knows what it says', (body, name) => {
    const detail = `an object has two values of the name ${name}, and they differ`;
    expect(() => readJson('any', body)).toThrow(expect.objectContaining({ kind: 'malformed', detail }) as Error);
  });

  it.each([
    '{"a":1.10,"b":{"a":2.20},"c":[{"a":3},{"a":4}]}',
    '{"a":"x:{","a" : "x:{" }',
    '{"text":"\\"a\\":1,\\"a\\":2"}',
  ])('reads %s, in which no name has two values', (body) => {
    expect(readJson('any', body)).toEqual(
      JSON.parse(body, (_name, value: unknown) =>
        typeof value === 'number' ? new WireNumber(body.includes(`${value}0`) ? `${value}0` : String(value)) : value,
      ),
    );
  });

  it.each([
    ['{"a":NaN,"b":81413.60}', 'NaN'],
    ['{"a": -Infinity , "b":81413.60}', '-Infinity'],
    ['{"b":81413.60,"a":}', ''],
    ['{"a":\n, "b":81413.60}', ''],
    ['{"a":undefined,"b":81413.60}', 'undefined'],
    ['{"a":-nan,"b":81413.60}', '-nan'],
  ])('reads all but the missing value of %s', (body, text) => {
    expect(readJson('any', body)).toEqual({ a: new NoNumber(text), b: new WireNumber('81413.60') });
  });

  it('reads the rest of a list, in its places', () => {
    expect(readJson('any', '[,1,,NaN,"NaN, :,"]')).toEqual([
      new NoNumber(''),
      new WireNumber('1'),
      new NoNumber(''),
      new NoNumber('NaN'),
      'NaN, :,',
    ]);
  });

  it.each([
    ...['NaN', '[1,]', '{"a":1,}', '{,"a":1}', '{"a":1,,"b":2}', '{NaN:1}', '{"a":NaN', '{"a":', '[NaN', '{"a":NaNo}'],
    ...['{"a":1 NaN}', '{"a"NaN}', '{"a":N}', '{"a":"NaN}', '{"a":NaN}}', '{"tidemark-no-number:":NaN}', "{'a':NaN}"],
  ])('makes nothing of %s', (body) => {
    expect(() => readJson('any', body)).toThrow(expect.objectContaining({ kind: 'malformed' }) as Error);
  });

  it('takes no time over a body that is full of what it looks for', () => {
    for (const piece of ['{"a":', ':NaN,', '"', ',', '[', '\\', ': ']) {
      expect(() => readJson('any', piece.repeat(300_000))).toThrow();
    }
  });

  it('reads a body with a byte order mark', () => {
    expect(readJson('any', '\ufeff{"a":1}')).toEqual({ a: new WireNumber('1') });
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
