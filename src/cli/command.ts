import type { ExaminedConfig, LoadedConfig } from '../platform/config';

export interface CommandContext {
  /** Positional arguments after the command's own words. */
  readonly args: readonly string[];
  /** Options: `--json`, `--pacs ID`… by name without dashes; a flag is `true`. */
  readonly options: Readonly<Record<string, string | true>>;
  /** Reads (and caches) the configuration; throws `ConfigError` with all faults. */
  readonly config: () => LoadedConfig;
  /** Reads the configuration and proves it against the world; nothing is thrown, every fault is told. */
  readonly examine: () => Promise<ExaminedConfig>;
}

/** What a command says: lines for people, a value for `--json`. */
export interface CommandResult {
  readonly text: string;
  readonly value: unknown;
  /** The command did its work and found something wrong: exit code 1, text on stderr. */
  readonly failed?: boolean;
  /** The command wrote its outcome itself, as a stream: nothing is printed. */
  readonly isWritten?: boolean;
}

export interface Command {
  /** `manifest import`. */
  readonly words: string;
  readonly usage: string;
  readonly summary: string;
  /** Options that take a value. */
  readonly valued?: readonly string[];
  run(context: CommandContext): Promise<CommandResult>;
}

/** A wrong call: the sentence is shown with the command's usage. */
export class UsageError extends Error {}
