import { Circuit } from './circuit';

function made() {
  const at = { ms: 0 };
  return {
    at,
    circuit: new Circuit(
      { firstMs: 100, ceilingMs: 1_000 },
      () => at.ms,
      () => 0,
    ),
  };
}

describe('the circuit to a neighbour', () => {
  it('lets everybody through while the neighbour answers', () => {
    const { circuit } = made();
    expect([circuit.tryEnter(), circuit.tryEnter()]).toEqual([true, true]);
  });

  it('lets nobody through after a failure, then one at a time', () => {
    const { circuit, at } = made();
    circuit.failed();
    expect(circuit.tryEnter()).toBe(false);
    at.ms = 100;
    expect([circuit.tryEnter(), circuit.tryEnter()]).toEqual([true, false]);
    circuit.leave();
    expect(circuit.tryEnter()).toBe(true);
  });

  it('waits longer after each failure, up to its ceiling, and counts failures of the same moment once', () => {
    const { circuit, at } = made();
    for (const pause of [100, 200, 400, 800, 1_000, 1_000]) {
      circuit.failed();
      circuit.failed();
      at.ms += pause - 1;
      expect(circuit.tryEnter()).toBe(false);
      at.ms += 1;
      expect(circuit.tryEnter()).toBe(true);
    }
  });

  it('tells the news once: at the first answer of all, and at the first after an absence', () => {
    const { circuit } = made();
    expect([circuit.answered(), circuit.answered()]).toEqual([true, false]);
    circuit.failed();
    expect([circuit.answered(), circuit.answered()]).toEqual([true, false]);
    expect(circuit.tryEnter()).toBe(true);
  });
});
