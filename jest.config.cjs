/** Five rings of tests (see docs/tests.md); swc compiles, `npm run check` type-checks. */
const esmOnly = [
  'openid-client',
  'oauth4webapi',
  'jose',
  'oidc-provider',
  'pkijs',
  'asn1js',
  '@peculiar',
  '@noble',
  'pvutils',
  'pvtsutils',
  'bytestreamjs',
];
const shared = {
  rootDir: __dirname,
  testEnvironment: 'node',
  setupFiles: ['<rootDir>/test/quiet-console.cjs'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  transform: {
    '^.+\\.(t|j|mj)s$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          target: 'es2023',
        },
        module: { type: 'commonjs' },
      },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')})/)`],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
};
const ring = (displayName, testMatch, extra = {}) => ({ ...shared, ...extra, displayName, testMatch });

module.exports = {
  projects: [
    ring('unit', ['<rootDir>/{src,sandbox,bench,scripts}/**/*.spec.ts']),
    ring('tidy', ['<rootDir>/test/tidy/**/*.tidy.ts']),
    ring('medium', ['<rootDir>/test/medium/**/*.medium.ts']),
    ring('flows', ['<rootDir>/test/flows/**/*.flow.ts']),
    ring('browser', ['<rootDir>/test/browser/**/*.browser.ts']),
  ],
  testSequencer: '<rootDir>/test/slow-first.cjs',
  testTimeout: 180_000,
};
