import { acceptCorrelationId, configureLogging, Logger, runWithCorrelation } from '.';

describe('log', () => {
  const lines: string[] = [];
  beforeEach(() => {
    lines.length = 0;
    configureLogging({ level: 'info', destination: { write: (line: string) => void lines.push(line) } });
  });
  afterAll(() => configureLogging({ level: 'silent' }));

  it('carries the correlation id of the exchange', () => {
    runWithCorrelation('0123456789', () => new Logger('spec').info({ studies: 2 }, 'said'));
    expect(JSON.parse(lines[0] ?? '{}')).toMatchObject({
      room: 'spec',
      studies: 2,
      correlationId: '0123456789',
      msg: 'said',
    });
  });

  it('never shows a token or an identity, however it came in', () => {
    const facts = { token: 'SECRET', nested: { ins: 'SECRET', deeper: { birthDate: 'SECRET' } }, family: 'SECRET' };
    new Logger('spec').warn(facts as never, 'said');
    expect(lines.join('')).not.toContain('SECRET');
  });

  it('keeps a caller’s correlation id only when it is a short plain token', () => {
    expect(acceptCorrelationId('abc-12345')).toBe('abc-12345');
    for (const bad of [undefined, '', 'short', 'x'.repeat(65), 'with space 1', 'line\nbreak-1', '<script>1']) {
      expect(acceptCorrelationId(bad)).toMatch(/^[0-9a-f-]{36}$/);
    }
  });
});
