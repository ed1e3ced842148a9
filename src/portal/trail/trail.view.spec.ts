import type { TrailLine } from '../../audit';
import { lineView } from './trail.view';

describe('a line of the journal', () => {
  const line = (facts: TrailLine['facts']): TrailLine =>
    ({ id: '1', kind: 'dmp.stored-query', outcome: 'success', actor: {}, facts }) as unknown as TrailLine;

  it('shows short facts whole', () => {
    expect(lineView(line({ reason: 'unknown-peer', bytes: 12 })).facts).toEqual([
      'reason : unknown-peer',
      'bytes : 12',
    ]);
  });

  it('names the account that gave a command, and shows no empty place', () => {
    const told = lineView(line({ by: 'command line', operator: 'exploitant', operatorHost: 'passerelle-1' }));
    expect(told).toMatchObject({ who: 'exploitant @ passerelle-1', hasSubject: true, hasVolume: false });
    expect(lineView(line({}))).toMatchObject({ hasSubject: false, hasVolume: false });
  });

  it('cuts a long one, such as the query sent to the DMP, and says where it is whole', () => {
    const [fact] = lineView(line({ query: '<AdhocQuery>'.repeat(500) })).facts;
    expect(fact?.length).toBeLessThan(220);
    expect(fact).toContain("dans l'export");
  });
});
