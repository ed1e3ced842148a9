import { spawn } from 'node:child_process';

/** Runs a program in the foreground; resolves with its exit code. */
export function run(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', ...options });
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(signal ? 1 : (code ?? 1)));
  });
}

/** Runs a program of node_modules. */
export const runTool = (name, args, options) =>
  run(process.execPath, [new URL(`../../node_modules/${name}`, import.meta.url).pathname, ...args], options);
