import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

// What no rule of a formatter or of the type checker sees: promises that nobody waits for, `any`, and the environment read
// outside libs/config. Who may import whom is in .dependency-cruiser.cjs.
const environmentCure = 'Read the environment in libs/config and hand the value over as an argument.';
const clockCure = 'The domain is pure: "now" is an argument.';
const globalProcess = {
  selector: "MemberExpression[object.name='globalThis'][property.name='process']",
  message: environmentCure,
};

// Of functions only: what Nest and others inject comes through the constructor.
const tooManyParameters = {
  selector:
    ':matches(FunctionDeclaration, FunctionExpression, ArrowFunctionExpression)[params.length>4]:not(MethodDefinition[kind="constructor"] > FunctionExpression)',
  message: 'At most 4 parameters: make one object of those that belong together.',
};

// Words that are not used, beside those of cspell.config.yaml, which cannot tell these from English prose.
const ownWords = {
  selector: 'Identifier[name=/^(told|turns?)$|[a-z](Told|Turns?)([A-Z]|$)|^(Told|Turns?)([A-Z]|$)/]',
  message: 'Name what it is: what was reported or said, a slot source, a round.',
};
const oneSuffix = {
  selector:
    ':matches(TSInterfaceDeclaration, TSTypeAliasDeclaration)[id.name=/^(?!Ticker|Price).*(Parts|Dependencies)$/]',
  message: 'What a class, a function or a module is made with is its `...Options`.',
};
// An exchange is a market, a plan what the planner makes or a source's tariff; the name of a source is its own.
const namesOfSeveralWords = [
  ['source(N|_n)ame', 'source symbol: sourceSymbol, source_symbol'],
  ['([Ss]ource|[Mm]ade)(E|_e)xchange', 'call, call record'],
  ['[Tt]icker(P|_p)lan', 'ticker configuration'],
  ['[Nn]ame(B|_b)ook', 'symbol directory'],
  ['[Pp]rice(P|_p)en', 'price writer'],
  ['[Ff]ault(B|_b)oard', 'fault store'],
].flatMap(([name, instead]) => {
  const message = `Another name stands for it here: ${instead}.`;
  return [
    { selector: `Identifier[name=/(^|_|[a-z](?=[A-Z]))${name}$/]`, message },
    { selector: `:matches(Literal[value=/\\b${name}\\b/], TemplateElement[value.raw=/\\b${name}\\b/])`, message },
  ];
});
const words = [ownWords, oneSuffix, ...namesOfSeveralWords];

export default tseslint.config(
  {
    ignores: [
      'dist/**',
      'node_modules/**',
      '.tidemark/**',
      '.gitlab-ci-local/**',
      '.cache/**',
      '.npm/**',
      'coverage/**',
      '**/*.cjs',
      '**/*.mjs',
    ],
  },
  eslint.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/require-await': 'off',
      'no-console': 'error',
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': ['error', ...words],
    },
  },
  {
    files: ['apps/**/*.ts', 'libs/**/*.ts'],
    ignores: ['**/*.spec.ts', '**/*.contract.ts'],
    rules: {
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': ['error', ...words, tooManyParameters],
    },
  },
  {
    files: ['apps/**/*.ts', 'libs/**/*.ts'],
    ignores: ['libs/config/**', '**/*.spec.ts'],
    rules: {
      'no-restricted-properties': ['error', { object: 'process', property: 'env', message: environmentCure }],
      'no-restricted-imports': [
        'error',
        ...['process', 'node:process'].map((name) => ({ name, message: environmentCure })),
      ],
      'no-restricted-syntax': ['error', ...words, globalProcess, tooManyParameters],
    },
  },
  {
    files: ['libs/domain/src/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        { name: 'process', message: 'The domain is pure: take the value as an argument.' },
        { name: 'performance', message: clockCure },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: clockCure },
        { object: 'process', property: 'env', message: environmentCure },
      ],
      'no-restricted-syntax': [
        'error',
        ...words,
        globalProcess,
        tooManyParameters,
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: clockCure },
        { selector: "CallExpression[callee.name='Date']", message: clockCure },
      ],
    },
  },
  {
    files: ['**/*.spec.ts', 'test/**/*.ts', 'tools/**/*.ts'],
    rules: {
      'no-console': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    // Tables of earlier builds, and what the rules are tried on.
    files: ['libs/storage/src/schema/migrations/**', 'test/lint-rules.system.spec.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
);
