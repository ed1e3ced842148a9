/** What docker-compose.yml and the Dockerfile say, for the tests that hold them to it. */

export interface ComposeService {
  readonly image?: string;
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly security_opt?: readonly string[];
}

export interface ComposeFile {
  readonly services: Readonly<Record<'gateway' | 'database' | 'pacs', ComposeService>>;
}

export function composeEnvironment({ environment = {} }: ComposeService): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, String(value)]));
}

/** Published and inner port of each mapping. */
export function ports(service: ComposeService): [number, number][] {
  return (service.ports ?? []).map((mapping) => mapping.split(':').map(Number) as [number, number]);
}

export interface ImageFacts {
  /** Base image of each stage. */
  readonly stages: readonly string[];
  /** Of the last stage. */
  readonly environment: Readonly<Record<string, string>>;
  readonly exposed: readonly number[];
  readonly volumes: readonly string[];
  readonly user: string;
  readonly healthcheck: string;
  /** Paths below /app that come from the build stage. */
  readonly copied: readonly string[];
}

/** Reads a Dockerfile as far as these tests need it: one instruction a line, continued by a backslash. */
export function imageFacts(dockerfile: string): ImageFacts {
  const lines = dockerfile
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => /^[A-Z]+ /.test(line));
  const of = (instruction: string, from: readonly string[]) =>
    from.filter((line) => line.startsWith(`${instruction} `)).map((line) => line.slice(instruction.length + 1).trim());
  const stages = of('FROM', lines).map((stage) => stage.split(' ')[0]);
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));
  const pairs = of('ENV', last)
    .flatMap((line) => line.split(/\s+/))
    .map((pair) => pair.split('=', 2));
  return {
    stages,
    environment: Object.fromEntries(pairs) as Record<string, string>,
    exposed: of('EXPOSE', last).flatMap((line) => line.split(/\s+/).map(Number)),
    volumes: of('VOLUME', last),
    user: of('USER', last).at(-1) ?? 'root',
    healthcheck: of('HEALTHCHECK', last)[0] ?? '',
    copied: of('COPY', last).map((line) => /\/app\/(\S+)/.exec(line)?.[1] ?? line),
  };
}
