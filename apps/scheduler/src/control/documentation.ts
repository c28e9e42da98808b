import { describeProblems } from '@app/openapi';

/** Documents problem documents. */
export const ApiProblems = describeProblems({
  400: 'A wrong body: every wrong field is named.',
  401: 'No login, or a wrong one.',
  403: 'A page of another site made a browser send it.',
  404: 'The ticker was never catalogued.',
  409: 'It cannot be done as things stand; the detail says what can.',
  415: 'A body that is not sent as JSON.',
  503: 'The database is away; ask again shortly.',
});
