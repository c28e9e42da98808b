// Writes a new source: its file, its spec with a recorded answer, its stand-in for the demo, and its line in both registries; then
// builds, and writes the generated files. docs/add-a-source.md leads through it.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import * as prettier from 'prettier';
import {
  isBranch,
  NumberText,
  pathsOf,
  readJson,
  stepsOf,
  stepsToSymbol,
  timeKindOf,
  valueAt,
} from './new-source/read-answer.mjs';
import { sourceText, specText, standInText } from './new-source/texts.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const LONGEST_ANSWER = 20_000;

/** Where a line is added, and the list that it is added to. */
const REGISTRIES = {
  sources: {
    file: 'libs/sources/src/registry.ts',
    from: './providers/',
    ending: 'Source',
    list: /(const known: Source\[\] = \[[^\]]*?),?(\s*\];)/,
  },
  standIns: {
    file: 'apps/simulator/src/sources/registry.ts',
    from: './',
    ending: 'Source',
    list: /(const known: SimulatedSource\[\] = \[[^\]]*?),?(\s*\];)/,
  },
};

const USAGE = `Usage: npm run -s new-source -- --name example \\
         --url 'https://api.example.com/v1/ticker?symbol={source_symbol}' \\
         --symbol '{BASE}-{QUOTE}' --answer answer.json --price data.last

  --name         lower case letters, digits and -; also the prefix of its
                 settings: EXAMPLE_URL
  --url          address of one ticker's answer; {source_symbol} stands where
                 the symbol goes, in the path or as a parameter
  --symbol       how a symbol is made: {ticker}, {base}, {quote}, {BASE},
                 {QUOTE}; without it {ticker}, such as btc_usd
  --answer       file with an answer of that address, as it came
  --ticker       whose answer it is; without it btc_usd
  --price        where the price stands in it: data.last, rows.0.price
  --time         where the time of the price stands, if anywhere; its unit is
                 seen from its digits
  --error        where an error says its words, if it is known: message
  --calls, --per-seconds, --origin
                 how many calls are allowed in so many seconds, and the page
                 that says so; without them 1 in 1 s
  --title        for people: 'Example'`;

const OPTIONS = [
  'name',
  'url',
  'symbol',
  'answer',
  'ticker',
  'price',
  'time',
  'error',
  'calls',
  'per-seconds',
  'origin',
  'title',
];

const given = argumentsOrExit();
const plan = planOrExit(given);
const undo = await write(plan);
run('tools/build.mjs', undo);
run('tools/generate.mjs', undo);
console.log(`
Next:
  npm run -s jest -- ${plan.name}.source
  npm run -s cli -- parse --source ${plan.name} --tickers ${plan.ticker} ${given.answer}
docs/add-a-source.md explains each field, and leads to the demo.`);

function argumentsOrExit() {
  try {
    const options = Object.fromEntries([
      ...OPTIONS.map((name) => [name, { type: 'string' }]),
      ['help', { type: 'boolean', short: 'h' }],
    ]);
    const { values } = parseArgs({ options });
    if (!values.help) return values;
    console.log(USAGE);
  } catch (error) {
    exit([error.message]);
  }
  process.exit(0);
}

function planOrExit({
  name = '',
  url = '',
  symbol = '{ticker}',
  answer = '',
  ticker = 'btc_usd',
  price = '',
  time,
  error,
  ...others
}) {
  const faults = [];
  const fault = (option, problem) => faults.push(`--${option}: ${problem}`);
  if (!/^(?=.{1,31}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name))
    fault(
      'name',
      `"${name}" must be lower case letters, digits and single -, begin with a letter and end with none of -`,
    );
  // Its settings are called after it, and may not be those of something else.
  const prefix = name.toUpperCase().replaceAll('-', '_');
  const settings = readFileSync(path.join(ROOT, 'docs/configuration.md'), 'utf8');
  const taken = ['URL', 'API_KEY', 'PLAN'].find((ending) => settings.includes(`\`${prefix}_${ending}\``));
  if (taken !== undefined) fault('name', `its setting ${prefix}_${taken} is that of something else already`);
  for (const file of Object.values(filesOf(name)))
    if (existsSync(path.join(ROOT, file))) fault('name', `there is ${file} already`);
  const address = addressOf(url, (problem) => fault('url', problem));
  const unknown = [...symbol.matchAll(/\{[^{}]*\}/g)].find(
    ([part]) => !['{ticker}', '{base}', '{quote}', '{BASE}', '{QUOTE}'].includes(part),
  );
  if (unknown !== undefined)
    fault('symbol', `${unknown[0]} is not known: there are {ticker}, {base}, {quote}, {BASE}, {QUOTE}`);
  if (!symbol.includes('{')) fault('symbol', `"${symbol}" is the same for every ticker: write such as {BASE}-{QUOTE}`);
  const [, base = '', quote = ''] = /^([a-z0-9-]{1,31})_([a-z0-9-]{1,31})$/.exec(ticker) ?? [];
  const assets = readFileSync(path.join(ROOT, 'apps/simulator/src/market/assets.ts'), 'utf8');
  if (base === '') fault('ticker', `"${ticker}" must be base and quote in lower case, such as btc_usd`);
  else
    for (const asset of [base, quote])
      if (!new RegExp(`^    '?${asset}'?: \\{`, 'm').test(assets))
        fault('ticker', `the simulated market has no ${asset}: take an answer of another ticker, such as btc_usd`);
  const text = textOf(answer, (problem) => fault('answer', problem));
  const read = text === undefined ? {} : fieldsOf(text, { price, time }, fault);
  const limit = limitOf(others, fault);
  if (faults.length > 0) exit(faults);
  const camel = name.replace(/-(.)/g, (_dash, letter) => letter.toUpperCase());
  const values = {
    '{ticker}': ticker,
    '{base}': base,
    '{quote}': quote,
    '{BASE}': base.toUpperCase(),
    '{QUOTE}': quote.toUpperCase(),
  };
  const sourceSymbol = symbol.replace(/\{\w+\}/g, (part) => values[part]);
  return {
    name,
    camel,
    title: others.title ?? name[0].toUpperCase() + name.slice(1),
    id: nextId(),
    url: address,
    symbol,
    ticker,
    sourceSymbol,
    names: stepsToSymbol(read.json, sourceSymbol),
    isListed: readFileSync(path.join(ROOT, 'apps/simulator/src/sources/asset-names.ts'), 'utf8')
      .split('LISTED_BY_SIZE')[1]
      .split(/[ '\n]+/)
      .includes(base),
    error: error === undefined ? undefined : { steps: stepsOf(error) },
    limit,
    ...read,
  };
}

/** The parts of an address with one {source_symbol} in it. */
function addressOf(url, fault) {
  const [, origin, rawPath = '', rawQuery = ''] = /^(https?:\/\/[^/?#{}@]+)([^?#]*)\??([^#]*)$/.exec(url) ?? [];
  if (origin === undefined || !URL.canParse(origin))
    return fault(`"${url}" must begin with https:// or http:// and a host, and hold no user, password or #`);
  const query = [...new URLSearchParams(rawQuery)];
  const parts = rawPath.split('/').filter((part) => part === '{source_symbol}');
  const parameters = query.filter(([, value]) => value === '{source_symbol}');
  if (parts.length + parameters.length !== 1 || url.split('{').length !== 2)
    return fault(
      '{source_symbol} must stand in it once, as one part of the path or as the value of one parameter: https://api.example.com/v1/ticker/{source_symbol}',
    );
  return {
    origin,
    path: rawPath === '' ? '/' : rawPath,
    query,
    inPath: parts.length === 1,
    parameter: parameters[0]?.[0],
  };
}

function textOf(file, fault) {
  // npm runs this in the folder of the project; a file is named from where it was called.
  const whole = path.resolve(process.env.INIT_CWD ?? '', file);
  if (file === '' || !existsSync(whole))
    return fault(`there is no file "${file}": store an answer first, such as by curl -o answer.json <address>`);
  const text = readFileSync(whole, 'utf8').trim();
  try {
    if (text.length > LONGEST_ANSWER)
      return fault(`has ${text.length} characters: ask for one ticker, or shorten it to ${LONGEST_ANSWER}`);
    if (!isBranch(readJson(text))) return fault('holds no object and no list');
    return text;
  } catch (error) {
    return fault(`${file} is no JSON: ${error.message}`);
  }
}

/** Where price and time stand, held against the answer. */
function fieldsOf(text, { price, time }, fault) {
  const json = readJson(text);
  const known = pathsOf(json).slice(0, 30).join(', ');
  const steps = stepsOf(price);
  const value = valueAt(json, steps);
  const digits = value instanceof NumberText ? value.text : value;
  if (value === undefined) fault('price', `nothing stands at "${price}"; the answer has ${known}`);
  else if (typeof digits !== 'string' || !/^\d*\.?\d+([eE][-+]?\d+)?$/.test(digits))
    fault('price', `what stands at ${price} is no price: ${JSON.stringify(digits)}`);
  const rows = steps
    .map((_step, depth) => valueAt(json, steps.slice(0, depth)))
    .filter((inner) => Array.isArray(inner) && inner.length > 1 && inner.some(isBranch));
  if (rows.length > 0)
    fault(
      'price',
      'stands in a list of several rows: name an address that answers with one, or read rows by name, as coincap.source.ts does by readRows',
    );
  const timeSteps = time === undefined ? undefined : stepsOf(time);
  const timeValue = timeSteps && valueAt(json, timeSteps);
  const kind = timeKindOf(timeValue);
  if (timeSteps !== undefined && timeValue === undefined)
    fault('time', `nothing stands at "${time}"; the answer has ${known}`);
  else if (timeSteps !== undefined && kind === undefined)
    fault(
      'time',
      `what stands at ${time} is no time in UNIX seconds, UNIX milliseconds or ISO 8601 in UTC: leave --time out`,
    );
  return {
    text,
    json,
    price: { steps, path: steps.join('\n'), value },
    time: timeSteps === undefined ? undefined : { steps: timeSteps, path: timeSteps.join('\n'), kind },
  };
}

function limitOf({ calls, 'per-seconds': perSeconds, origin }, fault) {
  if (calls === undefined && perSeconds === undefined && origin === undefined)
    return {
      calls: 1,
      perSeconds: 1,
      origin: 'a guess on the safe side: name the page that says how many calls are allowed',
    };
  for (const [option, value] of Object.entries({ calls, 'per-seconds': perSeconds }))
    if (!(Number(value) > 0)) fault(option, `"${value ?? ''}" must be a number above 0`);
  if (!origin?.trim()) fault('origin', 'say where the number of calls comes from: the page of the API that says so');
  return { calls: Number(calls), perSeconds: Number(perSeconds), origin: origin ?? '' };
}

function filesOf(name) {
  return {
    source: `libs/sources/src/providers/${name}.source.ts`,
    spec: `libs/sources/src/providers/${name}.source.spec.ts`,
    standIn: `apps/simulator/src/sources/${name}.source.ts`,
  };
}

/** The id after that of the last source in the list. */
function nextId() {
  const registry = readFileSync(path.join(ROOT, REGISTRIES.sources.file), 'utf8');
  const files = [...registry.matchAll(/from '\.\/(providers\/[a-z0-9-]+\.source)\.js'/g)].map(([, file]) => file);
  const ids = files.map((file) =>
    Number(/^ {2}id: (\d+),$/m.exec(readFileSync(path.join(ROOT, `libs/sources/src/${file}.ts`), 'utf8'))?.[1] ?? 0),
  );
  return Math.max(...ids) + 1;
}

async function write(plan) {
  const files = filesOf(plan.name);
  const texts = { [files.source]: sourceText(plan), [files.spec]: specText(plan), [files.standIn]: standInText(plan) };
  for (const { file, from, ending, list } of Object.values(REGISTRIES)) {
    const text = readFileSync(path.join(ROOT, file), 'utf8');
    const constant = `${plan.camel}${ending}`;
    const withImport = text.replace(
      /^import /m,
      `import { ${constant} } from '${from}${plan.name}.source.js';\nimport `,
    );
    texts[file] = withImport.replace(list, `$1, ${constant}$2`);
    if (!texts[file].includes(`, ${constant}`))
      exit([`${file} has no list of the expected shape: add ${constant} to it by hand`]);
  }
  for (const [file, text] of Object.entries(texts)) {
    const options = await prettier.resolveConfig(path.join(ROOT, file), { editorconfig: true });
    texts[file] = await prettier.format(text, { ...options, filepath: file });
  }
  const before = Object.keys(texts).map((file) => [file, contentOf(path.join(ROOT, file))]);
  for (const [file, text] of Object.entries(texts)) {
    console.log(`${existsSync(path.join(ROOT, file)) ? 'changed' : 'written'}  ${file}`);
    writeFileSync(path.join(ROOT, file), text);
  }
  return () => {
    for (const [file, text] of before) {
      if (text === undefined) rmSync(path.join(ROOT, file));
      else writeFileSync(path.join(ROOT, file), text);
    }
  };
}

function contentOf(file) {
  return existsSync(file) ? readFileSync(file) : undefined;
}

/** What cannot be built is taken back, so that the same command can be given again. */
function run(tool, undo) {
  const { status } = spawnSync(process.execPath, [tool], { cwd: ROOT, stdio: 'inherit' });
  if (status === 0) return;
  undo();
  console.error(`new-source: ${tool} failed, see above: what was written is taken back.`);
  process.exit(status ?? 1);
}

function exit(faults) {
  console.error(
    `${faults.map((fault) => `new-source: ${fault}`).join('\n')}\n\nnew-source --help says how it is called.`,
  );
  process.exit(2);
}
