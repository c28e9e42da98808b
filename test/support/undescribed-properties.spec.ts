import { undescribedProperties } from './undescribed-properties.js';

const described = { type: 'string', description: 'Said.' };

it('finds what has no description, however deep it lies', () => {
  const document = {
    paths: { '/things': { get: { parameters: [{ name: 'a', description: 'Said.' }, { name: 'b' }] } } },
    components: {
      schemas: {
        Known: { description: 'A thing.', properties: { said: described } },
        Unknown: { properties: { said: described } },
        Thing: {
          properties: {
            said: described,
            unsaid: { type: 'string' },
            empty: { type: 'string', description: '' },
            known: { anyOf: [{ $ref: '#/components/schemas/Known' }, { type: 'null' }] },
            unknown: { $ref: '#/components/schemas/Unknown' },
            list: { ...described, items: { properties: { inner: { type: 'string' } } } },
            record: { ...described, additionalProperties: { oneOf: [{ properties: { deep: {} } }] } },
          },
        },
      },
    },
  };
  expect(undescribedProperties(document)).toEqual([
    'get /things b',
    'Thing.unsaid',
    'Thing.empty',
    'Thing.unknown',
    'Thing.list[].inner',
    'Thing.record[].deep',
  ]);
});
