import 'reflect-metadata';
import { configSlices } from '../app.module';
import { examineConfig, loadConfig, LoadedConfig, processEnvironment } from '../platform/config';
import { describeCause } from '../platform/errors';
import { configureLogging } from '../platform/logging';
import { Command, CommandContext, UsageError } from './command';
import { commands } from './commands';

function usage(): string {
  const width = Math.max(...commands.map((command) => command.usage.length)) + 2;
  return [
    'usage:',
    ...commands.map((command) => `  ${command.usage.padEnd(width)}${command.summary}`),
    '',
    '--json prints for machines',
  ].join('\n');
}

function find(words: readonly string[]): { command: Command; rest: readonly string[] } | undefined {
  for (const command of commands) {
    const own = command.words.split(' ');
    if (own.every((word, index) => words[index] === word)) return { command, rest: words.slice(own.length) };
  }
  return undefined;
}

/** Splits the arguments into words and options; an option takes a value when the command says so. */
function parse(command: Command, rest: readonly string[]): Pick<CommandContext, 'args' | 'options'> {
  const args: string[] = [];
  const options: Record<string, string | true> = {};
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i];
    if (!word.startsWith('--')) {
      args.push(word);
      continue;
    }
    const [name, given] = word.slice(2).split('=', 2) as [string, string | undefined];
    if (!isKnown(command, name)) throw new UsageError(`--${name} is no option of this command`);
    if (!command.valued?.includes(name)) options[name] = true;
    else {
      const value = given ?? rest[++i];
      if (value === undefined) throw new UsageError(`--${name} needs a value`);
      options[name] = value;
    }
  }
  return { args, options };
}

/** What a command's usage does not tell does not exist: a mistyped option must not be taken for none. */
function isKnown({ usage, valued }: Command, name: string): boolean {
  const told = [...usage.matchAll(/--([a-z-]+)/g)].map(([, option]) => option);
  return name === 'json' || told.includes(name) || valued?.includes(name) === true;
}

async function run(words: readonly string[]): Promise<number> {
  const found = find(words);
  if (!found) {
    process.stderr.write(`${usage()}\n`);
    return words.length === 0 || words[0] === '--help' ? 0 : 1;
  }
  const { command, rest } = found;
  let loaded: LoadedConfig | undefined;
  const environment = processEnvironment();
  const mode = { production: environment.DRIMBOX_MODE !== 'sandbox' };
  const config = () => (loaded ??= loadConfig(configSlices, environment, mode));
  const examine = () => examineConfig(configSlices, environment, mode);
  try {
    const { args, options } = parse(command, rest);
    const result = await command.run({ args, options, config, examine });
    if (result.isWritten) return 0;
    const text = options.json ? JSON.stringify(result.value) : result.text;
    (result.failed && !options.json ? process.stderr : process.stdout).write(`${text}\n`);
    return result.failed ? 1 : 0;
  } catch (error) {
    const told = error instanceof UsageError ? `${error.message}\nusage: ${command.usage}` : describeCause(error);
    process.stderr.write(`${told}\n`);
    return 1;
  }
}

configureLogging({ level: 'silent' });
void run(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
