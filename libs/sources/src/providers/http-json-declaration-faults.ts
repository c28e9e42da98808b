import { parseTicker } from '@app/domain';
import type { HttpJsonDeclaration } from './http-json-declaration.js';
import { isPointer, namesCoin, namesQuote, placeholdersIn, WHOLE } from './http-json-path.js';

/** What is wrong with a declaration whose fields are each right by themselves. */
interface DeclarationFault {
  readonly field: string;
  readonly detail: string;
}

/** What no field of a declaration shows by itself. */
export function faultsOfDeclaration(declaration: HttpJsonDeclaration): DeclarationFault[] {
  const checks = [
    ...timeFaults(declaration),
    ...addressFaults(declaration),
    ...identityFaults(declaration),
    ...quoteFaults(declaration),
  ];
  const { success, key_header: keyHeader, key_query: keyQuery, url, rows, price } = declaration;
  const isGiven = (name: string): boolean => new URL(url).searchParams.has(name);
  return [
    ...checks,
    ...(rows !== undefined && isPointer(price) && !namesCoin(price)
      ? [
          {
            field: 'price',
            detail:
              'a JSON pointer begins at the answer, whatever row is chosen: write the path with points, which begins at the row',
          },
        ]
      : []),
    ...(success !== undefined && (success.is === undefined) === (success.is_not === undefined)
      ? [{ field: 'success', detail: 'name one of "is" and "is_not"' }]
      : []),
    ...(keyHeader !== undefined && keyQuery !== undefined
      ? [{ field: 'key_query', detail: 'the key travels in "key_header" already' }]
      : []),
    ...(keyQuery !== undefined && isGiven(keyQuery.name)
      ? [{ field: 'key_query', detail: `${keyQuery.name} stands in the address already` }]
      : []),
  ];
}

function timeFaults({
  time,
  time_unit: unit,
  time_zone: zone,
  time_optional: isOptional,
}: HttpJsonDeclaration): DeclarationFault[] {
  return [
    ...(time === undefined && isOptional === true
      ? [{ field: 'time_optional', detail: 'is for a "time", and none is named' }]
      : []),
    ...(time !== undefined && unit === undefined ? [{ field: 'time_unit', detail: 'name the unit of "time"' }] : []),
    ...(time === undefined && unit !== undefined
      ? [{ field: 'time', detail: '"time_unit" is named, and no "time"' }]
      : []),
    ...(zone !== undefined && unit !== 'iso' ? [{ field: 'time_zone', detail: 'is for times of unit iso alone' }] : []),
  ];
}

/** An answer that is the same whatever is asked for is of one ticker. */
function addressFaults({
  url,
  price,
  rows,
  identity,
  source_symbols: symbols,
  source_symbol_template: symbolTemplate,
}: HttpJsonDeclaration): DeclarationFault[] {
  const chosen = rows === undefined || identity === 'none' ? [] : Object.entries(identity ?? {}).flat();
  if ([url, price, rows ?? '', ...chosen].some((part) => part.includes('{'))) return [];
  return [
    ...(Object.keys(symbols ?? {}).length !== 1
      ? [
          {
            field: 'url',
            detail:
              'neither the address nor "price" has a placeholder, so name the one ticker that it gives in "source_symbols"',
          },
        ]
      : []),
    ...(symbolTemplate !== undefined
      ? [{ field: 'source_symbol_template', detail: 'has no place in an address without placeholders' }]
      : []),
  ];
}

/** A declaration says whose the price is, or that the answer does not say it. */
function identityFaults({
  identity,
  price,
  rows,
  url,
  source_symbols: symbols,
}: HttpJsonDeclaration): DeclarationFault[] {
  const fault = (detail: string): DeclarationFault[] => [{ field: 'identity', detail }];
  if (identity === undefined || identity === 'none') {
    if (rows !== undefined) {
      return fault(`say by which field the row is chosen, such as { symbol: '{source_symbol}' }`);
    }
    // A field that is named after the coin is not there in the answer of another one.
    if (identity === 'none' || namesCoin(price)) return [];
    return fault(
      `say which field of the answer names the coin, such as { data.symbol: '{source_symbol}' }, or every price that comes is taken for the right one; an API whose answers never say it is declared by "identity: none"`,
    );
  }
  if (rows === undefined && price === WHOLE)
    return fault('the price is the whole answer, which says nothing else: write none');
  const entries = Object.entries(identity);
  if (rows !== undefined && entries.every(([path]) => isPointer(path))) {
    return fault('a JSON pointer begins at the answer: name a field of the row with points');
  }
  // What is declared for one ticker alone may name it in so many words.
  const isOfOne = !`${url}${price}`.includes('{') && Object.keys(symbols ?? {}).length === 1;
  if (isOfOne || [price, ...entries.flat()].some(namesCoin)) return [];
  return fault('nothing in it follows from the ticker: hold a field against {source_symbol}, {base} or {BASE}');
}

/** Where several currencies can be asked for, a declaration says which one the price is in, or that the answer does not say it. */
function quoteFaults(declaration: HttpJsonDeclaration): DeclarationFault[] {
  const { url, price, rows, identity, quoted_in: quotedIn, quote_identity: quoteIdentity } = declaration;
  if (identity === 'none' || quoteIdentity === 'none' || quotedIn !== undefined) return [];
  // Without its identity it is refused already.
  if (identity === undefined && !namesCoin(price)) return [];
  const symbols = symbolsOf(declaration);
  if (!namesQuote(url) && !symbols.differByQuote) return [];
  const said = [price, rows ?? '', ...Object.entries(identity ?? {}).flat()];
  const isSymbol = (name: string): boolean => name.toLowerCase() === 'source_symbol';
  if (said.some((part) => namesQuote(part) || (symbols.sayQuote && placeholdersIn(part).some(isSymbol)))) return [];
  return [
    {
      field: 'identity',
      detail: `say which field of the answer names the currency, such as { base: '{BASE}', quote: '{QUOTE}' }, or dollars are taken for euros when the API ignores what it is asked for; an API whose answers never say it is declared by "quote_identity: none"`,
    },
  ];
}

/** Whether what the source calls two tickers can differ by the quote alone, and whether it says what the quote is. */
function symbolsOf({ source_symbols: symbols, source_symbol_template: template }: HttpJsonDeclaration): {
  readonly differByQuote: boolean;
  readonly sayQuote: boolean;
} {
  // Without both it is the ticker itself.
  const others = template ?? (symbols === undefined ? '{ticker}' : undefined);
  const listed = Object.entries(symbols ?? {}).map(([ticker, symbol]) => ({ symbol, ...parseTicker(ticker) }));
  const pairs = listed.flatMap((one, index) =>
    listed.slice(index + 1).flatMap((other) => (one.base === other.base ? [[one.symbol, other.symbol]] : [])),
  );
  const listedSay =
    pairs.length === 0
      ? listed.every(({ symbol, quote = '' }) => symbol.toLowerCase().includes(quote))
      : pairs.every(([one, other]) => one !== other);
  return {
    differByQuote: pairs.length > 0 || (others !== undefined && namesQuote(others)),
    sayQuote: listedSay && (others === undefined || namesQuote(others)),
  };
}
