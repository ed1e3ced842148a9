import 'reflect-metadata';
import { configSlices } from '../../src/app.module';
import { familyOf } from '../../src/platform/health';
import { checkLabel } from '../../src/portal/service/service.messages';
import { recipeFor } from '../support/nginx';
import { projectFiles, read, sourceFiles } from './tree';

const sections = ['## What it means', '## How to see it', '## What to do', '## How to check that it is over'];

/** Names of the checks that the product registers: `pacs-` and a name for each PACS. */
function checks(): string[] {
  return sourceFiles('src').flatMap((file) =>
    [...read(file).matchAll(/health\.register\(\{\s*name: ['`]([a-z0-9-]+)(?:\$\{[^}]*\})?['`]/g)].map(
      ([, name]) => name,
    ),
  );
}

/** Metrics of our own, as the code declares them. */
function declaredMetrics(): Set<string> {
  const declaration = /\b(?:counter|gauge|histogram)(?:<[^>]*>)?\(\s*'([a-z_]+)'/g;
  return new Set(
    sourceFiles('src').flatMap((file) => [...read(file).matchAll(declaration)].map(([, name]) => `drimbox_${name}`)),
  );
}

/** Labels of each metric, as the code declares them. */
function declaredLabels(): Map<string, string[]> {
  const declaration =
    /\b(?:counter|gauge|histogram)(?:<[^>]*>)?\(\s*'([a-z_]+)',\s*(?:'[^']*'|"[^"]*"|`[^`]*`)(?:\s*,\s*\[([^\]]*)\])?/g;
  return new Map(
    sourceFiles('src').flatMap((file) =>
      [...read(file).matchAll(declaration)].map(([, name, labels = '']): [string, string[]] => [
        `drimbox_${name}`,
        [...labels.matchAll(/'(\w+)'/g)].map(([, label]) => label),
      ]),
    ),
  );
}

/** PromQL of the alert rules and of the dashboard, with the legends that name labels. */
function queries(): string[] {
  const rules = [...read('docs/grafana/alerts.yaml').matchAll(/expr: >-\n\s+(.+)/g)].map(([, expr]) => expr);
  const { panels } = JSON.parse(read('docs/grafana/dashboard.json')) as {
    panels: { targets?: { expr: string; legendFormat?: string }[] }[];
  };
  const targets = panels.flatMap((panel) => panel.targets ?? []);
  return [...rules, ...targets.map(({ expr, legendFormat }) => `${expr} ${legendFormat ?? ''}`)];
}

/** Labels that Prometheus itself adds, or that buckets have. */
const commonLabels = ['instance', 'job', 'le'];

describe('runbook', () => {
  const pages = projectFiles().filter((file) => /^docs\/runbook\/[a-z0-9-]+\.md$/.test(file));
  const named = checks();

  it('knows the checks of the product', () => {
    expect(named).toEqual(expect.arrayContaining(['database', 'disk', 'dmp', 'pacs-', 'psc', 'white-list']));
    expect(new Set(named).size).toBe(named.length);
  });

  it.each(named)(
    'has a page for the alarm and the advice of the check %s, that tells what, where, how, until when',
    (name) => {
      const page = `docs/runbook/${familyOf(name)}.md`;
      expect(pages).toContain(page);
      const text = read(page);
      expect(sections.filter((section) => !text.includes(`\n${section}\n`))).toEqual([]);
    },
  );

  it.each(named.filter((name) => name !== 'pacs-'))('calls the check %s by a French name on the screen', (name) => {
    expect(checkLabel(name)).not.toBe(name);
  });

  it('names settings and metrics that exist, and pages that exist', () => {
    const settings = new Set(configSlices.flatMap((slice) => Object.values(slice.shape).map(({ name }) => name)));
    const metrics = declaredMetrics();
    const wrong = pages.flatMap((page) => {
      const text = read(page);
      const all = (pattern: RegExp) => [...text.matchAll(pattern)].map(([whole, one]) => one ?? whole);
      return [
        ...all(/\bDRIMBOX_[A-Z0-9_]*[A-Z0-9]\b(?!_?…)/g).filter((name) => !settings.has(name)),
        ...all(/`(drimbox_[a-z_]+?)(?:_bucket|_sum|_count)?(?:\{[^`]*)?`/g).filter((name) => !metrics.has(name)),
        ...all(/\]\(([a-z0-9-]+)\.md\)/g).filter((name) => !pages.includes(`docs/runbook/${name}.md`)),
      ].map((name) => `${page}: ${name}`);
    });
    expect(wrong).toEqual([]);
  });

  it('has a page for every alert rule of Prometheus', () => {
    const rules = read('docs/grafana/alerts.yaml');
    const named = [...rules.matchAll(/^ +runbook: (\S+)$/gm)].map(([, page]) => page);
    expect(named).toHaveLength([...rules.matchAll(/- alert: Drimbox\w+$/gm)].length);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((page) => !projectFiles().includes(page))).toEqual([]);
  });

  it('holds the recipe of nginx that the flow of two processes runs', () => {
    const front = (port: number) => ({ port, behind: [port + 1, port + 2] as const });
    const recipe = recipeFor({ exchange: front(10), portal: front(20), hl7: front(30) });
    const numbers = (pattern: RegExp) => [...recipe.matchAll(pattern)].map(([, port]) => Number(port)).sort();
    expect(numbers(/ server 127\.0\.0\.1:(\d+) max_fails/g)).toEqual([11, 12, 21, 22, 31, 32]);
    expect(numbers(/listen 127\.0\.0\.1:(\d+);/g)).toEqual([10, 20, 30]);
    expect(recipe.match(/\b(listen|server) [\d.:]+/g)).toHaveLength(9);
    expect(recipe).toMatch(/upstream portal +\{ hash \$remote_addr consistent;/);
  });

  it('selects in alert rules and dashboard only values that the code gives', () => {
    const code = sourceFiles('src').map(read).join('\n');
    const selected = queries().flatMap((query) =>
      [...query.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"([^"$]+)"/g)].flatMap(([, label, values]) =>
        values.split('|').map((value) => ({ label, value })),
      ),
    );
    expect(selected.length).toBeGreaterThan(7);
    const isGiven = ({ label, value }: { label: string; value: string }) =>
      label === 'job' || (label === 'check' ? named.includes(value) : code.includes(`'${value}'`));
    expect(selected.filter((one) => !isGiven(one))).toEqual([]);
  });

  it('names in alert rules and dashboard only labels that the metric has', () => {
    const labels = declaredLabels();
    expect([...declaredMetrics()].filter((name) => !labels.has(name))).toEqual([]);
    expect(queries().length).toBeGreaterThan(30);
    const wrong = queries().flatMap((query) => {
      const of = (name: string) => labels.get(name.replace(/_(bucket|sum|count)$/, '')) ?? labels.get(name) ?? [];
      const used = [...query.matchAll(/\b(drimbox_[a-z0-9_]+)(?:\{([^}]*)\})?/g)];
      const selected = used.flatMap(([, name, text = '']) =>
        [...text.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)]
          .map(([, label]) => label)
          .filter((label) => ![...of(name), ...commonLabels].includes(label)),
      );
      const all = [...used.flatMap(([, name]) => of(name)), ...commonLabels];
      const grouped = [
        ...[...query.matchAll(/\b(?:by|without|on)\s*\(([^)]*)\)/g)].flatMap(([, text]) => text.split(',')),
        ...[...query.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map(([, label]) => label),
      ].map((label) => label.trim());
      return [...selected, ...grouped.filter((label) => label !== '' && !all.includes(label))].map(
        (label) => `${label}: ${query}`,
      );
    });
    expect(wrong).toEqual([]);
  });
});
